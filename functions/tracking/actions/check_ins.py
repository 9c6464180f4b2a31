"""Attempts to prove presence (F22): judged, kept whatever they are worth, and shown to those who may know of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared import audit
from functions.shared.caller import Caller
from functions.shared.errors import FieldError, Invalid
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_own_visit, load_visit
from functions.tracking.actions.visits import open_key
from functions.tracking.rules import presence, progress
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.device_clock import on_our_clock
from functions.tracking.rules.presence import Point, Verdict
from functions.tracking.rules.progress import VisitNotFound, VisitState

_SEES_ATTEMPTS = frozenset({Standing.COMPANION, Standing.STAFF})


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a phone says of where it was; `point` is GCJ-02, `sent_at` what its clock shows while sending."""

    code: str
    point: Point
    accuracy_m: float
    captured_at: datetime
    sent_at: datetime | None = None
    mock: bool = False


@dataclass(frozen=True)
class Sealed:
    """An attempt with what was sealed in it, of which only the distance is shown."""

    row: table.CheckIn
    distance_m: int
    accuracy_m: float


def check_in(tx: Tx, *, visit_id: str, companion_id: str, attempt: Attempt) -> Verdict:
    """Judge an attempt to prove presence for the next milestone, and keep it as evidence either way.

    Raises VisitNotFound, VisitNotRunning, MilestoneOutOfOrder, MilestoneRecorded, Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    policy = table.policy()
    progress.require_underway(VisitState(visit.state))
    progress.find_recordable(visit.milestones, attempt.code, field="node")
    moment = on_our_clock(attempt.captured_at, sent_at=attempt.sent_at, now=tx.now, policy=policy)
    if tx.now - moment.at > timedelta(seconds=policy.offline_max_s):
        raise Invalid(errors=(FieldError("captured_at", "打卡时间太久远"),))
    if moment.at - tx.now > timedelta(days=1):
        raise Invalid(errors=(FieldError("captured_at", "打卡时间不能在未来"),))
    verdict = presence.judge_check_in(
        point=attempt.point,
        accuracy_m=attempt.accuracy_m,
        fence=visit.fence,
        captured_at=moment.at,
        now=tx.now,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        policy=policy,
        mock=attempt.mock,
    )
    reading = asdict(attempt.point) | {"accuracy_m": attempt.accuracy_m, "distance_m": verdict.distance_m}
    tx.insert(
        table.CheckIn(
            *table.check_in_key(visit_id, tx.now),
            code=attempt.code,
            refusal=verdict.reason,
            captured_at=moment.at,
            device_at=moment.device_at,
            skew_s=moment.skew_s,
            is_doubtful=moment.is_doubtful,
            received_at=tx.now,
            sealed_reading=open_key(visit).encrypt("check_in", msgspec.json.encode(reading).decode()),
            ttl=tx.now + timedelta(days=policy.trail_days),
        )
    )
    if verdict.is_accepted:
        visit.checked_in = {**visit.checked_in, attempt.code: tx.now}
        tx.save(visit)
    return verdict


def list_check_ins(
    tx: Tx, *, visit_id: str, caller: Caller, limit: int, after: str | None
) -> tuple[Sequence[Sealed], str | None]:
    """The visit's attempts, refused ones too, newest first: for its companion, and for staff, whose look is recorded.

    One GetItem and one Query. VisitNotFound for everybody else.
    """
    visit = load_visit(visit_id)
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing not in _SEES_ATTEMPTS:
        raise VisitNotFound()
    if standing is Standing.STAFF:
        audit.record(tx, actor=caller.subject, act="check_ins.viewed", subject=visit_id)
    rows, last = table.check_ins_of(visit_id, limit=limit, after=after)
    return [_unsealed(visit, row) for row in rows], last


def _unsealed(visit: table.Visit, row: table.CheckIn) -> Sealed:
    reading = msgspec.json.decode(open_key(visit).decrypt("check_in", row.sealed_reading))
    return Sealed(row, int(reading["distance_m"]), float(reading["accuracy_m"]))
