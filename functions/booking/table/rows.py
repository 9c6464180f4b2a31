"""Rows of the `booking` table."""

from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from functions.booking.rules.availability import Availability
from functions.booking.rules.calendar import Booking, Day
from functions.booking.rules.cancellation import DEFAULT_TERMS, Terms
from functions.booking.rules.conditions import ConditionType
from functions.booking.rules.confirmation import Confirmation
from functions.booking.rules.discounts import Plan, PlanState
from functions.booking.rules.dispatch import Declined, Waiting
from functions.booking.rules.hall import Listing
from functions.booking.rules.itinerary import Checklist, ItineraryEntry
from functions.booking.rules.matching import Candidate, Companion, Wanted, Weights
from functions.booking.rules.orders import ClosedReason, OfferedVisit, OfferState, OpenOffer, OrderRemedy, OrderState
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import Price
from functions.booking.rules.relations import Relations
from functions.booking.rules.series import Series
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Row

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


class ChecklistRow(BookingRow, discriminator="checklist"):
    """A department's template, or the copy that one order was given."""

    checklist: JsonAttribute[Checklist] = JsonAttribute(Checklist)


class TermsRow(BookingRow, discriminator="cancellation_terms"):
    """Every version of one city's cancellation terms, in the order in which they take effect."""

    versions: JsonAttribute[tuple[Terms, ...]] = JsonAttribute(tuple[Terms, ...])


class QuoteRow(BookingRow, discriminator="quote"):
    """Written once; only `order_id` is set later, once."""

    client_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    department_id = UnicodeAttribute()
    package_id = UnicodeAttribute()
    process_template_id = UnicodeAttribute()
    process_version_id = UnicodeAttribute()
    """The version of the template that was quoted: the visit keeps it whatever is published later."""
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    price: JsonAttribute[Price] = JsonAttribute(Price)
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    terms: JsonAttribute[Terms] = JsonAttribute(Terms, default=lambda: DEFAULT_TERMS)
    """The cancellation terms that the client was shown with the price."""
    order_id = UnicodeAttribute(null=True)
    discount_plan: JsonAttribute[Plan] = JsonAttribute(Plan, null=True)
    """What an order on this quote will reserve; absent without discounts."""
    condition_type: EnumAttribute[ConditionType] = EnumAttribute(ConditionType, null=True)
    """What the visit is about; absent if the client did not say."""
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
    process_version_id = UnicodeAttribute()
    """The version of the template that was quoted: the visit keeps it whatever is published later."""
    quote_id = UnicodeAttribute()
    state: EnumAttribute[OrderState] = EnumAttribute(OrderState)
    price: JsonAttribute[Price] = JsonAttribute(Price)
    discount_plan: JsonAttribute[Plan] = JsonAttribute(Plan, null=True)
    """The quote's, with `discount_state` saying whether it is held, spent or given back."""
    discount_state: EnumAttribute[PlanState] = EnumAttribute(PlanState, null=True)
    share_bp: JsonAttribute[int] = JsonAttribute(int)
    """The share of the companion in `chosen_id`, frozen with the price."""
    wanted: JsonAttribute[Wanted] = JsonAttribute(Wanted)
    hold_expires_at = InstantAttribute()
    payment_id = UnicodeAttribute(null=True)
    paid_at = InstantAttribute(null=True)
    asked: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    """Companions who were offered the order, in turn."""
    offer: JsonAttribute[OpenOffer] = JsonAttribute(OpenOffer, null=True)
    listing: JsonAttribute[Listing] = JsonAttribute(Listing, null=True)
    """Its latest stay in the grab hall."""
    waiting: JsonAttribute[Waiting] = JsonAttribute(Waiting, null=True)
    """While it waits for a round."""
    assigned_at = InstantAttribute(null=True)
    completed_at = InstantAttribute(null=True)
    closed_reason: EnumAttribute[ClosedReason] = EnumAttribute(ClosedReason, null=True)
    terms: JsonAttribute[Terms] = JsonAttribute(Terms, default=lambda: DEFAULT_TERMS)
    """The cancellation terms, frozen with the price."""
    times_moved: JsonAttribute[int] = JsonAttribute(int, default=0)
    confirmation: JsonAttribute[Confirmation] = JsonAttribute(Confirmation, null=True)
    """From the assignment on."""
    departed_at = InstantAttribute(null=True)
    """When the companion set out."""
    series_id = UnicodeAttribute(null=True)
    overtime_cap_fen = FenAttribute(default=0)
    """Up to how much overtime the client approved in advance."""
    remedy: JsonAttribute[OrderRemedy] = JsonAttribute(OrderRemedy, null=True)
    """What a complaint brought, for the last one that brought anything."""
    condition_type: EnumAttribute[ConditionType] = EnumAttribute(ConditionType, null=True)
    """The quote's: who is good at it is asked first."""
    note = UnicodeAttribute(null=True)
    """What the client wants the companion to know, encrypted under the patient's key: it may speak of health."""

    @property
    def order_id(self) -> str:
        return self.pk

    @property
    def booking(self) -> Booking:
        """The time that this order takes of a companion."""
        return Booking(self.pk, self.starts_at, self.ends_at, self.campus_id)


class SeriesRow(BookingRow, discriminator="order_series"):
    """What was asked for, and what became of each date."""

    client_id = UnicodeAttribute()
    created_at = InstantAttribute()
    series: JsonAttribute[Series] = JsonAttribute(Series)


class ItineraryRow(BookingRow, discriminator="itinerary"):
    entries: JsonAttribute[tuple[ItineraryEntry, ...]] = JsonAttribute(tuple[ItineraryEntry, ...])
    todos = UnicodeAttribute(null=True)
    """What the companion added, encrypted under the patient's key: it may speak of health."""


class OfferRow(BookingRow, discriminator="offer"):
    order_id = UnicodeAttribute()
    state: EnumAttribute[OfferState] = EnumAttribute(OfferState)
    made_at = InstantAttribute()
    expires_at = InstantAttribute()
    answered_at = InstantAttribute(null=True)
    declined: JsonAttribute[Declined] = JsonAttribute(Declined, null=True)
    visit: JsonAttribute[OfferedVisit] = JsonAttribute(OfferedVisit)


class DayRow(BookingRow, discriminator="day"):
    bookings: JsonAttribute[tuple[Booking, ...]] = JsonAttribute(tuple[Booking, ...], default=())
    hours: JsonAttribute[int] = JsonAttribute(int, null=True)
    """The half hours of just this day, as bits; absent: as in every week."""

    @property
    def day(self) -> Day:
        return Day(date.fromisoformat(self.sk), self.bookings, self.hours)


class CandidateRow(BookingRow, discriminator="candidate"):
    """An entry of an index. It changes only together with its companion's `IndexedRow`: its own version is always 1."""

    candidate: JsonAttribute[Candidate] = JsonAttribute(Candidate)


class CompanionRow(BookingRow, discriminator="bookable_companion"):
    companion: JsonAttribute[Companion] = JsonAttribute(Companion)
    sequence = NumberAttribute(default=0)
    """Of what was said last: something older may arrive after it."""
    availability: JsonAttribute[Availability] = JsonAttribute(Availability, default=Availability)
    """A copy, so that placing an order reads one row less."""


class AvailabilityRow(BookingRow, discriminator="companion_availability"):
    availability: JsonAttribute[Availability] = JsonAttribute(Availability, default=Availability)
    extra_days: JsonAttribute[tuple[date, ...]] = JsonAttribute(tuple[date, ...], default=())
    """Days of their own on which the companion works at times at which the week has none."""


class IndexedRow(BookingRow, discriminator="companion_indexed"):
    """Where a companion stands in the indexes of candidates; whoever changes an entry there changes this row too."""

    keys: JsonAttribute[tuple[tuple[str, str], ...]] = JsonAttribute(tuple[tuple[str, str], ...], default=())
    sequence = NumberAttribute(default=0)


class RelationsRow(BookingRow, discriminator="client_relations"):
    relations: JsonAttribute[Relations] = JsonAttribute(Relations, default=Relations)


class PatientKeyRow(BookingRow, discriminator="booking_patient_key"):
    wrapped = UnicodeAttribute()
    """The patient's data key in this room, wrapped by KMS."""
