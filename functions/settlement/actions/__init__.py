"""What can be done about money, one module per topic; other rooms read through this package."""

from functions.settlement.actions.closing import close_paid_order, return_payment
from functions.settlement.actions.earnings import earnings_of, find_income, incomes_of, make_statement
from functions.settlement.actions.income import assign_insurer, divide_order, owe_kept_premium, release_income
from functions.settlement.actions.ledger import account_statement, order_ledger, trial_balance
from functions.settlement.actions.nightly_proof import begin as begin_proof
from functions.settlement.actions.nightly_proof import proof_of, prove_slice
from functions.settlement.actions.notifications import take_notification
from functions.settlement.actions.payments import (
    check_payment,
    close_payment,
    find_payment,
    look_up_payment,
    start_payment,
    start_supplement,
)
from functions.settlement.actions.proposals import decide, find_proposal, proposals_of, propose_booking
from functions.settlement.actions.refund_orders import order_refund
from functions.settlement.actions.refunds import pursue_refund, refunds_of
from functions.settlement.table import put_policy

__all__ = [
    "account_statement",
    "assign_insurer",
    "begin_proof",
    "check_payment",
    "close_paid_order",
    "close_payment",
    "decide",
    "divide_order",
    "earnings_of",
    "find_income",
    "find_payment",
    "find_proposal",
    "incomes_of",
    "look_up_payment",
    "make_statement",
    "order_ledger",
    "order_refund",
    "owe_kept_premium",
    "proof_of",
    "proposals_of",
    "propose_booking",
    "prove_slice",
    "pursue_refund",
    "put_policy",
    "refunds_of",
    "release_income",
    "return_payment",
    "start_payment",
    "start_supplement",
    "take_notification",
    "trial_balance",
]
