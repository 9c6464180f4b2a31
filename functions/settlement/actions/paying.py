"""One transfer at a time: asked for under its number, queried until its outcome is known, then booked (B11)."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from functions.settlement import provider
from functions.settlement.actions import authorizations, tax
from functions.settlement.actions.ledger import post
from functions.settlement.events import WithdrawalAwaitingConfirmation, WithdrawalPaid, WithdrawalReturned
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.transfers import ProviderTransfer, TransferOrder, TransferState
from functions.settlement.rules import ledger, payouts
from functions.settlement.rules.ledger import BANK_CLEARING, PROVIDER_CLEARING, Transaction
from functions.settlement.rules.payouts import PlanItem
from functions.settlement.rules.withdrawals import (
    SETTLED_PARTS,
    Channel,
    PartState,
    TransferPart,
    WithdrawalState,
    move_withdrawal,
    state_of,
)
from functions.settlement.table import payouts as table
from functions.settlement.table.payouts import PayeeRow, SettledRow, WithdrawalRow
from functions.shared import crypto, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_REMARK = "诊伴陪诊报酬"
_PAYEES_AT_ONCE = 100
_KEYS_AT_ONCE = 16
_PASSING = frozenset({"NOT_ENOUGH", "FREQUENCY_LIMITED", "SYSTEM_ERROR", "SIGN_ERROR"})
"""Refusals that say something of us or of the moment, not of this transfer: tried again under the same number."""
_PARTS = {
    TransferState.PROCESSING: PartState.SENT,
    TransferState.AWAITING_CONFIRMATION: PartState.AWAITING_CONFIRMATION,
    TransferState.SUCCEEDED: PartState.PAID,
    TransferState.FAILED: PartState.RETURNED,
    TransferState.CANCELLED: PartState.RETURNED,
}


def bank_orders(items: Sequence[PlanItem]) -> Iterator[TransferOrder]:
    """What a bank is told of each transfer of these, in their order. NotFound for a payee that never was.

    A BatchGet for every hundred, and their keys opened many at once: a file of a hundred thousand is a minute's work.
    """
    with ThreadPoolExecutor(_KEYS_AT_ONCE) as pool:
        for start in range(0, len(items), _PAYEES_AT_ONCE):
            some = items[start : start + _PAYEES_AT_ONCE]
            payees = table.payees_by_id((item.companion_id, item.payee_id) for item in some)
            found = [payees.get(item.payee_id) for item in some]
            for item, orders in zip(some, pool.map(_orders_of, some, found), strict=True):
                assert len(orders) == len(item.transfers)
                yield from orders


def _orders_of(item: PlanItem, payee: PayeeRow | None) -> list[TransferOrder]:
    return [_order(payee, transfer.bill_no, transfer.amount_fen) for transfer in item.transfers]


def order_of(companion_id: str, payee_id: str, bill_no: str, amount_fen: int) -> TransferOrder:
    """What the channel is told, with name and account unsealed. NotFound for a payee that never was."""
    payee, authorization = table.find_payee_and_authorization(companion_id, payee_id)
    return _order(payee, bill_no, amount_fen, authorization=authorization)


def _order(payee: PayeeRow | None, bill_no: str, amount_fen: int, *, authorization: str = "") -> TransferOrder:
    if payee is None:
        raise NotFound()
    companion_id = payee.companion_id
    key = crypto.open_key(payee.wrapped_key, room="settlement", owner_id=companion_id)
    if payee.channel == Channel.BANK:
        account = key.decrypt("account", payee.account_sealed or "")
    else:
        from functions.accounts import actions as accounts

        account = accounts.openid_of(companion_id)
    return TransferOrder(
        bill_no=bill_no,
        amount_fen=amount_fen,
        account=account,
        name=key.decrypt("name", payee.name_sealed),
        bank=payee.bank,
        authorization="" if payee.channel == Channel.BANK else authorization,
        remark=_REMARK,
    )


def pursue_transfer(tx: Tx, bill_no: str) -> None:
    """Ask for the transfer, or how it stands; unknown means asking again later, under the same number.

    May run any number of times, also at once: what is settled is left alone. A bank's transfer went out with the
    batch file and is only waited for.
    """
    row = table.find_withdrawal_by_id(payouts.withdrawal_of(bill_no))
    part = _part(row, bill_no)
    if row is None or part is None or part.state in SETTLED_PARTS:
        return
    if row.channel == Channel.BANK:
        _record(tx, row, part, PartState.SENT)
        return
    try:
        seen = _at_provider(tx, row, part)
    except PaymentUnknown:
        _look_again(tx, row, part, PartState.SENT)
    except PaymentRejected as refusal:
        if refusal.code in _PASSING:
            _look_again(tx, row, part, PartState.SENT)
        else:
            _settle(tx, row, part, PartState.RETURNED, failure=refusal.code)
    else:
        take_outcome(tx, row, part, seen)


def take_outcome(tx: Tx, row: WithdrawalRow, part: TransferPart, seen: ProviderTransfer) -> None:
    """Act on what the channel says of a transfer. A contradiction in the amount is left to staff, never booked."""
    if seen.amount_fen not in (None, part.amount_fen):
        observe.count("PayoutMismatch")
        observe.logger().error("transfer contradicts its plan", extra={"bill_no": part.bill_no})
        return
    state = _PARTS[seen.state]
    if state in SETTLED_PARTS:
        failure = seen.failure or (None if state is PartState.PAID else seen.state.upper())
        _settle(tx, row, part, state, failure=failure, provider_no=seen.provider_no)
    else:
        _look_again(tx, row, part, state, seen=seen)


def take_answer(tx: Tx, seen: ProviderTransfer, *, channel: Channel) -> bool:
    """The same for an answer that came by itself (a bank's file, a notification); False if it changes nothing.

    Raises NotFound for a number that is none of ours, goes by another channel or was never handed over.
    """
    row = table.find_withdrawal_by_id(payouts.withdrawal_of(seen.bill_no))
    part = _part(row, seen.bill_no)
    if row is None or part is None or row.channel != channel or part.state is PartState.PLANNED:
        raise NotFound()
    if part.state in SETTLED_PARTS:
        if part.state is PartState.PAID and _PARTS[seen.state] is PartState.RETURNED:
            # A bank's 退票 days after its 成功: a plan that is done stays so, and people book what came back.
            observe.count("PayoutMismatch")
            observe.logger().error("a paid transfer came back", extra={"bill_no": part.bill_no})
        return False
    take_outcome(tx, row, part, seen)
    return True


def _at_provider(tx: Tx, row: WithdrawalRow, part: TransferPart) -> ProviderTransfer:
    """The first time ask for it; after that ask how it stands, and for it again only if the provider knows nothing.

    Refused because the companion's leave is over by now, it is asked for as without one, under the same number.
    """
    channel = provider.wechat_transfers()
    if part.checks:
        try:
            return channel.query(part.bill_no)
        except PaymentRejected as refusal:
            if not refusal.is_absent:
                raise
    order = order_of(row.companion_id, row.payee_id, part.bill_no, part.amount_fen)
    try:
        return channel.transfer(order)
    except PaymentRejected as refusal:
        if not order.authorization or refusal.code in _PASSING or not authorizations.is_over(tx, row.companion_id):
            raise
    return channel.transfer(replace(order, authorization=""))


def _look_again(
    tx: Tx, row: WithdrawalRow, part: TransferPart, state: PartState, *, seen: ProviderTransfer | None = None
) -> None:
    delay = table.payout_policy().check_after(part.checks)
    _record(tx, row, part, state, checks=part.checks + 1, seen=seen)
    # A step of one second keeps this deadline apart from the one that is being handled.
    due_at = tx.now + max(delay, timedelta(seconds=1))
    tx.schedule(Timer(room="settlement", kind="pay_transfer", subject=part.bill_no, due_at=due_at))


def _record(
    tx: Tx,
    row: WithdrawalRow,
    part: TransferPart,
    state: PartState,
    *,
    checks: int | None = None,
    seen: ProviderTransfer | None = None,
    failure: str | None = None,
    provider_no: str | None = None,
) -> None:
    changed = TransferPart(
        bill_no=part.bill_no,
        amount_fen=part.amount_fen,
        tax_fen=part.tax_fen,
        state=state,
        checks=part.checks if checks is None else checks,
        provider_no=provider_no or (seen.provider_no if seen else part.provider_no),
        confirmation=seen.confirmation if seen else None,
        failure=failure,
    )
    row.transfers = tuple(changed if each.bill_no == part.bill_no else each for each in row.transfers)
    was, now = WithdrawalState(row.state), state_of(row.transfers)
    if was is WithdrawalState.APPROVED:
        was = move_withdrawal(was, WithdrawalState.PAYING)
    row.state = was if was is now or now is WithdrawalState.PAYING else move_withdrawal(was, now)
    tx.save(row)
    if state is PartState.AWAITING_CONFIRMATION and part.state is not state:
        tx.emit(
            WithdrawalAwaitingConfirmation(
                withdrawal_id=row.withdrawal_id, companion_id=row.companion_id, amount_fen=part.amount_fen
            )
        )


def _settle(
    tx: Tx,
    row: WithdrawalRow,
    part: TransferPart,
    state: PartState,
    *,
    failure: str | None,
    provider_no: str | None = None,
) -> None:
    """The transfer is through, or its money is available again: booked once, because a settled part stays settled."""
    is_paid = state is PartState.PAID
    row.paid_fen += part.gross_fen if is_paid else 0
    row.returned_fen += 0 if is_paid else part.gross_fen
    if row.paid_fen + row.returned_fen == row.amount_fen:
        row.settled_at = tx.now
    _record(tx, row, part, state, failure=failure, provider_no=provider_no)
    if row.settled_at:
        _count_settled(tx, row)
        _tell_settled(tx, row)
    tax.settle(tx, row, part, is_paid=is_paid)
    booking = _paid if is_paid else _returned
    post(tx, booking(row, part, tx.now))


def _count_settled(tx: Tx, row: WithdrawalRow) -> None:
    """One more of the plan came to its end, in the part of the plan in which it stands."""
    assert row.plan is not None, "only what a plan took is handed over"
    counted = SettledRow(*table.settled_key(row.plan, ledger.shard_of(row.withdrawal_id)))
    added = [
        SettledRow.items.add(1),
        SettledRow.paid_fen.add(row.paid_fen),
        SettledRow.returned_fen.add(row.returned_fen),
    ]
    tx.update(counted, added)


def _tell_settled(tx: Tx, row: WithdrawalRow) -> None:
    if row.paid_fen:
        tax_fen = sum(each.tax_fen for each in row.transfers if each.state is not PartState.RETURNED)
        tx.emit(
            WithdrawalPaid(
                withdrawal_id=row.withdrawal_id, companion_id=row.companion_id, amount_fen=row.paid_fen - tax_fen
            )
        )
    if row.returned_fen:
        tx.emit(
            WithdrawalReturned(
                withdrawal_id=row.withdrawal_id, companion_id=row.companion_id, amount_fen=row.returned_fen
            )
        )


def _paid(row: WithdrawalRow, part: TransferPart, at: datetime) -> Transaction:
    return ledger.withdrawal_paid(
        withdrawal_id=row.withdrawal_id,
        number=part.bill_no,
        companion_id=row.companion_id,
        amount_fen=part.gross_fen,
        tax_fen=part.tax_fen,
        from_account=BANK_CLEARING if row.channel == Channel.BANK else PROVIDER_CLEARING,
        at=at,
    )


def _returned(row: WithdrawalRow, part: TransferPart, at: datetime) -> Transaction:
    return ledger.withdrawal_returned(
        withdrawal_id=row.withdrawal_id,
        number=part.bill_no,
        companion_id=row.companion_id,
        amount_fen=part.gross_fen,
        at=at,
    )


def _part(row: WithdrawalRow | None, bill_no: str) -> TransferPart | None:
    return next((part for part in row.transfers if part.bill_no == bill_no), None) if row else None
