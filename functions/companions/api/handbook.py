"""The handbook's routes (F24): reading for companions, editing for staff."""

import re
from typing import Any

from functions.companions.actions import handbook
from functions.companions.api.declared import routes
from functions.companions.rules.handbook import ArticleExists, ArticleInvalid, NothingToPublish
from functions.companions.rules.handbook_search import TermsInvalid
from functions.companions.schemas.handbook import (
    ArticleView,
    DraftBody,
    DraftLine,
    DraftView,
    HandbookLine,
    HandbookQuery,
    NewDraftBody,
    PublishBody,
    RollBackBody,
    TermsBody,
    TermsView,
    WithdrawBody,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import FieldError, Invalid, NotFound, PreconditionFailed
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor

_READERS = {Role.COMPANION, *STAFF}
_EDITORS = {Role.AGENT, Role.ADMIN}
_PLACE = re.compile(r"\d{1,4}")


@routes.get("/handbook", summary="查手册", roles=_READERS, query=HandbookQuery, reply=Page[HandbookLine])
def search_handbook(call: Call[Any]) -> Page[HandbookLine]:
    """科室指南与急救卡，按相关程度排列；最多滞后一分钟。"""
    query: HandbookQuery = call.query
    at = decode_cursor(query.cursor)
    at = "0" if at is None else at
    if not _PLACE.fullmatch(at):
        raise Invalid(errors=(FieldError("cursor", "分页游标无效，请从第一页重新开始"),))
    hits, more = handbook.search_handbook(
        query=query.q, kind=query.kind, department=query.department, limit=query.limit, skip=int(at)
    )
    following = encode_cursor(str(int(at) + query.limit)) if more else None
    return Page(items=[HandbookLine.of(hit) for hit in hits], next_cursor=following)


@routes.get("/handbook/{article_id}", summary="读一篇手册", roles=_READERS, reply=ArticleView, problems=(NotFound,))
def read_article(call: Call[Any], article_id: str) -> ArticleView:
    """正文是 Markdown 纯文本；最多滞后一分钟。"""
    return ArticleView.of(article_id, handbook.read_article(article_id))


@routes.get("/handbook-drafts", summary="手册编辑列表", roles=STAFF, query=PageQuery, reply=Page[DraftLine])
def list_drafts(call: Call[Any]) -> Page[DraftLine]:
    """含草稿和已撤下的，按编号排列。"""
    rows, last = handbook.list_articles(limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[DraftLine.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.post(
    "/handbook-drafts",
    summary="新建手册草稿",
    roles=_EDITORS,
    body=NewDraftBody,
    reply=DraftView,
    status=201,
    effect=True,
    problems=(ArticleInvalid, ArticleExists),
)
def create_draft(call: Call[NewDraftBody]) -> DraftView:
    """发布之前陪诊师看不到。急救卡的第一句必须是拨打 120。"""
    body = call.body
    row = handbook.create_draft(call.tx, article_id=body.article_id, content=body.content(), actor=call.caller.subject)
    return DraftView.of(row)


@routes.get("/handbook-drafts/{article_id}", summary="编辑用的手册", roles=STAFF, reply=DraftView, problems=(NotFound,))
def read_draft(call: Call[Any], article_id: str) -> DraftView:
    """草稿、发布过的各版和修改记录。"""
    return DraftView.of(*handbook.read_draft(article_id))


@routes.put(
    "/handbook-drafts/{article_id}",
    summary="修改手册草稿",
    roles=_EDITORS,
    body=DraftBody,
    reply=DraftView,
    versioned=True,
    problems=(NotFound, ArticleInvalid, PreconditionFailed),
)
def edit_draft(call: Call[DraftBody], article_id: str) -> DraftView:
    """已发布的内容不变，直到再次发布。"""
    row = handbook.edit_draft(
        call.tx,
        article_id=article_id,
        content=call.body.content(),
        version=call.if_match,
        actor=call.caller.subject,
    )
    return DraftView.of(row)


@routes.post(
    "/handbook-drafts/{article_id}/publish",
    summary="发布手册",
    roles=_EDITORS,
    body=PublishBody,
    reply=DraftView,
    effect=True,
    problems=(NotFound, PreconditionFailed, NothingToPublish),
)
def publish(call: Call[PublishBody], article_id: str) -> DraftView:
    """发布 `version` 所指的草稿；其间有人改过则拒绝。"""
    body = call.body
    row = handbook.publish(
        call.tx, article_id=article_id, version=body.version, note=body.note, actor=call.caller.subject
    )
    return DraftView.of(row)


@routes.post(
    "/handbook-drafts/{article_id}/rollback",
    summary="回到先前的一版",
    roles=_EDITORS,
    body=RollBackBody,
    reply=DraftView,
    effect=True,
    problems=(NotFound, NothingToPublish),
)
def roll_back(call: Call[RollBackBody], article_id: str) -> DraftView:
    """先前的内容作为新的一版发布；草稿也变成它。"""
    row = handbook.roll_back(
        call.tx,
        article_id=article_id,
        number=call.body.edition,
        reason=call.body.reason,
        actor=call.caller.subject,
    )
    return DraftView.of(row)


@routes.post(
    "/handbook-drafts/{article_id}/withdraw",
    summary="撤下手册",
    roles=_EDITORS,
    body=WithdrawBody,
    reply=DraftView,
    effect=True,
    problems=(NotFound, NothingToPublish),
)
def withdraw(call: Call[WithdrawBody], article_id: str) -> DraftView:
    """陪诊师不再查到；各版保留，可再次发布。"""
    row = handbook.withdraw(call.tx, article_id=article_id, reason=call.body.reason, actor=call.caller.subject)
    return DraftView.of(row)


@routes.get("/handbook-terms", summary="症状词表", roles=STAFF, reply=TermsView)
def read_terms(call: Call[Any]) -> TermsView:
    """平时的说法与手册叫法的对应。"""
    return TermsView.of(handbook.read_terms())


@routes.put(
    "/handbook-terms",
    summary="修改症状词表",
    roles=_EDITORS,
    body=TermsBody,
    reply=TermsView,
    versioned=True,
    problems=(TermsInvalid, PreconditionFailed),
)
def edit_terms(call: Call[TermsBody]) -> TermsView:
    """整份替换，一分钟内生效。"""
    row = handbook.edit_terms(call.tx, terms=call.body.listed(), version=call.if_match, actor=call.caller.subject)
    return TermsView.of(row)
