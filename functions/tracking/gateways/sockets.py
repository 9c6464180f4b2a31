"""Messages to open WebSockets, through API Gateway's management API (LIVE_ENDPOINT).

A watcher is never waited for: one attempt, a second to answer, many at once, and a budget for all of them together.
Whoever misses a message asks for it by its sequence number when it comes back.
"""

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.shared import aws, observe

READ_TIMEOUT_S = 1.0
BUDGET_S = 8.0
_AT_ONCE = 24
_GONE = 410


class Delivery(StrEnum):
    """What became of a message: `gone` means the socket is closed for good, `failed` that we do not know."""

    SENT = "sent"
    GONE = "gone"
    FAILED = "failed"


def _client() -> Any:
    endpoint = os.environ["LIVE_ENDPOINT"]
    return aws.client(
        "apigatewaymanagementapi", endpoint, read_timeout_s=READ_TIMEOUT_S, attempts=1, connections=_AT_ONCE
    )


def post(connection_id: str, message: bytes) -> Delivery:
    """One message to one socket."""
    try:
        _client().post_to_connection(ConnectionId=connection_id, Data=message)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == _GONE:
            return Delivery.GONE
        observe.logger().warning("socket refused a message", extra={"code": error.response["Error"].get("Code")})
        return Delivery.FAILED
    except BotoCoreError:
        return Delivery.FAILED
    return Delivery.SENT


def post_each(connection_ids: Sequence[str], message: bytes) -> Mapping[str, Delivery]:
    """The same message to many sockets at once; those not reached within the budget have `failed`."""
    if not connection_ids:
        return {}
    deadline = time.monotonic() + BUDGET_S

    def attempt(connection_id: str) -> Delivery:
        return post(connection_id, message) if time.monotonic() < deadline else Delivery.FAILED

    # The client is made before the threads share it: botocore's session is not safe for making clients in parallel.
    _client()
    with ThreadPoolExecutor(min(_AT_ONCE, len(connection_ids))) as pool:
        outcomes = dict(zip(connection_ids, pool.map(attempt, connection_ids), strict=True))
    for delivery in Delivery:
        number = sum(1 for outcome in outcomes.values() if outcome is delivery)
        if number:
            observe.count(f"LivePush{delivery.capitalize()}", number)
    return outcomes
