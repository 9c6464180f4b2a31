"""The handbook's rows.

HANDBOOK#<article_id>   ARTICLE      the working copy, and which edition companions read
HANDBOOK#<article_id>   PUBLISHED    what they read
HANDBOOK#<article_id>   V#<number>   each edition that ever was
HANDBOOK                <article_id> the published index, an entry to a row: staff's scale, not the platform's
HANDBOOK#ALL            <article_id> staff's list, drafts included
HANDBOOK#CONFIG         STAMP        changes with the index: a process rereads the index only then
HANDBOOK#CONFIG         TERMS        what people say, and what the handbook calls it; the tuning of the search
"""

from collections.abc import Sequence
from functools import lru_cache

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.companions.rules.handbook import ArticleState, Content, Edition
from functions.companions.rules.handbook_search import Entry, Index, Term, Tuning
from functions.companions.table.base import CompanionsRow
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, query_page

_INDEX, _ALL, _CONFIG = "HANDBOOK", "HANDBOOK#ALL", "HANDBOOK#CONFIG"
_PAGE = 200
_MAX_EDITIONS = 200


class ArticleRow(CompanionsRow, discriminator="handbook_article"):
    draft: JsonAttribute[Content] = JsonAttribute(Content)
    drafted_by = UnicodeAttribute()
    drafted_at = InstantAttribute()
    state = UnicodeAttribute()
    latest = NumberAttribute()
    """The highest edition so far; 0 before the first."""

    @property
    def article_id(self) -> str:
        return str(self.pk).removeprefix("HANDBOOK#")


class PublishedRow(CompanionsRow, discriminator="handbook_published"):
    edition: JsonAttribute[Edition] = JsonAttribute(Edition)


class EditionRow(CompanionsRow, discriminator="handbook_edition"):
    edition: JsonAttribute[Edition] = JsonAttribute(Edition)


class EntryRow(CompanionsRow, discriminator="handbook_entry"):
    entry: JsonAttribute[Entry] = JsonAttribute(Entry)


class ListedRow(CompanionsRow, discriminator="handbook_listed"):
    """A line of staff's list."""

    title = UnicodeAttribute()
    article_kind = UnicodeAttribute()
    department = UnicodeAttribute()
    state = UnicodeAttribute()
    edition = NumberAttribute()
    drafted_by = UnicodeAttribute()
    drafted_at = InstantAttribute()


class StampRow(CompanionsRow, discriminator="handbook_stamp"):
    stamp = UnicodeAttribute()


class TermsRow(CompanionsRow, discriminator="handbook_terms"):
    terms: JsonAttribute[tuple[Term, ...]] = JsonAttribute(tuple[Term, ...])
    tuning: JsonAttribute[Tuning] = JsonAttribute(Tuning)


def article_key(article_id: str) -> tuple[str, str]:
    return f"HANDBOOK#{article_id}", "ARTICLE"


def published_key(article_id: str) -> tuple[str, str]:
    return f"HANDBOOK#{article_id}", "PUBLISHED"


def edition_key(article_id: str, number: int) -> tuple[str, str]:
    return f"HANDBOOK#{article_id}", f"V#{number:06d}"


def new_article(article_id: str) -> ArticleRow:
    return ArticleRow(*article_key(article_id), state=ArticleState.DRAFT, latest=0)


def find_article(article_id: str) -> tuple[ArticleRow | None, PublishedRow | None]:
    """The working copy and what companions read: one BatchGetItem."""
    rows = find_all(CompanionsRow, [article_key(article_id), published_key(article_id)])
    article, published = rows.get(article_key(article_id)), rows.get(published_key(article_id))
    assert article is None or isinstance(article, ArticleRow)
    assert published is None or isinstance(published, PublishedRow)
    return article, published


def find_edition(article_id: str, number: int) -> EditionRow | None:
    return find(EditionRow, *edition_key(article_id, number))


def editions_of(article_id: str) -> Sequence[EditionRow]:
    """The latest editions, newest first: one Query."""
    pk, _ = edition_key(article_id, 0)
    rows, _ = query_page(EditionRow, pk, prefix="V#", limit=_MAX_EDITIONS, newest_first=True)
    return rows


def kept_published(article_id: str) -> PublishedRow | None:
    """Up to a minute old."""
    return keep(PublishedRow, *published_key(article_id))


def entry_row(entry: Entry) -> EntryRow:
    return EntryRow(_INDEX, entry.article_id, entry=entry)


def find_entry_row(article_id: str) -> EntryRow | None:
    return find(EntryRow, _INDEX, article_id)


def listed_row(article: ArticleRow) -> ListedRow:
    content = article.draft
    return ListedRow(
        _ALL,
        article.article_id,
        title=content.title,
        article_kind=content.kind,
        department=content.department,
        state=article.state,
        edition=article.latest,
        drafted_by=article.drafted_by,
        drafted_at=article.drafted_at,
    )


def listed(*, limit: int, after: str | None) -> tuple[Sequence[ListedRow], str | None]:
    """A page of staff's list, by id."""
    return query_page(ListedRow, _ALL, limit=limit, after=after)


def stamp_row() -> StampRow:
    return StampRow(_CONFIG, "STAMP")


def kept_index() -> Index:
    """The published index, up to a minute old: read whole when its stamp changed, else not at all."""
    row = keep(StampRow, _CONFIG, "STAMP")
    return _read_index(row.stamp) if row else Index(())


@lru_cache(maxsize=1)
def _read_index(stamp: str) -> Index:
    entries: list[Entry] = []
    after: str | None = None
    while True:
        rows, after = query_page(EntryRow, _INDEX, limit=_PAGE, after=after)
        entries += [row.entry for row in rows]
        if after is None:
            return Index(entries)


def kept_terms() -> TermsRow:
    return keep(TermsRow, _CONFIG, "TERMS") or _no_terms()


def stored_terms() -> TermsRow:
    """Past the process's memory, for who is about to change it."""
    return find(TermsRow, _CONFIG, "TERMS") or _no_terms()


def _no_terms() -> TermsRow:
    return TermsRow(_CONFIG, "TERMS", terms=(), tuning=Tuning())
