"""The `booking` table: one function per access pattern. The key layout is in the room's contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from functions.booking.rules.itinerary import Checklist, ProcessTemplate
from functions.booking.rules.matching import Candidate, Weights
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import Package, SpecialRequest
from functions.booking.table.keys import (
    CATALOGUE,
    MAX_OFFER_ID,
    PACKAGES,
    POLICY_KEY,
    SPECIAL_REQUESTS,
    WEIGHTS_KEY,
    Key,
    candidate_key,
    checklist_key,
    companion_key,
    day_key,
    days_of_quote,
    itinerary_key,
    new_quote_id,
    offer_id_of,
    offer_key,
    order_checklist_key,
    order_id_of_offer,
    order_key,
    package_key,
    patient_key_key,
    process_template_key,
    quote_key,
    special_request_key,
)
from functions.booking.table.rows import (
    BookingRow,
    CandidateRow,
    ChecklistRow,
    CompanionRow,
    DayRow,
    ItineraryRow,
    OfferRow,
    OrderRow,
    PackageRow,
    PatientKeyRow,
    PolicyRow,
    ProcessTemplateRow,
    QuoteRow,
    SpecialRequestRow,
    WeightsRow,
)
from functions.shared.table import find, find_all, keep, query_page

__all__ = [
    "MAX_OFFER_ID",
    "POLICY_KEY",
    "WEIGHTS_KEY",
    "BookingRow",
    "CandidateRow",
    "ChecklistRow",
    "CompanionRow",
    "DayRow",
    "ItineraryRow",
    "Key",
    "Loaded",
    "OfferRow",
    "OrderRow",
    "PackageRow",
    "PatientKeyRow",
    "PolicyRow",
    "ProcessTemplateRow",
    "QuoteRow",
    "SpecialRequestRow",
    "WeightsRow",
    "candidate_key",
    "candidates",
    "checklist",
    "checklist_key",
    "companion_key",
    "day_key",
    "days_of_quote",
    "find_companion",
    "find_order",
    "find_patient_key",
    "find_quote",
    "itinerary_key",
    "load",
    "load_candidates",
    "new_quote_id",
    "offer_id_of",
    "offer_key",
    "offers_of",
    "order_checklist_key",
    "order_id_of_offer",
    "order_key",
    "orders_of_client",
    "orders_of_companion",
    "package",
    "package_key",
    "packages",
    "patient_key_key",
    "policy",
    "process_template",
    "process_template_key",
    "quote_key",
    "special_request",
    "special_request_key",
    "special_requests",
    "weights",
]

RowT = TypeVar("RowT", bound=BookingRow)
_MAX_CATALOGUE = 1_000


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
    rows, _ = query_page(PackageRow, CATALOGUE, prefix=PACKAGES, limit=_MAX_CATALOGUE, consistent=False)
    return [row.package for row in rows]


def special_requests() -> list[SpecialRequest]:
    """The whole list, by id (Query)."""
    rows, _ = query_page(SpecialRequestRow, CATALOGUE, prefix=SPECIAL_REQUESTS, limit=_MAX_CATALOGUE, consistent=False)
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
