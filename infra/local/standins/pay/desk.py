"""What happens behind the counter: books, deliveries and refunds in progress, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from infra.local.standins.agenda import Agenda
from infra.local.standins.journal import Journal
from infra.local.standins.keys import PayKeys
from infra.local.standins.pay.authorizations import Authorizations, Leave
from infra.local.standins.pay.bills import Bills
from infra.local.standins.pay.books import Books, Order, Refund
from infra.local.standins.pay.courier import Courier
from infra.local.standins.pay.faults import Faults
from infra.local.standins.pay.invoices import Invoices
from infra.local.standins.pay.signing import Signer
from infra.local.standins.pay.transfers import Bill, Transfers

_STATE_TEXTS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}
_REFUND_TEXTS = {"SUCCESS": "退款成功", "CLOSED": "退款关闭", "ABNORMAL": "退款异常"}


@dataclass(frozen=True)
class Pace:
    """How fast time goes: retries wait their real delay times `retry_scale`, refunds take `refund_delay_s`."""

    retry_scale: float = 1.0
    refund_delay_s: float = 1.0


class Desk:
    """One merchant's WeChat Pay."""

    def __init__(self, journal: Journal, keys: PayKeys, clock: Callable[[], datetime], pace: Pace) -> None:
        self.keys = keys
        self.clock = clock
        self.journal = journal
        self.signer = Signer(keys)
        self.faults = Faults()
        self.books = Books(journal, keys, clock)
        self.authorizations = Authorizations(journal, keys, clock)
        self.transfers = Transfers(journal, keys, clock, self.authorizations)
        self.bills = Bills(self.books, clock)
        self.invoices = Invoices(journal, clock)
        self._pace = pace
        self._agenda = Agenda()
        self.courier = Courier(journal, self.signer, self._agenda, clock, pace.retry_scale)
        for refund in self.books.refunds():
            if refund.status == "PROCESSING":
                self._finish_later(refund.out_refund_no)

    def close(self) -> None:
        """Stop delivering and keep what is pending for the next start."""
        self._agenda.close()
        self.journal.close()

    def pay(self, out_trade_no: str, payer: str | None) -> Order:
        """The client pays and the merchant is notified. Raises Refused."""
        order = self.books.pay(out_trade_no, payer)
        self.courier.send(
            out_trade_no=out_trade_no,
            event_type="TRANSACTION.SUCCESS",
            summary="支付成功",
            original_type="transaction",
            resource=self.transaction(order),
            notify_url=order.placed["notify_url"],
            fault=self.faults.for_notice(out_trade_no, is_refund=False),
        )
        return order

    def refund(self, body: dict[str, Any]) -> Refund:
        """Start a refund, finished and notified after a while. Raises Refused."""
        known = self.journal.get("refund", str(body.get("out_refund_no")))
        refund = self.books.refund(body)
        if known is None:
            self._finish_later(refund.out_refund_no)
        return refund

    def tell_of_transfer(self, bill: Bill) -> None:
        """Notify the merchant of a transfer that came to its end."""
        if not bill.notify_url:
            return
        self.courier.send(
            out_trade_no=bill.out_bill_no,
            event_type="MCHTRANSFER.BILL.FINISHED",
            summary="商家转账单据终态通知",
            original_type="mch_payment",
            resource={**self.transfers.answer(bill), "openid": bill.asked["openid"]},
            notify_url=bill.notify_url,
            fault=self.faults.for_notice(bill.out_bill_no, is_refund=False),
        )

    def tell_of_authorization(self, leave: Leave) -> None:
        """Notify the merchant that a payee agreed, or that a leave is over."""
        outcome = "CONFIRMED" if leave.state == "TAKING_EFFECT" else "CLOSED"
        self.courier.send(
            out_trade_no=leave.out_authorization_no,
            event_type=f"MCHTRANSFER.AUTHORIZATION.{outcome}",
            summary="免确认收款授权结果通知",
            original_type="mch_payment",
            resource=self.authorizations.answer(leave),
            notify_url=leave.notify_url,
            fault=self.faults.for_notice(leave.out_authorization_no, is_refund=False),
        )

    def transaction(self, order: Order) -> dict[str, Any]:
        """The order as a query answers it and a notification carries it."""
        seen: dict[str, Any] = {
            "appid": self.keys.app_id,
            "mchid": self.keys.merchant_id,
            "out_trade_no": order.out_trade_no,
            "trade_state": order.state,
            "trade_state_desc": _STATE_TEXTS[order.state],
            "promotion_detail": [],
        }
        if order.transaction_id:
            seen |= {
                "transaction_id": order.transaction_id,
                "trade_type": order.trade_type,
                "bank_type": "OTHERS",
                "attach": "",
                "success_time": order.success_at,
                "payer": {"openid": order.payer},
            }
            seen["amount"] = {
                "total": order.amount_fen,
                "payer_total": order.amount_fen,
                "currency": "CNY",
                "payer_currency": "CNY",
            }
        return seen

    def refund_answer(self, refund: Refund) -> dict[str, Any]:
        """The refund as the API answers it."""
        seen = self._refund_facts(refund)
        seen |= {"channel": "ORIGINAL", "create_time": refund.created_at, "status": refund.status}
        seen["amount"] |= {"currency": "CNY", "settlement_refund": refund.refund_fen, "discount_refund": 0, "from": []}
        return seen

    def _refund_facts(self, refund: Refund) -> dict[str, Any]:
        order = self.books.order(refund.out_trade_no)
        seen: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": order.transaction_id,
            "out_trade_no": refund.out_trade_no,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": order.amount_fen,
                "refund": refund.refund_fen,
                "payer_total": order.amount_fen,
                "payer_refund": refund.refund_fen,
            },
        }
        if refund.success_at:
            seen["success_time"] = refund.success_at
        return seen

    def _finish_later(self, out_refund_no: str) -> None:
        self._agenda.after(self._pace.refund_delay_s, partial(self._finish, out_refund_no))

    def _finish(self, out_refund_no: str) -> None:
        asked = self.books.find_refund(out_refund_no)
        fault = self.faults.for_notice(asked.out_trade_no, is_refund=True)
        refund = self.books.finish_refund(out_refund_no, fault.refund_status or "SUCCESS")
        if refund is None or "notify_url" not in refund.asked:
            return
        self.courier.send(
            out_trade_no=refund.out_trade_no,
            event_type=f"REFUND.{refund.status}",
            summary=_REFUND_TEXTS[refund.status],
            original_type="refund",
            resource={
                **self._refund_facts(refund),
                "mchid": self.keys.merchant_id,
                "refund_status": refund.status,
            },
            notify_url=refund.asked["notify_url"],
            fault=fault,
        )
