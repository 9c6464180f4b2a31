"""Guest accesses, in the partition of their order; pointers lead there from a link or a mini code."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition, Or

from functions.accounts.rules.guests import GuestAccess, Scope
from functions.accounts.table.base import AccountsRow
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, Row, find, query_page


class GuestAccessRow(AccountsRow, discriminator="guest_access"):
    guest_access_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    label = UnicodeAttribute()
    scopes: JsonAttribute[frozenset[Scope]] = JsonAttribute(frozenset[Scope])
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    revoked_at = InstantAttribute(null=True)
    max_uses = NumberAttribute(null=True)
    uses = NumberAttribute(default=0)

    def to_guest_access(self) -> GuestAccess:
        return GuestAccess(
            guest_access_id=self.guest_access_id,
            order_id=self.order_id,
            client_id=self.client_id,
            label=self.label,
            scopes=self.scopes,
            created_at=self.created_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            max_uses=None if self.max_uses is None else int(self.max_uses),
            uses=int(self.uses),
        )


class GuestPointerRow(AccountsRow, discriminator="guest_pointer"):
    order_id = UnicodeAttribute()
    guest_access_id = UnicodeAttribute()


class GuestDeviceRow(AccountsRow, discriminator="guest_device"):
    """A device that opened the access, by the hash of its own id; devices without one share a row."""

    last_viewed_at = InstantAttribute()


class GuestViewRow(AccountsRow, discriminator="guest_view"):
    """Somebody looked; `device` is what the device calls itself."""

    viewed_at = InstantAttribute()
    device = UnicodeAttribute()


class GuestCountRow(AccountsRow, discriminator="guest_count"):
    total = NumberAttribute(default=0)


def guest_count_below(limit: int) -> Condition:
    """Whether the order may be shared once more."""
    return Or(Row.pk.does_not_exist(), GuestCountRow.total < limit)


def guest_access_row(access: GuestAccess) -> GuestAccessRow:
    return GuestAccessRow(
        f"ORDER#{access.order_id}",
        f"GUEST#{access.guest_access_id}",
        guest_access_id=access.guest_access_id,
        order_id=access.order_id,
        client_id=access.client_id,
        label=access.label,
        scopes=access.scopes,
        created_at=access.created_at,
        expires_at=access.expires_at,
        max_uses=access.max_uses,
        uses=access.uses,
    )


def pointer_rows(access: GuestAccess, *, scene: str) -> tuple[GuestPointerRow, GuestPointerRow]:
    """From the id, and from the scene of the mini code (of which only the hash is stored)."""
    order_id, id_ = access.order_id, access.guest_access_id
    return (
        GuestPointerRow(f"GUEST#{id_}", "POINTER", order_id=order_id, guest_access_id=id_),
        GuestPointerRow(_scene_pk(scene), "POINTER", order_id=order_id, guest_access_id=id_, ttl=access.expires_at),
    )


def guest_count_row(order_id: str) -> GuestCountRow:
    return GuestCountRow(f"ORDER#{order_id}", "GUESTS")


def find_guest_access(order_id: str, guest_access_id: str) -> GuestAccessRow | None:
    return find(GuestAccessRow, f"ORDER#{order_id}", f"GUEST#{guest_access_id}")


def find_guest_access_by_id(guest_access_id: str) -> GuestAccessRow | None:
    if not ids.is_id("gst", guest_access_id):
        return None
    return _follow(f"GUEST#{guest_access_id}")


def find_guest_access_by_scene(scene: str) -> GuestAccessRow | None:
    return _follow(_scene_pk(scene))


def guest_accesses_of(order_id: str, *, limit: int) -> list[GuestAccess]:
    """In the order in which they were granted."""
    rows, _ = query_page(GuestAccessRow, f"ORDER#{order_id}", prefix="GUEST#", limit=limit)
    return [row.to_guest_access() for row in rows]


def device_key(guest_access_id: str, device_id: str) -> tuple[str, str]:
    digest = hashlib.sha256(device_id.encode()).hexdigest()[:32] if device_id else "-"
    return f"GUEST#{guest_access_id}", f"DEVICE#{digest}"


def find_device(guest_access_id: str, device_id: str) -> GuestDeviceRow | None:
    return find(GuestDeviceRow, *device_key(guest_access_id, device_id))


def view_key(guest_access_id: str, at: datetime) -> tuple[str, str]:
    return f"GUEST#{guest_access_id}", ids.new("VIEW", at).replace("_", "#")


def views_of(guest_access_id: str, *, limit: int, after: str | None) -> tuple[Sequence[GuestViewRow], str | None]:
    """The newest first: one Query."""
    pk = f"GUEST#{guest_access_id}"
    return query_page(GuestViewRow, pk, prefix="VIEW#", limit=limit, after=after, newest_first=True)


def _follow(pointer_pk: str) -> GuestAccessRow | None:
    pointer = find(GuestPointerRow, pointer_pk, "POINTER")
    return find_guest_access(pointer.order_id, pointer.guest_access_id) if pointer else None


def _scene_pk(scene: str) -> str:
    return f"SCENE#{hashlib.sha256(scene.encode()).hexdigest()}"
