"""Video calls (F13): ringing, joining with credentials of one's own, leaving, missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from functions.shared import aws, clock, ids
from functions.shared.caller import Caller
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit, require_viewer
from functions.tracking.events import VisitCallChanged, VisitCallEnded
from functions.tracking.rules import calls as rules
from functions.tracking.rules.access import Scope, Standing
from functions.tracking.rules.calls import CallNeedsWeChat, CallNotFound, CallOpen, CallsUnavailable, Provider
from functions.tracking.rules.progress import RUNNING, VisitNotFound, VisitNotRunning
from functions.tracking.rules.user_sig import user_sig
from functions.tracking.table import calls as rows
from functions.tracking.table.calls import CallRow

_PATIENCE = timedelta(minutes=5)
"""A call that its timer should have closed this long ago does not stand in the way of the next one."""


@dataclass(frozen=True)
class TrtcPass:
    """What Tencent's SDK wants: the app, the user, and a UserSig of `expires_in_s` seconds for the room `call_id`."""

    sdk_app_id: int
    user_id: str
    user_sig: str
    expires_in_s: int


@dataclass(frozen=True)
class VoipPass:
    """What `wx.joinVoIPChat` wants."""

    app_id: str
    group_id: str
    nonce: str
    timestamp_s: int
    signature: str


def ring(tx: Tx, *, visit_id: str, caller: Caller) -> tuple[CallRow, TrtcPass | VoipPass]:
    """Start the visit's call and be let in: one read and what the provider's credentials take.

    Raises VisitNotFound, VisitNotRunning, CallOpen, CallNeedsWeChat, CallsUnavailable.
    """
    visit, _, opened = rows.find_visit_and_call(visit_id, "")
    visit, standing = _require_party(visit, caller, tx.now, among=rules.MAY_RING)
    if opened is not None and opened.until + _PATIENCE > tx.now:
        raise CallOpen(members={"call_id": opened.call_id})
    policy = table.policy()
    call_id = ids.new("cal", tx.now)
    row = CallRow(*rows.call_key(visit_id, call_id), order_id=visit.order_id, provider=policy.call_provider)
    row.call = rules.rung(caller.subject, standing, tx.now)
    admitted = _admit(tx, row, caller)
    tx.insert(row)
    _mark_open(tx, opened, row, kind="call_unanswered", lasts_s=policy.ring_timeout_s)
    _announce(tx, row)
    return row, admitted


def join(tx: Tx, *, visit_id: str, call_id: str, caller: Caller) -> tuple[CallRow, TrtcPass | VoipPass]:
    """Be let into an open call; again after a lost connection. One read, one more for a guest.

    Raises VisitNotFound, VisitNotRunning, CallNotFound, CallOver, CallFull, what `accounts` says of a guest's pass.
    """
    visit, row, opened = rows.find_visit_and_call(visit_id, call_id)
    visit, standing = _require_party(visit, caller, tx.now, among=rules.MAY_JOIN)
    if row is None:
        raise CallNotFound()
    policy = table.policy()
    after = rules.joined(row.call, caller.subject, standing, tx.now, most=policy.call_parties)
    admitted = _admit(tx, row, caller)
    if after.state is not row.call.state:
        _mark_open(tx, opened, row, kind="call_too_long", lasts_s=policy.call_max_s)
    _keep(tx, row, after)
    return row, admitted


def leave(tx: Tx, *, visit_id: str, call_id: str, caller: Caller) -> CallRow:
    """Hang up. It always works for who was let in, also when the visit or one's pass has ended. One read.

    Raises CallNotFound for everybody else.
    """
    visit, row, opened = rows.find_visit_and_call(visit_id, call_id)
    if visit is None or row is None or all(party.subject != caller.subject for party in row.call.parties):
        raise CallNotFound()
    _keep(tx, row, rules.left(row.call, caller.subject, tx.now), opened=opened)
    return row


def close_overdue(tx: Tx, *, visit_id: str, due_at: datetime) -> None:
    """Nobody answered the ringing, or nobody hung up: the open call is closed, so that the visit can have another.

    A timer of an earlier stage or call is late and closes nothing.
    """
    opened = rows.find_open_call(visit_id)
    if opened is None or opened.until != due_at:
        return
    row = rows.find_call(visit_id, opened.call_id)
    assert row is not None, "an open call is written together with its marker"
    _keep(tx, row, rules.closed(row.call, tx.now), opened=opened)


def list_calls(visit_id: str, *, caller: Caller, now: datetime) -> Sequence[CallRow]:
    """The visit's call log, newest first, for everybody who may read its chat: two reads, one more for a guest."""
    visit = load_visit(visit_id)
    require_viewer(visit, caller, Scope.CHAT, now)
    return rows.calls_of(visit_id)


def find_call(visit_id: str, call_id: str) -> CallRow | None:
    """One call as it now is, for who pushes it."""
    return rows.find_call(visit_id, call_id)


def _require_party(
    visit: table.Visit | None, caller: Caller, now: datetime, *, among: frozenset[Standing]
) -> tuple[table.Visit, Standing]:
    if visit is None:
        raise VisitNotFound()
    standing = require_viewer(visit, caller, Scope.CHAT, now)
    if standing not in among:
        raise VisitNotFound()
    if visit.state not in RUNNING:
        raise VisitNotRunning()
    return visit, standing


def _admit(tx: Tx, row: CallRow, caller: Caller) -> TrtcPass | VoipPass:
    if row.provider == Provider.TRTC:
        return _trtc_pass(caller, tx.now)
    from functions.accounts import actions as accounts

    try:
        signed = accounts.sign_voip(caller.subject, group_id=row.call_id, now=tx.now)
    except NotFound as error:
        raise CallNeedsWeChat() from error
    return VoipPass(signed.app_id, row.call_id, signed.nonce, signed.timestamp_s, signed.signature)


def _trtc_pass(caller: Caller, now: datetime) -> TrtcPass:
    settings, lasts_s = _trtc_settings(), table.policy().call_max_s
    sdk_app_id = int(settings["sdk_app_id"])
    signature = user_sig(
        sdk_app_id=sdk_app_id,
        secret_key=settings["secret_key"],
        user_id=caller.subject,
        issued_at_s=clock.epoch_s(now),
        expires_in_s=lasts_s,
    )
    return TrtcPass(sdk_app_id, caller.subject, signature, lasts_s)


def _trtc_settings() -> Any:
    """The secret `trtc`: sdk_app_id, secret_key."""
    try:
        return aws.secret("trtc")
    except ClientError as error:
        if error.response["Error"].get("Code") != "ResourceNotFoundException":
            raise
        raise CallsUnavailable() from error


def _keep(tx: Tx, row: CallRow, after: rules.VideoCall, *, opened: rows.OpenCallRow | None = None) -> None:
    """Save the call if it changed and tell of it; a call that is over is no longer the open one."""
    if after == row.call:
        return
    row.call = after
    tx.save(row)
    _announce(tx, row)
    if after.state in rules.OPEN:
        return
    if opened is not None and opened.call_id == row.call_id:
        tx.delete(opened)
    tx.emit(
        VisitCallEnded(
            visit_id=row.visit_id,
            order_id=row.order_id,
            call_id=row.call_id,
            started_by=after.parties[0].standing,
            outcome=after.state,
            duration_s=after.duration_s,
        )
    )


def _announce(tx: Tx, row: CallRow) -> None:
    tx.emit(VisitCallChanged(visit_id=row.visit_id, call_id=row.call_id, state=row.call.state))


def _mark_open(tx: Tx, opened: rows.OpenCallRow | None, row: CallRow, *, kind: str, lasts_s: int) -> None:
    """This is the visit's open call, for so long at most."""
    until = (tx.now + timedelta(seconds=lasts_s)).replace(microsecond=0)
    marker = opened or rows.OpenCallRow(*rows.open_call_key(row.visit_id))
    marker.call_id, marker.until = row.call_id, until
    tx.save(marker)
    tx.schedule(Timer(room="tracking", kind=kind, subject=row.visit_id, due_at=until))
