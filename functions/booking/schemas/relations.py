"""Favourites and blocks."""

from typing import Annotated

from msgspec import Meta

from functions.booking.actions.relations import Liked
from functions.booking.rules.policy import Tier
from functions.booking.rules.relations import Relations
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class ListedCompanionView(Reading, frozen=True, kw_only=True):
    """名单上的一位陪诊师；已不在平台接单的没有姓名和等级。"""

    companion_id: str
    is_active: bool
    name: str | None
    tier: Tier | None
    rating_hundredths: int | None

    @classmethod
    def of(cls, liked: Liked) -> "ListedCompanionView":
        known = liked.companion
        return cls(
            companion_id=liked.companion_id,
            is_active=known is not None,
            name=known.display_name if known else None,
            tier=known.tier if known else None,
            rating_hundredths=known.rating_hundredths if known else None,
        )


class CompanionListView(Reading, frozen=True, kw_only=True):
    """最近添加的在前；名单有上限，不分页。"""

    items: list[ListedCompanionView]


class RefuseClient(Body, frozen=True):
    """不再接这位用户的单；理由只有客服能看到。"""

    reason: Annotated[str, Meta(min_length=2, max_length=200, pattern=r"\S")]


class RelationsView(Reading, frozen=True, kw_only=True):
    """客服查看：用户收藏、屏蔽了谁，被谁屏蔽。"""

    client_id: str
    favourites: list[str]
    blocks: list[str]
    blocked_by: list[str]

    @classmethod
    def of(cls, client_id: str, relations: Relations) -> "RelationsView":
        return cls(
            client_id=client_id,
            favourites=list(relations.favourites),
            blocks=list(relations.blocks),
            blocked_by=list(relations.blocked_by),
        )
