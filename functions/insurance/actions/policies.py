"""Products on offer, and the policy of an order (F36)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.insurance import table
from functions.insurance.events import PolicyEndorsed, PolicyIssued, PolicySurrendered
from functions.insurance.rules.claims import was_handed_in
from functions.insurance.rules.policies import (
    Change,
    Peril,
    Policy,
    PolicyState,
    Product,
    ProductUnknown,
    Visit,
    endorsement_of,
    move_policy,
    premium_back_fen,
)
from functions.insurance.table import PolicyRow, claims
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_NEWS_KEPT = timedelta(days=2)
"""Longer than a payment's event may be late."""


def products() -> list[Product]:
    """Everything that is on offer."""
    return table.products()


def find_default_product() -> Product | None:
    """What a client gets who ticks insurance at the quote, up to a minute old; None while nothing is on offer."""
    return table.kept_product(table.thresholds().default_product_id)


def find_product(product_id: str) -> Product | None:
    """A product, up to a minute old."""
    return table.kept_product(product_id)


def put_product(
    tx: Tx,
    *,
    id: str,
    name: str,
    insurer_id: str,
    premium_fen: int,
    wording_version: str,
    summary: str,
    perils: Iterable[Mapping[str, Any]],
    wording: str = "",
    waiting_h: int = 0,
    filing_days: int = 30,
) -> Product:
    """Offer or replace a product, in the shape of the seed. Policies issued before keep what they were issued with."""
    product = Product(
        product_id=id,
        name=name,
        insurer_id=insurer_id,
        premium_fen=premium_fen,
        wording_version=wording_version,
        summary=summary,
        perils=tuple(Peril(**{**peril, "evidence": tuple(peril.get("evidence", ()))}) for peril in perils),
        wording=wording,
        waiting_h=waiting_h,
        filing_days=filing_days,
    )
    table.save_product(tx, product)
    return product


def issue_policy(
    tx: Tx,
    *,
    order_id: str,
    client_id: str,
    product_id: str,
    premium_fen: int,
    starts_at: datetime,
    ends_at: datetime,
    companion_id: str = "",
) -> None:
    """Cover a paid order from now on, once; the premium is the one the client paid.

    What was heard of the order before counts: another companion or time, its closing. Raises ProductUnknown: the event
    is then delivered again, and a person looks at what stays.
    """
    known, news = table.find_policy_and_news(order_id)
    if known is not None:
        return
    product = table.find_product(product_id)
    if product is None:
        raise ProductUnknown(product_id)
    row = table.policy_row(
        policy_id=ids.derived("pol", order_id),
        order_id=order_id,
        client_id=client_id,
        product=product,
        premium_fen=premium_fen,
        starts_at=starts_at,
        ends_at=ends_at,
        issued_at=tx.now,
        companion_id=companion_id,
    )
    if news.visit is not None:
        row.companion_id = news.visit.companion_id or companion_id
        row.starts_at, row.ends_at = news.visit.starts_at, news.visit.ends_at
        row.revision = news.visit.revision
    if news.closed_at is not None:
        _end(tx, row, is_claimed=False)
    tx.insert(row)
    _expire_later(tx, row)
    tx.emit(
        PolicyIssued(
            policy_id=row.policy_id,
            order_id=order_id,
            client_id=client_id,
            product_id=product_id,
            insurer_id=product.insurer_id,
            premium_fen=premium_fen,
        )
    )


def find_policy(order_id: str, *, client_id: str | None) -> Policy:
    """The order's policy; NotFound if there is none or it is not `client_id`'s (None: staff)."""
    row = table.find_policy(order_id)
    if row is None or client_id not in (None, row.client_id):
        raise NotFound()
    return row.to_policy()


def note_visit(tx: Tx, order_id: str, visit: Visit) -> None:
    """Somebody else accompanies, or at another time: the policy is endorsed, and its insurer told (B14). One read."""
    row, news = table.find_policy_and_news(order_id)
    if row is None:
        if news.visit is None or news.visit.revision <= visit.revision:
            news.visit, news.ttl = visit, tx.now + _NEWS_KEPT
            tx.save(news)
        return
    policy = row.to_policy()
    if not policy.is_in_force or visit.revision < row.revision:
        return
    endorsement = endorsement_of(policy, visit, at=tx.now)
    if endorsement is None:
        return
    row.state = move_policy(policy.state, PolicyState.ENDORSED)
    row.endorsements = (*row.endorsements, endorsement)
    row.companion_id, row.revision = endorsement.companion_id, visit.revision
    row.starts_at, row.ends_at = endorsement.starts_at, endorsement.ends_at
    tx.save(row)
    if Change.TIME in endorsement.changes:
        _expire_later(tx, row)
    tx.emit(
        PolicyEndorsed(policy_id=row.policy_id, order_id=order_id, insurer_id=row.insurer_id, number=endorsement.number)
    )


def surrender(tx: Tx, order_id: str) -> None:
    """The order ended without a visit: its cover ends, and the premium comes back unless a claim was handed in.

    One read, and the claims.
    """
    row, news = table.find_policy_and_news(order_id)
    if row is None:
        news.closed_at, news.ttl = tx.now, tx.now + _NEWS_KEPT
        tx.save(news)
    elif row.to_policy().is_in_force:
        is_claimed = any(was_handed_in(claim.at) for claim in claims.found_claims_of_order(order_id))
        _end(tx, row, is_claimed=is_claimed)
        tx.save(row)


def expire(tx: Tx, order_id: str) -> None:
    """Nothing can be claimed any more; a policy that was moved meanwhile has a later timer of its own."""
    row = table.find_policy(order_id)
    if row is not None and row.to_policy().is_in_force and row.to_policy().filing_until <= tx.now:
        row.state, row.ended_at = move_policy(PolicyState(row.state), PolicyState.EXPIRED), tx.now
        tx.save(row)


def _end(tx: Tx, row: PolicyRow, *, is_claimed: bool) -> None:
    row.state = move_policy(PolicyState(row.state), PolicyState.SURRENDERED)
    row.ended_at = tx.now
    row.premium_back_fen = premium_back_fen(int(row.premium_fen), is_claimed=is_claimed)
    tx.emit(
        PolicySurrendered(
            policy_id=row.policy_id,
            order_id=row.order_id,
            insurer_id=row.insurer_id,
            premium_kept_fen=row.premium_fen - row.premium_back_fen,
        )
    )


def _expire_later(tx: Tx, row: PolicyRow) -> None:
    # A schedule has whole seconds: rounded up, so that the timer is never early.
    due_at = (row.to_policy().filing_until + timedelta(seconds=1)).replace(microsecond=0)
    tx.schedule(Timer(room="insurance", kind="policy_expires", subject=row.order_id, due_at=due_at))
