"""Claims: the claim itself, its place with its order and its insurer, and what insurers asked us before."""

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.insurance.rules.claims import ClaimFile, ClaimState, Step
from functions.insurance.table.base import InsuranceRow
from functions.shared import crypto, ids
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Key, find, query_page

_ROOM = "insurance"
_MOST = 50


class ClaimRow(InsuranceRow, discriminator="insurance_claim"):
    """One claim. Story, messages shown and reasons are sealed under a key of the claim's own."""

    claim_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    policy_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    peril = UnicodeAttribute()
    peril_title = UnicodeAttribute()
    amount_fen = FenAttribute()
    limit_fen = FenAttribute()
    deductible_fen = FenAttribute(default=0)
    state = UnicodeAttribute()
    steps: JsonAttribute[tuple[Step, ...]] = JsonAttribute(tuple[Step, ...])
    messages: JsonAttribute[tuple[int, ...]] = JsonAttribute(tuple[int, ...], default=())
    files: JsonAttribute[tuple[ClaimFile, ...]] = JsonAttribute(tuple[ClaimFile, ...], default=())
    wrapped_key = UnicodeAttribute()
    sealed_story = UnicodeAttribute()
    digest = UnicodeAttribute(null=True)
    sealed_items = UnicodeAttribute(null=True)
    sealed_request = UnicodeAttribute(null=True)
    sealed_reason = UnicodeAttribute(null=True)
    sealed_appeal = UnicodeAttribute(null=True)
    appealed_at = InstantAttribute(null=True)
    approved_fen = FenAttribute(null=True)
    paid_fen = FenAttribute(null=True)
    payment_reference = UnicodeAttribute(null=True)
    submissions = NumberAttribute(default=0)

    @property
    def at(self) -> ClaimState:
        return ClaimState(self.state)

    def key(self) -> crypto.DataKey:
        return crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.claim_id)

    def seal(self, name: str, text: str) -> str:
        return self.key().encrypt(name, text)

    def opened(self, name: str, sealed: str | None) -> str | None:
        return self.key().decrypt(name, sealed) if sealed is not None else None


class ClaimOfOrderRow(InsuranceRow, discriminator="claim_of_order"):
    """Which claim an order has for a peril."""

    claim_id = UnicodeAttribute()


class ClaimOfInsurerRow(InsuranceRow, discriminator="claim_of_insurer"):
    """A claim that an insurer was given in a month."""

    claim_id = UnicodeAttribute()


class AskedRow(InsuranceRow, discriminator="insurer_request"):
    """What an insurer asked under a number of its own, and what it was answered."""

    fingerprint = UnicodeAttribute()
    reply = UnicodeAttribute()


def new_claim_row(claim_id: str, *, story: str) -> ClaimRow:
    """An empty claim with its key and its story."""
    key = crypto.new_key(room=_ROOM, owner_id=claim_id)
    row = ClaimRow(*claim_key(claim_id), claim_id=claim_id, wrapped_key=key.wrapped, steps=())
    row.sealed_story = key.encrypt("story", story)
    return row


def claim_key(claim_id: str) -> Key:
    return f"CLAIM#{claim_id}", "CLAIM"


def claim_of_order_key(order_id: str, peril: str) -> Key:
    return f"ORDER#{order_id}", f"CLAIM#{peril}"


def claim_of_insurer_key(insurer_id: str, month: str, claim_id: str) -> Key:
    return f"CLAIMS#{insurer_id}#{month}", claim_id


def asked_key(insurer_id: str, request_id: str) -> Key:
    return f"ASKED#{insurer_id}#{request_id}", "ASKED"


def find_claim(claim_id: str) -> ClaimRow | None:
    return find(ClaimRow, *claim_key(claim_id)) if ids.is_id("clm", claim_id) else None


def find_claim_of_order(order_id: str, peril: str) -> ClaimOfOrderRow | None:
    return find(ClaimOfOrderRow, *claim_of_order_key(order_id, peril))


def claims_of_order(order_id: str) -> Sequence[ClaimOfOrderRow]:
    """One Query."""
    rows, _ = query_page(ClaimOfOrderRow, f"ORDER#{order_id}", prefix="CLAIM#", limit=_MOST)
    return rows


def found_claims_of_order(order_id: str) -> list[ClaimRow]:
    """The claims themselves: a Query, and a read for each, of which there are few."""
    found = [find_claim(each.claim_id) for each in claims_of_order(order_id)]
    return [claim for claim in found if claim is not None]


def claims_of_insurer(
    insurer_id: str, month: str, *, limit: int, after: str | None
) -> tuple[Sequence[ClaimOfInsurerRow], str | None]:
    """What an insurer was given in a China month, oldest first: one Query."""
    return query_page(ClaimOfInsurerRow, f"CLAIMS#{insurer_id}#{month}", limit=limit, after=after)


def find_asked(insurer_id: str, request_id: str) -> AskedRow | None:
    return find(AskedRow, *asked_key(insurer_id, request_id))
