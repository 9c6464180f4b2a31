"""The ledger over HTTP: only reading; what changes it are events and approved proposals (F32)."""

from datetime import date, datetime, time, timedelta
from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import READERS, routes
from functions.settlement.rules.ledger import Scope, parse_account
from functions.settlement.schemas.ledger import (
    AccountStatementView,
    OrderLedgerView,
    ProofView,
    StatementQuery,
    TransactionView,
    TrialBalanceQuery,
    TrialBalanceView,
)
from functions.shared import audit
from functions.shared.clock import CHINA
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.http import Call, decode_cursor

_YEARS = range(2000, 2100)


@routes.get(
    "/orders/{order_id}/ledger",
    summary="订单的账目",
    roles=READERS,
    reply=OrderLedgerView,
    problems=(NotFound,),
)
def get_order_ledger(call: Call[Any], order_id: str) -> OrderLedgerView:
    """该订单的全部分录，按时间排列；借方为正，贷方为负，每笔合计为零。"""
    transactions = [TransactionView.of(booked) for booked in actions.order_ledger(order_id)]
    return OrderLedgerView(order_id=order_id, transactions=transactions)


@routes.get(
    "/ledger/trial-balance",
    summary="试算平衡表",
    roles=READERS,
    query=TrialBalanceQuery,
    reply=TrialBalanceView,
)
def get_trial_balance(call: Call[Any]) -> TrialBalanceView:
    """各科目的合计，当前或截至某月月底；借贷相等。"""
    return TrialBalanceView.of(actions.trial_balance(call.query.through or None))


@routes.get(
    "/ledger/accounts/{account}/statement",
    summary="科目明细账",
    roles=READERS,
    query=StatementQuery,
    reply=AccountStatementView,
    problems=(NotFound,),
)
def get_account_statement(call: Call[Any], account: str) -> AccountStatementView:
    """一个科目在一段日期内的全部分录，附期初、逐笔与期末余额。查阅陪诊师个人科目会留下记录。"""
    try:
        wanted = parse_account(account)
    except ValueError:
        raise NotFound() from None
    if wanted.code.scope is Scope.COMPANION:
        audit.record(call.tx, actor=call.caller.subject, act="statement.read", subject=wanted.owner)
    page = actions.account_statement(
        wanted,
        start=_midnight("from", call.query.from_),
        end=_midnight("to", call.query.to, days=1),
        limit=call.query.limit,
        after=decode_cursor(call.query.cursor),
    )
    return AccountStatementView.of(page)


@routes.get(
    "/ledger/proofs/{day}",
    summary="账本夜间核验",
    roles=READERS,
    reply=ProofView,
    problems=(NotFound,),
)
def get_proof(call: Call[Any], day: str) -> ProofView:
    """某日凌晨对全部分录与余额的核验结果。"""
    return ProofView.of(actions.proof_of(day))


def _midnight(field: str, day: date | None, *, days: int = 0) -> datetime | None:
    if day is None:
        return None
    if day.year not in _YEARS:
        raise Invalid(errors=(FieldError(field, "日期须在 2000 年至 2099 年之间"),))
    return datetime.combine(day + timedelta(days=days), time(), CHINA)
