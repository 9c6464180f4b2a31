"""Which addresses we are willing to call (https to the public internet, and what the operator has named), and what came
of a call."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from functions.shared.errors import Invalid

_MAX_URL = 500
_GONE = 410
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+")
_CARRIERS = tuple(ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""Networks whose addresses carry an IPv4 address inside: NAT64, 6to4, Teredo."""


class UnsafeEndpoint(Invalid):
    """The address is not one that we may call."""

    code = "unsafe_endpoint"
    title = "回调地址须为公网 https 地址"


@dataclass(frozen=True)
class Attempt:
    """One call: when, and the other side's status or, without one, what went wrong."""

    at: datetime
    status: int | None
    error: str = ""
    took_ms: int = 0
    retry_after_s: int | None = None
    """When the other side wants to be asked again, if it said so."""

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The other side does not want this address to be called any more."""
        return self.status == _GONE


@dataclass(frozen=True)
class Target:
    """Where to connect. `is_trusted`: the operator named this host, so it may be private and without TLS."""

    scheme: str
    host: str
    port: int
    path: str
    is_trusted: bool


def target_of(url: str, trusted_hosts: Collection[str]) -> Target:
    """The parts of `url`; `trusted_hosts` are `host` or `host:port`. Raises UnsafeEndpoint."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UnsafeEndpoint(str(error)) from error
    host = (parts.hostname or "").lower()
    is_trusted = host in trusted_hosts or f"{host}:{port}" in trusted_hosts
    if len(url) > _MAX_URL or not _HOST.fullmatch(host) or re.search(r"[^\x21-\x7e]", url):
        raise UnsafeEndpoint("地址格式不正确")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UnsafeEndpoint("地址中不能带用户名、密码或片段")
    if parts.scheme != "https" and not (is_trusted and parts.scheme == "http"):
        raise UnsafeEndpoint("必须使用 https")
    path = parts.path or "/"
    return Target(parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path, is_trusted)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is on the public internet, not in our own network, a cloud's metadata service or nowhere."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _CARRIERS):
            return False
    return address.is_global and not address.is_multicast
