"""Where insurers are told, and what they were told."""

from pynamodb.attributes import UnicodeAttribute

from functions.insurance.rules.deliveries import DeliveryState
from functions.insurance.table.base import InsuranceRow
from functions.shared import crypto
from functions.shared.endpoints import Attempt
from functions.shared.table import InstantAttribute, JsonAttribute, Key, find, query_page

_SECRET = "secret"
_ROOM = "insurance"
_MAX_OF_ONE_INSURER = 50


class EndpointRow(InsuranceRow, discriminator="insurer_endpoint"):
    """Where an insurer wants to be told; its signing secret is encrypted under a key of its own."""

    endpoint_id = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    url = UnicodeAttribute()
    event_types: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    wrapped_key = UnicodeAttribute()
    secret = UnicodeAttribute()
    disabled_at = InstantAttribute(null=True)

    def hide_secret(self, secret: str) -> None:
        key = crypto.new_key(room=_ROOM, owner_id=self.endpoint_id)
        self.wrapped_key, self.secret = key.wrapped, key.encrypt(_SECRET, secret)

    def open_secret(self) -> str:
        key = crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.endpoint_id)
        return key.decrypt(_SECRET, self.secret)


class DeliveryRow(InsuranceRow, discriminator="webhook_delivery"):
    """One message to one endpoint, with every attempt; `body` never changes."""

    delivery_id = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    endpoint_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    body = UnicodeAttribute()
    state = UnicodeAttribute(default=DeliveryState.PENDING.value)
    attempts: JsonAttribute[tuple[Attempt, ...]] = JsonAttribute(tuple[Attempt, ...], default=())
    created_at = InstantAttribute()


def endpoint_key(insurer_id: str, endpoint_id: str) -> Key:
    return f"INSURER#{insurer_id}", f"ENDPOINT#{endpoint_id}"


def delivery_key(delivery_id: str) -> Key:
    return f"DELIVERY#{delivery_id}", "DELIVERY"


def find_endpoint(insurer_id: str, endpoint_id: str) -> EndpointRow | None:
    return find(EndpointRow, *endpoint_key(insurer_id, endpoint_id))


def endpoints_of(insurer_id: str) -> list[EndpointRow]:
    """The insurer's endpoints, also the disabled ones: one Query."""
    rows, _ = query_page(EndpointRow, f"INSURER#{insurer_id}", prefix="ENDPOINT#", limit=_MAX_OF_ONE_INSURER)
    return list(rows)


def find_delivery(delivery_id: str) -> DeliveryRow | None:
    return find(DeliveryRow, *delivery_key(delivery_id))
