"""What booking tells the other rooms."""

from datetime import datetime

from functions.booking.rules.itinerary import Milestone
from functions.booking.rules.orders import ClosedReason, UnassignedReason
from functions.booking.rules.preparation import ReminderKind
from functions.booking.rules.pricing import Split
from functions.shared.events import Event

__all__ = [
    "ClosedReason",
    "ConfirmationAsked",
    "CouponGranted",
    "Milestone",
    "OfferMade",
    "OrderAssigned",
    "OrderClosed",
    "OrderCompleted",
    "OrderPaid",
    "OrderPaidTooLate",
    "OrderPlaced",
    "OrderRemedied",
    "OrderRescheduled",
    "OrderUnassigned",
    "PaymentDue",
    "ReminderKind",
    "Split",
    "SubsidyDecided",
    "UnassignedReason",
    "VisitReminder",
]


class OrderPlaced(Event, frozen=True, kw_only=True, tag="order.placed"):
    """An order holds its companion and slot until `hold_expires_at`."""

    order_id: str
    client_id: str
    companion_id: str
    total_fen: int
    hold_expires_at: datetime


class OrderPaid(Event, frozen=True, kw_only=True, tag="order.paid"):
    """The money for an order arrived while it was still held. `companion_id` is the one the client chose."""

    order_id: str
    client_id: str
    patient_id: str
    companion_id: str
    starts_at: datetime
    ends_at: datetime
    hospital_id: str
    department_id: str
    insurance: bool
    insurance_product_id: str | None
    premium_fen: int
    total_fen: int


class OrderClosed(Event, frozen=True, kw_only=True, tag="order.closed"):
    """An order ended without a visit; `paid` says that there is money: refund + both fees = what was paid."""

    order_id: str
    client_id: str
    companion_id: str
    reason: ClosedReason
    paid: bool
    refund_fen: int
    """What the client gets back."""
    companion_fee_fen: int = 0
    """What the companion keeps for having been kept waiting, before commission is thought of: it is all theirs."""
    platform_fee_fen: int = 0
    assigned: bool = False
    """The companion had taken the order, and is free again."""


class OfferMade(Event, frozen=True, kw_only=True, tag="offer.made"):
    """A companion is asked to take an order."""

    offer_id: str
    order_id: str
    companion_id: str
    expires_at: datetime


class OrderAssigned(Event, frozen=True, kw_only=True, tag="order.assigned"):
    """A companion took the order: the visit can be prepared. `lat` and `lng` are the campus's own (GCJ-02)."""

    order_id: str
    client_id: str
    companion_id: str
    patient_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    process_template: tuple[Milestone, ...]
    starts_at: datetime
    ends_at: datetime
    lat: float
    lng: float
    geofence_radius_m: int
    revision: int = 0
    """Grows with every change of the order: of two assignments, the higher one is true."""
    overtime_cap_fen: int = 0
    """Up to how much overtime the client approved in advance (B9)."""


class OrderRescheduled(Event, frozen=True, kw_only=True, tag="order.rescheduled"):
    """The visit moved, and nobody pays more. `companion_id` took the order if `assigned`; else they were asked last."""

    order_id: str
    client_id: str
    companion_id: str
    patient_id: str
    from_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    assigned: bool
    revision: int
    """Grows with every change of the order."""


class OrderUnassigned(Event, frozen=True, kw_only=True, tag="order.unassigned"):
    """A companion who had taken the order will not come; another is being asked. It counts by its reason."""

    order_id: str
    client_id: str
    companion_id: str
    reason: UnassignedReason
    starts_at: datetime
    revision: int
    """Grows with every change of the order."""


class OrderRemedied(Event, frozen=True, kw_only=True, tag="order.remedied"):
    """An order that was taken from its companion upon a complaint has another, or has ended for want of one."""

    order_id: str
    decision_id: str
    companion_id: str | None
    """Null if nobody else was found."""
    refund_fen: int
    """What then went back to the client."""


class ConfirmationAsked(Event, frozen=True, kw_only=True, tag="order.confirmation_asked"):
    """The companion shall confirm until `answer_by` that they will come, or somebody else is asked."""

    order_id: str
    companion_id: str
    starts_at: datetime
    answer_by: datetime
    again: bool
    """This is the reminder."""


class PaymentDue(Event, frozen=True, kw_only=True, tag="order.payment_due"):
    """An order of a series is not paid yet; it closes at `hold_expires_at`."""

    order_id: str
    client_id: str
    series_id: str
    starts_at: datetime
    hold_expires_at: datetime


class VisitReminder(Event, frozen=True, kw_only=True, tag="order.visit_reminder"):
    """The visit is near: time to prepare. Said the day before and on the day's morning."""

    order_id: str
    client_id: str
    companion_id: str
    starts_at: datetime
    reminder: ReminderKind = ReminderKind.DAY_BEFORE


class OrderPaidTooLate(Event, frozen=True, kw_only=True, tag="order.paid_too_late"):
    """Money arrived for an order that had ended: it goes back in full."""

    order_id: str
    client_id: str
    payment_id: str
    amount_fen: int


class OrderCompleted(Event, frozen=True, kw_only=True, tag="order.completed"):
    """The visit was reported; the price is divided, and the client gets `back_fen` of it back if there is any."""

    order_id: str
    client_id: str
    companion_id: str
    split: Split
    total_fen: int
    back_fen: int = 0
    """What the time to which a complaint moved the visit is cheaper."""
    decision_id: str | None = None
    """Of that complaint."""


class SubsidyDecided(Event, frozen=True, kw_only=True, tag="subsidy.decided"):
    """An application for a subsidy was approved or rejected; the reason is read in the application itself."""

    application_id: str
    client_id: str
    patient_id: str
    programme_id: str
    approved: bool
    may_appeal: bool


class CouponGranted(Event, frozen=True, kw_only=True, tag="coupon.granted"):
    """Staff gave a client a coupon."""

    coupon_id: str
    client_id: str
    campaign_id: str
    expires_at: datetime
