"""What settlement does when something happened elsewhere, or when a deadline is reached."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from chalice.app import Blueprint

from functions.booking.events import OrderClosed, OrderCompleted, OrderPaidTooLate
from functions.insurance.events import PolicyIssued, PolicySurrendered
from functions.settlement import actions
from functions.settlement.actions import (
    authorizations,
    bank_answers,
    complained,
    invoices,
    paying,
    payouts,
    reconciliation,
    reports,
    supplements,
    tax,
)
from functions.settlement.events import RefundRequested
from functions.settlement.rules.refunds import RefundReason, order_id_of
from functions.settlement.rules.supplements import Item, ItemKind, number_of
from functions.shared import clock
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx
from functions.tracking.events import VisitExpenseApproved, VisitOvertimeApproved

bp = Blueprint("app")
bus = Subscriptions("settlement")


@bp.lambda_function(name="settlement_events")
def settlement_events(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Bus events, timers and workflow steps of this room."""
    return bus.handle(event)


@bus.on(OrderClosed)
def settle_closed_order(tx: Tx, event: OrderClosed) -> None:
    """Give back what was paid but for the fees, or see to it that nothing can be paid any more."""
    if event.paid:
        actions.close_paid_order(
            tx,
            order_id=event.order_id,
            companion_id=event.companion_id,
            refund_fen=event.refund_fen,
            companion_fee_fen=event.companion_fee_fen,
            platform_fee_fen=event.platform_fee_fen,
        )
    else:
        actions.close_payment(tx, event.order_id)


@bus.on(OrderPaidTooLate)
def refund_late_payment(tx: Tx, event: OrderPaidTooLate) -> None:
    """The money came after the order had ended: it goes back in full."""
    actions.return_payment(tx, order_id=event.order_id, reason=RefundReason.PAID_TOO_LATE)


@bus.on(RefundRequested)
def ask_for_refund(tx: Tx, event: RefundRequested) -> None:
    """The refund is in the ledger: ask the provider for it."""
    actions.pursue_refund(tx, order_id=event.order_id, refund_id=event.refund_id)


@bus.on(RefundRequested)
def correct_invoice(tx: Tx, event: RefundRequested) -> None:
    """What was invoiced goes back: the invoice is made red. (Supplements are not part of it.)"""
    if not number_of(event.payment_id):
        invoices.correct_invoice(tx, event.order_id)


@bus.on(OrderCompleted)
def divide_completed_order(tx: Tx, event: OrderCompleted) -> None:
    """Divide the price as it was frozen when the order was placed."""
    actions.divide_order(
        tx,
        order_id=event.order_id,
        companion_id=event.companion_id,
        total_fen=event.total_fen,
        share_fen=event.split.share_fen,
        commission_fen=event.split.commission_fen,
        premium_fen=event.split.premium_fen,
        subsidies=event.split.subsidies,
        coupon_fen=event.split.coupon_fen,
    )


@bus.on(OrderCompleted)
def give_difference_back(tx: Tx, event: OrderCompleted) -> None:
    """A complaint moved the visit to a cheaper time. The division comes first, or this is delivered again."""
    if event.back_fen and event.decision_id:
        complained.give_difference_back(
            tx, decision_id=event.decision_id, order_id=event.order_id, back_fen=event.back_fen
        )


@bus.on(VisitOvertimeApproved)
def owe_overtime(tx: Tx, event: VisitOvertimeApproved) -> None:
    """The client agreed to more time: it is due."""
    supplements.owe_item(
        tx,
        Item(
            item_id=event.overtime_id,
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=event.companion_id,
            kind=ItemKind.OVERTIME,
            amount_fen=event.amount_fen,
            share_fen=event.share_fen,
            commission_fen=event.commission_fen,
            approved_at=event.approved_at,
        ),
    )


@bus.on(VisitExpenseApproved)
def owe_expense(tx: Tx, event: VisitExpenseApproved) -> None:
    """The client agreed to give back what the companion laid out: all of it is the companion's."""
    supplements.owe_item(
        tx,
        Item(
            item_id=event.expense_id,
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=event.companion_id,
            kind=ItemKind.EXPENSE,
            amount_fen=event.amount_fen,
            share_fen=event.amount_fen,
            commission_fen=0,
            approved_at=event.approved_at,
        ),
    )


@bus.timer("supplement_due")
def note_overdue_supplement(tx: Tx, timer: Timer) -> None:
    """What a client approved is unpaid for too long: finance see it, the client is reminded."""
    supplements.note_overdue(tx, timer.subject)


@bus.on(PolicyIssued)
def note_insurer(tx: Tx, event: PolicyIssued) -> None:
    """Now it is known to whom the order's premium is owed."""
    actions.assign_insurer(tx, order_id=event.order_id, insurer_id=event.insurer_id)


@bus.on(PolicySurrendered)
def owe_kept_premium(tx: Tx, event: PolicySurrendered) -> None:
    """The client got everything back, but a claim had been handed in: the insurer keeps its premium."""
    if event.premium_kept_fen:
        actions.owe_kept_premium(
            tx, order_id=event.order_id, insurer_id=event.insurer_id, premium_fen=event.premium_kept_fen
        )


@bus.timer("check_payment")
def check_payment(tx: Tx, timer: Timer) -> None:
    """A payment is still open: ask the provider, in case its notification was lost."""
    actions.check_payment(tx, timer.subject)


@bus.timer("check_refund")
def check_refund(tx: Tx, timer: Timer) -> None:
    """A refund is not through yet: ask the provider how it stands."""
    actions.pursue_refund(tx, order_id=order_id_of(timer.subject), refund_id=timer.subject)


@bus.timer("release_income")
def release_income(tx: Tx, timer: Timer) -> None:
    """The complaint window of an order is over: its income may be withdrawn."""
    actions.release_income(tx, timer.subject)


@bus.timer("pursue_invoice")
def pursue_invoice(tx: Tx, timer: Timer) -> None:
    """An invoice is asked for, or how it stands."""
    invoices.pursue_invoice(tx, timer.subject)


@bus.recurring("prove_ledger", "cron(40 3 * * ? *)")
def begin_proof(run: Run) -> None:
    """Every night: prove that the ledger holds."""
    actions.begin_proof(run)


@bus.timer("prove_ledger_slice")
def prove_slice(tx: Tx, timer: Timer) -> None:
    """The next rows of the night's proof."""
    actions.prove_slice(tx, timer.subject)


@bus.recurring("payout_run", "cron(0 10 * * ? *)")
def run_payouts(run: Run) -> None:
    """Every working day at ten: plan what was asked for before today, and pay it unless it is large."""
    payouts.run_payouts(run)


@bus.timer("pay_page")
def pay_page(tx: Tx, timer: Timer) -> None:
    """A page of an approved plan is handed over, transfer by transfer."""
    payouts.pay_page(tx, timer.subject)


@bus.timer("finish_plan")
def finish_plan(tx: Tx, timer: Timer) -> None:
    """A plan is being paid: is all of it settled?"""
    payouts.finish_plan(tx, timer.subject)


@bus.timer("unplan_page")
def unplan_page(tx: Tx, timer: Timer) -> None:
    """A page of a rejected plan waits for the next run."""
    payouts.unplan_page(tx, timer.subject)


@bus.timer("take_bank_answers")
def take_bank_answers(tx: Tx, timer: Timer) -> None:
    """Finance gave in the bank's answers: book them row by row."""
    bank_answers.book_bank_answers(timer)


@bus.timer("pay_transfer")
def pay_transfer(tx: Tx, timer: Timer) -> None:
    """A transfer is asked for, or how it stands."""
    paying.pursue_transfer(tx, timer.subject)


@bus.timer("return_tax")
def return_tax(tx: Tx, timer: Timer) -> None:
    """A companion's transfers came out so that less tax is owed than was kept."""
    tax.return_excess(tx, timer.subject)


@bus.timer("pursue_authorization")
def pursue_authorization(tx: Tx, timer: Timer) -> None:
    """Leave to pay without confirmation is asked for or ended: how does it stand?"""
    authorizations.pursue_authorization(tx, timer.subject)


@bus.recurring("finance_report", "cron(20 4 * * ? *)")
def report_yesterday(run: Run) -> None:
    """Every night: what yesterday came to, and the two days before it if a night was missed."""
    today = clock.service_date(run.at)
    for days in (3, 2, 1):
        reports.make_report(run, today - timedelta(days=days))


@bus.recurring("reconciliation", "cron(30 10,13,16 * * ? *)")
def reconcile_yesterday(run: Run) -> None:
    """After ten, when the provider's bill of yesterday is ready; later turns do what an earlier one could not."""
    reconciliation.reconcile(run, clock.service_date(run.at) - timedelta(days=1))


@bus.timer("reconcile_day")
def reconcile_day(tx: Tx, timer: Timer) -> None:
    """Finance asked for a day's comparison to be tried again."""
    reconciliation.reconcile(Run("settlement", timer.kind, timer.due_at), date.fromisoformat(timer.subject))


@bus.step("complaint.hold_income")
def hold_income(tx: Tx, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the order brings is not released while the client complains of it."""
    complained.hold_income(tx, order_id=asked["order_id"], complaint_id=asked["complaint_id"])
    return {}


@bus.step("complaint.give_back")
def refund_complaint(tx: Tx, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give back what was decided, once."""
    return complained.refund_complaint(
        tx,
        complaint_id=asked["complaint_id"],
        decision_id=asked["decision_id"],
        order_id=asked["order_id"],
        refund_fen=asked["refund_fen"],
        decided_by=asked["decided_by"],
    )


@bus.step("complaint.release_income")
def let_income_go(tx: Tx, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The complaint has ended."""
    complained.let_income_go(tx, order_id=asked["order_id"], complaint_id=asked["complaint_id"])
    return {}
