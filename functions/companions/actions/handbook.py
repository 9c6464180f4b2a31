"""The handbook (F24): companions search and read it; staff draft, publish, roll back and withdraw."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.companions.rules import handbook as rules
from functions.companions.rules import handbook_search as search
from functions.companions.rules.handbook import ArticleKind, ArticleState, Content, Edition
from functions.companions.rules.handbook_search import Hit, Term, Tuning
from functions.companions.table import handbook as table
from functions.companions.table.handbook import ArticleRow, ListedRow, TermsRow
from functions.shared import audit, ids
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx

TERMS_SUBJECT = "handbook_terms"


def search_handbook(
    *, query: str, kind: ArticleKind | None, department: str, limit: int, skip: int
) -> tuple[list[Hit], bool]:
    """A page of matches, the best first, and whether there are more. Nothing is read while the index is unchanged."""
    kept = table.kept_terms()
    hits = table.kept_index().search(query, terms=kept.terms, tuning=kept.tuning, kind=kind, department=department)
    return hits[skip : skip + limit], len(hits) > skip + limit


def read_article(article_id: str) -> Edition:
    """What companions read, up to a minute old; NotFound."""
    row = table.kept_published(article_id)
    if row is None:
        raise NotFound()
    return row.edition


def list_articles(*, limit: int, after: str | None) -> tuple[Sequence[ListedRow], str | None]:
    """Staff's list by id, drafts and withdrawn ones included."""
    return table.listed(limit=limit, after=after)


def read_draft(article_id: str) -> tuple[ArticleRow, list[Edition], list[audit.Entry]]:
    """The working copy, every edition (newest first), who did what; NotFound. Three reads."""
    row, _ = table.find_article(article_id)
    if row is None:
        raise NotFound()
    editions = [each.edition for each in table.editions_of(article_id)]
    return row, editions, audit.entries_of("companions", article_id)[0]


def create_draft(tx: Tx, *, article_id: str, content: Content, actor: str) -> ArticleRow:
    """A new article that companions do not see yet. Raises ArticleExists, ArticleInvalid."""
    row = table.new_article(article_id)
    _draft(row, rules.checked(content), actor, tx.now)
    tx.insert(row, taken=rules.ArticleExists())
    tx.insert(table.listed_row(row), taken=rules.ArticleExists())
    _record(tx, article_id, actor, "created", after=content.title)
    return row


def edit_draft(tx: Tx, *, article_id: str, content: Content, version: int, actor: str) -> ArticleRow:
    """Replace the working copy; what companions read stays. Raises NotFound, ArticleInvalid, PreconditionFailed."""
    row, _ = _article(article_id)
    if row.version != version:
        raise PreconditionFailed()
    before = row.draft
    _draft(row, rules.checked(content), actor, tx.now)
    tx.save(row)
    _list(tx, row)
    _record(tx, article_id, actor, "edited", after=rules.differences(before, row.draft))
    return row


def publish(tx: Tx, *, article_id: str, version: int, note: str, actor: str) -> ArticleRow:
    """Let companions read the working copy as it was seen at `version`.

    Raises NotFound, PreconditionFailed, NothingToPublish.
    """
    row, published = _article(article_id)
    if row.version != version:
        raise PreconditionFailed()
    _publish(tx, row, published, row.draft, note=note, actor=actor)
    _stamp(tx)
    _record(tx, article_id, actor, "published", reason=note, after=f"第 {int(row.latest)} 版")
    return row


def roll_back(tx: Tx, *, article_id: str, number: int, reason: str, actor: str) -> ArticleRow:
    """Publish an earlier edition again, as a new one; the working copy becomes it. NotFound, NothingToPublish."""
    row, published = _article(article_id)
    earlier = table.find_edition(article_id, number)
    if earlier is None:
        raise NotFound()
    _draft(row, earlier.edition.content, actor, tx.now)
    _publish(tx, row, published, row.draft, note=f"回到第 {number} 版：{reason}", actor=actor)
    _stamp(tx)
    _record(tx, article_id, actor, "rolled_back", reason=reason, after=f"第 {number} 版")
    return row


def withdraw(tx: Tx, *, article_id: str, reason: str, actor: str) -> ArticleRow:
    """Companions no longer find or read it; its editions stay. NotFound, NothingToPublish if they do not now."""
    row, published = _article(article_id)
    entry = table.find_entry_row(article_id)
    if published is None or entry is None:
        raise rules.NothingToPublish()
    row.state = ArticleState.WITHDRAWN
    tx.save(row)
    tx.delete(published)
    tx.delete(entry)
    _list(tx, row)
    _stamp(tx)
    _record(tx, article_id, actor, "withdrawn", reason=reason)
    return row


def read_terms() -> TermsRow:
    """The table of terms as it is this moment."""
    return table.stored_terms()


def edit_terms(tx: Tx, *, terms: Sequence[Term], version: int, actor: str) -> TermsRow:
    """Replace the table of terms; searches follow within a minute. Raises TermsInvalid, PreconditionFailed."""
    row = table.stored_terms()
    if row.version != version:
        raise PreconditionFailed()
    before = len(row.terms)
    row.terms = search.checked_terms(terms)
    tx.save(row)
    audit.record(
        tx, actor=actor, act="handbook_terms.edited", subject=TERMS_SUBJECT, after=f"{before}→{len(row.terms)} 条"
    )
    return row


def put_articles(tx: Tx, articles: Mapping[str, Content], *, actor: str = "stf_seed") -> None:
    """Publish these texts under their ids, 15 at most, for the seed; what companions read just so stays as it is."""
    for article_id, given in articles.items():
        row, published = table.find_article(article_id)
        row, content = row or table.new_article(article_id), rules.checked(given)
        if published is None or published.edition.content != content:
            _draft(row, content, actor, tx.now)
            _publish(tx, row, published, content, note="", actor=actor)
    _stamp(tx)


def put_terms(tx: Tx, terms: Sequence[Term], *, tuning: Tuning | None = None) -> None:
    """Replace the table of terms, for the seed."""
    row = table.stored_terms()
    row.terms, row.tuning = search.checked_terms(terms), tuning or row.tuning
    tx.save(row)


def _article(article_id: str) -> tuple[ArticleRow, table.PublishedRow | None]:
    row, published = table.find_article(article_id)
    if row is None:
        raise NotFound()
    return row, published


def _draft(row: ArticleRow, content: Content, actor: str, now: datetime) -> None:
    row.draft, row.drafted_by, row.drafted_at = content, actor, now


def _publish(
    tx: Tx, row: ArticleRow, before: table.PublishedRow | None, content: Content, *, note: str, actor: str
) -> None:
    """Edition, published text and index entry together, so that none is found that cannot be read."""
    published = before.edition.content if before else None
    edition = rules.next_edition(int(row.latest), content, published=published, by=actor, at=tx.now, note=note)
    row.latest, row.state = edition.number, ArticleState.PUBLISHED
    tx.save(row)
    shown = before or table.PublishedRow(*table.published_key(row.article_id))
    shown.edition = edition
    tx.save(shown)
    tx.insert(table.EditionRow(*table.edition_key(row.article_id, edition.number), edition=edition))
    entry = search.entry_of(row.article_id, content, edition=edition.number, tuning=table.kept_terms().tuning)
    _replace(tx, table.entry_row(entry))
    _list(tx, row)


def _list(tx: Tx, row: ArticleRow) -> None:
    _replace(tx, table.listed_row(row))


def _replace(tx: Tx, row: table.EntryRow | ListedRow) -> None:
    """Both follow the article's own row, whose version decides races."""
    names: dict[str, Any] = {name: value for name, value in row.attribute_values.items() if name in _FOLLOWING}
    tx.update(row, [*(getattr(type(row), name).set(value) for name, value in names.items()), type(row).version.add(1)])


_FOLLOWING = frozenset({"entry", "title", "article_kind", "department", "state", "edition", "drafted_by", "drafted_at"})


def _stamp(tx: Tx) -> None:
    tx.update(table.stamp_row(), [table.StampRow.stamp.set(ids.new("hbi", tx.now))])


def _record(tx: Tx, article_id: str, actor: str, act: str, *, reason: str = "", after: str = "") -> None:
    audit.record(tx, actor=actor, act=f"handbook.{act}", subject=article_id, reason=reason, after=after)
