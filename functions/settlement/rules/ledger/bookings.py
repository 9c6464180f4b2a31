"""What each business event books."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from functions.settlement.rules.ledger.chart import (
    COMMISSION,
    COUPON_COST,
    GOODWILL,
    PROVIDER_CLEARING,
    PROVIDER_FEES,
    SUSPENSE,
    TAX_WITHHELD,
    UNASSIGNED,
    Account,
    companion_available,
    companion_debt,
    companion_pending,
    companion_withdrawing,
    funds_held,
    premium_payable,
    refund_payable,
    subsidy,
)
from functions.settlement.rules.ledger.transactions import Transaction, booking
from functions.shared.errors import Conflict


class SplitMismatch(Conflict):
    """The parts of a price are not what is held for the order."""

    code = "split_mismatch"
    title = "分账金额与代管金额不一致"


def payment_received(*, payment_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The client's money arrived at the provider and is held for the order."""
    amounts = {PROVIDER_CLEARING: amount_fen, funds_held(order_id): -amount_fen}
    return booking(f"payment#{payment_id}", subject=order_id, at=at, amounts=amounts)


def unexplained_payment(*, payment_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The provider holds money that is not what we asked for: it is nobody's until staff have looked."""
    amounts = {PROVIDER_CLEARING: amount_fen, SUSPENSE: -amount_fen}
    return booking(f"suspense#{payment_id}", subject=order_id, at=at, amounts=amounts)


def refund_requested(*, refund_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """Held money is now owed to the client."""
    return refund_borne(refund_id=refund_id, order_id=order_id, bearers={funds_held(order_id): amount_fen}, at=at)


def refund_borne(*, refund_id: str, order_id: str, bearers: Mapping[Account, int], at: datetime) -> Transaction:
    """The client is owed money by whoever bears it: what is held, a companion's income or debt, the platform."""
    amounts = {**bearers, refund_payable(order_id): -sum(bearers.values())}
    return booking(f"refund_requested#{refund_id}", subject=order_id, at=at, amounts=amounts)


def refund_paid(*, refund_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The provider gave the money back."""
    amounts = {refund_payable(order_id): amount_fen, PROVIDER_CLEARING: -amount_fen}
    return booking(f"refund_paid#{refund_id}", subject=order_id, at=at, amounts=amounts)


@dataclass(frozen=True, kw_only=True)
class Division:
    """How an order's money is divided: share + commission + premium = held + subsidies + coupon."""

    companion_id: str
    insurer_id: str
    share_fen: int
    commission_fen: int
    premium_fen: int
    subsidies: Mapping[str, int] = field(default_factory=dict)
    """Fen by programme."""
    coupon_fen: int = 0

    @property
    def subsidy_fen(self) -> int:
        return sum(self.subsidies.values())

    @property
    def held_fen(self) -> int:
        """What must be held for the order, so that nothing is left and nothing is missing."""
        return self.share_fen + self.commission_fen + self.premium_fen - self.subsidy_fen - self.coupon_fen


def order_split(*, order_id: str, held_fen: int, division: Division, at: datetime) -> Transaction:
    """Held money (with subsidies and coupon) becomes income, commission and premium. SplitMismatch unless it fits."""
    parts = (division.share_fen, division.commission_fen, division.premium_fen, division.coupon_fen)
    if min(*parts, *division.subsidies.values()) < 0 or division.held_fen != held_fen or held_fen <= 0:
        raise SplitMismatch(f"代管 {held_fen} 分，分账合计 {division.held_fen} 分")
    amounts = {
        funds_held(order_id): held_fen,
        **{subsidy(programme_id): amount for programme_id, amount in division.subsidies.items()},
        COUPON_COST: division.coupon_fen,
        companion_pending(division.companion_id): -division.share_fen,
        COMMISSION: -division.commission_fen,
        premium_payable(division.insurer_id): -division.premium_fen,
    }
    return booking(f"split#{order_id}", subject=order_id, at=at, amounts=amounts)


def supplement_split(
    *, payment_id: str, order_id: str, companion_id: str, share_fen: int, commission_fen: int, at: datetime
) -> Transaction:
    """Overtime and expenses were paid: share and commission of all that the payment brought. SplitMismatch."""
    if min(share_fen, commission_fen) < 0:
        raise SplitMismatch()
    amounts = {
        funds_held(order_id): share_fen + commission_fen,
        companion_pending(companion_id): -share_fen,
        COMMISSION: -commission_fen,
    }
    return booking(f"supplement#{payment_id}", subject=order_id, at=at, amounts=amounts)


def cancellation_fees(
    *, order_id: str, companion_id: str, companion_fee_fen: int, platform_fee_fen: int, at: datetime
) -> Transaction:
    """The order ended without a visit: what is not refunded becomes the companion's income and commission."""
    amounts = {
        funds_held(order_id): companion_fee_fen + platform_fee_fen,
        companion_pending(companion_id): -companion_fee_fen,
        COMMISSION: -platform_fee_fen,
    }
    return booking(f"fees#{order_id}", subject=order_id, at=at, amounts=amounts)


def premium_assigned(*, order_id: str, insurer_id: str, amount_fen: int, at: datetime) -> Transaction:
    """A premium that was booked before the insurer was known is now owed to that insurer."""
    amounts = {premium_payable(UNASSIGNED): amount_fen, premium_payable(insurer_id): -amount_fen}
    return booking(f"premium_assigned#{order_id}", subject=order_id, at=at, amounts=amounts)


def premium_kept(*, order_id: str, insurer_id: str, amount_fen: int, at: datetime) -> Transaction:
    """An insurer keeps the premium of an order whose client got all of it back: the platform bears it."""
    amounts = {GOODWILL: amount_fen, premium_payable(insurer_id): -amount_fen}
    return booking(f"premium_kept#{order_id}", subject=order_id, at=at, amounts=amounts)


def income_released(
    *, order_id: str, companion_id: str, amount_fen: int, repaid_fen: int = 0, supplement_id: str = "", at: datetime
) -> Transaction:
    """The complaint window is over: pending income repays `repaid_fen` of debt; the rest may be withdrawn."""
    amounts = {
        companion_pending(companion_id): amount_fen,
        companion_debt(companion_id): -repaid_fen,
        companion_available(companion_id): repaid_fen - amount_fen,
    }
    return booking(f"release#{supplement_id or order_id}", subject=order_id, at=at, amounts=amounts)


def withdrawal_requested(*, withdrawal_id: str, companion_id: str, amount_fen: int, at: datetime) -> Transaction:
    """Available income is set aside for its companion, who asked for it."""
    amounts = {companion_available(companion_id): amount_fen, companion_withdrawing(companion_id): -amount_fen}
    return booking(f"withdrawal#{withdrawal_id}", subject=withdrawal_id, at=at, amounts=amounts)


def withdrawal_returned(
    *, withdrawal_id: str, number: str, companion_id: str, amount_fen: int, at: datetime
) -> Transaction:
    """Money that could not be paid is available again; `number` is the transfer's, or the withdrawal's id."""
    amounts = {companion_withdrawing(companion_id): amount_fen, companion_available(companion_id): -amount_fen}
    return booking(f"withdrawal_returned#{number}", subject=withdrawal_id, at=at, amounts=amounts)


def withdrawal_paid(
    *,
    withdrawal_id: str,
    number: str,
    companion_id: str,
    amount_fen: int,
    tax_fen: int = 0,
    from_account: Account,
    at: datetime,
) -> Transaction:
    """The transfer `number` reached the companion, but for the tax kept back; `from_account` is a clearing account."""
    amounts = {
        companion_withdrawing(companion_id): amount_fen,
        TAX_WITHHELD: -tax_fen,
        from_account: tax_fen - amount_fen,
    }
    return booking(f"withdrawal_paid#{number}", subject=withdrawal_id, at=at, amounts=amounts)


def tax_returned(*, number: str, companion_id: str, amount_fen: int, at: datetime) -> Transaction:
    """Tax that was kept back and is not owed after all is available to its companion; `number` tells it from others."""
    amounts = {TAX_WITHHELD: amount_fen, companion_available(companion_id): -amount_fen}
    return booking(f"tax_returned#{number}", subject=companion_id, at=at, amounts=amounts)


def manual_booking(*, booking_id: str, amounts: Mapping[Account, int], at: datetime) -> Transaction:
    """What two people of finance agreed upon. Raises Unbalanced."""
    return booking(f"manual#{booking_id}", subject=booking_id, at=at, amounts=amounts)


def provider_fees(*, day: str, fee_fen: int, at: datetime) -> Transaction:
    """What the provider kept of a day's payments (negative: gave back with refunds), by its bill."""
    amounts = {PROVIDER_FEES: fee_fen, PROVIDER_CLEARING: -fee_fen}
    return booking(f"provider_fees#{day}", subject=f"bill-{day}", at=at, amounts=amounts)


def difference_set_aside(*, case_id: str, off_fen: int, at: datetime) -> Transaction:
    """The provider holds `off_fen` more (less, if negative) than our books say, and nobody knows why yet."""
    amounts = {PROVIDER_CLEARING: off_fen, SUSPENSE: -off_fen}
    return booking(f"difference#{case_id}", subject=case_id, at=at, amounts=amounts)


def difference_taken_back(*, case_id: str, off_fen: int, at: datetime) -> Transaction:
    """It turned out that our books were right."""
    amounts = {PROVIDER_CLEARING: -off_fen, SUSPENSE: off_fen}
    return booking(f"difference_taken_back#{case_id}", subject=case_id, at=at, amounts=amounts)
