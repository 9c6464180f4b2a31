"""Withdrawals over HTTP: a companion's payees, and income taken out to them (F26)."""

from typing import Any

from functions.settlement.actions import withdrawals as actions
from functions.settlement.api.declared import routes
from functions.settlement.rules.ledger import Overdrawn
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.withdrawals import DailyLimitReached, PayeeUnverified
from functions.settlement.schemas.withdrawals import BindPayee, PayeeList, PayeeView, RequestWithdrawal, WithdrawalView
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.shared.http.schemas import Accepted

_OWNER = {Role.COMPANION}


@routes.post(
    "/payees",
    summary="绑定收款账户",
    roles=_OWNER,
    body=BindPayee,
    reply=PayeeView,
    status=201,
    effect=True,
    problems=(NotFound, actions.TooManyPayees),
)
def bind_payee(call: Call[BindPayee]) -> PayeeView:
    """只能绑定本人账户：姓名须与认证姓名一致。卡号加密保存，此后只显示尾号。"""
    request = actions.PayeeRequest(
        channel=call.body.channel, name=call.body.name, account=call.body.card_number, bank=call.body.bank.strip()
    )
    return PayeeView.of(actions.bind_payee(call.tx, companion_id=call.caller.subject, request=request))


@routes.get("/payees", summary="我的收款账户", roles=_OWNER, reply=PayeeList)
def list_payees(call: Call[Any]) -> PayeeList:
    """按绑定先后从新到旧。"""
    return PayeeList(items=[PayeeView.of(row) for row in actions.list_payees(call.caller.subject)])


@routes.delete("/payees/{payee_id}", summary="解绑收款账户", roles=_OWNER, reply=Accepted, problems=(NotFound,))
def remove_payee(call: Call[Any], payee_id: str) -> Accepted:
    """解绑后不能再提现到该账户；已申请的提现仍会打到原账户。"""
    actions.remove_payee(call.tx, companion_id=call.caller.subject, payee_id=payee_id)
    return Accepted()


@routes.post(
    "/withdrawals",
    summary="申请提现",
    roles=_OWNER,
    body=RequestWithdrawal,
    reply=WithdrawalView,
    status=201,
    effect=True,
    problems=(PayeeUnverified, DailyLimitReached, Overdrawn),
)
def request_withdrawal(call: Call[RequestWithdrawal]) -> WithdrawalView:
    """金额立即从可提现余额中扣出，下一个工作日打款。"""
    row = actions.request_withdrawal(
        call.tx, companion_id=call.caller.subject, payee_id=call.body.payee_id, amount_fen=call.body.amount_fen
    )
    return WithdrawalView.of(row)


@routes.get("/withdrawals", summary="我的提现", roles=_OWNER, query=PageQuery, reply=Page[WithdrawalView])
def list_withdrawals(call: Call[Any]) -> Page[WithdrawalView]:
    """从新到旧，含进度与未到账的原因。"""
    after = decode_cursor(call.query.cursor)
    rows, last = actions.list_withdrawals(call.caller.subject, limit=call.query.limit, after=after)
    return Page(items=[WithdrawalView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/withdrawals/{withdrawal_id}", summary="一笔提现", roles=_OWNER, reply=WithdrawalView, problems=(NotFound,)
)
def get_withdrawal(call: Call[Any], withdrawal_id: str) -> WithdrawalView:
    """需要在微信里确认收款时，以 `confirmation` 作为 `package` 调起 `wx.requestMerchantTransfer`，24 小时内有效。"""
    return WithdrawalView.of(actions.find_withdrawal(call.caller.subject, withdrawal_id))


@routes.post(
    "/withdrawals/{withdrawal_id}/call-back",
    summary="撤回提现",
    roles=_OWNER,
    reply=WithdrawalView,
    effect=True,
    problems=(NotFound, IllegalMove),
)
def call_back(call: Call[Any], withdrawal_id: str) -> WithdrawalView:
    """尚未进入打款计划时可以撤回，金额立即回到可提现余额。"""
    return WithdrawalView.of(actions.call_back(call.tx, companion_id=call.caller.subject, withdrawal_id=withdrawal_id))
