"""Sharing an order with family members (F11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.accounts import clients
from functions.accounts.events import GuestAccessRevoked
from functions.accounts.rules import guests as rules
from functions.accounts.rules.guests import GuestAccess, Scope, TooManyGuestAccesses
from functions.accounts.table import base, guests
from functions.shared import aws, ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

GUEST_PAGE = "pages/guest/index"
"""The mini program's page that a link or a mini code opens."""
_MOST_SHOWN = 100


@dataclass(frozen=True)
class SharedAccess:
    """A guest access with what opens it: computed from its id each time, stored nowhere."""

    access: GuestAccess
    token: str
    scene: str
    link: str


def grant(
    tx: Tx,
    *,
    order_id: str,
    client_id: str,
    scopes: Collection[Scope],
    expires_in_h: int,
    label: str,
    max_uses: int | None = None,
) -> SharedAccess:
    """Share the client's own order. NotFound for another client's, TooManyGuestAccesses."""
    _check_owner(order_id, client_id)
    access = GuestAccess(
        guest_access_id=ids.new("gst", tx.now),
        order_id=order_id,
        client_id=client_id,
        label=label,
        scopes=frozenset(scopes),
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=expires_in_h),
        revoked_at=None,
        max_uses=max_uses,
    )
    shared = _with_keys(access)
    tx.insert(guests.guest_access_row(access))
    for pointer in guests.pointer_rows(access, scene=shared.scene):
        tx.insert(pointer)
    tx.update(
        guests.guest_count_row(order_id),
        [guests.GuestCountRow.total.add(1)],
        condition=guests.guest_count_below(base.policy().guest_accesses_per_order),
        conflict=TooManyGuestAccesses(),
    )
    return shared


def list_granted(*, order_id: str, client_id: str) -> list[SharedAccess]:
    """Everything that was shared of the client's own order, ended ones included. NotFound for another client's."""
    _check_owner(order_id, client_id)
    return [_with_keys(access) for access in guests.guest_accesses_of(order_id, limit=_MOST_SHOWN)]


def revoke(tx: Tx, *, guest_access_id: str, client_id: str) -> None:
    """End it now; doing so again changes nothing. NotFound for another client's."""
    row = _own(guest_access_id, client_id)
    if row.revoked_at is None:
        row.revoked_at = tx.now
        tx.save(row)
        tx.emit(GuestAccessRevoked(guest_access_id=guest_access_id, order_id=row.order_id))


def note_look(tx: Tx, row: guests.GuestAccessRow, *, device_id: str, device: str) -> None:
    """A device exchanged the link for a token: count it the first time, and note that somebody looked. One read.

    Tokens last 15 minutes, so a device that goes on looking is noted again. Raises GuestAccessUsedUp.
    """
    policy = base.policy()
    known = guests.find_device(row.guest_access_id, device_id)
    if known is None or not device_id:
        row.to_guest_access().check_may_open()
        row.uses = int(row.uses) + 1
        tx.save(row)
    if known is not None and tx.now - known.last_viewed_at < timedelta(seconds=policy.guest_view_every_s):
        return
    ends_at = max(row.expires_at, tx.now) + timedelta(days=policy.guest_views_days)
    known = known or guests.GuestDeviceRow(*guests.device_key(row.guest_access_id, device_id))
    known.last_viewed_at, known.ttl = tx.now, ends_at
    tx.save(known)
    view = guests.GuestViewRow(*guests.view_key(row.guest_access_id, tx.now), viewed_at=tx.now, device=device)
    view.ttl = ends_at
    tx.insert(view)


def list_views(
    *, guest_access_id: str, client_id: str, limit: int, after: str | None
) -> tuple[Sequence[guests.GuestViewRow], str | None]:
    """Who looked when, newest first. NotFound for another client's."""
    _own(guest_access_id, client_id)
    return guests.views_of(guest_access_id, limit=limit, after=after)


def mini_code(*, guest_access_id: str, client_id: str, now: datetime) -> bytes:
    """The picture of the mini code that opens the access. NotFound, GuestAccessEnded, MiniCodeUnavailable."""
    from functions.accounts.gateways.wechat import WeChatError

    access = _own(guest_access_id, client_id).to_guest_access()
    access.check_open(now)
    try:
        return clients.wechat().mini_code(_with_keys(access).scene, GUEST_PAGE)
    except WeChatError as error:
        raise rules.MiniCodeUnavailable() from error


def _own(guest_access_id: str, client_id: str) -> guests.GuestAccessRow:
    row = guests.find_guest_access_by_id(guest_access_id)
    if row is None or row.client_id != client_id:
        raise NotFound()
    return row


def is_open(access: GuestAccess, now: datetime) -> bool:
    """Whether its link still opens anything."""
    return access.state(now) is rules.GuestAccessState.ACTIVE


def _check_owner(order_id: str, client_id: str) -> None:
    from functions.booking.actions import find_order

    if find_order(order_id).client_id != client_id:
        raise NotFound()


def _with_keys(access: GuestAccess) -> SharedAccess:
    key = clients.link_key()
    scene = rules.scene(access.guest_access_id, key)
    page = aws.parameter("public-urls").get("guest", GUEST_PAGE)
    return SharedAccess(access, rules.link_token(access.guest_access_id, key), scene, f"{page}?scene={scene}")
