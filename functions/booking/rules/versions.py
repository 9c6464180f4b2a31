"""Versions of what the catalogue says: where each holds, from which day, and which one wins (F29).

A version of an item (a package, a price …) holds in a scope from a China calendar day on, for visits that begin on
that day or later, until the next version of the same item and scope begins. A version without content ends its scope:
from then on the less specific scopes speak again. Of the scopes that cover a visit the most specific one wins: a
hospital before its city, a city before its tier, a tier before everywhere; at the same place, a version for one package
before one for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from functions.booking.rules.pricing import CityTier

T = TypeVar("T")
EVERYWHERE = "all"
_PLACES = ("city_tier", "city", "hospital_id")


@dataclass(frozen=True)
class Place:
    """Where a visit takes place. Without city and hospital: any place of that tier that has no rules of its own."""

    city_tier: CityTier
    city: str | None = None
    hospital_id: str | None = None

    @property
    def shelves(self) -> tuple[str, ...]:
        """The scopes' shelves that hold for this place, the least specific first."""
        named = (("tier", self.city_tier), ("city", self.city), ("hospital", self.hospital_id))
        return (EVERYWHERE, *(f"{kind}#{value}" for kind, value in named if value))


@dataclass(frozen=True)
class Scope:
    """Where a version holds: one tier, city or hospital, or everywhere; for one package or for all."""

    city_tier: CityTier | None = None
    city: str | None = None
    hospital_id: str | None = None
    package_id: str | None = None

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not None for name in _PLACES) > 1:
            raise ValueError("a scope names a tier, a city or a hospital, not several")

    @property
    def shelf(self) -> str:
        """What is kept together: everything that holds for the same tier, city, hospital or everywhere."""
        named = (("tier", self.city_tier), ("city", self.city), ("hospital", self.hospital_id))
        return next((f"{kind}#{value}" for kind, value in named if value is not None), EVERYWHERE)

    @property
    def specificity(self) -> tuple[int, bool]:
        """Larger wins."""
        levels = [level for level, name in enumerate(_PLACES, 1) if getattr(self, name) is not None]
        return (levels[0] if levels else 0), self.package_id is not None

    def covers(self, place: Place, package_id: str | None) -> bool:
        return self.shelf in place.shelves and self.package_id in (None, package_id)


@dataclass(frozen=True)
class Version(Generic[T]):
    """What is said of an item in a scope from a day on; without content, nothing is said there any more."""

    version_id: str
    item_id: str
    scope: Scope
    effective_from: date
    content: T | None


@dataclass(frozen=True)
class Said(Generic[T]):
    """The version that won, with its content."""

    version_id: str
    scope: Scope
    content: T


def resolve(
    versions: Iterable[Version[T]], item_id: str, *, place: Place, package_id: str | None = None, on: date
) -> Said[T] | None:
    """What holds for the item on that day: the newest begun version of each scope, then the most specific scope."""
    newest: dict[Scope, Version[T]] = {}
    for version in versions:
        begun = version.item_id == item_id and version.effective_from <= on
        if not begun or not version.scope.covers(place, package_id):
            continue
        known = newest.get(version.scope)
        if known is None or known.effective_from < version.effective_from:
            newest[version.scope] = version
    said = [
        Said(version.version_id, version.scope, version.content)
        for version in newest.values()
        if version.content is not None
    ]
    return max(said, key=lambda each: each.scope.specificity, default=None)


def without_past(versions: Iterable[Version[T]], today: date) -> tuple[Version[T], ...]:
    """The versions that a visit today or later may need: those in effect or to come, each scope's in order of time."""
    ordered = sorted(versions, key=lambda each: (each.item_id, each.effective_from))
    in_effect = {
        (version.item_id, version.scope): version.version_id for version in ordered if version.effective_from <= today
    }
    return tuple(
        version
        for version in ordered
        if version.effective_from > today or in_effect[version.item_id, version.scope] == version.version_id
    )
