"""The function's environment, read once and on first use. Business thresholds are not here: they are rows, seeded."""

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Config:
    """What the template gives every function. Names in capitals are the environment variables."""

    stage: str
    """STAGE: `local`, `dev`, `prod` …; prefixes tables, parameters, secrets, schedules."""
    bus_name: str
    """BUS_NAME: the custom EventBridge bus."""
    kms_key_id: str
    """KMS_KEY_ID: the key that wraps the patients' data keys."""
    region: str
    files_bucket: str
    """FILES_BUCKET: what people upload and download (`shared.files`)."""
    scheduler_role_arn: str
    """SCHEDULER_ROLE_ARN: what EventBridge Scheduler assumes to call a room's events function (relay only)."""
    scheduler_dlq_arn: str
    """SCHEDULER_DLQ_ARN: where a timer goes that its function refused to the end (relay only)."""
    events_function_arn_prefix: str
    """EVENTS_FUNCTION_ARN_PREFIX: `arn:…:function:zhenban-<stage>-`; a timer's target is that + `<room>_events`."""

    def table_name(self, room: str) -> str:
        """`zhenban-<stage>-<room>`."""
        return f"zhenban-{self.stage}-{room}"

    def secret_name(self, name: str) -> str:
        """Name of a secret in Secrets Manager, for example `zhenban/prod/wechat-pay`."""
        return f"zhenban/{self.stage}/{name}"

    def parameter_name(self, name: str) -> str:
        """Name of a public parameter in SSM, for example `/zhenban/prod/jwks`."""
        return f"/zhenban/{self.stage}/{name}"


@cache
def config() -> Config:
    """This process's configuration; a missing variable is a KeyError that names it."""
    return Config(
        stage=os.environ["STAGE"],
        bus_name=os.environ.get("BUS_NAME", f"zhenban-{os.environ['STAGE']}"),
        kms_key_id=os.environ.get("KMS_KEY_ID", f"alias/zhenban-{os.environ['STAGE']}"),
        region=os.environ.get("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"],
        files_bucket=os.environ.get("FILES_BUCKET", f"zhenban-{os.environ['STAGE']}-files"),
        scheduler_role_arn=os.environ.get("SCHEDULER_ROLE_ARN", ""),
        scheduler_dlq_arn=os.environ.get("SCHEDULER_DLQ_ARN", ""),
        events_function_arn_prefix=os.environ.get("EVENTS_FUNCTION_ARN_PREFIX", ""),
    )
