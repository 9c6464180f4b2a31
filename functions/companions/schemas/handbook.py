"""The handbook as companions read it and as staff write it. Texts are Markdown and travel as text, never as HTML."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.companions.rules.handbook import ArticleKind, ArticleState, Content, Edition
from functions.companions.rules.handbook_search import MAX_TERMS, Hit, Term
from functions.companions.table.handbook import ArticleRow, ListedRow, TermsRow
from functions.shared import audit, clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body

ArticleId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{2,39}$", description="小写字母、数字和下划线")]
Department = Annotated[str, msgspec.Meta(pattern=r"^([a-z][a-z0-9_]{0,39})?$", description="科室代码；空为不限科室")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class HandbookQuery(PageQuery, frozen=True, kw_only=True):
    """搜症状、科室或事项，例如“头晕出汗”；不填 `q` 按标题列出全部。"""

    q: Annotated[str, msgspec.Meta(max_length=60)] = ""
    kind: ArticleKind | None = None
    department: Department = ""


class HandbookLine(Reading, frozen=True, kw_only=True):
    """一条搜索结果。"""

    article_id: str
    kind: ArticleKind
    title: str
    department: str
    summary: str
    edition: int

    @classmethod
    def of(cls, hit: Hit) -> "HandbookLine":
        entry = hit.entry
        return cls(
            article_id=entry.article_id,
            kind=entry.kind,
            title=entry.title,
            department=entry.department,
            summary=entry.summary,
            edition=entry.edition,
        )


class ArticleView(Reading, frozen=True, kw_only=True):
    """一篇手册；`body_md` 是 Markdown 纯文本，`source` 为资料来源。"""

    article_id: str
    kind: ArticleKind
    title: str
    department: str
    keywords: list[str]
    source: str
    body_md: str
    edition: int
    published_at: datetime

    @classmethod
    def of(cls, article_id: str, edition: Edition) -> "ArticleView":
        content = edition.content
        return cls(
            article_id=article_id,
            kind=content.kind,
            title=content.title,
            department=content.department,
            keywords=list(content.keywords),
            source=content.source,
            body_md=content.body_md,
            edition=edition.number,
            published_at=clock.china(edition.published_at),
        )


class DraftBody(Body, frozen=True, kw_only=True):
    """一篇手册的草稿。"""

    kind: ArticleKind
    title: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    department: Department = ""
    keywords: Annotated[list[Word], msgspec.Meta(max_length=30)] = msgspec.field(default_factory=list)
    source: Annotated[str, msgspec.Meta(min_length=4, max_length=300)]
    body_md: Annotated[str, msgspec.Meta(min_length=50, max_length=20_000)]

    def content(self) -> Content:
        facts = msgspec.structs.asdict(self)
        facts.pop("article_id", None)
        return Content(**facts | {"keywords": tuple(self.keywords)})


class NewDraftBody(DraftBody, frozen=True, kw_only=True):
    """新建一篇；编号定下后不改。"""

    article_id: ArticleId


class PublishBody(Body, frozen=True, kw_only=True):
    """发布所看到的那一份草稿。"""

    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="看到的草稿版本号")]
    note: Annotated[str, msgspec.Meta(max_length=200, description="改了什么")] = ""


class RollBackBody(Body, frozen=True, kw_only=True):
    """回到先前的某一版。"""

    edition: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    reason: Reason


class WithdrawBody(Body, frozen=True, kw_only=True):
    """撤下的原因。"""

    reason: Reason


class EditionView(Reading, frozen=True, kw_only=True):
    """发布过的一版。"""

    edition: int
    title: str
    body_md: str
    source: str
    published_by: str
    published_at: datetime
    note: str

    @classmethod
    def of(cls, edition: Edition) -> "EditionView":
        return cls(
            edition=edition.number,
            title=edition.content.title,
            body_md=edition.content.body_md,
            source=edition.content.source,
            published_by=edition.published_by,
            published_at=clock.china(edition.published_at),
            note=edition.note,
        )


class HandbookEditView(Reading, frozen=True, kw_only=True):
    """一次修改：谁、何时、做了什么。"""

    at: datetime
    actor: str
    act: str
    what: str

    @classmethod
    def of(cls, entry: audit.Entry) -> "HandbookEditView":
        what = " ".join(text for text in (entry.after, entry.reason) if text)
        return cls(at=clock.china(entry.at), actor=entry.actor, act=entry.act, what=what)


class DraftView(Reading, frozen=True, kw_only=True):
    """编辑用：草稿、发布过的各版和修改记录；`edition` 为最新发布的版次，0 表示从未发布。"""

    article_id: str
    state: ArticleState
    kind: ArticleKind
    title: str
    department: str
    keywords: list[str]
    source: str
    body_md: str
    drafted_by: str
    drafted_at: datetime
    edition: int
    editions: list[EditionView]
    edits: list[HandbookEditView]
    version: int

    @classmethod
    def of(
        cls, row: ArticleRow, editions: list[Edition] | None = None, edits: list[audit.Entry] | None = None
    ) -> "DraftView":
        content = row.draft
        return cls(
            article_id=row.article_id,
            state=ArticleState(row.state),
            kind=content.kind,
            title=content.title,
            department=content.department,
            keywords=list(content.keywords),
            source=content.source,
            body_md=content.body_md,
            drafted_by=row.drafted_by,
            drafted_at=clock.china(row.drafted_at),
            edition=int(row.latest),
            editions=[EditionView.of(edition) for edition in editions or []],
            edits=[HandbookEditView.of(entry) for entry in edits or []],
            version=int(row.version),
        )


class DraftLine(Reading, frozen=True, kw_only=True):
    """编辑列表中的一行。"""

    article_id: str
    title: str
    kind: ArticleKind
    department: str
    state: ArticleState
    edition: int
    drafted_by: str
    drafted_at: datetime

    @classmethod
    def of(cls, row: ListedRow) -> "DraftLine":
        return cls(
            article_id=row.sk,
            title=row.title,
            kind=ArticleKind(row.article_kind),
            department=row.department,
            state=ArticleState(row.state),
            edition=int(row.edition),
            drafted_by=row.drafted_by,
            drafted_at=clock.china(row.drafted_at),
        )


class TermBody(Body, frozen=True, kw_only=True):
    """手册里的叫法，和人们平时的说法。"""

    term: Word
    said: Annotated[list[Word], msgspec.Meta(min_length=1, max_length=40)]


class TermsBody(Body, frozen=True, kw_only=True):
    """整份症状词表。"""

    terms: Annotated[list[TermBody], msgspec.Meta(max_length=MAX_TERMS)]

    def listed(self) -> list[Term]:
        return [Term(each.term, tuple(each.said)) for each in self.terms]


class TermView(Reading, frozen=True, kw_only=True):
    """一个词条。"""

    term: str
    said: list[str]


class TermsView(Reading, frozen=True, kw_only=True):
    """症状词表：搜“头晕出汗”时据此想到“低血糖”。"""

    terms: list[TermView]
    version: int

    @classmethod
    def of(cls, row: TermsRow) -> "TermsView":
        return cls(
            terms=[TermView(term=each.term, said=list(each.said)) for each in row.terms], version=int(row.version)
        )
