"""Routes: staff's work on the catalogue. Agents read; administrators write."""

import re
from typing import Any

from functions.booking.actions import catalogue_admin as actions
from functions.booking.actions.catalogue_admin import CatalogueFull, Item, VersionPublished, VersionUnpublished
from functions.booking.api.declared import matched, routes
from functions.booking.rules.catalogue import CatalogueGap, Kind, VersionOverlap
from functions.booking.schemas.catalogue_admin import (
    DraftVersion,
    PreviewQuery,
    PreviewView,
    PublishedView,
    PublishVersion,
    ShelfQuery,
    ValidationQuery,
    ValidationView,
    VersionView,
)
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, Page, PageQuery, encode_cursor

_READERS = {Role.ADMIN, Role.AGENT}
_VERSIONS = "/catalogue/{kind}/{item_id}/versions"
_ITEM_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION_CURSOR = re.compile(r"ver_[0-9A-Z]{26}")


@routes.get(
    "/catalogue/published",
    summary="已发布的价目与流程",
    roles=_READERS,
    query=ShelfQuery,
    reply=Page[PublishedView],
    problems=(Invalid,),
)
def list_published(call: Call[Any]) -> Page[PublishedView]:
    """只列该范围自己的版本：正在生效的和将要生效的。"""
    found = actions.list_published(call.query.scope())
    return Page(items=[PublishedView.of(kind, version) for kind, version in found])


@routes.get(
    "/catalogue/preview",
    summary="试算一单",
    roles=_READERS,
    query=PreviewQuery,
    reply=PreviewView,
    problems=(Invalid, NotFound),
)
def preview_order(call: Call[Any]) -> PreviewView:
    """这一单在那一天多少钱、走哪套流程，每一行由哪个范围的哪个版本决定；可带上一个还没发布的版本。"""
    return PreviewView.of(actions.preview(call.query.asked()))


@routes.get(
    _VERSIONS, summary="版本历史", roles=_READERS, query=PageQuery, reply=Page[VersionView], problems=(NotFound,)
)
def list_catalogue_versions(call: Call[Any], kind: str, item_id: str) -> Page[VersionView]:
    """一个项目在各范围的全部版本，最近起草的在前。"""
    after = matched(_VERSION_CURSOR, call.query.cursor)
    rows, last = actions.list_versions(_item(kind, item_id), limit=call.query.limit, after=after and after[0])
    return Page(items=[VersionView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.post(
    _VERSIONS,
    summary="起草版本",
    roles={Role.ADMIN},
    body=DraftVersion,
    reply=VersionView,
    status=201,
    effect=True,
    problems=(Invalid, NotFound),
)
def draft_catalogue_version(call: Call[DraftVersion], kind: str, item_id: str) -> VersionView:
    """起草不影响任何报价；内容起草后不再修改，改动请另起草。"""
    item, body = _item(kind, item_id), call.body
    row = actions.draft_version(
        call.tx,
        author=call.caller.subject,
        item=item,
        scope=body.scope.scope(),
        content=body.said(item),
        note=body.note,
    )
    return VersionView.of(row)


@routes.get(_VERSIONS + "/{version_id}", summary="查看版本", roles=_READERS, reply=VersionView, problems=(NotFound,))
def get_catalogue_version(call: Call[Any], kind: str, item_id: str, version_id: str) -> VersionView:
    """含起草人、发布人和内容。"""
    return VersionView.of(actions.find_version(_item(kind, item_id), version_id))


@routes.get(
    _VERSIONS + "/{version_id}/validation",
    summary="校验版本",
    roles=_READERS,
    query=ValidationQuery,
    reply=ValidationView,
    problems=(NotFound,),
)
def validate_catalogue_version(call: Call[Any], kind: str, item_id: str, version_id: str) -> ValidationView:
    """若从那一天起生效，会有哪些套餐没有价格、流程走不通等；发布时会再校验一次。"""
    found = actions.check_version(
        _item(kind, item_id), version_id, effective_from=call.query.effective_from, now=call.now
    )
    return ValidationView.of(found)


@routes.post(
    _VERSIONS + "/{version_id}/publish",
    summary="发布版本",
    roles={Role.ADMIN},
    body=PublishVersion,
    reply=VersionView,
    effect=True,
    problems=(Invalid, NotFound, VersionPublished, VersionOverlap, CatalogueGap, CatalogueFull),
)
def publish_catalogue_version(call: Call[PublishVersion], kind: str, item_id: str, version_id: str) -> VersionView:
    """校验通过后，从那一天起的就诊按它报价（一分钟内生效）；已有的报价和订单不变。"""
    row = actions.publish_version(
        call.tx,
        actor=call.caller.subject,
        item=_item(kind, item_id),
        version_id=version_id,
        effective_from=call.body.effective_from,
        reason=call.body.reason,
    )
    return VersionView.of(row)


@routes.post(
    _VERSIONS + "/{version_id}/rollback",
    summary="回滚到版本",
    roles={Role.ADMIN},
    body=PublishVersion,
    reply=VersionView,
    status=201,
    effect=True,
    problems=(Invalid, NotFound, VersionUnpublished, CatalogueGap, CatalogueFull),
)
def roll_back_catalogue_version(call: Call[PublishVersion], kind: str, item_id: str, version_id: str) -> VersionView:
    """发布一个与旧版本内容相同的新版本；同一范围同一天生效的版本由它撤换。"""
    row = actions.roll_back(
        call.tx,
        actor=call.caller.subject,
        item=_item(kind, item_id),
        version_id=version_id,
        effective_from=call.body.effective_from,
        reason=call.body.reason,
    )
    return VersionView.of(row)


def _item(kind: str, item_id: str) -> Item:
    if kind not in set(Kind) or not _ITEM_ID.fullmatch(item_id):
        raise NotFound()
    return Item(Kind(kind), item_id)
