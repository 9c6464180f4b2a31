"""What can be ordered at a place on a day, at which price, by which process; and where that has gaps (F3, F4, F29)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from functions.booking.rules import pricing, surcharges, versions
from functions.booking.rules.itinerary import ProcessTemplate
from functions.booking.rules.pricing import (
    Insurance,
    LineItem,
    LineKind,
    Package,
    PackagePrice,
    Price,
    SpecialRequest,
)
from functions.booking.rules.surcharges import DayOverrides, Surcharges
from functions.booking.rules.versions import Place, Said, Scope, Version, resolve
from functions.shared.errors import Conflict, FieldError, Invalid

SURCHARGES_ID, HOLIDAYS_ID = "surcharges", "holidays"
"""The one item of each of these kinds."""


class Kind(StrEnum):
    """What a version is of."""

    PACKAGE = "package"
    PRICE = "price"
    """The item is the package."""
    SPECIAL_REQUEST = "special_request"
    PROCESS = "process"
    SURCHARGES = "surcharges"
    HOLIDAYS = "holidays"


CONTENT: Mapping[Kind, Any] = {
    Kind.PACKAGE: Package,
    Kind.PRICE: PackagePrice,
    Kind.SPECIAL_REQUEST: SpecialRequest,
    Kind.PROCESS: ProcessTemplate,
    Kind.SURCHARGES: Surcharges,
    Kind.HOLIDAYS: DayOverrides,
}
"""What a version of each kind says."""
_FIELDS: Mapping[Kind, str] = {
    Kind.PACKAGE: "packages",
    Kind.PRICE: "prices",
    Kind.SPECIAL_REQUEST: "special_requests",
    Kind.PROCESS: "processes",
    Kind.SURCHARGES: "surcharges",
    Kind.HOLIDAYS: "holidays",
}
_ONLY_ITEM: Mapping[Kind, str] = {Kind.SURCHARGES: SURCHARGES_ID, Kind.HOLIDAYS: HOLIDAYS_ID}
_SAME_FOR_ALL_PACKAGES = frozenset({Kind.PACKAGE, Kind.PRICE, Kind.HOLIDAYS})
"""Kinds whose scope names no package: the item is one, or it is the same for all."""


class VersionOverlap(Conflict):
    """Another version of this item begins in this scope on the same day."""

    code = "version_overlap"
    title = "同一范围内已有版本在这一天生效，请换一天，或先撤换那个版本"


class CatalogueGap(Conflict):
    """With this version something could not be ordered, or not be priced; `errors` says what and where."""

    code = "catalogue_gap"
    title = "校验未通过，不能发布"


@dataclass(frozen=True)
class Catalogue:
    """Published versions: of one shelf, of everything that holds for a place, or all."""

    packages: tuple[Version[Package], ...] = ()
    prices: tuple[Version[PackagePrice], ...] = ()
    special_requests: tuple[Version[SpecialRequest], ...] = ()
    processes: tuple[Version[ProcessTemplate], ...] = ()
    surcharges: tuple[Version[Surcharges], ...] = ()
    holidays: tuple[Version[DayOverrides], ...] = ()

    def of(self, kind: Kind) -> tuple[Version[Any], ...]:
        versions_of_kind: tuple[Version[Any], ...] = getattr(self, _FIELDS[kind])
        return versions_of_kind

    def every(self) -> Iterator[tuple[Kind, Version[Any]]]:
        return ((kind, version) for kind in Kind for version in self.of(kind))

    def with_version(self, kind: Kind, version: Version[Any], *, instead_of: str | None = None) -> "Catalogue":
        """With one more version, which takes the place of the one named `instead_of`."""
        kept = (each for each in self.of(kind) if each.version_id != instead_of)
        return replace(self, **{_FIELDS[kind]: (*kept, version)})

    def only_with(self, kind: Kind, version: Version[Any]) -> "Catalogue":
        """With this version as the only one of its item in its scope."""
        kept = (each for each in self.of(kind) if (each.item_id, each.scope) != (version.item_id, version.scope))
        return replace(self, **{_FIELDS[kind]: (*kept, version)})

    def without_past(self, today: date) -> "Catalogue":
        """What visits today or later may need."""
        return Catalogue(**{name: versions.without_past(self.of(kind), today) for kind, name in _FIELDS.items()})


def merged(shelves: Iterable[Catalogue]) -> Catalogue:
    """Everything that several shelves hold."""
    held = tuple(shelves)
    return Catalogue(
        **{name: tuple(version for shelf in held for version in shelf.of(kind)) for kind, name in _FIELDS.items()}
    )


@dataclass(frozen=True)
class Offering:
    """A package as it is offered at one place on one day, with the versions that said so."""

    package: Said[Package]
    price: Said[PackagePrice]
    process: Said[ProcessTemplate]
    surcharges: Said[Surcharges] | None
    overrides: Said[DayOverrides] | None


def offering(catalogue: Catalogue, package_id: str, *, place: Place, on: date) -> Offering | None:
    """The package, if it is offered there on that day: it has a price and a process."""
    package = resolve(catalogue.packages, package_id, place=place, package_id=package_id, on=on)
    price = resolve(catalogue.prices, package_id, place=place, package_id=package_id, on=on)
    if package is None or price is None:
        return None
    template_id = package.content.process_template
    process = resolve(catalogue.processes, template_id, place=place, package_id=package_id, on=on)
    if process is None:
        return None
    added = resolve(catalogue.surcharges, SURCHARGES_ID, place=place, package_id=package_id, on=on)
    overrides = resolve(catalogue.holidays, HOLIDAYS_ID, place=place, on=on)
    return Offering(package, price, process, added, overrides)


def offered(catalogue: Catalogue, *, place: Place, on: date) -> list[Offering]:
    """Every package that is offered there on that day, cheapest first."""
    each = (offering(catalogue, id_, place=place, on=on) for id_ in _item_ids(catalogue.packages))
    found = [offer for offer in each if offer is not None]
    return sorted(found, key=lambda offer: (offer.price.content.price_fen, offer.package.content.id))


def special_request(
    catalogue: Catalogue, request_id: str, *, place: Place, package_id: str | None, on: date
) -> Said[SpecialRequest] | None:
    """The special request as it is offered with this package there on that day."""
    return resolve(catalogue.special_requests, request_id, place=place, package_id=package_id, on=on)


def special_requests(
    catalogue: Catalogue, *, place: Place, package_id: str | None, on: date
) -> list[Said[SpecialRequest]]:
    """Every special request that may be ticked there on that day, free ones first."""
    each = (
        special_request(catalogue, id_, place=place, package_id=package_id, on=on)
        for id_ in _item_ids(catalogue.special_requests)
    )
    return sorted(
        (said for said in each if said is not None), key=lambda said: (said.content.price_fen, said.content.id)
    )


def quoted(
    offer: Offering,
    requests: Sequence[Said[SpecialRequest]],
    *,
    starts_at: datetime,
    insurance: Insurance | None,
) -> Price:
    """The package, each special request (free where the package includes it), surcharges, the premium; their sum."""
    package, package_fen = offer.package.content, offer.price.content.price_fen
    lines = [LineItem(LineKind.PACKAGE, package.id, package.name, package_fen, offer.price.version_id)]
    for said in requests:
        request = said.content
        amount_fen = 0 if request.id in package.included_special_requests else request.price_fen
        lines.append(LineItem(LineKind.SPECIAL_REQUEST, request.id, request.name, amount_fen, said.version_id))
    added = offer.surcharges
    if added:
        lines += surcharges.lines(
            added.content,
            package_fen=package_fen,
            starts_at=starts_at,
            ends_at=pricing.visit_ends_at(package, starts_at),
            overrides=offer.overrides.content if offer.overrides else DayOverrides(),
            version_id=added.version_id,
        )
    return pricing.price(lines, insurance=insurance, overtime=added.content.overtime if added else None)


# before a version goes live -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Finding:
    """Something that would be wrong from a day on; `field` names the item, `message` is for people."""

    field: str
    message: str
    on: date


def check_scope(kind: Kind, item_id: str, scope: Scope) -> None:
    """Invalid unless a version of this item may have this scope."""
    if item_id != _ONLY_ITEM.get(kind, item_id):
        raise Invalid(errors=(FieldError("item_id", f"这一类只有一项：{_ONLY_ITEM[kind]}"),))
    if kind in _SAME_FOR_ALL_PACKAGES and scope.package_id is not None:
        raise Invalid(errors=(FieldError("scope.package_id", "这一类不能按套餐区分"),))
    if kind is Kind.HOLIDAYS and scope != Scope():
        raise Invalid(errors=(FieldError("scope", "节假日全国一致，不分地区"),))


def check_overlap(catalogue: Catalogue, kind: Kind, version: Version[Any], *, instead_of: str | None = None) -> None:
    """VersionOverlap if another version of the item begins in the same scope on the same day."""
    for other in catalogue.of(kind):
        same = (other.item_id, other.scope, other.effective_from) == (
            version.item_id,
            version.scope,
            version.effective_from,
        )
        if same and other.version_id not in (version.version_id, instead_of):
            raise VersionOverlap(f"{other.version_id} 已定于 {other.effective_from} 在同一范围生效")


def findings(
    catalogue: Catalogue, *, places: Iterable[Place], today: date, also_on: date | None = None
) -> list[Finding]:
    """Everything that could not be ordered or priced at these places: today, when a version begins, and `also_on`."""
    found: dict[Finding, None] = {}
    for place in places:
        here = _at(catalogue, place)
        for on in sorted({today, also_on or today, *(version.effective_from for _, version in here.every())}):
            if on >= today:
                found |= dict.fromkeys(_findings_on(here, place, on))
    return list(found)


def _at(catalogue: Catalogue, place: Place) -> Catalogue:
    """What holds for the place."""
    shelves = place.shelves
    return Catalogue(
        **{
            name: tuple(version for version in catalogue.of(kind) if version.scope.shelf in shelves)
            for kind, name in _FIELDS.items()
        }
    )


def _findings_on(catalogue: Catalogue, place: Place, on: date) -> Iterator[Finding]:
    where = place.shelves[-1]
    said = {id_: resolve(catalogue.packages, id_, place=place, on=on) for id_ in _item_ids(catalogue.packages)}
    packages = {id_: package.content for id_, package in said.items() if package is not None}
    if not packages:
        yield Finding("package", f"{where}：{on} 起没有任何套餐", on)
    for id_, package in packages.items():
        if resolve(catalogue.prices, id_, place=place, package_id=id_, on=on) is None:
            yield Finding(f"price.{id_}", f"{where}：{on} 起套餐 {id_} 没有价格", on)
        template_id = package.process_template
        process = resolve(catalogue.processes, template_id, place=place, package_id=id_, on=on)
        if process is None:
            yield Finding(f"process.{template_id}", f"{where}：{on} 起套餐 {id_} 的流程 {template_id} 不存在", on)
        elif process.content.milestones[-1].offset_min > package.duration_min:
            message = (
                f"{where}：{on} 起流程 {template_id} 比套餐 {id_} 的 {package.duration_min} 分钟更长，末尾节点走不到"
            )
            yield Finding(f"process.{template_id}", message, on)
        for request_id in sorted(package.included_special_requests):
            if special_request(catalogue, request_id, place=place, package_id=id_, on=on) is None:
                message = f"{where}：{on} 起套餐 {id_} 包含的定制需求 {request_id} 不存在"
                yield Finding(f"special_request.{request_id}", message, on)
    for kind, version in catalogue.every():
        named = version.item_id if kind is Kind.PRICE else version.scope.package_id
        if named is not None and named not in said and version.effective_from <= on:
            yield Finding(f"{kind}.{version.item_id}", f"{where}：{on} 起所指的套餐 {named} 不存在", on)


def _item_ids(of: Iterable[Version[Any]]) -> list[str]:
    return list(dict.fromkeys(version.item_id for version in of))
