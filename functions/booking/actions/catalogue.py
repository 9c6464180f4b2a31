"""What can be ordered, at which price, and by which rules; `put_…` take the shape of the seed (F3, F4, F29)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.booking import table
from functions.booking.rules.itinerary import CheckIn, Checklist, ChecklistItem, Milestone, ProcessTemplate
from functions.booking.rules.matching import Weights
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import CityTier, Package, SpecialRequest
from functions.booking.table import BookingRow
from functions.shared.table import find
from functions.shared.tx import Tx

if TYPE_CHECKING:
    from functions.insurance.actions import Product


@dataclass(frozen=True)
class PricedPackage:
    """A package with what it costs in one city."""

    package: Package
    price_fen: int


def list_packages(hospital_id: str) -> list[PricedPackage]:
    """All packages at the price of the hospital's city, cheapest first; NotFound for an unknown hospital."""
    tier = city_tier_of(hospital_id)
    priced = [PricedPackage(package, package.price_fen[tier]) for package in table.packages()]
    return sorted(priced, key=lambda each: (each.price_fen, each.package.id))


def list_special_requests() -> list[SpecialRequest]:
    """Everything that may be ticked, free ones first."""
    return sorted(table.special_requests(), key=lambda request: (request.price_fen, request.id))


def list_insurance_options() -> "list[Product]":
    """The insurance that may be added to a quote; none while no insurer offers any."""
    from functions.insurance import actions as insurance

    product = insurance.find_default_product()
    return [product] if product else []


def city_tier_of(hospital_id: str) -> CityTier:
    """Which column of the price list a hospital uses; NotFound."""
    from functions.hospitals import actions as hospitals

    return CityTier(hospitals.find_city(hospitals.find_hospital(hospital_id).city).tier)


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
) -> Package:
    """Add the package or replace it; quotes made before keep their price."""
    package = Package(
        id=id,
        name=name,
        summary=summary,
        duration_min=duration_min,
        includes=tuple(includes),
        included_special_requests=frozenset(included_special_requests),
        process_template=process_template,
        price_fen={CityTier(tier): amount_fen for tier, amount_fen in price_fen.items()},
    )
    _put(tx, table.PackageRow(*table.package_key(id), package=package))
    return package


def put_special_request(tx: Tx, *, id: str, name: str, summary: str, price_fen: int) -> SpecialRequest:
    """Add the special request or replace it."""
    request = SpecialRequest(id=id, name=name, summary=summary, price_fen=price_fen)
    _put(tx, table.SpecialRequestRow(*table.special_request_key(id), special_request=request))
    return request


def put_process_template(tx: Tx, *, id: str, name: str, milestones: Sequence[Mapping[str, Any]]) -> ProcessTemplate:
    """Add the process template or replace it; visits that were assigned before keep theirs."""
    template = ProcessTemplate(id=id, name=name, milestones=tuple(_milestone(**milestone) for milestone in milestones))
    _put(tx, table.ProcessTemplateRow(*table.process_template_key(id), template=template))
    return template


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
