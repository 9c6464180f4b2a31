"""Quotes, and the companions who can take the visit that was quoted (F1, F2, F3, F4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.booking import table
from functions.booking.actions import catalogue, matching, notes
from functions.booking.rules import pricing
from functions.booking.rules.calendar import Booking
from functions.booking.rules.matching import Emptied, Ranked, Wanted
from functions.booking.rules.pricing import Insurance, SpecialRequest
from functions.booking.table import QuoteRow
from functions.shared import ids
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.tx import Tx

_KEEP_QUOTES = timedelta(days=30)
"""Quotes that became no order are removed after this; an order carries its own price."""


@dataclass(frozen=True)
class QuoteRequest:
    """What a client asks a price for."""

    patient_id: str
    hospital_id: str
    department_id: str
    package_id: str
    starts_at: datetime
    special_requests: Sequence[str]
    insurance: bool
    note: str | None


def make_quote(tx: Tx, *, client_id: str, request: QuoteRequest) -> QuoteRow:
    """An itemised price that is honoured until it expires. Invalid; NotFound (patient, hospital, department)."""
    from functions.accounts import actions as accounts
    from functions.hospitals import actions as hospitals

    policy = table.policy()
    pricing.check_start(request.starts_at, tx.now, policy)
    campus = hospitals.find_hospital(request.hospital_id).campus_of(request.department_id)
    package = table.package(request.package_id)
    if package is None or table.process_template(package.process_template) is None:
        raise Invalid(errors=(FieldError("package_id", "没有这个套餐"),))
    price = pricing.price(
        package,
        catalogue.city_tier_of(request.hospital_id),
        _special_requests(request.special_requests),
        _insurance() if request.insurance else None,
    )
    accounts.find_patient_card(request.patient_id, client_id)
    expires_at = min(tx.now + timedelta(seconds=policy.quote_ttl_s), request.starts_at)
    quote = QuoteRow(
        *table.quote_key(table.new_quote_id(request.starts_at)),
        client_id=client_id,
        patient_id=request.patient_id,
        hospital_id=request.hospital_id,
        campus_id=campus.campus_id,
        department_id=request.department_id,
        package_id=package.id,
        process_template_id=package.process_template,
        starts_at=request.starts_at,
        ends_at=pricing.visit_ends_at(package, request.starts_at),
        price=price,
        created_at=tx.now,
        expires_at=expires_at,
        note=notes.seal(tx, request.patient_id, request.note) if request.note else None,
        ttl=expires_at + _KEEP_QUOTES,
    )
    tx.insert(quote)
    return quote


def find_quote(quote_id: str, client_id: str) -> QuoteRow:
    """The client's quote; NotFound."""
    quote = table.find_quote(quote_id) if ids.is_id("quo", quote_id) else None
    if quote is None or quote.client_id != client_id:
        raise NotFound()
    return quote


def list_companions(
    quote_id: str, client_id: str, *, wanted: Wanted, limit: int, after: tuple[int, str] | None
) -> tuple[Sequence[Ranked], Emptied | None, bool]:
    """Who can take the quoted visit, best first, after a place in that list (`Ranked.place`).

    With the page: what emptied the list if nobody is left, and whether more follow.
    """
    quote = find_quote(quote_id, client_id)
    found = matching.suited(
        quote.hospital_id,
        quote.department_id,
        Booking(quote_id, quote.starts_at, quote.ends_at, quote.campus_id),
        wanted=wanted,
        seed=quote_id,
    )
    left = [entry for entry in found.ranked if after is None or entry.place > after]
    return left[:limit], found.emptied_by, len(left) > limit


def _special_requests(wanted: Sequence[str]) -> list[SpecialRequest]:
    if len(set(wanted)) != len(wanted):
        raise Invalid(errors=(FieldError("special_requests", "有重复的项目"),))
    found = [(id_, table.special_request(id_)) for id_ in wanted]
    unknown = [FieldError("special_requests", f"没有这个项目：{id_}") for id_, request in found if request is None]
    if unknown:
        raise Invalid(errors=tuple(unknown))
    return [request for _, request in found if request is not None]


def _insurance() -> Insurance:
    from functions.insurance import actions as insurance

    product = insurance.find_default_product()
    if product is None:
        raise Invalid(errors=(FieldError("insurance", "目前没有可加选的保险"),))
    return Insurance(product.product_id, product.name, product.premium_fen)
