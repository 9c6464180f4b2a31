"""Where insurers are told, and what they were told."""

from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.insurance.rules.deliveries import DeliveryState
from functions.insurance.table.base import InsuranceRow
from functions.shared import crypto
from functions.shared.endpoints import Attempt
from functions.shared.table import InstantAttribute, JsonAttribute, Key, find, find_all, query_page

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
    older_secret = UnicodeAttribute(null=True)
    older_until = InstantAttribute(null=True)
    """Until when the secret before the present one signs along."""
    disabled_at = InstantAttribute(null=True)
    failing_since = InstantAttribute(null=True)
    """The first failure after which nothing was taken."""
    sequence = NumberAttribute(default=0)
    """The number of its latest message."""

    def hide_secret(self, secret: str) -> None:
        key = crypto.new_key(room=_ROOM, owner_id=self.endpoint_id)
        self.wrapped_key, self.secret = key.wrapped, key.encrypt(_SECRET, secret)
        self.older_secret = self.older_until = None

    def replace_secret(self, secret: str, *, until: datetime) -> None:
        """Sign with another secret from now on, and until then with the present one too."""
        key = crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.endpoint_id)
        self.older_secret, self.older_until = self.secret, until
        self.secret = key.encrypt(_SECRET, secret)

    def open_secret(self) -> str:
        key = crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.endpoint_id)
        return key.decrypt(_SECRET, self.secret)

    def open_older_secret(self, now: datetime) -> str | None:
        """The secret before, as long as it signs along."""
        if self.older_secret is None or self.older_until is None or self.older_until <= now:
            return None
        key = crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.endpoint_id)
        return key.decrypt(_SECRET, self.older_secret)


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
    begun_again = NumberAttribute(default=0)
    """How many attempts were made before it was last asked for again."""


class DeliveryOfEndpointRow(InsuranceRow, discriminator="delivery_of_endpoint"):
    """A message in the log of its endpoint, by the time when it was written down."""

    delivery_id = UnicodeAttribute()


def endpoint_key(insurer_id: str, endpoint_id: str) -> Key:
    return f"INSURER#{insurer_id}", f"ENDPOINT#{endpoint_id}"


def delivery_key(delivery_id: str) -> Key:
    return f"DELIVERY#{delivery_id}", "DELIVERY"


def log_pk(endpoint_id: str) -> str:
    return f"DELIVERIES#{endpoint_id}"


def log_sk(at: datetime, sequence: int = 0) -> str:
    """By the time of writing down, then by the message's number."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}#{sequence:010d}"


def log_of(
    endpoint_id: str, *, since: datetime, until: datetime, limit: int, after: str | None
) -> tuple[list[DeliveryRow], str | None]:
    """A page of what an endpoint was told in a time, oldest first, and where to go on: a Query and a BatchGetItem."""
    low = f"{after} " if after else log_sk(since)
    high = log_sk(until)
    if low > high:
        return [], None
    found = DeliveryOfEndpointRow.query(
        log_pk(endpoint_id), DeliveryOfEndpointRow.sk.between(low, high), limit=limit, consistent_read=True
    )
    places = list(found)
    keys = [delivery_key(place.delivery_id) for place in places]
    rows = find_all(InsuranceRow, keys) if keys else {}
    page = [row for key in keys if isinstance(row := rows.get(key), DeliveryRow)]
    return page, str(places[-1].sk) if len(places) == limit else None


def find_endpoint(insurer_id: str, endpoint_id: str) -> EndpointRow | None:
    return find(EndpointRow, *endpoint_key(insurer_id, endpoint_id))


def endpoints_of(insurer_id: str) -> list[EndpointRow]:
    """The insurer's endpoints, also the disabled ones: one Query."""
    rows, _ = query_page(EndpointRow, f"INSURER#{insurer_id}", prefix="ENDPOINT#", limit=_MAX_OF_ONE_INSURER)
    return list(rows)


def find_delivery(delivery_id: str) -> DeliveryRow | None:
    return find(DeliveryRow, *delivery_key(delivery_id))
