"""Standard Webhooks out (https://www.standardwebhooks.com): signed, to a checked address, once, without redirects.

The host is resolved once; every address it has must be public, and the connection goes to the one that was checked,
so that a name cannot point elsewhere between the check and the call.
"""

import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from functions.shared.endpoints import Attempt, Target, UnsafeEndpoint, is_public, target_of

_CONNECT_TIMEOUT_S = 3
Addresses = list[IPv4Address | IPv6Address]


def trusted_hosts() -> frozenset[str]:
    """WEBHOOK_ALLOWED_HOSTS: hosts (`host` or `host:port`, separated by commas) that need not be public."""
    named = os.environ.get("WEBHOOK_ALLOWED_HOSTS", "").split(",")
    return frozenset(host.strip().lower() for host in named if host.strip())


def resolve(host: str, port: int) -> Addresses:
    """Every address of `host`. Raises OSError if there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(entry[4][0]) for entry in found]


def deliver(
    *,
    url: str,
    secret: str,
    webhook_id: str,
    body: str,
    now: datetime,
    timeout_s: int,
    older_secret: str | None = None,
    resolving: Callable[[str, int], Addresses] = resolve,
) -> Attempt:
    """Send `body` signed with the endpoint's `whsec_…` secret, and with the one before while it is being replaced.

    What happens is told by the Attempt, never raised.
    """
    try:
        target = target_of(url, trusted_hosts())
        addresses = resolving(target.host, target.port)
        if not target.is_trusted and not all(map(is_public, addresses)):
            raise UnsafeEndpoint("地址指向内部网络")
    except (UnsafeEndpoint, OSError) as error:
        return Attempt(now, None, f"{type(error).__name__}: {error}")
    secrets = [secret, *([older_secret] if older_secret else [])]
    headers = _signed(secrets, webhook_id, body, now) | {"Host": _authority(target)}
    return _post(target, str(addresses[0]), headers, body, now, timeout_s)


def _signed(secrets: Sequence[str], webhook_id: str, body: str, now: datetime) -> dict[str, str]:
    from standardwebhooks import Webhook

    at = now.astimezone(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, at, body) for secret in secrets),
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "zhenban-webhooks/1",
    }


def _post(target: Target, address: str, headers: dict[str, str], body: str, now: datetime, timeout_s: int) -> Attempt:
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
    from urllib3.exceptions import HTTPError

    options: dict[str, Any] = {"timeout": Timeout(connect=_CONNECT_TIMEOUT_S, total=timeout_s), "retries": False}
    if target.scheme == "https":
        options |= {"server_hostname": target.host, "assert_hostname": target.host}
        pool: HTTPConnectionPool = HTTPSConnectionPool(address, target.port, **options)
    else:
        pool = HTTPConnectionPool(address, target.port, **options)
    begun = time.monotonic()
    try:
        with pool:
            answer = pool.urlopen(
                "POST", target.path, body=body.encode(), headers=headers, redirect=False, preload_content=False
            )
            answer.close()
    except HTTPError as error:
        return Attempt(now, None, type(error).__name__, took_ms=_ms_since(begun))
    wanted = answer.headers.get("Retry-After")
    return Attempt(now, answer.status, took_ms=_ms_since(begun), retry_after_s=_seconds(wanted, now))


def _ms_since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _seconds(retry_after: str | None, now: datetime) -> int | None:
    """The seconds that `Retry-After` means (RFC 9110: a number, or a date); None for anything else."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        return max(0, int((parsedate_to_datetime(text) - now).total_seconds()))
    except (TypeError, ValueError):
        return None


def _authority(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    is_default = target.port == (443 if target.scheme == "https" else 80)
    return host if is_default else f"{host}:{target.port}"
