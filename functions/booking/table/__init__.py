"""The `booking` table: one function per access pattern. The key layout is in the room's contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from functions.booking.rules.cancellation import Terms
from functions.booking.rules.itinerary import Checklist
from functions.booking.rules.matching import Candidate, Weights
from functions.booking.rules.policy import Policy
from functions.booking.table.keys import (
    MAX_OFFER_ID,
    POLICY_KEY,
    WEIGHTS_KEY,
    Key,
    availability_key,
    candidate_pk,
    candidate_sk,
    checklist_key,
    companion_key,
    day_key,
    days_of_quote,
    indexed_key,
    itinerary_key,
    new_quote_id,
    offer_id_of,
    offer_key,
    order_checklist_key,
    order_id_of_offer,
    order_key,
    patient_key_key,
    quote_key,
    relations_key,
    series_key,
    shelf_key,
    terms_key,
    version_key,
)
from functions.booking.table.rows import (
    AvailabilityRow,
    BookingRow,
    CandidateRow,
    ChecklistRow,
    CompanionRow,
    DayRow,
    IndexedRow,
    ItineraryRow,
    OfferRow,
    OrderRow,
    PatientKeyRow,
    PolicyRow,
    QuoteRow,
    RelationsRow,
    SeriesRow,
    TermsRow,
    WeightsRow,
)
from functions.shared.table import find, find_all, keep, query_page

__all__ = [
    "MAX_OFFER_ID",
    "POLICY_KEY",
    "WEIGHTS_KEY",
    "AvailabilityRow",
    "BookingRow",
    "CandidateRow",
    "ChecklistRow",
    "CompanionRow",
    "DayRow",
    "IndexedRow",
    "ItineraryRow",
    "Key",
    "Loaded",
    "OfferRow",
    "OrderRow",
    "PatientKeyRow",
    "PolicyRow",
    "QuoteRow",
    "RelationsRow",
    "SeriesRow",
    "TermsRow",
    "WeightsRow",
    "availability_key",
    "candidate_page",
    "candidate_pk",
    "candidate_sk",
    "checklist",
    "checklist_key",
    "companion_key",
    "day_key",
    "days_of_quote",
    "exceptions_of",
    "find_companion",
    "find_order",
    "find_patient_key",
    "find_quote",
    "find_relations",
    "find_series",
    "indexed_key",
    "itinerary_key",
    "load",
    "new_quote_id",
    "offer_id_of",
    "offer_key",
    "offers_of",
    "order_checklist_key",
    "order_id_of_offer",
    "order_key",
    "orders_of_client",
    "orders_of_companion",
    "patient_key_key",
    "policy",
    "quote_key",
    "relations_key",
    "series_key",
    "shelf_key",
    "terms_key",
    "terms_of",
    "version_key",
    "weights",
]

RowT = TypeVar("RowT", bound=BookingRow)


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

    def availability(self, companion_id: str) -> AvailabilityRow:
        """What the companion said, empty if they never did."""
        key = availability_key(companion_id)
        return self._of(AvailabilityRow, key) or AvailabilityRow(*key)

    def indexed(self, companion_id: str) -> IndexedRow:
        key = indexed_key(companion_id)
        return self._of(IndexedRow, key) or IndexedRow(*key)

    def relations(self, client_id: str) -> RelationsRow:
        """The client's, empty if there never were any."""
        key = relations_key(client_id)
        return self._of(RelationsRow, key) or RelationsRow(*key)

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


def load(keys: Iterable[Key], *, consistent: bool = True) -> Loaded:
    """Rows of any kind in one BatchGet (up to 100 keys), strongly consistent unless said otherwise."""
    return Loaded(find_all(BookingRow, keys, consistent=consistent))


def find_order(order_id: str) -> OrderRow | None:
    return find(OrderRow, *order_key(order_id))


def find_quote(quote_id: str) -> QuoteRow | None:
    return find(QuoteRow, *quote_key(quote_id))


def find_series(series_id: str) -> SeriesRow | None:
    return find(SeriesRow, *series_key(series_id))


def find_companion(companion_id: str) -> CompanionRow | None:
    return find(CompanionRow, *companion_key(companion_id))


def find_patient_key(patient_id: str) -> PatientKeyRow | None:
    return find(PatientKeyRow, *patient_key_key(patient_id))


def find_relations(client_id: str) -> RelationsRow:
    """The client's, empty if there never were any."""
    key = relations_key(client_id)
    return find(RelationsRow, *key) or RelationsRow(*key)


def candidate_page(
    hospital_id: str, department_id: str, *, language: str | None = None, limit: int, after: str | None = None
) -> tuple[list[Candidate], str | None]:
    """Companions who serve a department, the highest standing first, and where to go on.

    One eventually consistent Query; with a `language` that is not common, of those who speak it.
    """
    pk = candidate_pk(hospital_id, department_id, language)
    rows, last = query_page(CandidateRow, pk, limit=limit, after=after, consistent=False)
    return [row.candidate for row in rows], last


def exceptions_of(companion_id: str, first: date, last: date) -> list[DayRow]:
    """The days from `first` to `last` that have hours of their own, in one Query."""
    pk, _ = day_key(companion_id, first)
    days = DayRow.query(pk, DayRow.sk.between(first.isoformat(), last.isoformat()), consistent_read=True)
    return [row for row in days if row.hours is not None]


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


def terms_of(city: str) -> tuple[Terms, ...]:
    """Every version of the cancellation terms of a city, itself without those of the whole country."""
    row = keep(TermsRow, *terms_key(city))
    return row.versions if row else ()


def checklist(key: str) -> Checklist | None:
    row = keep(ChecklistRow, *checklist_key(key))
    return row.checklist if row else None
