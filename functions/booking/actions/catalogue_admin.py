"""Staff's side of the catalogue: drafts, checks, previews, publications and rollbacks, each with its author (F29)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from functions.booking import table
from functions.booking.actions import catalogue as offers
from functions.booking.actions.quotes import default_insurance
from functions.booking.rules import catalogue as rules
from functions.booking.rules.catalogue import Catalogue, CatalogueGap, Finding, Kind, Offering
from functions.booking.rules.pricing import CityTier, Price
from functions.booking.rules.versions import Place, Scope, Version
from functions.booking.table import catalogue as catalogue_rows
from functions.booking.table.catalogue import IndexRow, ShelfRow, VersionRow, VersionState
from functions.shared import audit, clock, ids
from functions.shared.errors import Conflict, FieldError, Invalid, NotFound
from functions.shared.tx import Tx

_MAX_SHELF_BYTES = 350_000
"""A row of the store holds 400 KB."""


class VersionPublished(Conflict):
    """Only a draft can be published; what was published is brought back by a rollback."""

    code = "version_published"
    title = "这个版本已经发布过；要恢复它请用回滚"


class VersionUnpublished(Conflict):
    """A draft never was in effect, so there is nothing to go back to."""

    code = "version_unpublished"
    title = "草稿没有生效过，不能回滚到它"


class CatalogueFull(Conflict):
    """Too much is said in one scope."""

    code = "catalogue_full"
    title = "该范围内的版本过多，请先清理"


@dataclass(frozen=True)
class Item:
    """What the versions of one list are of."""

    kind: Kind
    item_id: str

    @property
    def subject(self) -> str:
        """Under this the audit rows stand."""
        return f"{self.kind}#{self.item_id}"


@dataclass(frozen=True)
class Asked:
    """An order to be priced, without a patient; `trying` is a version to be priced as if it were published."""

    hospital_id: str
    package_id: str
    special_requests: Sequence[str]
    insurance: bool
    starts_at: datetime
    trying: tuple[Item, str] | None


@dataclass(frozen=True)
class Preview:
    """What an order would cost, with the versions that say so."""

    offer: Offering
    price: Price
    versions: Mapping[str, Version[Any]]
    """By id."""


@dataclass(frozen=True)
class _Published:
    """Everything that is published, as it is now."""

    index: IndexRow
    shelves: dict[str, ShelfRow]

    @property
    def catalogue(self) -> Catalogue:
        return rules.merged(row.catalogue for row in self.shelves.values())

    def places(self, scope: Scope) -> list[Place]:
        """Where a version of this scope may make a difference: each tier, city and hospital below it."""
        tiers = [Place(tier) for tier in CityTier]
        named = [row.place for row in self.shelves.values() if row.place is not None]
        own = offers.place_of_scope(scope)
        every = dict.fromkeys([*tiers, *named, *([own] if own else [])])
        return [place for place in every if scope.shelf in place.shelves]


def draft_version(tx: Tx, *, author: str, item: Item, scope: Scope, content: Any, note: str) -> VersionRow:
    """Write down what should be said of an item in a scope; None as content ends the scope. Invalid, NotFound."""
    rules.check_scope(item.kind, item.item_id, scope)
    offers.place_of_scope(scope)
    version = _draft(tx, author=author, item=item, scope=scope, content_json=catalogue_rows.content_json(content))
    version.note = note
    tx.insert(version)
    return version


def find_version(item: Item, version_id: str) -> VersionRow:
    """The version, draft or not; NotFound."""
    version = catalogue_rows.find_version(item.kind, item.item_id, version_id) if ids.is_id("ver", version_id) else None
    if version is None:
        raise NotFound()
    return version


def list_versions(item: Item, *, limit: int, after: str | None) -> tuple[Sequence[VersionRow], str | None]:
    """The item's history in all scopes, the latest written first, and where to go on."""
    return catalogue_rows.versions_of(item.kind, item.item_id, limit=limit, after=after)


def list_published(scope: Scope) -> list[tuple[Kind, Version[Any]]]:
    """What is in effect or to come in just this scope's tier, city, hospital or everywhere."""
    shelf = catalogue_rows.fresh_shelves([scope.shelf]).get(scope.shelf)
    return list(shelf.catalogue.every()) if shelf else []


def check_version(item: Item, version_id: str, *, effective_from: date, now: datetime) -> list[Finding]:
    """What would be wrong if the version were published from that day on, and is not wrong already; NotFound."""
    version = find_version(item, version_id)
    today = clock.service_date(now)
    return _new_findings(_published(), item, _as_of(version, effective_from), today)


def preview(asked: Asked) -> Preview:
    """What this order would cost if it were placed now, by what is published this instant. Invalid, NotFound."""
    place = offers.place_of_hospital(asked.hospital_id)
    here = rules.merged(row.catalogue for row in catalogue_rows.fresh_shelves(place.shelves).values())
    if asked.trying:
        item, version_id = asked.trying
        version = _as_of(find_version(item, version_id), clock.service_date(asked.starts_at))
        same_day = _replaced(here, item, version)
        here = here.with_version(item.kind, version, instead_of=same_day)
    offer, wanted = offers.choose(
        here,
        place,
        package_id=asked.package_id,
        special_requests=asked.special_requests,
        starts_at=asked.starts_at,
    )
    insurance = default_insurance() if asked.insurance else None
    price = rules.quoted(offer, wanted, starts_at=asked.starts_at, insurance=insurance)
    return Preview(offer, price, {version.version_id: version for _, version in here.every()})


def publish_version(
    tx: Tx, *, actor: str, item: Item, version_id: str, effective_from: date, reason: str
) -> VersionRow:
    """Have a draft hold for visits from that day on.

    Raises NotFound, Invalid (a day that is past), VersionPublished, VersionOverlap, CatalogueGap, CatalogueFull.
    """
    version = find_version(item, version_id)
    if version.state is not VersionState.DRAFT:
        raise VersionPublished()
    _put_on_shelf(tx, _published(), item, version, actor=actor, effective_from=effective_from)
    tx.save(version)
    said = _said(version)
    audit.record(tx, actor=actor, act="catalogue.published", subject=item.subject, reason=reason, after=said)
    return version


def roll_back(tx: Tx, *, actor: str, item: Item, version_id: str, effective_from: date, reason: str) -> VersionRow:
    """Say again what an earlier version said, as a new version, from that day on.

    It takes the place of a version that begins in the same scope on the same day. Raises NotFound, Invalid (a day
    that is past), VersionUnpublished, CatalogueGap, CatalogueFull.
    """
    old = find_version(item, version_id)
    if old.state is VersionState.DRAFT:
        raise VersionUnpublished()
    version = _draft(tx, author=actor, item=item, scope=old.scope, content_json=old.content_json)
    version.note, version.copy_of = reason, old.version_id
    published = _published()
    replaced_id = _replaced(published.catalogue, item, _as_of(version, effective_from))
    _put_on_shelf(tx, published, item, version, actor=actor, effective_from=effective_from, instead_of=replaced_id)
    if replaced_id:
        replaced = find_version(item, replaced_id)
        replaced.state = VersionState.REPLACED
        tx.save(replaced)
    tx.insert(version)
    audit.record(
        tx,
        actor=actor,
        act="catalogue.rolled_back",
        subject=item.subject,
        reason=reason,
        before=replaced_id or "",
        after=f"{_said(version)} = {old.version_id}",
    )
    return version


def _put_on_shelf(
    tx: Tx,
    published: _Published,
    item: Item,
    version: VersionRow,
    *,
    actor: str,
    effective_from: date,
    instead_of: str | None = None,
) -> None:
    """Publish, if that leaves no gap; the caller writes the version itself."""
    today = clock.service_date(tx.now)
    if effective_from < today:
        raise Invalid(errors=(FieldError("effective_from", "不能早于今天"),))
    stands = _as_of(version, effective_from)
    rules.check_overlap(published.catalogue, item.kind, stands, instead_of=instead_of)
    found = _new_findings(published, item, stands, today, instead_of=instead_of)
    if found:
        raise CatalogueGap(errors=tuple(FieldError(each.field, each.message) for each in found))
    name = version.scope.shelf
    shelf = published.shelves.get(name) or offers.new_shelf(name, version.scope)
    held = shelf.catalogue.with_version(item.kind, stands, instead_of=instead_of)
    shelf.catalogue = held.without_past(today)
    if len(catalogue_rows.content_json(shelf.catalogue)) > _MAX_SHELF_BYTES:
        raise CatalogueFull()
    tx.save(shelf)
    published.index.shelves = tuple(sorted({*published.index.shelves, name}))
    tx.save(published.index)
    version.state = VersionState.PUBLISHED
    version.effective_from = effective_from
    version.published_by, version.published_at = actor, tx.now


def _new_findings(
    published: _Published, item: Item, version: Version[Any], today: date, *, instead_of: str | None = None
) -> list[Finding]:
    """What publishing would make wrong: what was wrong before does not stand in the way of a repair."""
    before, places = published.catalogue, published.places(version.scope)
    after = before.with_version(item.kind, version, instead_of=instead_of or _replaced(before, item, version))
    known = set(rules.findings(before, places=places, today=today, also_on=version.effective_from))
    return [each for each in rules.findings(after, places=places, today=today) if each not in known]


def _published() -> _Published:
    """The index first: whoever publishes after this writes it, and then our own publication runs again."""
    index = catalogue_rows.catalogue_index()
    return _Published(index, catalogue_rows.fresh_shelves(index.shelves))


def _replaced(catalogue: Catalogue, item: Item, version: Version[Any]) -> str | None:
    """The published version that begins in the same scope on the same day."""
    same = (
        other.version_id
        for other in catalogue.of(item.kind)
        if (other.item_id, other.scope, other.effective_from) == (item.item_id, version.scope, version.effective_from)
    )
    return next(same, None)


def _as_of(version: VersionRow, effective_from: date) -> Version[Any]:
    return Version(version.version_id, version.item_id, version.scope, effective_from, version.content)


def _draft(tx: Tx, *, author: str, item: Item, scope: Scope, content_json: str) -> VersionRow:
    return VersionRow(
        *table.version_key(item.kind, item.item_id, ids.new("ver", tx.now)),
        item_kind=item.kind,
        item_id=item.item_id,
        scope=scope,
        content_json=content_json,
        state=VersionState.DRAFT,
        author=author,
        note="",
        created_at=tx.now,
    )


def _said(version: VersionRow) -> str:
    return f"{version.version_id} · {version.scope.shelf} · {version.effective_from}"
