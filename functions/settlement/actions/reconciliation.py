"""Every day: the provider's bill against our books, both ways, and a person for whatever does not agree (F32)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial

from functions.settlement import provider
from functions.settlement.actions.ledger import post
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.spool import Spool
from functions.settlement.gateways.wechat_bill import BadBill
from functions.settlement.rules import ledger
from functions.settlement.rules.approvals import ProposalState
from functions.settlement.rules.payments import PaymentState
from functions.settlement.rules.reconciliation import (
    AlreadyResolved,
    BookingMissing,
    BookingUsed,
    CaseState,
    DayNotOver,
    Difference,
    LineKind,
    OurLine,
    Recorded,
    Resolution,
    RunState,
    Tally,
    case_id_of,
    check_sign_off,
    day_of_case,
    move_run,
    our_line,
    stands,
)
from functions.settlement.rules.refunds import RefundState, order_id_of
from functions.settlement.rules.supplements import is_payment_id
from functions.settlement.table import ProposalRow, find_payment, find_proposal, find_refund, lines_of
from functions.settlement.table import reconciliation as table
from functions.settlement.table.reconciliation import CaseRow, ReconciliationRow
from functions.shared import audit, clock, ids, observe
from functions.shared.clock import CHINA
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx

_READY_AT = time(10)
"""When the provider has made the bill of the day before (China time)."""


def reconcile(run: Run, day: date) -> None:
    """Compare the bill of `day` with our books, unless that was done. May be cut off anywhere and run again.

    The comparison counts only when the bill was read to its end and proved whole; until then nothing is written.
    """
    row = table.find_day(day)
    if row is not None and row.state != RunState.FAILED:
        return
    tally = Tally()
    try:
        with Spool() as spool:
            for own in _our_lines(day):
                spool.add_ours(own)
            for line in provider.wechat_bills().lines(day):
                spool.add_theirs(line)
            for difference in spool.differences(tally):
                if stands(difference, _recorded(difference), day):
                    case_id = case_id_of(day, difference)
                    run.act(case_id, partial(_open_case, day=day, case_id=case_id, difference=difference))
                else:
                    tally.dismiss(difference)
    except (BadBill, PaymentUnknown, PaymentRejected) as problem:
        observe.count("ReconciliationFailed")
        observe.logger().error("the bill cannot be compared", extra={"day": str(day), "reason": str(problem)})
        run.act("failed", partial(_note_failure, day=day, reason=str(problem)))
        return
    if tally.differences:
        observe.count("ReconciliationDifference", tally.differences)
    run.act("compared", partial(_finish, day=day, tally=tally))


def _our_lines(day: date) -> Iterator[OurLine]:
    start = datetime.combine(day, time(), CHINA)
    lines = lines_of(ledger.PROVIDER_CLEARING, start=start, end=start + timedelta(days=1), limit=None)
    for line in lines:
        own = our_line(line.transaction_id, line.subject, line.amount_fen)
        if own is not None:
            yield own


def _recorded(difference: Difference) -> Recorded | None:
    """What we know of the number today: one read, and only for what did not agree."""
    number = difference.number
    if difference.line_kind is LineKind.PAYMENT and is_payment_id(number):
        payment = find_payment(number)
        if payment is not None and payment.paid_at is not None:
            is_done = payment.state == PaymentState.SUCCEEDED
            return Recorded(payment.amount_fen, is_done, clock.service_date(payment.paid_at))
    if difference.line_kind is LineKind.REFUND and number.startswith("rfd"):
        refund = find_refund(order_id_of(number), number)
        if refund is not None:
            is_done = refund.state == RefundState.SUCCEEDED
            return Recorded(refund.amount_fen, is_done, clock.service_date(refund.requested_at))
    return None


def _open_case(tx: Tx, *, day: date, case_id: str, difference: Difference) -> None:
    if table.find_case(day, case_id) is not None:
        return
    row = CaseRow(
        *table.case_key(day, case_id),
        case_id=case_id,
        state=CaseState.OPEN,
        difference=difference,
        found_at=tx.now,
    )
    tx.insert(row)
    if difference.off_fen:
        post(tx, ledger.difference_set_aside(case_id=case_id, off_fen=difference.off_fen, at=tx.now))


def _note_failure(tx: Tx, *, day: date, reason: str) -> None:
    row = table.find_day(day) or ReconciliationRow(*table.day_key(day), day=day.isoformat())
    row.state, row.at, row.reason = RunState.FAILED, tx.now, reason
    tx.save(row)


def _finish(tx: Tx, *, day: date, tally: Tally) -> None:
    row = table.find_day(day)
    if row is None:
        row = ReconciliationRow(*table.day_key(day), day=day.isoformat(), state=RunState.FAILED)
    elif row.state != RunState.FAILED:
        return
    row.state, row.at, row.reason = move_run(RunState(row.state), RunState.COMPARED), tx.now, None
    row.matched, row.matched_fen, row.fees_fen = tally.matched, tally.matched_fen, tally.fees_fen
    row.cases, row.off_fen = tally.differences, tally.off_fen
    tx.save(row)
    if tally.fees_fen:
        post(tx, ledger.provider_fees(day=day.isoformat(), fee_fen=tally.fees_fen, at=tx.now))


def order_run(tx: Tx, *, day: date, ordered_by: str) -> None:
    """Try a day again now instead of at the next turn; nothing happens if it is compared. Raises DayNotOver."""
    if tx.now < datetime.combine(day + timedelta(days=1), _READY_AT, CHINA):
        raise DayNotOver()
    audit.record(tx, actor=ordered_by, act="reconciliation.ordered", subject=f"bill-{day}")
    tx.schedule(Timer(room="settlement", kind="reconcile_day", subject=day.isoformat(), due_at=tx.now))


def find_day(day: date) -> ReconciliationRow:
    """How the day's comparison came out; NotFound if it was never tried."""
    row = table.find_day(day)
    if row is None:
        raise NotFound()
    return row


def days_of(month: str) -> list[ReconciliationRow]:
    """The comparisons of a China month (`2026-03`), latest first."""
    return table.days_of(month)


def cases_of(day: date, *, limit: int, after: str | None) -> tuple[list[CaseRow], str | None]:
    """A page of a day's differences."""
    return table.cases_of(day, limit=limit, after=after)


def resolve_case(
    tx: Tx, case_id: str, *, resolution: Resolution, note: str, resolved_by: str, booking_id: str | None
) -> CaseRow:
    """Say what a difference was. What was set aside is taken back, unless a named booking put it right.

    Raises NotFound, AlreadyResolved, BookingMissing, BookingUsed.
    """
    day = day_of_case(case_id)
    row = table.find_case(day, case_id) if day else None
    if row is None:
        raise NotFound()
    if row.state == CaseState.RESOLVED:
        raise AlreadyResolved()
    if (resolution is Resolution.BOOKED) != bool(booking_id):
        raise BookingMissing("处理方式为“已调账”时须填写人工调账编号，其他方式不填")
    if booking_id:
        booking = find_proposal(booking_id) if ids.is_id("mbk", booking_id) else None
        if booking is None or booking.state != ProposalState.APPROVED:
            raise BookingMissing()
        if _out_of_suspense_fen(booking) != row.difference.off_fen:
            raise BookingMissing("该人工调账没有按差异金额冲销待查款项")
        tx.insert(table.booking_use_row(booking_id, case_id), taken=BookingUsed())
    elif row.difference.off_fen:
        post(tx, ledger.difference_taken_back(case_id=case_id, off_fen=row.difference.off_fen, at=tx.now))
    row.state, row.resolution, row.booking_id = CaseState.RESOLVED, resolution, booking_id
    row.note, row.resolved_by, row.resolved_at = note, resolved_by, tx.now
    tx.save(row)
    audit.record(tx, actor=resolved_by, act=f"difference.{resolution}", subject=case_id, reason=note)
    return row


def _out_of_suspense_fen(proposal: ProposalRow) -> int:
    return proposal.booking.amounts.get(ledger.SUSPENSE, 0) if proposal.booking else 0


def sign_off(tx: Tx, day: date, *, signed_by: str) -> ReconciliationRow:
    """Close the day: its bill and our books agree, or everything that did not is explained.

    Raises NotFound, CasesOpen, IllegalMove.
    """
    row = find_day(day)
    state = move_run(RunState(row.state), RunState.SIGNED_OFF)
    check_sign_off(sum(1 for _ in table.open_cases_of(day)))
    row.state, row.signed_by, row.signed_at = state, signed_by, tx.now
    tx.save(row)
    audit.record(tx, actor=signed_by, act="reconciliation.signed_off", subject=f"bill-{day}")
    return row
