"""Which discounts a price gets, and in which order: subsidies first, one coupon last, the most of what is allowed.

The rule is `docs/prices.md`, "Discounts" (F5, F6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from functions.booking.rules.coupons import Coupon
from functions.booking.rules.pricing import MIN_TOTAL_FEN, Discount, LineKind, Price
from functions.booking.rules.shards import Draw
from functions.booking.rules.subsidies import CapPeriod, Entitlement
from functions.shared.money import yuan


@dataclass(frozen=True)
class SubsidyUse:
    """A subsidy as an order uses it: what is taken out of which shards of its programme's budget."""

    grant_id: str
    programme_id: str
    patient_id: str
    draws: tuple[Draw, ...]
    year: int | None = None
    """The China calendar year that the amount counts against, for programmes with a cap for each year."""
    year_cap_fen: int = 0

    @property
    def amount_fen(self) -> int:
        return sum(each.amount for each in self.draws)


@dataclass(frozen=True)
class Plan:
    """What an order on a quote will reserve; frozen in the quote, so that placing the order reads nothing more."""

    subsidies: tuple[SubsidyUse, ...] = ()
    coupon_id: str | None = None


class PlanState(StrEnum):
    """Where the reserved discounts of an order are: held while it is unpaid, spent once paid, or given back."""

    RESERVED = "reserved"
    CONSUMED = "consumed"
    RESTORED = "restored"


@dataclass(frozen=True)
class Chosen:
    """The discounts of a price, in their order, and why they are these."""

    discounts: tuple[Discount, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    """Of the subsidies in `discounts`, in the same order."""
    coupon: Coupon | None = None
    explained: tuple[str, ...] = ()

    @property
    def amount_fen(self) -> int:
        return sum(discount.amount_fen for discount in self.discounts)


def base_fen(price: Price) -> int:
    """What discounts are computed on: before any of them, without premium."""
    return price.gross_fen - price.premium_fen


def choose(
    gross: Price, entitlements: Sequence[Entitlement], coupons: Sequence[Coupon], *, with_coupon: bool = False
) -> Chosen:
    """The best combination; `with_coupon`: the best of those that use a coupon, nothing at all if none can.

    All entitlements and coupons given must be usable on this visit (`why_not` is None).
    """
    best = Chosen()
    for subsidies in _subsidy_sets(entitlements):
        for coupon in (None, *sorted(coupons, key=lambda each: (each.expires_at, each.coupon_id))):
            if coupon is not None and subsidies and not coupon.terms.with_subsidy:
                continue
            found = apply(gross, subsidies, coupon)
            if (found.coupon or not with_coupon) and _merit(found) > _merit(best):
                best = found
    return best


def _merit(chosen: Chosen) -> tuple[int, bool]:
    return (chosen.amount_fen, chosen.coupon is None)


def _subsidy_sets(entitlements: Sequence[Entitlement]) -> list[tuple[Entitlement, ...]]:
    """The sets that may apply together: none, all that combine, and each of the others alone."""
    ranked = sorted(entitlements, key=lambda each: (each.programme.rank, each.programme.id))
    combinable = tuple(each for each in ranked if each.programme.combinable)
    alone = [(each,) for each in ranked if not each.programme.combinable]
    return [(), *([combinable] if combinable else []), *alone]


def apply(gross: Price, subsidies: Sequence[Entitlement], coupon: Coupon | None) -> Chosen:
    """These discounts in the documented order; what would take off nothing is left out."""
    base = base_fen(gross)
    left, floor = base, max(0, MIN_TOTAL_FEN - gross.premium_fen)
    discounts, used, told = [], [], []
    for entitlement in subsidies:
        programme = entitlement.programme
        amount_fen = min(entitlement.amount_fen(base), left - floor)
        if amount_fen > 0:
            discounts.append(Discount(LineKind.SUBSIDY, entitlement.grant_id, programme.id, programme.name, amount_fen))
            used.append(entitlement)
            told.append(f"{programme.name}：{programme.rule_text}，减 {yuan(amount_fen)}")
            left -= amount_fen
    off_fen = min(coupon.terms.amount_fen(left), left - floor) if coupon else 0
    if coupon and off_fen > 0:
        terms = coupon.terms
        discounts.append(Discount(LineKind.COUPON, coupon.coupon_id, coupon.campaign_id, terms.name, off_fen))
        told.append(f"{terms.name}：{terms.rule_text}，减 {yuan(off_fen)}")
    if discounts:
        told.append(f"共减 {yuan(sum(each.amount_fen for each in discounts))}")
    return Chosen(tuple(discounts), tuple(used), coupon if off_fen > 0 else None, tuple(told))


def uses_year(entitlement: Entitlement) -> bool:
    """Whether what it gives counts against the patient's year."""
    return entitlement.programme.cap_per is CapPeriod.YEAR
