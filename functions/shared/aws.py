"""botocore clients with the house's deadlines: connect 1 s, read 2 s, 3 attempts. Each is made on first use."""

import json
import time
from functools import cache
from typing import Any

from functions.shared.config import config

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 2
ATTEMPTS = 3
_SETTINGS_TTL_S = 300


@cache
def client(
    service: str,
    endpoint_url: str | None = None,
    *,
    read_timeout_s: float = READ_TIMEOUT_S,
    attempts: int = ATTEMPTS,
    connections: int = 10,
) -> Any:
    """A botocore client for `service`, shared by the process. (It costs 70-100 ms: call this inside functions.)"""
    from botocore.config import Config as BotoConfig
    from botocore.session import get_session

    return get_session().create_client(
        service,
        region_name=config().region,
        endpoint_url=endpoint_url,
        config=BotoConfig(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=read_timeout_s,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=connections,
            # Forms and links for encrypted files must be signed by version 4; for S3 botocore's default is older.
            signature_version="s3v4" if service == "s3" else None,
        ),
    )


_settings: dict[str, tuple[float, Any]] = {}


def secret(name: str) -> Any:
    """The JSON secret `zhenban/<stage>/<name>`, kept for 5 minutes so that a rotation needs no deployment."""
    return _kept(f"secret:{name}", lambda: _secret_text(name))


def parameter(name: str) -> Any:
    """The JSON parameter `/zhenban/<stage>/<name>` (public values only), kept for 5 minutes."""
    return _kept(f"parameter:{name}", lambda: _parameter_text(name))


def forget_settings() -> None:
    """Drop the kept secrets and parameters, so that the next use reads them again (unknown key id, rotation)."""
    _settings.clear()


def _kept(key: str, load: Any) -> Any:
    kept = _settings.get(key)
    if kept is None or kept[0] < time.monotonic():
        kept = (time.monotonic() + _SETTINGS_TTL_S, json.loads(load()))
        _settings[key] = kept
    return kept[1]


def _secret_text(name: str) -> str:
    answer = client("secretsmanager").get_secret_value(SecretId=config().secret_name(name))
    return str(answer["SecretString"])


def _parameter_text(name: str) -> str:
    answer = client("ssm").get_parameter(Name=config().parameter_name(name))
    return str(answer["Parameter"]["Value"])
