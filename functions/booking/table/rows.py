"""Rows of the `booking` table."""

from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from functions.booking.rules.calendar import Booking, Day
from functions.booking.rules.itinerary import Checklist, ItineraryEntry, ProcessTemplate
from functions.booking.rules.matching import Candidate, Companion, Wanted, Weights
from functions.booking.rules.orders import ClosedReason, OfferedVisit, OfferState, OpenOffer, OrderState
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import Package, Price, SpecialRequest
from functions.shared.table import InstantAttribute, JsonAttribute, Row

EnumT = TypeVar("EnumT", bound=StrEnum)


class EnumAttribute(Attribute[EnumT], Generic[EnumT]):
    """A StrEnum by its value."""

    attr_type = STRING

    def __init__(self, type_: type[EnumT], *, null: bool | None = None) -> None:
        super().__init__(null=null)
        self._type = type_

    def serialize(self, value: EnumT) -> str:
        return self._type(value).value

    def deserialize(self, value: str) -> EnumT:
        return self._type(value)


# PynamoDB leaves the hook that these classes call on creation untyped.
class _ByClient(GlobalSecondaryIndex["OrderRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_client"
        projection = AllProjection()

    client_id = UnicodeAttribute(hash_key=True)
    placed_at = InstantAttribute(range_key=True)


class _ByCompanion(GlobalSecondaryIndex["OrderRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_companion"
        projection = AllProjection()

    companion_id = UnicodeAttribute(hash_key=True)
    starts_at = InstantAttribute(range_key=True)


class BookingRow(Row):
    class Meta:
        table_name = "booking"

    # On the base, because the connection's knowledge of the table is taken from whichever kind is used first.
    by_client = _ByClient()
    by_companion = _ByCompanion()


class PolicyRow(BookingRow, discriminator="booking_policy"):
    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


class WeightsRow(BookingRow, discriminator="matching_weights"):
    weights: JsonAttribute[Weights] = JsonAttribute(Weights)


class PackageRow(BookingRow, discriminator="package"):
    package: JsonAttribute[Package] = JsonAttribute(Package)


class SpecialRequestRow(BookingRow, discriminator="special_request"):
    special_request: JsonAttribute[SpecialRequest] = JsonAttribute(SpecialRequest)


class ProcessTemplateRow(BookingRow, discriminator="process_template"):
    template: JsonAttribute[ProcessTemplate] = JsonAttribute(ProcessTemplate)


class ChecklistRow(BookingRow, discriminator="checklist"):
    """A department's template, or the copy that one order was given."""

    checklist: JsonAttribute[Checklist] = JsonAttribute(Checklist)


class QuoteRow(BookingRow, discriminator="quote"):
    """Written once; only `order_id` is set later, once."""

    client_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    department_id = UnicodeAttribute()
    package_id = UnicodeAttribute()
    process_template_id = UnicodeAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    price: JsonAttribute[Price] = JsonAttribute(Price)
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    order_id = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    """What the client wants the companion to know, encrypted under the patient's key: it may speak of health."""


class OrderRow(BookingRow, discriminator="order"):
    client_id = UnicodeAttribute()
    placed_at = InstantAttribute()
    companion_id = UnicodeAttribute(null=True)
    """Who took the order; absent until then, so that `by_companion` lists only orders that are theirs."""
    chosen_id = UnicodeAttribute()
    """Whose slot the order holds or held: the client's choice, then whoever is being asked."""
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    patient_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    department_id = UnicodeAttribute()
    package_id = UnicodeAttribute()
    process_template_id = UnicodeAttribute()
    quote_id = UnicodeAttribute()
    state: EnumAttribute[OrderState] = EnumAttribute(OrderState)
    price: JsonAttribute[Price] = JsonAttribute(Price)
    share_bp: JsonAttribute[int] = JsonAttribute(int)
    """The share of the companion in `chosen_id`, frozen with the price."""
    wanted: JsonAttribute[Wanted] = JsonAttribute(Wanted)
    hold_expires_at = InstantAttribute()
    payment_id = UnicodeAttribute(null=True)
    paid_at = InstantAttribute(null=True)
    asked: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    """Companions who were offered the order, in turn."""
    offer: JsonAttribute[OpenOffer] = JsonAttribute(OpenOffer, null=True)
    assigned_at = InstantAttribute(null=True)
    completed_at = InstantAttribute(null=True)
    closed_reason: EnumAttribute[ClosedReason] = EnumAttribute(ClosedReason, null=True)
    note = UnicodeAttribute(null=True)
    """What the client wants the companion to know, encrypted under the patient's key: it may speak of health."""

    @property
    def order_id(self) -> str:
        return self.pk

    @property
    def booking(self) -> Booking:
        """The time that this order takes of a companion."""
        return Booking(self.pk, self.starts_at, self.ends_at, self.campus_id)


class ItineraryRow(BookingRow, discriminator="itinerary"):
    entries: JsonAttribute[tuple[ItineraryEntry, ...]] = JsonAttribute(tuple[ItineraryEntry, ...])


class OfferRow(BookingRow, discriminator="offer"):
    order_id = UnicodeAttribute()
    state: EnumAttribute[OfferState] = EnumAttribute(OfferState)
    made_at = InstantAttribute()
    expires_at = InstantAttribute()
    answered_at = InstantAttribute(null=True)
    decline_reason = UnicodeAttribute(null=True)
    visit: JsonAttribute[OfferedVisit] = JsonAttribute(OfferedVisit)


class DayRow(BookingRow, discriminator="day"):
    bookings: JsonAttribute[tuple[Booking, ...]] = JsonAttribute(tuple[Booking, ...], default=())

    @property
    def day(self) -> Day:
        return Day(date.fromisoformat(self.sk), self.bookings)


class CandidateRow(BookingRow, discriminator="candidate"):
    candidate: JsonAttribute[Candidate] = JsonAttribute(Candidate)


class CompanionRow(BookingRow, discriminator="bookable_companion"):
    companion: JsonAttribute[Companion] = JsonAttribute(Companion)


class PatientKeyRow(BookingRow, discriminator="booking_patient_key"):
    wrapped = UnicodeAttribute()
    """The patient's data key in this room, wrapped by KMS."""
