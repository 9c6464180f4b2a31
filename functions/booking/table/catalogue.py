"""The catalogue in the table: shelves of published versions, and every version with its history.

A shelf holds what is in effect or to come for one tier, city or hospital, or for everywhere: a quote reads the four
that hold for its hospital, which each process keeps for a minute. The index row names all shelves and is written with
every publication, so that two publications never pass each other unseen.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec
from pynamodb.attributes import UnicodeAttribute

from functions.booking.rules import catalogue
from functions.booking.rules.catalogue import CONTENT, Catalogue, Kind
from functions.booking.rules.itinerary import ProcessTemplate
from functions.booking.rules.versions import Place, Scope, Version
from functions.booking.table.keys import INDEX_KEY, shelf_key, version_key
from functions.booking.table.rows import BookingRow, EnumAttribute
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, keep_all, query_page


class VersionState(StrEnum):
    """A published version may be replaced by another that begins on the same day."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REPLACED = "replaced"


class ShelfRow(BookingRow, discriminator="catalogue_shelf"):
    place: JsonAttribute[Place] = JsonAttribute(Place, null=True)
    """A place that this shelf holds for; none for the shelf of everywhere."""
    catalogue: JsonAttribute[Catalogue] = JsonAttribute(Catalogue)


class IndexRow(BookingRow, discriminator="catalogue_index"):
    shelves: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...], default=())


class VersionRow(BookingRow, discriminator="catalogue_version"):
    """Its content never changes; only its state does."""

    item_kind: EnumAttribute[Kind] = EnumAttribute(Kind)
    item_id = UnicodeAttribute()
    scope: JsonAttribute[Scope] = JsonAttribute(Scope)
    content_json = UnicodeAttribute()
    state: EnumAttribute[VersionState] = EnumAttribute(VersionState)
    author = UnicodeAttribute()
    note = UnicodeAttribute()
    created_at = InstantAttribute()
    copy_of = UnicodeAttribute(null=True)
    """The version that a rollback brought back."""
    effective_from: JsonAttribute[date] = JsonAttribute(date, null=True)
    published_by = UnicodeAttribute(null=True)
    published_at = InstantAttribute(null=True)

    @property
    def version_id(self) -> str:
        return self.sk

    @property
    def content(self) -> Any:
        """What it says, of its kind's type; None if it ends its scope."""
        return msgspec.json.decode(self.content_json, type=CONTENT[self.item_kind] | None)

    def published(self) -> Version[Any]:
        """As it stands on its shelf."""
        assert self.effective_from is not None, "a published version has a first day"
        return Version(self.version_id, self.item_id, self.scope, self.effective_from, self.content)


def content_json(content: Any) -> str:
    return msgspec.json.encode(content).decode()


def catalogue_of(place: Place) -> Catalogue:
    """What holds for the place, at most a minute old; one read together of what is not kept."""
    rows = keep_all(ShelfRow, (shelf_key(name) for name in place.shelves))
    return catalogue.merged(row.catalogue for row in rows.values())


def fresh_shelves(names: Iterable[str]) -> dict[str, ShelfRow]:
    """Shelves by name, as they are now; those that nothing was ever put on are absent."""
    by_key = {shelf_key(name): name for name in names}
    return {by_key[key]: row for key, row in find_all(ShelfRow, by_key).items()}


def catalogue_index() -> IndexRow:
    return find(IndexRow, *INDEX_KEY) or IndexRow(*INDEX_KEY)


def find_version(kind: Kind, item_id: str, version_id: str) -> VersionRow | None:
    return find(VersionRow, *version_key(kind, item_id, version_id))


def versions_of(kind: Kind, item_id: str, *, limit: int, after: str | None) -> tuple[Sequence[VersionRow], str | None]:
    """An item's versions in all scopes, the latest written first."""
    pk, _ = version_key(kind, item_id, "")
    return query_page(VersionRow, pk, limit=limit, after=after, newest_first=True)


def process_of_version(template_id: str, version_id: str) -> ProcessTemplate | None:
    """The template as that version has it; it never changes, so the process may keep it."""
    row = keep(VersionRow, *version_key(Kind.PROCESS, template_id, version_id))
    content = row.content if row else None
    assert content is None or isinstance(content, ProcessTemplate)
    return content
