"""A companion takes out what is available: amounts, limits of a day, payees, states (F26, B11)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.money import fen, yuan


class Channel(StrEnum):
    """By which way money reaches a companion."""

    WECHAT = "wechat"
    BANK = "bank"


class WithdrawalState(StrEnum):
    REQUESTED = "requested"
    """The money is set aside; the next plan takes it along."""
    APPROVED = "approved"
    """In a plan that may be paid."""
    PAYING = "paying"
    """A transfer was asked for; until its outcome is known it is queried under the same number."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """The companion has to confirm the receipt in WeChat."""
    PAID = "paid"
    FAILED = "failed"
    """The channel refused; the money is available again."""
    RETURNED = "returned"
    """Withdrawn by the companion before it was paid, or never confirmed; the money is available again."""


_S = WithdrawalState
WITHDRAWAL_MOVES: Mapping[WithdrawalState, frozenset[WithdrawalState]] = {
    _S.REQUESTED: frozenset({_S.APPROVED, _S.RETURNED}),
    _S.APPROVED: frozenset({_S.PAYING, _S.REQUESTED}),
    _S.PAYING: frozenset({_S.AWAITING_CONFIRMATION, _S.PAID, _S.FAILED, _S.RETURNED}),
    _S.AWAITING_CONFIRMATION: frozenset({_S.PAID, _S.FAILED, _S.RETURNED}),
    _S.PAID: frozenset(),
    _S.FAILED: frozenset(),
    _S.RETURNED: frozenset(),
}
"""Which state may follow which. A rejected plan sends its withdrawals back to `requested`."""
OPEN = frozenset({_S.REQUESTED, _S.APPROVED, _S.PAYING, _S.AWAITING_CONFIRMATION})
TITLES: Mapping[WithdrawalState, str] = {
    _S.REQUESTED: "已申请，下一个工作日打款",
    _S.APPROVED: "已审核，等待打款",
    _S.PAYING: "打款处理中",
    _S.AWAITING_CONFIRMATION: "请在微信里确认收款",
    _S.PAID: "已到账",
    _S.FAILED: "打款未成功，金额已退回可提现余额",
    _S.RETURNED: "已退回可提现余额",
}


CHANNEL_TITLES: Mapping[Channel, str] = {Channel.WECHAT: "微信零钱", Channel.BANK: "银行卡"}
REASONS: Mapping[str, str] = {
    "PAYEE_CONFIRM_OVERDUE": "未在 24 小时内确认收款",
    "CANCELLED": "转账已撤销",
    "NAME_NOT_CORRECT": "收款人姓名与微信实名不一致",
    "PAYEE_ACCOUNT_ABNORMAL": "收款微信账户异常，请联系微信支付",
    "ACCOUNT_ABNORMAL": "收款账户异常，请更换收款账户",
    "REALNAME_CHECK_FAIL": "收款微信未实名认证",
    "OPENID_INVALID": "收款微信已失效，请重新登录后再试",
    "DAY_RECEIVED_COUNT_EXCEED": "收款账户今日收款次数已达上限",
    "DAY_RECEIVED_QUOTA_EXCEED": "收款账户今日收款额度已达上限",
    "RECEIVE_ACCOUNT_NOT_PERMMIT": "收款账户暂不能收款",
}
"""What the channels' codes mean to a companion."""


def reason_of(failure: str) -> str:
    """Why a transfer did not arrive, for people; a bank's own words stay as they are, unknown codes are not shown."""
    if failure in REASONS:
        return REASONS[failure]
    return "收款渠道未能完成转账，请核对收款账户后重试" if failure.isascii() else failure


class AmountOutOfRange(Invalid):
    """Less than the minimum, or more than one withdrawal may be."""

    code = "amount_out_of_range"
    title = "提现金额不在允许范围内"


class DailyLimitReached(Conflict):
    """So many withdrawals, or so much, is not possible in one day."""

    code = "daily_limit_reached"
    title = "已达到今日提现上限，请明天再试"


class PayeeUnverified(Conflict):
    """The payout account is not the companion's own, or nobody has made sure that it is."""

    code = "payee_unverified"
    title = "收款账户尚未通过核验"


def _transfer_limits() -> dict[Channel, int]:
    return {Channel.WECHAT: 20_000, Channel.BANK: 4_990_000}


@dataclass(frozen=True, kw_only=True)
class PayoutPolicy:
    """Thresholds of withdrawals and payouts; amounts in fen."""

    minimum_fen: int = 10_000
    daily_count: int = 3
    daily_fen: int = 2_000_000
    per_transfer_max_fen: Mapping[Channel, int] = field(default_factory=_transfer_limits)
    """What one transfer may carry; a larger withdrawal goes out in parts."""
    per_transfer_min_fen: int = 10
    second_person_above_fen: int = 5_000_000
    """A plan of more than this is paid only when a second person of finance approved it."""
    look_back_days: int = 30
    """A day that was skipped (a holiday declared late, an outage) is caught up for so long."""
    confirm_ttl_s: int = 24 * 3600
    """How long a companion may take to confirm the receipt."""
    name_required_from_fen: int = 200_000
    """WeChat wants the payee's encrypted name from this amount on; below it we send it all the same."""
    check_delays_s: tuple[int, ...] = (5, 30, 120, 600, 3_600, 21_600)
    """When a transfer of unknown outcome is queried, each in seconds after the last; the last one repeats."""
    finish_delays_s: tuple[int, ...] = (120, 600, 3_600)
    """When a plan that is being paid is looked at whether all of it was settled; the last one repeats."""

    def __post_init__(self) -> None:
        limits = [self.per_transfer_max_fen[channel] for channel in Channel]
        if not 0 < self.per_transfer_min_fen <= min(limits) // 2 or self.minimum_fen < self.per_transfer_min_fen:
            raise ValueError("payout policy: transfers are at least twice the smallest, withdrawals at least one")
        if min(self.daily_count, self.daily_fen, self.confirm_ttl_s, *self.check_delays_s, *self.finish_delays_s) <= 0:
            raise ValueError("payout policy: limits are positive")
        if not 0 <= self.look_back_days <= 45:
            raise ValueError("payout policy: a run looks back over 45 days at most")

    def check_after(self, checks: int) -> timedelta:
        """How long to wait after `checks` queries; there is always another one, for money is on its way."""
        return timedelta(seconds=self.check_delays_s[min(checks, len(self.check_delays_s) - 1)])

    def finish_after(self, checks: int) -> timedelta:
        """How long to wait after `checks` looks at a plan that is being paid."""
        return timedelta(seconds=self.finish_delays_s[min(checks, len(self.finish_delays_s) - 1)])


class PartState(StrEnum):
    """One transfer of a withdrawal."""

    PLANNED = "planned"
    SENT = "sent"
    """Asked for; how it came out is not known yet."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PAID = "paid"
    RETURNED = "returned"
    """It did not arrive; its money is available again."""


SETTLED_PARTS = frozenset({PartState.PAID, PartState.RETURNED})


@dataclass(frozen=True, kw_only=True)
class TransferPart:
    """One transfer as it stands."""

    bill_no: str
    amount_fen: int
    """What is sent."""
    tax_fen: int = 0
    """What is kept back beside it."""
    state: PartState = PartState.PLANNED
    checks: int = 0
    provider_no: str | None = None
    confirmation: str | None = None
    failure: str | None = None

    @property
    def gross_fen(self) -> int:
        """What the companion asked for: what is sent and what is kept back."""
        return self.amount_fen + self.tax_fen


def state_of(parts: Sequence[TransferPart]) -> WithdrawalState:
    """What a withdrawal in payment is, by its transfers: open as long as one is; paid if any of it arrived."""
    states = {part.state for part in parts}
    if states <= SETTLED_PARTS:
        if PartState.PAID in states:
            return WithdrawalState.PAID
        cancelled = all(part.failure in _NOT_CONFIRMED for part in parts)
        return WithdrawalState.RETURNED if cancelled else WithdrawalState.FAILED
    if PartState.AWAITING_CONFIRMATION in states and PartState.SENT not in states and PartState.PLANNED not in states:
        return WithdrawalState.AWAITING_CONFIRMATION
    return WithdrawalState.PAYING


_NOT_CONFIRMED = frozenset({"PAYEE_CONFIRM_OVERDUE", "CANCELLED"})


@dataclass(frozen=True)
class DayTotal:
    """What a companion asked for on one China day."""

    count: int = 0
    amount_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """A withdrawal as it stands. `number` is the order in which a day's withdrawals were asked for: its id."""

    withdrawal_id: str
    companion_id: str
    payee_id: str
    channel: Channel
    amount_fen: int
    state: WithdrawalState
    requested_at: datetime


def check_request(amount_fen: int, today: DayTotal, policy: PayoutPolicy) -> DayTotal:
    """The day after a withdrawal of this amount. Raises AmountOutOfRange, DailyLimitReached."""
    if fen(amount_fen) < policy.minimum_fen:
        raise AmountOutOfRange(errors=(FieldError("amount_fen", f"单笔至少 {yuan(policy.minimum_fen)}"),))
    if amount_fen > policy.daily_fen:
        raise AmountOutOfRange(errors=(FieldError("amount_fen", f"单日最多 {yuan(policy.daily_fen)}"),))
    after = DayTotal(today.count + 1, today.amount_fen + amount_fen)
    if after.count > policy.daily_count or after.amount_fen > policy.daily_fen:
        raise DailyLimitReached(f"每天最多 {policy.daily_count} 笔、合计 {yuan(policy.daily_fen)}")
    return after


def move_withdrawal(state: WithdrawalState, to: WithdrawalState) -> WithdrawalState:
    """`to`, if a withdrawal may go there from `state`; otherwise IllegalMove."""
    if to not in WITHDRAWAL_MOVES[state]:
        raise IllegalMove(f"提现单{TITLES[state]}，不能再改")
    return to


_CARD = re.compile(r"[0-9]{13,19}")


def checked_card_number(text: str) -> str:
    """A bank card's number without spaces; Invalid unless its check digit (ISO/IEC 7812, Luhn) holds."""
    number = text.replace(" ", "")
    if not _CARD.fullmatch(number) or _luhn(number) % 10:
        raise Invalid(errors=(FieldError("card_number", "银行卡号有误，请核对"),))
    return number


def _luhn(number: str) -> int:
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled)


def is_same_name(given: str, certified: str) -> bool:
    """Whether a payee's name is the certified one: spaces and the dots of minority names do not count."""
    return _plain(given) == _plain(certified) != ""


def _plain(name: str) -> str:
    return re.sub(r"[\s·•・．.]", "", name).casefold()
