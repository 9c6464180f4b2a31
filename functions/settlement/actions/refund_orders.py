"""Refunds of ended orders that a person ordered: who bears them, and when a second person has to agree (B10, B11)."""

from functions.settlement import table
from functions.settlement.actions.income import CLOSED, DIVIDED, income_of_order, money_of
from functions.settlement.actions.refunds import owe_refund
from functions.settlement.events import RefundOrderCarriedOut
from functions.settlement.rules import ledger
from functions.settlement.rules.approvals import Proposal, ProposalState, RefundProposal
from functions.settlement.rules.income import IncomeState
from functions.settlement.rules.ledger import Account
from functions.settlement.rules.payments import PaymentState
from functions.settlement.rules.refunds import (
    NothingToRefund,
    OrderNotSettled,
    Parts,
    RefundKind,
    RefundReason,
    Standing,
    checked_parts,
    plan_refund,
)
from functions.settlement.rules.supplements import number_of, payment_id_of
from functions.settlement.table import IncomeRow, MoneyOfOrder, ProposalRow
from functions.shared import audit, ids
from functions.shared.tx import Tx


def order_refund(
    tx: Tx,
    *,
    business_id: str,
    order_id: str,
    kind: RefundKind,
    amount_fen: int | None,
    reason: str,
    ordered_by: str,
    parts: Parts | None = None,
    supplement_id: str = "",
) -> Proposal:
    """Give a client money back for an order that ended; above the policy's limit only once a second person approved.

    `business_id` (an id with a ULID: the complaint's remedy, or a new one) makes it happen once. `parts` say who bears
    it if that was decided elsewhere (kind ORDERED); otherwise the kind decides. `supplement_id` means that payment
    (B9) instead of the order's own. Raises NotFound, OrderNotSettled, NothingToRefund, RefundTooLarge,
    TooManyRefunds, Invalid.
    """
    proposal_id = ids.derived("rfo", business_id)
    known = table.find_proposal(proposal_id)
    if known is not None:
        return known.to_proposal()
    facts = _settled(order_id, supplement_id)
    standing = _standing(facts)
    borne = checked_parts(standing, parts) if parts else plan_refund(standing, kind, amount_fen)
    wanted = RefundProposal(
        order_id=order_id,
        kind=kind,
        amount_fen=borne.amount_fen,
        from_companion_fen=borne.companion_fen,
        from_platform_fen=borne.platform_fen,
        from_goodwill_fen=borne.goodwill_fen,
        supplement_id=supplement_id,
    )
    # Together with what was ordered before: the limit is not for each slice of a refund, nor for each payment.
    ordered_fen = table.ordered_back_fen(order_id) + borne.amount_fen
    is_free = ordered_fen <= table.policy().refund_second_person_above_fen
    row = ProposalRow(
        *table.proposal_key(proposal_id),
        proposal_id=proposal_id,
        state=ProposalState.APPROVED if is_free else ProposalState.AWAITING_APPROVAL,
        reason=reason,
        proposed_by=ordered_by,
        proposed_at=tx.now,
        refund=carry_out(tx, wanted) if is_free else wanted,
    )
    tx.insert(row)
    tx.insert(row.entry)
    if is_free:
        tx.emit(RefundOrderCarriedOut(refund_order_id=proposal_id, order_id=order_id))
    act = "refund.ordered" if is_free else "refund.proposed"
    audit.record(tx, actor=ordered_by, act=act, subject=proposal_id, reason=reason)
    return row.to_proposal()


def carry_out(tx: Tx, wanted: RefundProposal) -> RefundProposal:
    """Book the refund and have it asked of the provider; the proposal with the refund's id.

    The companion's part comes out of the order's pending income; after its release it becomes a debt that the next
    releases repay. Raises what `order_refund` raises, for much may have happened since it was proposed.
    """
    facts = _settled(wanted.order_id, wanted.supplement_id)
    parts = Parts(
        companion_fen=wanted.from_companion_fen,
        platform_fen=wanted.from_platform_fen,
        goodwill_fen=wanted.from_goodwill_fen,
    )
    checked_parts(_standing(facts), parts)
    payment, money = facts.payment, facts.money
    assert payment is not None, "a settled order was paid"
    bearers: dict[Account, int] = {ledger.COMMISSION: parts.platform_fen, ledger.GOODWILL: parts.goodwill_fen}
    if parts.companion_fen:
        income = income_of_order(wanted.order_id, wanted.supplement_id)
        assert income is not None, "a share that is left is an income"
        bearers[_bearer(income)] = parts.companion_fen
        income.clawed_fen += parts.companion_fen
        tx.save(income)
    money.clawed_fen += parts.companion_fen
    money.commission_back_fen += parts.platform_fen
    money.ordered_back_fen += parts.amount_fen
    refund_id = owe_refund(tx, payment=payment, money=money, bearers=bearers, reason=RefundReason.AFTER_SALES)
    tx.save(money)
    return RefundProposal(
        order_id=wanted.order_id,
        kind=wanted.kind,
        amount_fen=wanted.amount_fen,
        from_companion_fen=wanted.from_companion_fen,
        from_platform_fen=wanted.from_platform_fen,
        from_goodwill_fen=wanted.from_goodwill_fen,
        refund_id=refund_id,
        supplement_id=wanted.supplement_id,
    )


def _bearer(income: IncomeRow) -> Account:
    is_pending = income.state == IncomeState.PENDING
    return (ledger.companion_pending if is_pending else ledger.companion_debt)(income.companion_id)


def _settled(order_id: str, supplement_id: str) -> MoneyOfOrder:
    from functions.booking import actions as booking

    if supplement_id and supplement_id != payment_id_of(order_id, number_of(supplement_id)):
        raise NothingToRefund()
    facts = money_of(order_id, supplement_id)
    if facts.payment is None:
        booking.find_order(order_id)
    if facts.payment is None or facts.payment.state != PaymentState.SUCCEEDED:
        raise NothingToRefund()
    if facts.money.settled not in (CLOSED, DIVIDED):
        raise OrderNotSettled()
    return facts


def _standing(facts: MoneyOfOrder) -> Standing:
    assert facts.payment is not None, "a settled order was paid"
    money = facts.money
    return Standing(
        paid_fen=facts.payment.amount_fen,
        refunded_fen=money.refunded_fen,
        companion_left_fen=money.share_fen - money.clawed_fen,
        commission_left_fen=money.commission_fen - money.commission_back_fen,
    )
