"""What a visit costs, line by line, and how the price is divided (F3, F4, F25)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """A kind of visit. What it costs is said apart (`PackagePrice`), because prices differ by place and change more."""

    id: str
    name: str
    summary: str
    duration_min: int
    includes: tuple[str, ...]
    included_special_requests: frozenset[str]
    """Special requests that cost nothing more with this package."""
    process_template: str

    def __post_init__(self) -> None:
        if not 0 < self.duration_min <= MAX_VISIT_MIN:
            raise ValueError(f"package {self.id}: duration_min is 1 to {MAX_VISIT_MIN}")


@dataclass(frozen=True)
class PackagePrice:
    """What a package costs in some scope."""

    price_fen: int

    def __post_init__(self) -> None:
        if fen(self.price_fen) <= 0:
            raise ValueError("a package has a positive price")


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
    SURCHARGE = "surcharge"
    INSURANCE = "insurance"
    SUBSIDY = "subsidy"
    COUPON = "coupon"


DISCOUNTS = frozenset({LineKind.SUBSIDY, LineKind.COUPON})
"""Lines that take something off: their amounts are negative."""
MIN_TOTAL_FEN = 1
"""What a client pays at least, however much is taken off: a payment of nothing cannot be made."""


@dataclass(frozen=True)
class LineItem:
    """One line of a quote."""

    kind: LineKind
    code: str
    title: str
    amount_fen: int
    version_id: str = ""
    """The version of the catalogue that said so; empty for what is not the catalogue's."""


@dataclass(frozen=True)
class Overtime:
    """What time beyond the planned end costs: after `free_min` minutes, each begun unit."""

    free_min: int
    unit_min: int
    unit_fen: int

    def __post_init__(self) -> None:
        if self.free_min < 0 or self.unit_min <= 0 or fen(self.unit_fen) <= 0:
            raise ValueError("overtime: a unit lasts a minute or more and costs a fen or more")


@dataclass(frozen=True)
class Insurance:
    """The insurance product that was quoted."""

    product_id: str
    name: str
    premium_fen: int


@dataclass(frozen=True)
class Discount:
    """Something taken off a price, and who bears it: a subsidy's programme, the platform for a coupon."""

    kind: LineKind
    source_id: str
    """The grant or the coupon that is used up."""
    programme_id: str
    """The subsidy programme, or the coupon's campaign."""
    title: str
    amount_fen: int

    def __post_init__(self) -> None:
        if self.kind not in DISCOUNTS or fen(self.amount_fen) <= 0:
            raise ValueError("a discount is a subsidy or a coupon of 1 fen or more")


@dataclass(frozen=True)
class Price:
    """An itemised price, frozen: the quote's, then the order's. Gross lines, then a negative line for each discount."""

    items: tuple[LineItem, ...]
    total_fen: int
    """What is paid."""
    insurance: Insurance | None
    discounts: tuple[Discount, ...] = ()
    overtime: Overtime | None = None
    """The rate for time beyond the planned end, as it was when quoted; None if there is none."""

    @property
    def gross_fen(self) -> int:
        """Before discounts, premium included."""
        return self.total_fen + sum(discount.amount_fen for discount in self.discounts)

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


def price(lines: Sequence[LineItem], *, insurance: Insurance | None, overtime: Overtime | None = None) -> Price:
    """The lines, then the premium, with their sum. ValueError for a negative line."""
    items = list(lines)
    if insurance:
        items.append(LineItem(LineKind.INSURANCE, insurance.product_id, insurance.name, insurance.premium_fen))
    if any(item.amount_fen < 0 for item in items):
        raise ValueError("only a discount takes something off")
    return Price(tuple(items), fen(sum(item.amount_fen for item in items)), insurance, overtime=overtime)


def discounted(gross: Price, discounts: Sequence[Discount]) -> Price:
    """`gross` with these taken off, in their order. ValueError if less than MIN_TOTAL_FEN would be left."""
    lines = [LineItem(each.kind, each.source_id, each.title, -each.amount_fen) for each in discounts]
    total_fen = gross.total_fen - sum(each.amount_fen for each in discounts)
    if discounts and total_fen < MIN_TOTAL_FEN:
        raise ValueError(f"{total_fen} fen would be left to pay")
    return replace(gross, items=(*gross.items, *lines), total_fen=total_fen, discounts=(*gross.discounts, *discounts))


def split(price: Price, share_bp: int) -> Split:
    """The companion's share of the gross price without premium; what the remainder rule leaves is commission.

    Discounts do not make it smaller: each subsidy is borne by its programme, a coupon by the platform.
    """
    share_fen, commission_fen = allocate(price.gross_fen - price.premium_fen, (share_bp, BP_WHOLE - share_bp))
    subsidies: dict[str, int] = {}
    for discount in price.discounts:
        if discount.kind is LineKind.SUBSIDY:
            subsidies[discount.programme_id] = subsidies.get(discount.programme_id, 0) + discount.amount_fen
    return Split(
        share_fen=share_fen,
        commission_fen=commission_fen,
        premium_fen=price.premium_fen,
        subsidy_fen=sum(subsidies.values()),
        subsidies=subsidies,
        coupon_fen=sum(each.amount_fen for each in price.discounts if each.kind is LineKind.COUPON),
    )


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
