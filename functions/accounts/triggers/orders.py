"""What people are told of an order on its way to the visit."""

from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.triggers.declared import bus
from functions.booking.events import (
    ClosedReason,
    ConfirmationAsked,
    CouponGranted,
    OfferMade,
    OrderAssigned,
    OrderClosed,
    OrderCompleted,
    OrderPaid,
    OrderRescheduled,
    OrderUnassigned,
    PaymentDue,
    ReminderKind,
    SubsidyDecided,
    UnassignedReason,
    VisitReminder,
)
from functions.shared import clock
from functions.shared.tx import Tx

_REMINDERS = {ReminderKind.DAY_BEFORE: "visit_reminder_24h", ReminderKind.MORNING: "visit_reminder_morning"}


@bus.on(OrderPaid)
def tell_paid(tx: Tx, event: OrderPaid) -> None:
    """To the client: the payment arrived."""
    facts = OrderFacts(
        order_id=event.order_id,
        amount_fen=event.total_fen,
        companion_id=event.companion_id,
        hospital_id=event.hospital_id,
        department_id=event.department_id,
        starts_at=event.starts_at,
    )
    write_notice(tx, account_id=event.client_id, code="order_paid", facts=facts)


@bus.on(OrderAssigned)
def tell_assigned(tx: Tx, event: OrderAssigned) -> None:
    """To the client: who will come."""
    facts = OrderFacts(
        order_id=event.order_id,
        companion_id=event.companion_id,
        hospital_id=event.hospital_id,
        department_id=event.department_id,
        starts_at=event.starts_at,
    )
    write_notice(tx, account_id=event.client_id, code="order_assigned", facts=facts)


_CLOSED_CODES = {
    ClosedReason.HOLD_EXPIRED: "order_closed_hold_expired",
    ClosedReason.NO_COMPANION: "order_closed_no_companion",
    ClosedReason.CLIENT_NO_SHOW: "order_closed_client_no_show",
    ClosedReason.COMPANION_NO_SHOW: "order_closed_companion_no_show",
}
"""What the client is told; of a cancellation, which is the client's own, only the refund tells."""


_NO_SHOW_CODES = {
    ClosedReason.CLIENT_NO_SHOW: "visit_client_no_show",
    ClosedReason.COMPANION_NO_SHOW: "visit_companion_no_show",
}
"""What the companion is told of a visit to which somebody did not come."""


@bus.on(OrderClosed)
def tell_closed(tx: Tx, event: OrderClosed) -> None:
    """To the client: the hold ran out, nobody was found, or somebody did not come."""
    code = _CLOSED_CODES.get(event.reason)
    if code:
        facts = OrderFacts(order_id=event.order_id, amount_fen=event.refund_fen)
        write_notice(tx, account_id=event.client_id, code=code, facts=facts)


@bus.on(OrderClosed)
def tell_companion_closed(tx: Tx, event: OrderClosed) -> None:
    """To the companion who had taken the order: it was cancelled, and what they keep of it."""
    if event.assigned:
        facts = OrderFacts(order_id=event.order_id, amount_fen=event.companion_fee_fen)
        cancelled = "visit_cancelled_compensated" if event.companion_fee_fen else "visit_cancelled"
        code = _NO_SHOW_CODES.get(event.reason, cancelled)
        write_notice(tx, account_id=event.companion_id, code=code, facts=facts)


@bus.on(OrderRescheduled)
def tell_rescheduled(tx: Tx, event: OrderRescheduled) -> None:
    """To the client: the visit moved."""
    facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code="order_rescheduled", facts=facts)


@bus.on(OrderRescheduled)
def tell_companion_rescheduled(tx: Tx, event: OrderRescheduled) -> None:
    """To the companion who took the order: the visit moved. (Whoever is only being asked gets a new offer.)"""
    if event.assigned:
        facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
        write_notice(tx, account_id=event.companion_id, code="visit_rescheduled", facts=facts)


@bus.on(OrderUnassigned)
def tell_unassigned(tx: Tx, event: OrderUnassigned) -> None:
    """To the client: another companion is being found."""
    facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code="order_unassigned", facts=facts)


@bus.on(OrderUnassigned)
def tell_companion_unassigned(tx: Tx, event: OrderUnassigned) -> None:
    """To the companion who did not confirm or is complained of: it is somebody else's. (Who cancelled knows.)"""
    if event.reason is not UnassignedReason.COMPANION_CANCELLED:
        facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
        write_notice(tx, account_id=event.companion_id, code="visit_reassigned", facts=facts)


@bus.on(ConfirmationAsked)
def tell_confirmation_asked(tx: Tx, event: ConfirmationAsked) -> None:
    """To the companion: confirm the visit."""
    facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
    code = "confirmation_reminded" if event.again else "confirmation_asked"
    write_notice(tx, account_id=event.companion_id, code=code, facts=facts)


@bus.on(PaymentDue)
def tell_payment_due(tx: Tx, event: PaymentDue) -> None:
    """To the client: an order of a series waits for its payment."""
    facts = OrderFacts(order_id=event.order_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code="series_payment_due", facts=facts)


@bus.on(VisitReminder)
def tell_reminder(tx: Tx, event: VisitReminder) -> None:
    """To the client and the companion: the visit is tomorrow, or today."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code=_REMINDERS[event.reminder], facts=facts)
    write_notice(tx, account_id=event.companion_id, code="companion_visit_reminder", facts=facts)


@bus.on(OfferMade)
def tell_offer(tx: Tx, event: OfferMade) -> None:
    """To the companion: an order to take or leave."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, earned=True)
    write_notice(tx, account_id=event.companion_id, code="offer_received", facts=facts)


@bus.on(OrderCompleted)
def tell_income_pending(tx: Tx, event: OrderCompleted) -> None:
    """To the companion: what the visit earned."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.split.share_fen)
    write_notice(tx, account_id=event.companion_id, code="income_pending", facts=facts)


@bus.on(SubsidyDecided)
def tell_subsidy_decided(tx: Tx, event: SubsidyDecided) -> None:
    """To the applicant: what staff decided. Their words stand in the application."""
    rejected = "subsidy_rejected" if event.may_appeal else "subsidy_finally_rejected"
    code = "subsidy_approved" if event.approved else rejected
    write_notice(tx, account_id=event.client_id, code=code, facts=OwnFacts())


@bus.on(CouponGranted)
def tell_coupon_granted(tx: Tx, event: CouponGranted) -> None:
    """To the client: staff gave them a coupon."""
    facts = OwnFacts({"expires_on_text": f"{clock.china(event.expires_at):%Y-%m-%d}"})
    write_notice(tx, account_id=event.client_id, code="coupon_granted", facts=facts)
