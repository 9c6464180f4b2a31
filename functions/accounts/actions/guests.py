"""Sharing an order with family members (F11)."""

from collections.abc import Collection
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
    tx: Tx, *, order_id: str, client_id: str, scopes: Collection[Scope], expires_in_h: int, label: str
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
    row = guests.find_guest_access_by_id(guest_access_id)
    if row is None or row.client_id != client_id:
        raise NotFound()
    if row.revoked_at is None:
        row.revoked_at = tx.now
        tx.save(row)
        tx.emit(GuestAccessRevoked(guest_access_id=guest_access_id, order_id=row.order_id))


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
