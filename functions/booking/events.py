"""What booking tells the other rooms."""

from datetime import datetime

from functions.booking.rules.itinerary import Milestone
from functions.booking.rules.orders import ClosedReason
from functions.booking.rules.pricing import Split
from functions.shared.events import Event

__all__ = [
    "ClosedReason",
    "Milestone",
    "OfferMade",
    "OrderAssigned",
    "OrderClosed",
    "OrderCompleted",
    "OrderPaid",
    "OrderPaidTooLate",
    "OrderPlaced",
    "Split",
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


class VisitReminder(Event, frozen=True, kw_only=True, tag="order.visit_reminder"):
    """The visit is near: time to prepare."""

    order_id: str
    client_id: str
    companion_id: str
    starts_at: datetime


class OrderPaidTooLate(Event, frozen=True, kw_only=True, tag="order.paid_too_late"):
    """Money arrived for an order that had ended: it goes back in full."""

    order_id: str
    client_id: str
    payment_id: str
    amount_fen: int


class OrderCompleted(Event, frozen=True, kw_only=True, tag="order.completed"):
    """The visit was reported; the price is divided."""

    order_id: str
    client_id: str
    companion_id: str
    split: Split
    total_fen: int
