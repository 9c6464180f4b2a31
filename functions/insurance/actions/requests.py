"""What insurers ask of us, each under a number of their own: asked again, it is answered again and done once (B13)."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

from functions.insurance.table import claims as table
from functions.shared.errors import Conflict
from functions.shared.tx import Tx

ReplyT = TypeVar("ReplyT", bound=msgspec.Struct)


class RequestIdReused(Conflict):
    """The number was used before for another request."""

    code = "request_id_reused"
    title = "该 request_id 已用于另一个请求"


def answer_once(
    tx: Tx, *, insurer_id: str, request_id: str, said: bytes, reply: type[ReplyT], act: Callable[[], ReplyT]
) -> ReplyT:
    """What `act` answers, or what it answered when `said` was said under this number before. One read.

    Raises RequestIdReused if something else was.
    """
    fingerprint = hashlib.sha256(said).hexdigest()
    known = table.find_asked(insurer_id, request_id)
    if known is not None:
        if known.fingerprint != fingerprint:
            raise RequestIdReused()
        return msgspec.json.decode(known.reply, type=reply)
    answer = act()
    row = table.AskedRow(*table.asked_key(insurer_id, request_id), fingerprint=fingerprint)
    row.reply = msgspec.json.encode(answer).decode()
    tx.insert(row)
    return answer
