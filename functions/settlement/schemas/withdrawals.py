"""Bodies and answers about withdrawals. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from functions.settlement.rules.withdrawals import (
    CHANNEL_TITLES,
    TITLES,
    Channel,
    PartState,
    TransferPart,
    WithdrawalState,
    reason_of,
)
from functions.settlement.schemas.refunds import Amount
from functions.settlement.table.payouts import PayeeRow, WithdrawalRow
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class BindPayee(Body, frozen=True):
    """`wechat` is the companion's own WeChat and takes no number; `bank` takes a card's number and its bank."""

    channel: Channel
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=40, description="收款人姓名，须与认证姓名一致")]
    card_number: Annotated[str, msgspec.Meta(max_length=30)] | None = None
    bank: Annotated[str, msgspec.Meta(max_length=40, description="开户银行")] = ""


class PayeeView(Reading, frozen=True):
    """A payee; of its number only the last four digits leave the room."""

    payee_id: str
    channel: Channel
    title: str
    number_masked: str
    bank: str
    bound_at: datetime

    @classmethod
    def of(cls, row: PayeeRow) -> "PayeeView":
        channel = Channel(row.channel)
        return cls(
            payee_id=row.payee_id,
            channel=channel,
            title=f"{row.bank}（尾号 {row.tail}）" if row.tail else CHANNEL_TITLES[channel],
            number_masked=f"**** **** **** {row.tail}" if row.tail else "",
            bank=row.bank,
            bound_at=clock.china(row.bound_at),
        )


class PayeeList(Reading, frozen=True):
    items: list[PayeeView]


class RequestWithdrawal(Body, frozen=True):
    payee_id: Annotated[str, msgspec.Meta(max_length=40)]
    amount_fen: Amount


class TransferView(Reading, frozen=True):
    """One transfer of a withdrawal. `confirmation` is `package` of `wx.requestMerchantTransfer` while it is needed."""

    number: str
    amount_fen: int
    """What is sent; `tax_fen` is withheld beside it."""
    tax_fen: int
    state: PartState
    reason: str | None
    confirmation: str | None

    @classmethod
    def of(cls, part: TransferPart) -> "TransferView":
        is_awaited = part.state is PartState.AWAITING_CONFIRMATION
        return cls(
            number=part.bill_no,
            amount_fen=part.amount_fen,
            tax_fen=part.tax_fen,
            state=part.state,
            reason=reason_of(part.failure) if part.failure else None,
            confirmation=part.confirmation if is_awaited else None,
        )


class WithdrawalView(Reading, frozen=True):
    """A withdrawal, before tax: `amount_fen` = paid + returned + what is still on its way."""

    withdrawal_id: str
    payee_id: str
    channel: Channel
    amount_fen: int
    paid_fen: int
    returned_fen: int
    tax_fen: int
    """Withheld of what is paid or on its way: so much less arrives."""
    state: WithdrawalState
    title: str
    reason: str | None
    """Why money came back, for people."""
    requested_at: datetime
    due_on: date
    settled_at: datetime | None
    transfers: list[TransferView]
    version: int

    @classmethod
    def of(cls, row: WithdrawalRow) -> "WithdrawalView":
        state = WithdrawalState(row.state)
        reasons = dict.fromkeys(reason_of(part.failure) for part in row.transfers if part.failure)
        return cls(
            withdrawal_id=row.withdrawal_id,
            payee_id=row.payee_id,
            channel=Channel(row.channel),
            amount_fen=row.amount_fen,
            paid_fen=row.paid_fen,
            returned_fen=row.returned_fen,
            tax_fen=sum(part.tax_fen for part in row.transfers if part.state is not PartState.RETURNED),
            state=state,
            title=TITLES[state],
            reason="；".join(reasons) or None,
            requested_at=clock.china(row.requested_at),
            due_on=date.fromisoformat(row.due_on),
            settled_at=clock.china(row.settled_at) if row.settled_at else None,
            transfers=[TransferView.of(part) for part in row.transfers],
            version=int(row.version),
        )
