"""What can be ordered, at which price, and by which rules; `put_…` take the shape of the seed (F3, F4, F29)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from functions.booking import table
from functions.booking.rules import catalogue as rules
from functions.booking.rules.catalogue import Catalogue, Kind, Offering
from functions.booking.rules.itinerary import CheckIn, Checklist, ChecklistItem, Milestone, ProcessTemplate
from functions.booking.rules.matching import Weights
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import CityTier, Package, PackagePrice, SpecialRequest
from functions.booking.rules.versions import Place, Said, Scope, Version
from functions.booking.table import BookingRow
from functions.booking.table import catalogue as catalogue_rows
from functions.booking.table.catalogue import ShelfRow, VersionRow, VersionState
from functions.shared import clock, ids
from functions.shared.errors import FieldError, Invalid
from functions.shared.table import find
from functions.shared.tx import Tx

if TYPE_CHECKING:
    from functions.insurance.actions import Product

_SINCE_EVER = date(2020, 1, 1)
"""From when on the seed's versions are in effect."""


@dataclass(frozen=True)
class PricedPackage:
    """A package with what it costs in one city."""

    package: Package
    price_fen: int


@dataclass(frozen=True)
class Entry:
    """What the seed says of one item in one scope."""

    kind: Kind
    item_id: str
    scope: Scope
    content: Any
    note: str = ""


def list_packages(hospital_id: str) -> list[PricedPackage]:
    """All packages at today's price of this hospital, cheapest first; NotFound for an unknown hospital."""
    place = place_of_hospital(hospital_id)
    here, today = catalogue_rows.catalogue_of(place), clock.service_date(clock.now())
    offers = rules.offered(here, place=place, on=today)
    return [PricedPackage(offer.package.content, offer.price.content.price_fen) for offer in offers]


def list_special_requests(*, hospital_id: str | None = None, package_id: str | None = None) -> list[SpecialRequest]:
    """Everything that may be ticked today, free ones first: at this hospital, or wherever nothing else is said.

    NotFound for an unknown hospital.
    """
    place = place_of_hospital(hospital_id) if hospital_id else Place(CityTier.FIRST)
    here, today = catalogue_rows.catalogue_of(place), clock.service_date(clock.now())
    found = rules.special_requests(here, place=place, package_id=package_id, on=today)
    return [said.content for said in found]


def list_insurance_options() -> "list[Product]":
    """The insurance that may be added to a quote; none while no insurer offers any."""
    from functions.insurance import actions as insurance

    product = insurance.find_default_product()
    return [product] if product else []


def place_of_hospital(hospital_id: str) -> Place:
    """Where in the price list a hospital is; NotFound."""
    from functions.hospitals import actions as hospitals

    city = hospitals.find_city(hospitals.find_hospital(hospital_id).city)
    return Place(CityTier(city.tier), city.code, hospital_id)


def place_of_scope(scope: Scope) -> Place | None:
    """A place that the scope covers, the least specific one; None for everywhere. NotFound."""
    from functions.hospitals import actions as hospitals

    if scope.hospital_id is not None:
        return place_of_hospital(scope.hospital_id)
    if scope.city is not None:
        return Place(CityTier(hospitals.find_city(scope.city).tier), scope.city)
    return Place(scope.city_tier) if scope.city_tier is not None else None


def choose(
    here: Catalogue, place: Place, *, package_id: str, special_requests: Sequence[str], starts_at: datetime
) -> tuple[Offering, list[Said[SpecialRequest]]]:
    """What holds for a visit that begins then; Invalid names what is not offered there on that day."""
    on = clock.service_date(starts_at)
    offer = rules.offering(here, package_id, place=place, on=on)
    if offer is None:
        raise Invalid(errors=(FieldError("package_id", "没有这个套餐"),))
    if len(set(special_requests)) != len(special_requests):
        raise Invalid(errors=(FieldError("special_requests", "有重复的项目"),))
    found = [
        (id_, rules.special_request(here, id_, place=place, package_id=package_id, on=on)) for id_ in special_requests
    ]
    unknown = [FieldError("special_requests", f"没有这个项目：{id_}") for id_, said in found if said is None]
    if unknown:
        raise Invalid(errors=tuple(unknown))
    return offer, [said for _, said in found if said is not None]


def put_entries(tx: Tx, entries: Iterable[Entry]) -> None:
    """Have these said since ever, in place of everything that was said of the same items in the same scopes.

    Nothing is checked but each content; quotes made before keep their price, visits their steps.
    """
    said = list(entries)
    index = catalogue_rows.catalogue_index()
    shelves = catalogue_rows.fresh_shelves(dict.fromkeys(entry.scope.shelf for entry in said))
    for entry in said:
        name, version_id = entry.scope.shelf, ids.new("ver", tx.now)
        if name not in shelves:
            shelves[name] = new_shelf(name, entry.scope)
        version = Version(version_id, entry.item_id, entry.scope, _SINCE_EVER, entry.content)
        shelves[name].catalogue = shelves[name].catalogue.only_with(entry.kind, version)
        tx.insert(_seeded(tx, entry, version))
    for shelf in shelves.values():
        tx.save(shelf)
    if not shelves.keys() <= set(index.shelves):
        index.shelves = tuple(sorted({*index.shelves, *shelves}))
        tx.save(index)


def new_shelf(name: str, scope: Scope) -> ShelfRow:
    """An empty shelf for what holds in this scope; NotFound for an unknown city or hospital."""
    return ShelfRow(*table.shelf_key(name), place=place_of_scope(scope), catalogue=Catalogue())


def put_package(
    tx: Tx,
    *,
    id: str,
    name: str,
    summary: str,
    duration_min: int,
    includes: Sequence[str],
    included_special_requests: Sequence[str],
    process_template: str,
    price_fen: Mapping[str, int],
) -> None:
    """Add the package with its price for each tier of city, or replace it."""
    put_entries(
        tx,
        package_entries(
            id=id,
            name=name,
            summary=summary,
            duration_min=duration_min,
            includes=includes,
            included_special_requests=included_special_requests,
            process_template=process_template,
            price_fen=price_fen,
        ),
    )


def package_entries(
    *,
    id: str,
    price_fen: Mapping[str, int],
    includes: Sequence[str],
    included_special_requests: Sequence[str],
    **terms: Any,
) -> list[Entry]:
    """A package and its prices, in the shape of the seed."""
    package = Package(
        id=id, includes=tuple(includes), included_special_requests=frozenset(included_special_requests), **terms
    )
    prices = [
        Entry(Kind.PRICE, id, Scope(city_tier=CityTier(tier)), PackagePrice(amount_fen))
        for tier, amount_fen in price_fen.items()
    ]
    return [Entry(Kind.PACKAGE, id, Scope(), package), *prices]


def put_catalogue(
    tx: Tx,
    *,
    packages: Iterable[Mapping[str, Any]],
    special_requests: Iterable[Mapping[str, Any]],
    process_templates: Iterable[Mapping[str, Any]],
    catalogue_versions: Iterable[Mapping[str, Any]],
) -> None:
    """The whole seed at once: lists that hold everywhere, then what some scope says otherwise."""
    entries = [entry for package in packages for entry in package_entries(**package)]
    entries += [Entry(Kind.SPECIAL_REQUEST, row["id"], Scope(), SpecialRequest(**row)) for row in special_requests]
    entries += [Entry(Kind.PROCESS, row["id"], Scope(), process_template(**row)) for row in process_templates]
    put_entries(tx, [*entries, *(scoped_entry(**row) for row in catalogue_versions)])


def scoped_entry(
    *, id: str, note: str, kind: str, item_id: str, scope: Mapping[str, str], content: Mapping[str, Any]
) -> Entry:
    """What one scope says otherwise, in the shape of the seed (where `id` names the line)."""
    said = msgspec.convert({"id": item_id, **content}, rules.CONTENT[Kind(kind)])
    return Entry(Kind(kind), item_id, msgspec.convert(scope, Scope), said, note)


def put_special_request(tx: Tx, *, id: str, name: str, summary: str, price_fen: int) -> SpecialRequest:
    """Add the special request or replace it."""
    request = SpecialRequest(id=id, name=name, summary=summary, price_fen=price_fen)
    put_entries(tx, [Entry(Kind.SPECIAL_REQUEST, id, Scope(), request)])
    return request


def put_process_template(tx: Tx, *, id: str, name: str, milestones: Sequence[Mapping[str, Any]]) -> ProcessTemplate:
    """Add the process template or replace it; visits that were quoted before keep theirs."""
    template = process_template(id=id, name=name, milestones=milestones)
    put_entries(tx, [Entry(Kind.PROCESS, id, Scope(), template)])
    return template


def process_template(*, id: str, name: str, milestones: Sequence[Mapping[str, Any]]) -> ProcessTemplate:
    """A process template in the shape of the seed."""
    return ProcessTemplate(id=id, name=name, milestones=tuple(_milestone(**milestone) for milestone in milestones))


def put_checklist(tx: Tx, *, key: str, name: str, items: Sequence[Mapping[str, str]]) -> Checklist:
    """Add the checklist of a department template or replace it."""
    checklist = Checklist(key=key, name=name, items=tuple(ChecklistItem(**item) for item in items))
    _put(tx, table.ChecklistRow(*table.checklist_key(key), checklist=checklist))
    return checklist


def put_policy(tx: Tx, policy: Policy) -> None:
    """Replace the room's thresholds."""
    _put(tx, table.PolicyRow(*table.POLICY_KEY, policy=policy))


def put_weights(tx: Tx, weights: Weights) -> None:
    """Replace the weights of matching."""
    _put(tx, table.WeightsRow(*table.WEIGHTS_KEY, weights=weights))


def _milestone(
    *, code: str, title: str, check_in: str, offset_min: int, duration_min: int, required: bool
) -> Milestone:
    return Milestone(code, title, CheckIn(check_in), offset_min, duration_min, required)


def _put(tx: Tx, row: BookingRow) -> None:
    before = find(type(row), row.pk, row.sk)
    row.version = before.version if before else 0
    tx.save(row)


def _seeded(tx: Tx, entry: Entry, version: Version[Any]) -> VersionRow:
    return VersionRow(
        *table.version_key(entry.kind, entry.item_id, version.version_id),
        item_kind=entry.kind,
        item_id=entry.item_id,
        scope=entry.scope,
        content_json=catalogue_rows.content_json(entry.content),
        state=VersionState.PUBLISHED,
        author="seed",
        note=entry.note,
        created_at=tx.now,
        effective_from=version.effective_from,
        published_by="seed",
        published_at=tx.now,
    )
