"""Quotes, and the companions who can take the visit that was quoted (F1, F2, F3, F4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.booking import table
from functions.booking.actions import catalogue, discounts, matching, notes, terms
from functions.booking.actions.matching import FIRST_WINDOW, Window
from functions.booking.rules import catalogue as rules
from functions.booking.rules import pricing
from functions.booking.rules.calendar import Booking
from functions.booking.rules.conditions import ConditionType
from functions.booking.rules.matching import Emptied, Ranked, Wanted
from functions.booking.rules.pricing import Insurance, LineKind
from functions.booking.table import OrderRow, QuoteRow
from functions.booking.table import catalogue as catalogue_rows
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
    coupon_ids: Sequence[str] | None = None
    """None: the best combination; empty: no coupon; one id: that coupon (F6)."""
    condition_type: ConditionType | None = None
    """What the visit is about, if the client says so: who is good at it stands higher (F1)."""


def make_quote(tx: Tx, *, client_id: str, request: QuoteRequest) -> QuoteRow:
    """An itemised price that is honoured until it expires. Invalid; NotFound (patient, hospital, department)."""
    quote = draw_up(tx, client_id=client_id, request=request)
    tx.insert(quote)
    return quote


def gross_at(order: OrderRow, starts_at: datetime) -> int:
    """What the order's visit would cost at another time, premium and discounts apart (fen).

    Invalid where its package or a request is not offered on that day.
    """
    place = catalogue.place_of_hospital(order.hospital_id)
    offer, wanted = catalogue.choose(
        catalogue_rows.catalogue_of(place),
        place,
        package_id=order.package_id,
        special_requests=[item.code for item in order.price.items if item.kind is LineKind.SPECIAL_REQUEST],
        starts_at=starts_at,
    )
    return rules.quoted(offer, wanted, starts_at=starts_at, insurance=None).total_fen


def draw_up(tx: Tx, *, client_id: str, request: QuoteRequest) -> QuoteRow:
    """The same, for a caller who stores it."""
    from functions.accounts import actions as accounts
    from functions.hospitals import actions as hospitals

    policy = table.policy()
    pricing.check_start(request.starts_at, tx.now, policy)
    campus = hospitals.find_hospital(request.hospital_id).campus_of(request.department_id)
    place = catalogue.place_of_hospital(request.hospital_id)
    offer, wanted = catalogue.choose(
        catalogue_rows.catalogue_of(place),
        place,
        package_id=request.package_id,
        special_requests=request.special_requests,
        starts_at=request.starts_at,
    )
    insurance = default_insurance() if request.insurance else None
    price = rules.quoted(offer, wanted, starts_at=request.starts_at, insurance=insurance)
    package = offer.package.content
    tx.require(accounts.patient_of(request.patient_id, client_id), otherwise=NotFound())
    quote_id = table.new_quote_id(request.starts_at)
    visit = discounts.Visit(client_id, request.patient_id, request.hospital_id, package.id, request.starts_at)
    reduced = discounts.discount(price, visit, quote_id=quote_id, coupon_ids=request.coupon_ids, now=tx.now)
    ends = (tx.now + timedelta(seconds=policy.quote_ttl_s), request.starts_at, reduced.expires_at)
    expires_at = min(end for end in ends if end)
    return QuoteRow(
        *table.quote_key(quote_id),
        client_id=client_id,
        patient_id=request.patient_id,
        hospital_id=request.hospital_id,
        campus_id=campus.campus_id,
        department_id=request.department_id,
        package_id=package.id,
        process_template_id=package.process_template,
        process_version_id=offer.process.version_id,
        starts_at=request.starts_at,
        ends_at=pricing.visit_ends_at(package, request.starts_at),
        price=reduced.price,
        discount_plan=reduced.plan,
        created_at=tx.now,
        expires_at=expires_at,
        terms=terms.terms_for(request.hospital_id, tx.now),
        note=notes.seal(tx, request.patient_id, request.note) if request.note else None,
        condition_type=request.condition_type,
        ttl=expires_at + _KEEP_QUOTES,
    )


def find_quote(quote_id: str, client_id: str) -> QuoteRow:
    """The client's quote; NotFound."""
    quote = table.find_quote(quote_id) if ids.is_id("quo", quote_id) else None
    if quote is None or quote.client_id != client_id:
        raise NotFound()
    return quote


@dataclass(frozen=True)
class ListPlace:
    """Where a list of companions goes on."""

    window: Window = FIRST_WINDOW
    after: tuple[int, str] | None = None
    """Behind this place (`Ranked.place`) in the window."""
    is_empty_so_far: bool = True


@dataclass(frozen=True)
class CompanionPage:
    """A page of companions; `emptied_by` if the whole list is empty."""

    entries: Sequence[Ranked]
    emptied_by: Emptied | None
    following: ListPlace | None


def list_companions(quote_id: str, client_id: str, *, wanted: Wanted, limit: int, place: ListPlace) -> CompanionPage:
    """Who can take the quoted visit, best first. A page may be short, even empty, while more follow.

    Three round trips to the store: a BatchGet, a Query and a BatchGet. NotFound.
    """
    keys = [table.quote_key(quote_id), table.relations_key(client_id)]
    loaded = table.load(keys if ids.is_id("quo", quote_id) else [])
    quote = loaded.quote(quote_id)
    if quote is None or quote.client_id != client_id:
        raise NotFound()
    found = matching.listed(
        quote.hospital_id,
        quote.department_id,
        Booking(quote_id, quote.starts_at, quote.ends_at, quote.campus_id),
        wanted=wanted,
        seed=quote_id,
        relations=loaded.relations(client_id).relations,
        patient_id=quote.patient_id,
        condition_type=quote.condition_type,
        window=place.window,
    )
    left = [entry for entry in found.ranked if place.after is None or entry.place > place.after]
    page = left[:limit]
    is_empty = place.is_empty_so_far and not page
    following = None
    if len(left) > limit:
        following = ListPlace(place.window, page[-1].place, is_empty)
    elif found.following is not None:
        following = ListPlace(found.following, None, is_empty)
    return CompanionPage(page, found.emptied_by if is_empty else None, following)


def default_insurance() -> Insurance:
    """The insurance that a quote adds; Invalid while there is none."""
    from functions.insurance import actions as insurance

    product = insurance.find_default_product()
    if product is None:
        raise Invalid(errors=(FieldError("insurance", "目前没有可加选的保险"),))
    return Insurance(product.product_id, product.name, product.premium_fen)
