"""Taking income out: payees, requests, and calling one back before it is paid (F26)."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger, payouts
from functions.settlement.rules.withdrawals import (
    Channel,
    DayTotal,
    PayeeUnverified,
    WithdrawalState,
    check_request,
    checked_card_number,
    is_same_name,
    move_withdrawal,
)
from functions.settlement.table import payouts as table
from functions.settlement.table.payouts import AskedRow, DueRow, OwnerRow, PayeeRow, WithdrawalRow
from functions.shared import clock, crypto, ids
from functions.shared.errors import Conflict, FieldError, Invalid, NotFound
from functions.shared.tx import Tx

_ROOM = "settlement"


class TooManyPayees(Conflict):
    """One of the payees has to go first."""

    code = "too_many_payees"
    title = "收款账户已达上限，请先解绑不用的账户"


@dataclass(frozen=True, kw_only=True)
class PayeeRequest:
    """Where money shall go. `account` is a card's number; a WeChat payee is the companion's own WeChat."""

    channel: Channel
    name: str
    account: str | None
    bank: str


def bind_payee(tx: Tx, *, companion_id: str, request: PayeeRequest) -> PayeeRow:
    """Add a payee of the companion's own name. Raises Invalid (name, card), NotFound for who is no companion."""
    from functions.accounts import actions as accounts
    from functions.companions import actions as companions

    if not is_same_name(request.name, companions.find_profile(companion_id).name):
        raise Invalid(errors=(FieldError("name", "收款人须与认证姓名一致"),))
    number = _card_number(request)
    if len(table.payees_of(companion_id)) >= table.MAX_PAYEES:
        raise TooManyPayees()
    if request.channel is Channel.WECHAT:
        accounts.openid_of(companion_id)
    key = crypto.new_key(room=_ROOM, owner_id=companion_id)
    payee_id = ids.new("pye", tx.now)
    payee = PayeeRow(
        *table.payee_key(companion_id, payee_id),
        payee_id=payee_id,
        companion_id=companion_id,
        channel=request.channel,
        wrapped_key=key.wrapped,
        name_sealed=key.encrypt("name", request.name),
        account_sealed=key.encrypt("account", number) if number else None,
        tail=number[-4:] if number else "",
        bank=request.bank,
        bound_at=tx.now,
    )
    tx.insert(payee)
    return payee


def _card_number(request: PayeeRequest) -> str | None:
    if request.channel is Channel.WECHAT:
        return None
    if not request.bank:
        raise Invalid(errors=(FieldError("bank", "请填写开户银行"),))
    return checked_card_number(request.account or "")


def list_payees(companion_id: str) -> Sequence[PayeeRow]:
    """The companion's payees, the latest first."""
    return table.payees_of(companion_id)


def remove_payee(tx: Tx, *, companion_id: str, payee_id: str) -> None:
    """Offer a payee no longer; withdrawals under way keep going there. NotFound."""
    payee = table.find_payee(companion_id, payee_id) if ids.is_id("pye", payee_id) else None
    if payee is None or payee.removed_at is not None:
        raise NotFound()
    payee.removed_at = tx.now
    tx.save(payee)


def request_withdrawal(tx: Tx, *, companion_id: str, payee_id: str, amount_fen: int) -> WithdrawalRow:
    """Set the amount aside until the next working day's payout.

    Raises AmountOutOfRange, DailyLimitReached, PayeeUnverified; Overdrawn at commit if not so much is available.
    """
    today = clock.service_date(tx.now)
    payee, asked = table.find_payee_and_asked(companion_id, payee_id, today)
    if payee is None or payee.removed_at is not None:
        raise PayeeUnverified()
    _count(tx, asked, check_request(amount_fen, DayTotal(int(asked.times), asked.amount_fen), table.payout_policy()))
    withdrawal_id = ids.new("wdr", tx.now)
    due_on = payouts.expected_on(tx.now, table.working_days())
    row = WithdrawalRow(
        *table.withdrawal_key(companion_id, withdrawal_id),
        withdrawal_id=withdrawal_id,
        companion_id=companion_id,
        payee_id=payee_id,
        channel=payee.channel,
        amount_fen=amount_fen,
        state=WithdrawalState.REQUESTED,
        requested_at=tx.now,
        due_on=due_on.isoformat(),
    )
    tx.insert(row)
    tx.insert(OwnerRow(*table.owner_key(withdrawal_id), companion_id=companion_id))
    shard = ledger.shard_of(withdrawal_id)
    tx.insert(DueRow(table.due_pk(due_on, shard), withdrawal_id, companion_id=companion_id))
    post(
        tx,
        ledger.withdrawal_requested(
            withdrawal_id=withdrawal_id, companion_id=companion_id, amount_fen=amount_fen, at=tx.now
        ),
    )
    return row


def _count(tx: Tx, asked: AskedRow, total: DayTotal) -> None:
    asked.times, asked.amount_fen = total.count, total.amount_fen
    tx.save(asked)


def call_back(tx: Tx, *, companion_id: str, withdrawal_id: str) -> WithdrawalRow:
    """Return a withdrawal that no plan has taken yet. Raises NotFound, IllegalMove."""
    row = find_withdrawal(companion_id, withdrawal_id)
    row.state = move_withdrawal(WithdrawalState(row.state), WithdrawalState.RETURNED)
    row.returned_fen = row.amount_fen
    row.settled_at = tx.now
    tx.save(row)
    due = DueRow(table.due_pk(row.due_on, ledger.shard_of(withdrawal_id)), withdrawal_id, companion_id=companion_id)
    due.version = 1
    tx.delete(due)
    post(
        tx,
        ledger.withdrawal_returned(
            withdrawal_id=withdrawal_id,
            number=withdrawal_id,
            companion_id=companion_id,
            amount_fen=row.amount_fen,
            at=tx.now,
        ),
    )
    return row


def find_withdrawal(companion_id: str, withdrawal_id: str) -> WithdrawalRow:
    """The companion's withdrawal; NotFound."""
    row = table.find_withdrawal(companion_id, withdrawal_id) if ids.is_id("wdr", withdrawal_id) else None
    if row is None:
        raise NotFound()
    return row


def list_withdrawals(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[WithdrawalRow], str | None]:
    """A page of the companion's withdrawals, the latest first."""
    return table.withdrawals_of(companion_id, limit=limit, after=after)
