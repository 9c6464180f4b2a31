"""What the room does when something happened elsewhere: it tells the people concerned."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from functions.accounts.actions import emergencies, moderation, pushes
from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.actions.seeding import grant_companion
from functions.accounts.events import ContentChecked, NoticeWritten
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
from functions.care.events import ReportSubmitted
from functions.companions.events import (
    ApplicationDecided,
    CompanionActivated,
    CompanionSuspended,
    CompanionTierChanged,
    CredentialExpiring,
)
from functions.companions.rules.credentials import CREDENTIAL_TITLES
from functions.companions.rules.tiers import LADDER, TIER_TITLES
from functions.hospitals.events import EmergencyDeskMoved, EmergencyUnanswered
from functions.insurance.events import PolicyIssued
from functions.settlement.events import (
    IncomeReleased,
    InvoiceIssued,
    InvoiceRefused,
    InvoiceReversed,
    RefundSucceeded,
    SupplementOverdue,
    SupplementPaid,
    WithdrawalAwaitingConfirmation,
    WithdrawalPaid,
    WithdrawalReturned,
)
from functions.shared import clock, money
from functions.shared.consumer import Subscriptions
from functions.shared.events import Event
from functions.shared.tx import Tx
from functions.support.events import ReviewAnswered, ReviewPublished, ReviewRefused, ReviewWritten
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

bp = Blueprint("app")
bus = Subscriptions("accounts")
_REMINDERS = {ReminderKind.DAY_BEFORE: "visit_reminder_24h", ReminderKind.MORNING: "visit_reminder_morning"}


@bus.on(CompanionActivated)
def let_companion_sign_in(tx: Tx, event: CompanionActivated) -> None:
    """The account gets the role."""
    grant_companion(tx, account_id=event.companion_id)


@bus.on(NoticeWritten)
def send_wechat_message(tx: Tx, event: NoticeWritten) -> None:
    """At most once; raises while WeChat cannot be reached, so that it is tried again."""
    pushes.push_notice(tx, account_id=event.account_id, notice_id=event.notice_id)


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
    """To the companion who did not confirm: the visit is somebody else's. (One who cancelled knows.)"""
    if event.reason is UnassignedReason.NOT_CONFIRMED:
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


@bus.on(RefundSucceeded)
def tell_refunded(tx: Tx, event: RefundSucceeded) -> None:
    """To the client: the money is back."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="order_refunded", facts=facts)


@bus.on(VisitReminder)
def tell_reminder(tx: Tx, event: VisitReminder) -> None:
    """To the client and the companion: the visit is tomorrow, or today."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code=_REMINDERS[event.reminder], facts=facts)
    write_notice(tx, account_id=event.companion_id, code="companion_visit_reminder", facts=facts)


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
    """To the companion: hours after the visit some of its steps are still open."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    write_notice(tx, account_id=event.companion_id, code="visit_unfinished", facts=facts)


@bus.on(ReportSubmitted)
def tell_report(tx: Tx, event: ReportSubmitted) -> None:
    """To the client: the report can be read."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    write_notice(tx, account_id=event.client_id, code="report_ready", facts=facts)


@bus.on(PolicyIssued)
def tell_policy(tx: Tx, event: PolicyIssued) -> None:
    """To the client: the order is insured."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.premium_fen)
    write_notice(tx, account_id=event.client_id, code="policy_issued", facts=facts)


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


@bus.on(IncomeReleased)
def tell_income_available(tx: Tx, event: IncomeReleased) -> None:
    """To the companion: the income can be withdrawn."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.companion_id, code="income_available", facts=facts)


@bus.on(WithdrawalAwaitingConfirmation)
def tell_to_confirm(tx: Tx, event: WithdrawalAwaitingConfirmation) -> None:
    """To the companion: WeChat wants them to accept the money."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_to_confirm", event.amount_fen)


@bus.on(WithdrawalPaid)
def tell_withdrawal_paid(tx: Tx, event: WithdrawalPaid) -> None:
    """To the companion: the money arrived."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_paid", event.amount_fen)


@bus.on(WithdrawalReturned)
def tell_withdrawal_returned(tx: Tx, event: WithdrawalReturned) -> None:
    """To the companion: the money came back; why stands in the withdrawal."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_returned", event.amount_fen)


def _tell_withdrawal(tx: Tx, companion_id: str, code: str, amount_fen: int) -> None:
    write_notice(tx, account_id=companion_id, code=code, facts=OwnFacts({"amount_text": money.yuan(amount_fen)}))


@bus.on(ApplicationDecided)
def tell_decision(tx: Tx, event: ApplicationDecided) -> None:
    """To the applicant: what staff decided. Their words stand in the application."""
    write_notice(tx, account_id=event.account_id, code=f"application_{event.decision}", facts=OwnFacts())


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


@bus.on(CredentialExpiring)
def tell_credential_expiring(tx: Tx, event: CredentialExpiring) -> None:
    """To the companion: renew it in time."""
    texts = {
        "credential_name": CREDENTIAL_TITLES[event.kind],
        "expires_on_text": f"{event.expires_on:%Y-%m-%d}",
        "days_text": f"{event.days} 天后" if event.days else "今天",
    }
    write_notice(tx, account_id=event.companion_id, code="credential_expiring", facts=OwnFacts(texts))


@bus.on(CompanionSuspended)
def tell_suspended(tx: Tx, event: CompanionSuspended) -> None:
    """To the companion: no new orders for now, and why."""
    write_notice(tx, account_id=event.companion_id, code=f"suspended_{event.reason}", facts=OwnFacts())


@bus.on(CompanionTierChanged)
def tell_tier_changed(tx: Tx, event: CompanionTierChanged) -> None:
    """To the companion: up or down."""
    rose = LADDER.index(event.tier_to) > LADDER.index(event.tier_from)
    facts = OwnFacts({"tier_name": TIER_TITLES[event.tier_to]})
    write_notice(tx, account_id=event.companion_id, code="tier_up" if rose else "tier_down", facts=facts)


@bp.lambda_function(name="accounts_events")
def accounts_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)


@bus.on(InvoiceIssued)
def tell_invoice_issued(tx: Tx, event: InvoiceIssued) -> None:
    """To the client: the invoice can be fetched."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="invoice_issued", facts=facts)


@bus.on(InvoiceReversed)
def tell_invoice_reversed(tx: Tx, event: InvoiceReversed) -> None:
    """To the client, who may have handed the invoice in: it is red."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="invoice_reversed", facts=facts)


@bus.on(InvoiceRefused)
def tell_invoice_refused(tx: Tx, event: InvoiceRefused) -> None:
    """To the client: the title is looked at again."""
    write_notice(tx, account_id=event.client_id, code="invoice_refused", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReviewWritten)
def check_review(tx: Tx, event: ReviewWritten) -> None:
    """Have the words checked; raises while WeChat cannot be reached, so that it is asked again."""
    from functions.support.actions import find_words

    words = find_words(event.review_id, part=event.part, revision=event.revision)
    if words is None:
        return
    account_id, text = words
    verdict = moderation.check_text(account_id=account_id, text=text)
    tx.emit(ContentChecked(subject=event.review_id, part=event.part, revision=event.revision, verdict=verdict))


@bus.on(ReviewPublished)
def tell_reviewed(tx: Tx, event: ReviewPublished) -> None:
    """To the companion: somebody reviewed a visit."""
    write_notice(tx, account_id=event.companion_id, code="review_published", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReviewAnswered)
def tell_answered(tx: Tx, event: ReviewAnswered) -> None:
    """To the client: the companion answered the review."""
    write_notice(tx, account_id=event.client_id, code="review_answered", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReviewRefused)
def tell_review_refused(tx: Tx, event: ReviewRefused) -> None:
    """To the one who wrote it: others do not see it, and why stands beside it."""
    code = "answer_refused" if event.part == "answer" else "review_refused"
    write_notice(tx, account_id=event.author_id, code=code, facts=OrderFacts(order_id=event.order_id))


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
