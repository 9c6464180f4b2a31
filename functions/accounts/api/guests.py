"""Sharing an order with family members."""

from typing import Any

from functions.accounts.actions import guests
from functions.accounts.api.declared import routes
from functions.accounts.rules.guests import TooManyGuestAccesses
from functions.accounts.schemas.guests import (
    GrantGuestAccess,
    GuestAccessGranted,
    GuestAccessList,
    GuestAccessQuery,
    GuestAccessView,
)
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Accepted, Call


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
