"""Subsidies and coupons on a quote and on its order: worked out, reserved, consumed, given back (F5, F6).

A quote freezes its discounts together with a plan: which coupon, how much out of which shard of which budget. Placing
the order executes the plan by conditional updates in the order's own transaction and reads nothing more; so no budget
is overspent and no coupon used twice, whoever else is ordering.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from functions.booking.rules import discounts as rules
from functions.booking.rules import pricing
from functions.booking.rules.coupons import Coupon, CouponGone, CouponState
from functions.booking.rules.discounts import Chosen, Plan, PlanState, SubsidyUse
from functions.booking.rules.pricing import Price
from functions.booking.rules.shards import draw
from functions.booking.rules.subsidies import Entitlement, SubsidyExhausted
from functions.booking.table import OrderRow, QuoteRow
from functions.booking.table import coupons as coupon_rows
from functions.booking.table import subsidies as subsidy_rows
from functions.booking.table.coupons import CouponRow
from functions.booking.table.subsidies import BudgetRow, GrantRow, YearRow
from functions.shared.clock import china, service_date
from functions.shared.errors import FieldError, Invalid
from functions.shared.tx import Tx


@dataclass(frozen=True)
class Visit:
    """What decides which discounts apply."""

    client_id: str
    patient_id: str
    hospital_id: str
    package_id: str
    starts_at: datetime


@dataclass(frozen=True)
class Discounted:
    """A price after discounts, with what an order on it will reserve."""

    price: Price
    plan: Plan | None
    expires_at: datetime | None
    """When the coupon in it ends, and with it the price; None without a coupon."""


@dataclass(frozen=True)
class Weighed:
    """One coupon against one visit: why it cannot be used, or what it takes off."""

    coupon: Coupon
    why_not: str | None
    amount_fen: int


@dataclass(frozen=True)
class Offered:
    """What the client could use on a quote, and what would be best."""

    coupons: Sequence[Weighed]
    best: Chosen
    applied_coupon_id: str | None


@dataclass(frozen=True)
class _Wallet:
    entitlements: tuple[Entitlement, ...]
    """Those that apply to the visit."""
    coupons: tuple[Weighed, ...]

    @property
    def usable(self) -> tuple[Coupon, ...]:
        return tuple(each.coupon for each in self.coupons if each.why_not is None)


def discount(
    gross: Price, visit: Visit, *, quote_id: str, coupon_ids: Sequence[str] | None, now: datetime
) -> Discounted:
    """`gross` with the subsidies that the patient was granted and a coupon.

    `coupon_ids`: None takes the best combination, an empty list no coupon, one id that coupon. Invalid (with the
    reason) if that one cannot be used. One Query; a patient with a subsidy costs a BatchGet more.
    """
    wallet = _open(gross, visit, now)
    if coupon_ids is None:
        chosen = rules.choose(gross, wallet.entitlements, wallet.usable)
    elif not coupon_ids:
        chosen = rules.choose(gross, wallet.entitlements, ())
    else:
        chosen = rules.choose(gross, wallet.entitlements, (_named(wallet, coupon_ids[0]),), with_coupon=True)
        if chosen.coupon is None:
            raise _refused("这张券在本次报价中没有优惠")
    if not chosen.discounts:
        return Discounted(gross, None, None)
    plan = Plan(
        subsidies=tuple(_uses(chosen, quote_id, visit)),
        coupon_id=chosen.coupon.coupon_id if chosen.coupon else None,
    )
    expires_at = chosen.coupon.expires_at if chosen.coupon else None
    return Discounted(pricing.discounted(gross, chosen.discounts), plan, expires_at)


def list_coupons(quote: QuoteRow, now: datetime) -> Offered:
    """Every coupon of the client that is not over, against this quote, and the best that could be done."""
    gross = _without_discounts(quote.price)
    visit = Visit(quote.client_id, quote.patient_id, quote.hospital_id, quote.package_id, quote.starts_at)
    wallet = _open(gross, visit, now)
    plan = quote.discount_plan
    return Offered(
        coupons=sorted(wallet.coupons, key=lambda each: (each.why_not is not None, -each.amount_fen)),
        best=rules.choose(gross, wallet.entitlements, wallet.usable),
        applied_coupon_id=plan.coupon_id if plan else None,
    )


def reserve(tx: Tx, order: OrderRow) -> None:
    """Hold the order's discounts while it waits to be paid. The caller writes the order.

    SubsidyExhausted or CouponGone at commit if somebody else has used them up since the quote.
    """
    plan = order.discount_plan
    if plan is None:
        return
    order.discount_state = PlanState.RESERVED
    for use in plan.subsidies:
        for each in use.draws:
            tx.update(
                BudgetRow(*subsidy_rows.budget_key(use.programme_id, each.shard)),
                [BudgetRow.left_fen.add(-each.amount), BudgetRow.reserved_fen.add(each.amount)],
                condition=BudgetRow.left_fen >= each.amount,
                conflict=SubsidyExhausted(),
            )
        _use_year(tx, use)
    if plan.coupon_id:
        _move_coupon(tx, order, plan.coupon_id, CouponState.UNUSED, CouponState.RESERVED)


def consume(tx: Tx, order: OrderRow) -> None:
    """The order was paid: what was held is spent. The caller writes the order."""
    plan = order.discount_plan
    if plan is None or order.discount_state is not PlanState.RESERVED:
        return
    order.discount_state = PlanState.CONSUMED
    for use in plan.subsidies:
        for each in use.draws:
            tx.update(
                BudgetRow(*subsidy_rows.budget_key(use.programme_id, each.shard)),
                [BudgetRow.reserved_fen.add(-each.amount), BudgetRow.spent_fen.add(each.amount)],
            )
    if plan.coupon_id:
        _move_coupon(tx, order, plan.coupon_id, CouponState.RESERVED, CouponState.USED)


def restore(tx: Tx, order: OrderRow) -> None:
    """The order ended without a visit: what was held or spent is free again. The caller writes the order."""
    plan, state = order.discount_plan, order.discount_state
    if plan is None or state not in _TAKEN_FROM:
        return
    order.discount_state = PlanState.RESTORED
    column, coupon_state = _TAKEN_FROM[state]
    for use in plan.subsidies:
        for each in use.draws:
            tx.update(
                BudgetRow(*subsidy_rows.budget_key(use.programme_id, each.shard)),
                [column.add(-each.amount), BudgetRow.left_fen.add(each.amount)],
            )
        if use.year is not None:
            key = subsidy_rows.year_key(use.programme_id, use.patient_id, use.year)
            tx.update(YearRow(*key), [YearRow.used_fen.add(-use.amount_fen)])
    if plan.coupon_id:
        _move_coupon(tx, order, plan.coupon_id, coupon_state, CouponState.UNUSED)


_TAKEN_FROM = {
    PlanState.RESERVED: (BudgetRow.reserved_fen, CouponState.RESERVED),
    PlanState.CONSUMED: (BudgetRow.spent_fen, CouponState.USED),
}
"""Where an order's discounts are in each state, so that they can be given back from there."""


def _open(gross: Price, visit: Visit, now: datetime) -> _Wallet:
    from functions.hospitals import actions as hospitals

    city = hospitals.find_hospital(visit.hospital_id).city
    coupons, grants = coupon_rows.wallet(visit.client_id, now)
    base_fen = rules.base_fen(gross)
    entitlements = _entitlements([grant for grant in grants if grant.patient_id == visit.patient_id], city, visit)
    weighed = []
    for row in coupons:
        coupon = row.at(now)
        why_not = coupon.why_not(package_id=visit.package_id, city=city, base_fen=base_fen)
        amount_fen = 0
        if why_not is None:
            with_it = rules.choose(gross, entitlements, (coupon,), with_coupon=True)
            amount_fen = sum(each.amount_fen for each in with_it.discounts if each.source_id == coupon.coupon_id)
            why_not = None if amount_fen else "本次报价已无可再减的金额"
        weighed.append(Weighed(coupon, why_not, amount_fen))
    return _Wallet(entitlements, tuple(weighed))


def _entitlements(grants: Iterable[GrantRow], city: str, visit: Visit) -> tuple[Entitlement, ...]:
    visit_on, found = service_date(visit.starts_at), []
    for grant in grants:
        programme = subsidy_rows.programme(grant.programme_id)
        if programme is not None:
            entitlement = Entitlement(grant.grant_id, grant.patient_id, programme, grant.valid_until)
            if entitlement.why_not(city=city, visit_on=visit_on) is None:
                found.append(entitlement)
    if not found:
        return ()
    budgets, used = subsidy_rows.budgets_and_years(
        [each.programme for each in found], visit.patient_id, _year_of(visit)
    )
    return tuple(
        Entitlement(
            each.grant_id,
            each.patient_id,
            each.programme,
            each.valid_until,
            used_in_year_fen=used[each.programme.id],
            left_fen=tuple(row.left_fen for row in budgets[each.programme.id]),
        )
        for each in found
    )


def _year_of(visit: Visit) -> int:
    return china(visit.starts_at).year


def _uses(chosen: Chosen, quote_id: str, visit: Visit) -> Iterable[SubsidyUse]:
    for entitlement, taken in zip(chosen.entitlements, chosen.discounts, strict=False):
        programme = entitlement.programme
        first = zlib.crc32(quote_id.encode()) % programme.shards
        draws = draw(entitlement.left_fen, taken.amount_fen, first=first)
        assert draws is not None, "an entitlement gives no more than its budget holds"
        by_year = rules.uses_year(entitlement)
        yield SubsidyUse(
            grant_id=entitlement.grant_id,
            programme_id=programme.id,
            patient_id=entitlement.patient_id,
            draws=draws,
            year=_year_of(visit) if by_year else None,
            year_cap_fen=programme.cap_fen if by_year else 0,
        )


def _named(wallet: _Wallet, coupon_id: str) -> Coupon:
    for each in wallet.coupons:
        if each.coupon.coupon_id == coupon_id:
            if each.why_not is not None:
                raise _refused(each.why_not)
            return each.coupon
    raise _refused("没有这张优惠券，或已过期")


def _refused(message: str) -> Invalid:
    return Invalid(errors=(FieldError("coupon_ids", message),))


def _without_discounts(price: Price) -> Price:
    kept = tuple(item for item in price.items if item.kind not in pricing.DISCOUNTS)
    return replace(price, items=kept, total_fen=price.gross_fen, discounts=())


def _use_year(tx: Tx, use: SubsidyUse) -> None:
    if use.year is None:
        return
    row = YearRow(*subsidy_rows.year_key(use.programme_id, use.patient_id, use.year))
    room_fen = use.year_cap_fen - use.amount_fen
    tx.update(
        row,
        [YearRow.used_fen.add(use.amount_fen)],
        condition=YearRow.used_fen.does_not_exist() | (YearRow.used_fen <= room_fen),
        conflict=SubsidyExhausted(),
    )


def _move_coupon(tx: Tx, order: OrderRow, coupon_id: str, before: CouponState, after: CouponState) -> None:
    """The coupon's next state, if it is in `before` and, once it has an order, with this order."""
    free = before is CouponState.UNUSED
    condition = CouponRow.state == before
    if not free:
        condition &= CouponRow.order_id == order.order_id
    order_id = None if after is CouponState.UNUSED else order.order_id
    tx.update(
        CouponRow(*coupon_rows.coupon_key(order.client_id, coupon_id)),
        coupon_rows.moved(after, order_id),
        condition=condition,
        conflict=CouponGone() if free else None,
    )
