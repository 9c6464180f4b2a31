"""Sharing an order with family members."""

from typing import Any

from functions.accounts.actions import guests
from functions.accounts.api.declared import routes
from functions.accounts.rules.guests import GuestAccessEnded, MiniCodeUnavailable, TooManyGuestAccesses
from functions.accounts.schemas.guests import (
    GrantGuestAccess,
    GuestAccessGranted,
    GuestAccessList,
    GuestAccessQuery,
    GuestAccessView,
    GuestViewView,
    MiniCodeView,
)
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Accepted, Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.post(
    "/guest-accesses",
    summary="分享订单给家属",
    roles={Role.CLIENT},
    body=GrantGuestAccess,
    reply=GuestAccessGranted,
    status=201,
    effect=True,
    problems=(NotFound, TooManyGuestAccesses),
)
def grant_guest_access(call: Call[GrantGuestAccess]) -> GuestAccessGranted:
    """家属无需账号即可查看所选内容，到期或撤销后失效。"""
    shared = guests.grant(
        call.tx,
        order_id=call.body.order_id,
        client_id=call.caller.subject,
        scopes=call.body.scopes,
        expires_in_h=call.body.expires_in_h,
        label=call.body.label,
        max_uses=call.body.max_uses,
    )
    return GuestAccessGranted.of(shared)


@routes.get(
    "/guest-accesses",
    summary="订单的分享",
    roles={Role.CLIENT},
    query=GuestAccessQuery,
    reply=GuestAccessList,
    problems=(NotFound,),
)
def list_guest_accesses(call: Call[Any]) -> GuestAccessList:
    """含已失效的。"""
    granted = guests.list_granted(order_id=call.query.order_id, client_id=call.caller.subject)
    return GuestAccessList(items=[GuestAccessView.of(shared, call.now) for shared in granted])


@routes.delete(
    "/guest-accesses/{guest_access_id}",
    summary="撤销分享",
    roles={Role.CLIENT},
    reply=Accepted,
    problems=(NotFound,),
)
def revoke_guest_access(call: Call[Any], guest_access_id: str) -> Accepted:
    """立即生效，重复撤销无妨。"""
    guests.revoke(call.tx, guest_access_id=guest_access_id, client_id=call.caller.subject)
    return Accepted()


@routes.get(
    "/guest-accesses/{guest_access_id}/views",
    summary="谁看过分享",
    roles={Role.CLIENT},
    query=PageQuery,
    reply=Page[GuestViewView],
    problems=(NotFound, Invalid),
)
def list_guest_views(call: Call[Any], guest_access_id: str) -> Page[GuestViewView]:
    """最近的在前。"""
    rows, last = guests.list_views(
        guest_access_id=guest_access_id,
        client_id=call.caller.subject,
        limit=call.query.limit,
        after=decode_cursor(call.query.cursor),
    )
    return Page(items=[GuestViewView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/guest-accesses/{guest_access_id}/mini-code",
    summary="分享的小程序码",
    roles={Role.CLIENT},
    reply=MiniCodeView,
    problems=(NotFound, GuestAccessEnded, MiniCodeUnavailable),
)
def get_mini_code(call: Call[Any], guest_access_id: str) -> MiniCodeView:
    """家属扫码即可打开，无需账号。"""
    return MiniCodeView.of(
        guests.mini_code(guest_access_id=guest_access_id, client_id=call.caller.subject, now=call.now)
    )
