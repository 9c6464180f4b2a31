"""What can be done about money, one module per topic; other rooms read through this package."""

from functions.settlement.actions.income import (
    assign_insurer,
    divide_order,
    earnings_of,
    find_income,
    incomes_of,
    release_income,
)
from functions.settlement.actions.ledger import order_ledger, statement, trial_balance
from functions.settlement.actions.notifications import take_notification
from functions.settlement.actions.payments import (
    check_payment,
    close_payment,
    find_payment,
    look_up_payment,
    start_payment,
)
from functions.settlement.actions.refunds import pursue_refund, refunds_of, request_refund
from functions.settlement.table import put_policy

__all__ = [
    "assign_insurer",
    "check_payment",
    "close_payment",
    "divide_order",
    "earnings_of",
    "find_income",
    "find_payment",
    "incomes_of",
    "look_up_payment",
    "order_ledger",
    "pursue_refund",
    "put_policy",
    "refunds_of",
    "release_income",
    "request_refund",
    "start_payment",
    "statement",
    "take_notification",
    "trial_balance",
]
