"""Rows of the `booking` table; the key layout is in the room's contract. One function per access pattern."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from ulid import ULID

from functions.booking.rules.calendar import Booking, Day
from functions.booking.rules.itinerary import Checklist, ItineraryEntry, ProcessTemplate
from functions.booking.rules.matching import Candidate, Companion, Wanted, Weights
from functions.booking.rules.orders import ClosedReason, OfferedVisit, OfferState, OpenOffer, OrderState
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import MAX_VISIT_MIN, Package, Price, SpecialRequest
from functions.shared import clock, ids
from functions.shared.table import InstantAttribute, JsonAttribute, Row, find, find_all, keep, query_page

EnumT = TypeVar("EnumT", bound=StrEnum)
RowT = TypeVar("RowT", bound="BookingRow")
Key = tuple[str, str]
_MAX_CATALOGUE = 1_000
MAX_OFFER_ID = 64
"""Longer than any offer's id (and than any key of ours)."""


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

    @property
    def companion_id(self) -> str:
        return self.pk.removeprefix("OFFERS#")


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


# keys ----------------------------------------------------------------------------------------------------------------
POLICY_KEY: Key = ("CONFIG", "policy")
WEIGHTS_KEY: Key = ("CONFIG", "weights")
_CATALOGUE = "CATALOGUE"
_PACKAGE, _SPECIAL_REQUEST = "package#", "special_request#"


def package_key(package_id: str) -> Key:
    return (_CATALOGUE, f"{_PACKAGE}{package_id}")


def special_request_key(special_request_id: str) -> Key:
    return (_CATALOGUE, f"{_SPECIAL_REQUEST}{special_request_id}")


def process_template_key(template_id: str) -> Key:
    return (_CATALOGUE, f"process#{template_id}")


def checklist_key(key: str) -> Key:
    return (_CATALOGUE, f"checklist#{key}")


def quote_key(quote_id: str) -> Key:
    return (quote_id, "quote")


def order_key(order_id: str) -> Key:
    return (order_id, "order")


def order_checklist_key(order_id: str) -> Key:
    return (order_id, "checklist")


def itinerary_key(order_id: str) -> Key:
    return (order_id, "itinerary")


def offer_key(companion_id: str, offer_id: str) -> Key:
    return (f"OFFERS#{companion_id}", offer_id)


def day_key(companion_id: str, service_date: date) -> Key:
    return (f"DAY#{companion_id}", service_date.isoformat())


def candidate_key(hospital_id: str, department_id: str, companion_id: str) -> Key:
    return (f"CANDIDATE#{hospital_id}#{department_id}", companion_id)


def companion_key(companion_id: str) -> Key:
    return (f"COMPANION#{companion_id}", "companion")


def patient_key_key(patient_id: str) -> Key:
    return (f"PATIENT#{patient_id}", "key")


# ids that say where to look ------------------------------------------------------------------------------------------
def new_quote_id(starts_at: datetime) -> str:
    """A fresh quote id whose time part is the visit's start.

    So the calendar days that an order on the quote will touch are known before the quote is read, and everything that
    placing an order needs is one BatchGet.
    """
    return ids.new("quo", starts_at)


def days_of_quote(quote_id: str) -> tuple[date, ...]:
    """The China days that a visit quoted under this id may touch; empty if it is not one of our ids."""
    if not ids.is_id("quo", quote_id):
        return ()
    try:
        starts_at = ULID.from_str(quote_id.removeprefix("quo_")).datetime
        first, last = (clock.service_date(at) for at in (starts_at, starts_at + timedelta(minutes=MAX_VISIT_MIN)))
    except (ValueError, OverflowError):
        return ()
    return (first,) if first == last else (first, last)


def offer_id_of(order_id: str, turn: int) -> str:
    """The id of an order's offer number `turn`: it leads to the order, so both are read at once."""
    return f"{ids.derived('off', order_id)}-{turn}"


def order_id_of_offer(offer_id: str) -> str:
    """The order whose offer this is."""
    return ids.derived("ord", offer_id.partition("-")[0])


# reads ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Loaded:
    """Rows of one BatchGet, by kind and key."""

    rows: Mapping[Key, BookingRow]

    def quote(self, quote_id: str) -> QuoteRow | None:
        return self._of(QuoteRow, quote_key(quote_id))

    def order(self, order_id: str) -> OrderRow | None:
        return self._of(OrderRow, order_key(order_id))

    def offer(self, companion_id: str, offer_id: str) -> OfferRow | None:
        return self._of(OfferRow, offer_key(companion_id, offer_id))

    def companion(self, companion_id: str) -> CompanionRow | None:
        return self._of(CompanionRow, companion_key(companion_id))

    def checklist(self, order_id: str) -> ChecklistRow | None:
        return self._of(ChecklistRow, order_checklist_key(order_id))

    def itinerary(self, order_id: str) -> ItineraryRow | None:
        return self._of(ItineraryRow, itinerary_key(order_id))

    def day(self, companion_id: str, service_date: date) -> DayRow:
        """That day of the companion's calendar, empty if nothing was ever booked in it."""
        key = day_key(companion_id, service_date)
        return self._of(DayRow, key) or DayRow(*key)

    def days(self, companion_id: str, dates: Iterable[date]) -> list[DayRow]:
        return [self.day(companion_id, service_date) for service_date in dates]

    def _of(self, kind: type[RowT], key: Key) -> RowT | None:
        row = self.rows.get(key)
        assert row is None or isinstance(row, kind)
        return row


def load(keys: Iterable[Key]) -> Loaded:
    """Rows of any kind in one strongly consistent BatchGet (up to 100 keys)."""
    return Loaded(find_all(BookingRow, keys))


def packages() -> list[Package]:
    """The whole list, by id (Query)."""
    rows, _ = query_page(PackageRow, _CATALOGUE, prefix=_PACKAGE, limit=_MAX_CATALOGUE, consistent=False)
    return [row.package for row in rows]


def special_requests() -> list[SpecialRequest]:
    """The whole list, by id (Query)."""
    rows, _ = query_page(SpecialRequestRow, _CATALOGUE, prefix=_SPECIAL_REQUEST, limit=_MAX_CATALOGUE, consistent=False)
    return [row.special_request for row in rows]


def find_order(order_id: str) -> OrderRow | None:
    return find(OrderRow, *order_key(order_id))


def find_quote(quote_id: str) -> QuoteRow | None:
    return find(QuoteRow, *quote_key(quote_id))


def find_companion(companion_id: str) -> CompanionRow | None:
    return find(CompanionRow, *companion_key(companion_id))


def find_patient_key(patient_id: str) -> PatientKeyRow | None:
    return find(PatientKeyRow, *patient_key_key(patient_id))


def load_candidates(companion_id: str, departments: Iterable[tuple[str, str]]) -> Mapping[Key, BookingRow]:
    """One companion's candidate rows in these (hospital id, department id), in one BatchGet."""
    return load(candidate_key(hospital_id, each, companion_id) for hospital_id, each in departments).rows


def candidates(hospital_id: str, department_id: str, *, limit: int) -> list[Candidate]:
    """Companions who serve a department, in one eventually consistent Query."""
    pk, _ = candidate_key(hospital_id, department_id, "")
    rows, _ = query_page(CandidateRow, pk, limit=limit, consistent=False)
    return [row.candidate for row in rows]


def offers_of(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[OfferRow], str | None]:
    """A companion's offers, the latest order's first."""
    pk, _ = offer_key(companion_id, "")
    return query_page(OfferRow, pk, limit=limit, after=after, newest_first=True)


def orders_of_client(client_id: str, *, limit: int, after: str | None) -> tuple[list[OrderRow], str | None]:
    """A client's orders, the latest placed first (index: eventually consistent)."""
    return _indexed("by_client", "client_id", "placed_at", client_id, limit=limit, after=after)


def orders_of_companion(companion_id: str, *, limit: int, after: str | None) -> tuple[list[OrderRow], str | None]:
    """The orders that a companion took, the latest visit first (index: eventually consistent)."""
    return _indexed("by_companion", "companion_id", "starts_at", companion_id, limit=limit, after=after)


def _indexed(
    index: str, partition: str, order_by: str, owner_id: str, *, limit: int, after: str | None
) -> tuple[list[OrderRow], str | None]:
    """`after` is `<sort value>|<order id>`: the partition comes from the caller, so no cursor leads elsewhere."""
    start = None
    if after:
        sort_value, _, order_id = after.partition("|")
        pk, sk = order_key(order_id)
        start = {"pk": {"S": pk}, "sk": {"S": sk}, partition: {"S": owner_id}, order_by: {"S": sort_value}}
    results = OrderRow.query(
        owner_id, index_name=index, limit=limit, page_size=limit, scan_index_forward=False, last_evaluated_key=start
    )
    rows = list(results)
    last = results.last_evaluated_key
    return rows, f"{last[order_by]['S']}|{last['pk']['S']}" if last else None


# configuration, at most a minute old ---------------------------------------------------------------------------------
def policy() -> Policy:
    row = keep(PolicyRow, *POLICY_KEY)
    return row.policy if row else Policy()


def weights() -> Weights:
    row = keep(WeightsRow, *WEIGHTS_KEY)
    return row.weights if row else Weights()


def package(package_id: str) -> Package | None:
    row = keep(PackageRow, *package_key(package_id))
    return row.package if row else None


def special_request(special_request_id: str) -> SpecialRequest | None:
    row = keep(SpecialRequestRow, *special_request_key(special_request_id))
    return row.special_request if row else None


def process_template(template_id: str) -> ProcessTemplate | None:
    row = keep(ProcessTemplateRow, *process_template_key(template_id))
    return row.template if row else None


def checklist(key: str) -> Checklist | None:
    row = keep(ChecklistRow, *checklist_key(key))
    return row.checklist if row else None
