"""`make deploy STAGE=dev`: the package and the template on AWS, with the credentials and region of the environment.

Nothing is built here and no Docker is needed. What only a person can know (the providers' secrets) is checked before
anything is changed. See docs/deploy.md.
"""

import argparse
import os
import sys
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from infra import settings, stacks
from infra.local.layout import ROOT

_PARAMETERS = ("AlarmEmail", "LogLevel", "RequestsPerSecond", "RequestsBurst", "WebhookAllowedHosts")
"""Template parameters that may be given as environment variables of the same name in capitals (ALARM_EMAIL …)."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Deploy a packaged stage to AWS.")
    parser.add_argument("--stage", required=True)
    stage = parser.parse_args().stage
    try:
        outputs = deploy(stage)
    except (stacks.DeployError, BotoCoreError, ClientError) as error:
        print(f"deploy failed: {error}", file=sys.stderr)
        return 1
    for name, value in sorted(outputs.items()):
        print(f"  {name:14} {value}")
    return 0


def deploy(stage: str) -> dict[str, str]:
    """Bring `stage` to what `dist/<stage>` says; returns the stack's outputs."""
    if stage == "local":
        raise stacks.DeployError(
            "the stage `local` is the local stack's; deploy another, for example: make deploy STAGE=dev"
        )
    session = get_session()
    region = session.get_config_variable("region")
    if not region:
        raise stacks.DeployError("no region: set AWS_DEFAULT_REGION or a profile with a region")

    @cache
    def clients(service: str) -> Any:
        return session.create_client(service)

    account = clients("sts").get_caller_identity()["Account"]
    print(f"account {account}, region {region}, stack {stacks.stack_name(stage)}")
    _require_secrets(clients, stage)
    settings.ensure_token_keys(clients, stage)
    bucket = f"zhenban-{stage}-packages-{account}-{region}"
    stacks.ensure_bucket(clients, bucket, region)
    deployed = stacks.deploy(
        clients, stage=stage, package=ROOT / "dist" / stage, bucket=bucket, parameters=_parameters()
    )
    settings.put_parameter(clients, stage, "public-urls", _public_urls(deployed.outputs))
    print("deployed" if deployed.changed else "nothing to change")
    return deployed.outputs


def _require_secrets(clients: stacks.Clients, stage: str) -> None:
    missing = [name for name in settings.FROM_PROVIDERS if settings.find_secret(clients, stage, name) is None]
    if missing:
        names = ", ".join(f"zhenban/{stage}/{name}" for name in missing)
        raise stacks.DeployError(f"Secrets Manager lacks {names}; docs/deploy.md says what goes into them")


def _parameters() -> dict[str, str]:
    given = {name: os.environ.get(_variable(name)) for name in _PARAMETERS}
    return {name: value for name, value in given.items() if value}


def _variable(parameter: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in parameter).strip("_").upper()


def _public_urls(outputs: dict[str, str]) -> dict[str, str]:
    """How the outside reaches this stage; PUBLIC_API_URL and PUBLIC_LIVE_URL name a domain of one's own."""
    api = os.environ.get("PUBLIC_API_URL", outputs["ApiUrl"]).rstrip("/")
    urls = {"api": api, "live": os.environ.get("PUBLIC_LIVE_URL", outputs["LiveUrl"]), "pay_notify": api}
    guest_page = os.environ.get("PUBLIC_GUEST_URL")
    return {**urls, "guest": guest_page} if guest_page else urls


if __name__ == "__main__":
    sys.exit(main())
