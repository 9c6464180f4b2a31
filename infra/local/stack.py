"""The product on the emulator: the template that AWS gets, with local secrets, parameters and stand-ins."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import urllib3

from infra import settings, stacks
from infra.local import emulator
from infra.local.layout import HOST, REGION, ROOT, STAGE, Layout, is_taken
from infra.local.processes import Process, StackError

_BUCKET = "zhenban-local-packages"
_PORT_OPTIONS = ("wechat", "pay", "insurer")
_NOTHING = {
    "requestContext": {},
    "Records": [],
    "type": "TOKEN",
    "authorizationToken": "",
    "methodArn": "arn:aws-none:execute-api:none:0:none/none/GET/",
    "detail-type": "nothing",
    "detail": {"id": "", "occurred_at": "2026-01-01T00:00:00Z", "correlation_id": "", "data": {}},
}
"""An event in which a room finds no route, the relay no record, the authorizer no token and a subscriber no news."""


def deploy(layout: Layout, package: Path = ROOT / "dist" / STAGE) -> stacks.Deployed:
    """Deploy the package, then write what the functions read at run time, and `stack.json`. Raises DeployError."""
    clients = layout.clients
    stacks.ensure_bucket(clients, _BUCKET, REGION)
    _write_secrets(layout)
    deployed = stacks.deploy(
        clients,
        stage=STAGE,
        package=package,
        bucket=_BUCKET,
        parameters={
            "LiveEndpoint": f"{layout.endpoint}/_aws/execute-api/zhenbanlive/live",
            "LogLevel": "INFO",
            "WebhookAllowedHosts": HOST,
        },
        poll_s=0.2,
    )
    _write_facts(layout, deployed.outputs)
    return deployed


def facts(layout: Layout) -> dict[str, Any]:
    """stack.json. Raises StackError if nothing was deployed."""
    try:
        read: dict[str, Any] = json.loads(layout.stack_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StackError("there is no local stack yet; make one with: make up") from None
    return read


def _write_secrets(layout: Layout) -> None:
    """Everything that the providers would have given: here the stand-ins' keys."""
    from infra.local.standins.keys import WeChatKeys, make_keys

    clients, folder = layout.clients, layout.standins_folder
    settings.ensure_token_keys(clients, STAGE)
    made = json.loads(make_keys(folder).read_text(encoding="utf-8"))
    pay = made["wechat_pay"]
    templates = _notice_template_ids()
    settings.put_secret(
        clients,
        STAGE,
        "wechat-mini",
        {**WeChatKeys(**made["wechat"]).as_secret(), "base_url": layout.url("wechat"), "templates": templates},
    )
    settings.put_secret(clients, STAGE, "trtc", {"sdk_app_id": 1400000000, "secret_key": "local-" + "0" * 58})
    settings.put_secret(
        clients,
        STAGE,
        "wechat-pay",
        {
            "app_id": made["wechat"]["app_id"],
            "merchant_id": pay["merchant_id"],
            "certificate_serial": pay["certificate_serial"],
            "private_key_pem": (folder / pay["merchant_private_key_file"]).read_text(encoding="utf-8"),
            "api_v3_key": pay["apiv3_key"],
            "public_key_id": pay["platform_public_key_id"],
            "public_key_pem": (folder / pay["platform_public_key_file"]).read_text(encoding="utf-8"),
            "base_url": layout.url("pay"),
        },
    )


def _notice_template_ids() -> dict[str, str]:
    """Local ids for the subscribe-message templates: the stand-in takes any."""
    import yaml

    templates = yaml.safe_load((ROOT / "infra/local/seed/notice_templates.yaml").read_text(encoding="utf-8"))
    return {template["code"]: f"local-{template['code']}" for template in templates}


def _write_facts(layout: Layout, outputs: dict[str, str]) -> None:
    api_url = f"{layout.endpoint}/_aws/execute-api/{outputs['ApiId']}/api"
    live_path = f"/_aws/execute-api/{outputs['LiveApiId']}/live"
    live_url = f"ws://{HOST}:{layout.ports['stack']}{live_path}"
    urls = {"api": api_url, "live": live_url, "pay_notify": api_url}
    settings.put_parameter(layout.clients, STAGE, "public-urls", urls)
    written = {
        "stage": STAGE,
        "account": layout.account,
        "region": REGION,
        "endpoint_url": layout.endpoint,
        "credentials": layout.credentials,
        "api_url": api_url,
        "live_url": live_url,
        "management_url": f"{layout.endpoint}{live_path}",
        "ports": layout.ports,
        "standins": {name: layout.url(name) for name in _PORT_OPTIONS},
        "standins_folder": str(layout.standins_folder),
    }
    layout.stack_file.write_text(json.dumps(written, indent=2), encoding="utf-8")


def standins(layout: Layout) -> Process:
    return Process("standins", layout.folder)


def start_standins(layout: Layout) -> bool:
    """Start WeChat, WeChat Pay and the insurer; False if they already run."""
    if standins(layout).pid is not None:
        return False
    for name in _PORT_OPTIONS:
        if is_taken(layout.ports[name]):
            port = layout.ports[name]
            raise StackError(
                f"port {port} is taken by another program; end it, or choose another with {name.upper()}_PORT=…"
            )
    command: list[str | Path] = [sys.executable, "-m", "infra.local.standins", "--state-dir", layout.standins_folder]
    for name in _PORT_OPTIONS:
        command += [f"--{name}-port", str(layout.ports[name])]
    standins(layout).start(command, environment={**os.environ, "PYTHONPATH": str(ROOT)})
    return True


def wait_for_standins(layout: Layout) -> None:
    """Until all three answer, and WeChat knows where to push messages."""
    standins(layout).wait_until(lambda: all(is_taken(layout.ports[name]) for name in _PORT_OPTIONS), seconds=30)
    url = f"{facts(layout)['api_url']}/webhooks/wechat/pushes"
    urllib3.request("POST", f"{layout.url('wechat')}/_control/push-url", json={"url": url}, retries=False)


def warm(layout: Layout) -> None:
    """Have every function started once, two at a time, with an event that it has nothing to do for."""
    client = layout.clients("lambda")
    names = [
        each["FunctionName"] for page in client.get_paginator("list_functions").paginate() for each in page["Functions"]
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: client.invoke(FunctionName=name, Payload=json.dumps(_NOTHING)), names))


def stop(layout: Layout) -> list[str]:
    """End stand-ins and emulator (which writes its state first); returns the names of those that ran."""
    return [process.name for process in (standins(layout), emulator.process(layout)) if process.stop()]
