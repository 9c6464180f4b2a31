"""Submitting and reading the visit report, and noticing that it is missing (F14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from functions.care import rules, table
from functions.care.events import ReportMissing, ReportOverdue, ReportSubmitted
from functions.care.rules import Policy, Reader, ReportContent, ReportExists, ReportNotFound, VisitNotEnded
from functions.shared import crypto, ids
from functions.shared.caller import Caller
from functions.shared.events import Timer
from functions.shared.tx import Tx

_ROOM = "care"
_FIELD = "report"


@dataclass(frozen=True)
class OpenReport:
    """A report with what it says, unsealed for a reader who may know."""

    row: table.Report
    content: ReportContent


def submit_report(tx: Tx, *, visit_id: str, companion_id: str, content: ReportContent) -> table.Report:
    """The one report of an ended visit, by its companion: one read of `tracking`, one transaction.

    Raises VisitNotFound (tracking's), VisitNotEnded, ReportExists.
    """
    from functions.tracking import actions as tracking

    visit = tracking.find_visit(visit_id)
    if visit.companion_id != companion_id:
        raise tracking.VisitNotFound()
    if visit.state is tracking.VisitState.REPORTED:
        raise ReportExists()
    if visit.state is not tracking.VisitState.ENDED or visit.ended_at is None:
        raise VisitNotEnded()
    key = crypto.new_key(room=_ROOM, owner_id=visit.patient_id)
    report = table.Report(
        *table.report_key(visit_id),
        report_id=ids.derived("rep", visit_id),
        order_id=visit.order_id,
        client_id=visit.client_id,
        companion_id=companion_id,
        patient_id=visit.patient_id,
        submitted_at=tx.now,
        is_late=tx.now > rules.due_at(visit.ended_at, table.policy()),
        wrapped_key=key.wrapped,
        sealed_content=key.encrypt(_FIELD, msgspec.json.encode(content).decode()),
    )
    tx.insert(report, taken=ReportExists())
    tx.emit(
        ReportSubmitted(
            report_id=report.report_id,
            visit_id=visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=companion_id,
            late=report.is_late,
        )
    )
    return report


def read_report(tx: Tx, *, visit_id: str, caller: Caller, reason: str | None) -> OpenReport:
    """The report for one who may read it: one GetItem, and one more for a guest. Staff's reason is written down first.

    Raises ReportNotFound, ReasonRequired, what `accounts` says of a guest's pass.
    """
    report = table.find_report_row(visit_id) if ids.is_id("vis", visit_id) else None
    if report is None:
        raise ReportNotFound()
    match rules.reader_of(
        caller, client_id=report.client_id, companion_id=report.companion_id, order_id=report.order_id
    ):
        case None:
            raise ReportNotFound()
        case Reader.GUEST:
            _require_pass(tx, caller)
        case Reader.STAFF:
            _note_read(tx, visit_id, caller, reason)
    key = crypto.open_key(report.wrapped_key, room=_ROOM, owner_id=report.patient_id)
    return OpenReport(report, msgspec.json.decode(key.decrypt(_FIELD, report.sealed_content), type=ReportContent))


def expect_report(tx: Tx, *, visit_id: str) -> None:
    """The visit ended: set the timer for its report."""
    from functions.tracking import actions as tracking

    ended_at = tracking.find_visit(visit_id).ended_at
    assert ended_at is not None, f"{visit_id} said that it ended and has no end"
    due_at = rules.due_at(ended_at, table.policy())
    tx.schedule(Timer(room=_ROOM, kind="report_due", subject=visit_id, due_at=due_at))


def note_overdue(tx: Tx, *, visit_id: str) -> None:
    """The hour is over: announce a report that is missing, and look again before the order goes on without it."""
    from functions.tracking import actions as tracking

    if table.find_report_row(visit_id):
        return
    visit = tracking.find_visit(visit_id)
    tx.emit(ReportOverdue(visit_id=visit_id, order_id=visit.order_id, companion_id=visit.companion_id))
    again_at = tx.now.replace(microsecond=0) + timedelta(seconds=table.policy().report_missing_s)
    tx.schedule(Timer(room=_ROOM, kind="report_missing", subject=visit_id, due_at=again_at))


def give_up_waiting(tx: Tx, *, visit_id: str) -> None:
    """A day more is over: the order goes on without its report, which may still come."""
    from functions.tracking import actions as tracking

    if table.find_report_row(visit_id):
        return
    visit = tracking.find_visit(visit_id)
    tx.emit(
        ReportMissing(
            visit_id=visit_id, order_id=visit.order_id, client_id=visit.client_id, companion_id=visit.companion_id
        )
    )


@dataclass(frozen=True)
class ReportTimes:
    """When a visit's report was due, and when it came (None: it did not)."""

    due_at: datetime
    submitted_at: datetime | None


def report_times(visit_id: str, *, ended_at: datetime) -> ReportTimes:
    """For other rooms, of a visit that ended then: nothing of what the report says (one GetItem)."""
    report = table.find_report_row(visit_id)
    return ReportTimes(rules.due_at(ended_at, table.policy()), report.submitted_at if report else None)


def put_policy(tx: Tx, *, policy: Policy) -> None:
    """Replace the room's thresholds; other processes follow within a minute."""
    row = table.find_policy_row()
    row.policy = policy
    tx.save(row)


def _require_pass(tx: Tx, guest: Caller) -> None:
    from functions.accounts import actions as accounts

    accounts.require_guest(guest_access_id=guest.subject, order_id=guest.order_id, scope=rules.SCOPE, now=tx.now)


def _note_read(tx: Tx, visit_id: str, caller: Caller, reason: str | None) -> None:
    if not reason:
        raise rules.ReasonRequired()
    tx.insert(
        table.ReportRead(
            *table.report_read_key(visit_id, tx.now), staff_id=caller.subject, reason=reason, read_at=tx.now
        )
    )
