"""Messages to open WebSockets, through API Gateway's management API (LIVE_ENDPOINT).

A watcher is never waited for: one attempt, a second to answer, many at once, and a budget for all of them together.
Whoever misses a message asks for it by its sequence number when it comes back.
"""

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import cache
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from functions.shared import observe
from functions.shared.config import config

READ_TIMEOUT_S = 1.0
BUDGET_S = 8.0
_AT_ONCE = 24
_GONE = 410


class Delivery(StrEnum):
    """What became of a message: `gone` means the socket is closed for good, `failed` that we do not know."""

    SENT = "sent"
    GONE = "gone"
    FAILED = "failed"


class _Management:
    """The management API's signed posts. botocore's client costs ten times as much processor for each, and a visit may
    have a thousand watchers."""

    def __init__(self, endpoint: str) -> None:
        from botocore.session import get_session
        from urllib3 import PoolManager, Timeout

        self._endpoint = endpoint.rstrip("/")
        self._credentials = get_session().get_credentials()
        timeout = Timeout(connect=READ_TIMEOUT_S, read=READ_TIMEOUT_S)
        self._http = PoolManager(maxsize=_AT_ONCE, timeout=timeout, retries=False)

    def post(self, connection_id: str, message: bytes) -> int:
        """The status of the answer. Raises HTTPError."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        url = f"{self._endpoint}/@connections/{quote(connection_id, safe='')}"
        request = AWSRequest("POST", url, data=message, headers={"Content-Type": "application/octet-stream"})
        SigV4Auth(self._credentials.get_frozen_credentials(), "execute-api", config().region).add_auth(request)
        return self._http.request("POST", url, body=message, headers=dict(request.headers)).status


@cache
def _management(endpoint: str) -> _Management:
    return _Management(endpoint)


def post(connection_id: str, message: bytes) -> Delivery:
    """One message to one socket."""
    try:
        status = _management(os.environ["LIVE_ENDPOINT"]).post(connection_id, message)
    except HTTPError:
        return Delivery.FAILED
    if status == _GONE:
        return Delivery.GONE
    if status >= 300:
        observe.logger().warning("socket refused a message", extra={"status": status})
        return Delivery.FAILED
    return Delivery.SENT


def post_each(connection_ids: Sequence[str], message: bytes) -> Mapping[str, Delivery]:
    """The same message to many sockets at once; those not reached within the budget have `failed`."""
    if not connection_ids:
        return {}
    deadline = time.monotonic() + BUDGET_S

    def attempt(connection_id: str) -> Delivery:
        return post(connection_id, message) if time.monotonic() < deadline else Delivery.FAILED

    # Made before the threads share it: botocore's session is not safe for use in parallel.
    _management(os.environ["LIVE_ENDPOINT"])
    with ThreadPoolExecutor(min(_AT_ONCE, len(connection_ids))) as pool:
        outcomes = dict(zip(connection_ids, pool.map(attempt, connection_ids), strict=True))
    for delivery in Delivery:
        number = sum(1 for outcome in outcomes.values() if outcome is delivery)
        if number:
            observe.count(f"LivePush{delivery.capitalize()}", number)
    return outcomes
