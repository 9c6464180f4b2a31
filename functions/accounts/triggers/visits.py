"""What people are told of a visit: its steps, no-shows, overtime and expenses, emergencies."""

from collections.abc import Mapping
from typing import Any

from functions.accounts.actions import emergencies
from functions.accounts.actions.duty import tell_staff_on_duty
from functions.accounts.actions.facts import OrderFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.triggers.declared import bus
from functions.care.events import ReportMissing, ReportOverdue, ReportSubmitted
from functions.hospitals.events import EmergencyDeskMoved, EmergencyUnanswered
from functions.settlement.events import (
    SupplementOverdue,
    SupplementPaid,
)
from functions.shared.events import Event
from functions.shared.tx import Tx
from functions.tracking.events import (
    EmergencyCalled,
    VisitExpenseApproved,
    VisitExpenseAsked,
    VisitExpenseDeclined,
    VisitNoShowContested,
    VisitNoShowReported,
    VisitOvertimeApproved,
    VisitOvertimeAsked,
    VisitOvertimeDeclined,
    VisitProgressed,
    VisitUnfinished,
)


@bus.on(VisitProgressed, where={"state": ("departed", "ended")})
def tell_progress(tx: Tx, event: VisitProgressed) -> None:
    """To the client: the visit began, or ended. What lies between is followed live."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    code = "visit_ended" if event.last else "visit_started"
    write_notice(tx, account_id=event.client_id, code=code, facts=facts)


@bus.on(VisitNoShowReported)
def tell_no_show_reported(tx: Tx, event: VisitNoShowReported) -> None:
    """To whoever is said to be absent: answer in time."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, starts_at=event.waits_until)
    if event.absent == "client":
        write_notice(tx, account_id=event.client_id, code="no_show_asked_client", facts=facts)
    else:
        write_notice(tx, account_id=event.companion_id, code="no_show_asked_companion", facts=facts)


_EXTRAS: Mapping[type[Event], tuple[str, str, str]] = {
    VisitOvertimeAsked: ("overtime_asked", "client_id", "amount_fen"),
    VisitOvertimeApproved: ("overtime_approved", "companion_id", "amount_fen"),
    VisitOvertimeDeclined: ("overtime_declined", "companion_id", "amount_fen"),
    VisitExpenseAsked: ("expense_asked", "client_id", "amount_fen"),
    VisitExpenseApproved: ("expense_approved", "companion_id", "amount_fen"),
    VisitExpenseDeclined: ("expense_declined", "companion_id", "amount_fen"),
    SupplementOverdue: ("supplement_overdue", "client_id", "amount_fen"),
    SupplementPaid: ("supplement_income", "companion_id", "share_fen"),
}
"""What is told of overtime and expenses, to whom, and which amount."""


def tell_extras(tx: Tx, event: Any) -> None:
    """To the client what is asked for or unpaid, to the companion the answer and the income."""
    code, reader, amount = _EXTRAS[type(event)]
    if getattr(event, "automatic", False):
        code, reader = "overtime_authorised", "client_id"
    companion_id = getattr(event, "companion_id", None)
    facts = OrderFacts(order_id=event.order_id, amount_fen=getattr(event, amount), companion_id=companion_id)
    write_notice(tx, account_id=getattr(event, reader), code=code, facts=facts)


for _kind in _EXTRAS:
    bus.on(_kind)(tell_extras)


@bus.on(VisitNoShowContested)
def tell_no_show_contested(tx: Tx, event: VisitNoShowContested) -> None:
    """To both: the clock has stopped, staff look at it."""
    facts = OrderFacts(order_id=event.order_id)
    write_notice(tx, account_id=event.client_id, code="no_show_contested_client", facts=facts)
    write_notice(tx, account_id=event.companion_id, code="no_show_contested_companion", facts=facts)


@bus.on(VisitUnfinished)
def tell_unfinished(tx: Tx, event: VisitUnfinished) -> None:
    """To the companion and to staff on duty: hours after the visit some of its steps are still open.

    Until somebody records them the order is not complete, and its client can neither review nor complain.
    """
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    write_notice(tx, account_id=event.companion_id, code="visit_unfinished", facts=facts)
    tell_staff_on_duty(tx, code="visit_unfinished_staff", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReportSubmitted)
def tell_report(tx: Tx, event: ReportSubmitted) -> None:
    """To the client: the report can be read."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    write_notice(tx, account_id=event.client_id, code="report_ready", facts=facts)


@bus.on(ReportOverdue)
def warn_of_report(tx: Tx, event: ReportOverdue) -> None:
    """To the companion: the hour is over and there is no report."""
    write_notice(tx, account_id=event.companion_id, code="report_overdue", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReportMissing)
def tell_report_missing(tx: Tx, event: ReportMissing) -> None:
    """To the client: there is still no report, and they may complain."""
    write_notice(tx, account_id=event.client_id, code="report_missing", facts=OrderFacts(order_id=event.order_id))


@bus.on(EmergencyCalled)
def tell_staff_of_emergency(tx: Tx, event: EmergencyCalled) -> None:
    """To staff on duty: somebody called for help. First, for it needs nothing that could be missing."""
    emergencies.tell_duty_staff(
        tx,
        call_id=event.call_id,
        visit_id=event.visit_id,
        order_id=event.order_id,
        code="emergency_called_staff",
        reports=True,
    )


@bus.on(EmergencyCalled)
def tell_other_party_of_emergency(tx: Tx, event: EmergencyCalled) -> None:
    """To the client when the companion called, to the companion when the client did."""
    by_client = event.called_by == "client"
    account_id = event.companion_id if by_client else event.client_id
    if account_id:
        emergencies.tell_party(
            tx,
            call_id=event.call_id,
            visit_id=event.visit_id,
            order_id=event.order_id,
            account_id=account_id,
            recipient="companion" if by_client else "family",
            code="emergency_called_companion" if by_client else "emergency_called",
        )


@bus.on(EmergencyUnanswered)
def tell_staff_unanswered(tx: Tx, event: EmergencyUnanswered) -> None:
    """To staff on duty: the hospital's desk does not answer, phone it."""
    emergencies.tell_duty_staff(
        tx,
        call_id=event.call_id,
        visit_id=event.visit_id,
        order_id=event.order_id,
        code="emergency_unanswered_staff",
        reports=False,
    )


@bus.on(EmergencyDeskMoved)
def tell_desk_acknowledged(tx: Tx, event: EmergencyDeskMoved) -> None:
    """To the client: the desk has taken the call. What follows is seen live."""
    if event.state == "acknowledged":
        facts = OrderFacts(order_id=event.order_id)
        write_notice(tx, account_id=event.client_id, code="emergency_acknowledged", facts=facts)
