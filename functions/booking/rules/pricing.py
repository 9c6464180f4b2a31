"""What a visit costs, line by line, and how the price is divided (F3, F4, F25)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules.policy import Policy
from functions.shared.clock import china
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.money import BP_WHOLE, allocate, fen

MAX_VISIT_MIN = 12 * 60
"""The longest package: a visit touches two calendar days at most."""
_MIN_PER_HOUR = 60


class CityTier(StrEnum):
    """Cities are priced in tiers."""

    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True)
class Package:
    """A kind of visit with its price for each tier of city."""

    id: str
    name: str
    summary: str
    duration_min: int
    includes: tuple[str, ...]
    included_special_requests: frozenset[str]
    """Special requests that cost nothing more with this package."""
    process_template: str
    price_fen: Mapping[CityTier, int]

    def __post_init__(self) -> None:
        if not 0 < self.duration_min <= MAX_VISIT_MIN:
            raise ValueError(f"package {self.id}: duration_min is 1 to {MAX_VISIT_MIN}")
        if set(self.price_fen) != set(CityTier) or min(fen(price) for price in self.price_fen.values()) <= 0:
            raise ValueError(f"package {self.id}: a positive price for every city tier")


@dataclass(frozen=True)
class SpecialRequest:
    """Something extra that a client may tick; 0 is free."""

    id: str
    name: str
    summary: str
    price_fen: int

    def __post_init__(self) -> None:
        if fen(self.price_fen) < 0:
            raise ValueError(f"special request {self.id}: a price is not negative")


class LineKind(StrEnum):
    """What a line of a quote stands for."""

    PACKAGE = "package"
    SPECIAL_REQUEST = "special_request"
    INSURANCE = "insurance"


@dataclass(frozen=True)
class LineItem:
    """One line of a quote."""

    kind: LineKind
    code: str
    title: str
    amount_fen: int


@dataclass(frozen=True)
class Insurance:
    """The insurance product that was quoted."""

    product_id: str
    name: str
    premium_fen: int


@dataclass(frozen=True)
class Price:
    """An itemised price, frozen: the quote's, then the order's."""

    items: tuple[LineItem, ...]
    total_fen: int
    insurance: Insurance | None

    @property
    def premium_fen(self) -> int:
        return self.insurance.premium_fen if self.insurance else 0


@dataclass(frozen=True)
class Split:
    """Who gets what of an order's total: share + commission + premium = total + subsidies + coupon."""

    share_fen: int
    commission_fen: int
    premium_fen: int
    subsidy_fen: int = 0
    """All subsidies together."""
    subsidies: Mapping[str, int] = field(default_factory=dict)
    """Fen by programme that pays them."""
    coupon_fen: int = 0
    """What the platform gave away as a coupon."""


class QuoteExpired(Conflict):
    """The time for which the quote was honoured is over."""

    code = "quote_expired"
    title = "报价已过期，请重新报价"


class QuoteUsed(Conflict):
    """An order was already placed on this quote."""

    code = "quote_used"
    title = "这份报价已经下过单"


def price(
    package: Package,
    city_tier: CityTier,
    special_requests: Sequence[SpecialRequest],
    insurance: Insurance | None,
) -> Price:
    """The package, each special request (free where the package includes it) and the premium, with their sum."""
    items = [LineItem(LineKind.PACKAGE, package.id, package.name, package.price_fen[city_tier])]
    for request in special_requests:
        amount_fen = 0 if request.id in package.included_special_requests else request.price_fen
        items.append(LineItem(LineKind.SPECIAL_REQUEST, request.id, request.name, amount_fen))
    if insurance:
        items.append(LineItem(LineKind.INSURANCE, insurance.product_id, insurance.name, insurance.premium_fen))
    return Price(tuple(items), fen(sum(item.amount_fen for item in items)), insurance)


def split(total_fen: int, *, premium_fen: int, share_bp: int) -> Split:
    """The companion's share of the price without premium; what the remainder rule leaves is commission."""
    share_fen, commission_fen = allocate(total_fen - premium_fen, (share_bp, BP_WHOLE - share_bp))
    return Split(share_fen=share_fen, commission_fen=commission_fen, premium_fen=premium_fen)


def visit_ends_at(package: Package, starts_at: datetime) -> datetime:
    """When a visit with this package is planned to end."""
    return starts_at + timedelta(minutes=package.duration_min)


def check_start(starts_at: datetime, now: datetime, policy: Policy) -> None:
    """Invalid unless a visit may begin at `starts_at`: on the grid, after the lead time, within the horizon (B2)."""
    if starts_at <= now:
        raise _bad_start("开始时间已过")
    if starts_at < now + timedelta(seconds=policy.lead_time_s):
        raise _bad_start(f"请至少提前 {policy.lead_time_s // 60} 分钟预约")
    if starts_at > now + timedelta(days=policy.horizon_days):
        raise _bad_start(f"最多可预约 {policy.horizon_days} 天内的时间")
    local = china(starts_at)
    minute_of_day = local.hour * _MIN_PER_HOUR + local.minute
    if minute_of_day % policy.slot_min or local.second or local.microsecond:
        raise _bad_start(f"开始时间应为每 {policy.slot_min} 分钟一档，例如 08:00、08:30")


def check_usable(*, expires_at: datetime, order_id: str | None, now: datetime) -> None:
    """QuoteUsed or QuoteExpired unless an order may be placed on the quote now."""
    if order_id is not None:
        raise QuoteUsed()
    if now >= expires_at:
        raise QuoteExpired()


def _bad_start(message: str) -> Invalid:
    return Invalid(errors=(FieldError("starts_at", message),))
