"""WeChat Pay's books: orders, payments and refunds, and what it refuses about them.

Codes and texts follow the error tables of the v3 documentation; where a table names several for one situation, the
one that its text describes is used. Amounts are integer fen, instants RFC 3339 in +08:00.
"""

import re
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from infra.local.standins.journal import Journal
from infra.local.standins.keys import PayKeys

CHINA: Final = timezone(timedelta(hours=8))
PREPAY_LIFE: Final = timedelta(hours=2)
REFUND_WITHIN: Final = timedelta(days=365)
MAX_REFUND_PARTS: Final = 50
_OUT_TRADE_NO: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_OUT_REFUND_NO: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_PLACED: Final[tuple[str, ...]] = ("appid", "mchid", "description", "notify_url", "amount", "payer", "time_expire")
_REFUND_ASKED: Final[tuple[str, ...]] = ("out_trade_no", "transaction_id", "amount", "notify_url", "reason")


class Refused(Exception):
    """WeChat Pay's refusal: HTTP `status` with `code` and `message`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Order(msgspec.Struct, kw_only=True):
    out_trade_no: str
    trade_type: str
    placed: dict[str, Any]
    """The request, to compare a repeated one with."""
    amount_fen: int
    prepay_id: str
    prepaid_at: str
    state: str = "NOTPAY"
    transaction_id: str | None = None
    success_at: str | None = None
    payer: str | None = None


class Refund(msgspec.Struct, kw_only=True):
    out_refund_no: str
    out_trade_no: str
    refund_id: str
    asked: dict[str, Any]
    refund_fen: int
    created_at: str
    status: str = "PROCESSING"
    success_at: str | None = None


class Books:
    """All orders and refunds of one merchant; every method is one atomic step."""

    def __init__(self, journal: Journal, keys: PayKeys, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()

    def prepay(self, body: dict[str, Any], trade_type: str) -> Order:
        """Place an order, or the same one again. Raises Refused."""
        self._check_prepay(body, trade_type)
        with self._lock:
            known = self._find_order(body["out_trade_no"])
            placed = {name: body[name] for name in _PLACED if name in body}
            if known is None:
                return self._save_order(
                    Order(
                        out_trade_no=body["out_trade_no"],
                        trade_type=trade_type,
                        placed=placed,
                        amount_fen=body["amount"]["total"],
                        prepay_id=self._prepay_id(),
                        prepaid_at=self._now_text(),
                    )
                )
            if known.state == "CLOSED":
                raise Refused(400, "ORDER_CLOSED", "订单已关闭")
            if known.state != "NOTPAY":
                raise Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            if known.placed != placed or known.trade_type != trade_type:
                raise Refused(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致，请确认参数是否正确")
            if self._is_prepay_over(known):
                known.prepay_id, known.prepaid_at = self._prepay_id(), self._now_text()
            return self._save_order(known)

    def order(self, out_trade_no: str) -> Order:
        """One order; one whose time is over is closed by now. Raises Refused."""
        with self._lock:
            order = self._find_order(out_trade_no)
            if order is None:
                raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
            return order

    def order_by_prepay_id(self, prepay_id: str) -> Order:
        """The order that a client's app names by its prepay_id. Raises Refused."""
        with self._lock:
            for record in self._journal.all("order"):
                if record["prepay_id"] == prepay_id:
                    return self.order(record["out_trade_no"])
        raise Refused(404, "ORDER_NOT_EXIST", "没有这个 prepay_id")

    def close(self, out_trade_no: str) -> None:
        """Let nobody pay it any more. Raises Refused."""
        with self._lock:
            order = self.order(out_trade_no)
            if order.state == "CLOSED":
                raise Refused(400, "ORDER_CLOSED", "订单已关闭")
            if order.state != "NOTPAY":
                raise Refused(400, "ORDERPAID", "订单已支付，不能关闭")
            order.state = "CLOSED"
            self._save_order(order)

    def pay(self, out_trade_no: str, payer: str | None) -> Order:
        """The client pays; `payer` is who, the order's own if None. Raises Refused."""
        with self._lock:
            order = self.order(out_trade_no)
            if order.state == "CLOSED":
                raise Refused(409, "ORDER_CLOSED", "订单已关闭，不能支付")
            if order.state != "NOTPAY":
                raise Refused(409, "ORDERPAID", "订单已支付")
            if self._is_prepay_over(order):
                raise Refused(409, "PREPAY_EXPIRED", "预支付会话已超过 2 小时")
            expected = order.placed.get("payer", {}).get("openid")
            if payer is not None and expected is not None and payer != expected:
                raise Refused(409, "OPENID_MISMATCH", "下单用户与支付用户不一致")
            order.payer = payer or expected or f"o{secrets.token_hex(13)}x"
            order.state = "SUCCESS"
            order.transaction_id = f"4200{secrets.randbelow(10**24):024d}"
            order.success_at = self._now_text()
            return self._save_order(order)

    def refund(self, body: dict[str, Any]) -> Refund:
        """Start a refund, or report the same one again. Raises Refused."""
        amount = self._checked_refund(body)
        with self._lock:
            asked = {name: body[name] for name in _REFUND_ASKED if name in body}
            known = self._journal.get("refund", body["out_refund_no"])
            if known is not None:
                refund = msgspec.convert(known, Refund)
                if refund.asked != asked:
                    raise Refused(400, "INVALID_REQUEST", "请求参数与首次请求时不一致，请使用原参数重试")
                return refund
            order = self._refundable(body, amount)
            order.state = "REFUND"
            self._save_order(order)
            return self._save_refund(
                Refund(
                    out_refund_no=body["out_refund_no"],
                    out_trade_no=order.out_trade_no,
                    refund_id=f"5030{secrets.randbelow(10**24):024d}",
                    asked=asked,
                    refund_fen=amount["refund"],
                    created_at=self._now_text(),
                )
            )

    def find_refund(self, out_refund_no: str) -> Refund:
        """One refund. Raises Refused."""
        record = self._journal.get("refund", out_refund_no)
        if record is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return msgspec.convert(record, Refund)

    def finish_refund(self, out_refund_no: str, status: str) -> Refund | None:
        """Bring a processing refund to its end; None if it is there already."""
        with self._lock:
            refund = self.find_refund(out_refund_no)
            if refund.status != "PROCESSING":
                return None
            refund.status = status
            refund.success_at = self._now_text() if status == "SUCCESS" else None
            return self._save_refund(refund)

    def orders(self) -> list[Order]:
        """All orders, oldest first."""
        return [msgspec.convert(record, Order) for record in self._journal.all("order")]

    def refunds(self) -> list[Refund]:
        """All refunds, oldest first."""
        return [msgspec.convert(record, Refund) for record in self._journal.all("refund")]

    def _check_prepay(self, body: dict[str, Any], trade_type: str) -> None:
        self.check_merchant(body.get("mchid"))
        if body.get("appid") != self._keys.app_id:
            raise Refused(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        _require_text(body, "out_trade_no", _OUT_TRADE_NO)
        _require_text(body, "description", re.compile(r"(?s).{1,127}"))
        _require_text(body, "notify_url", re.compile(r"https?://[^\s?#]+"))
        amount = body.get("amount")
        if not isinstance(amount, dict) or not _is_fen(amount.get("total")) or amount.get("currency", "CNY") != "CNY":
            raise _bad_parameter("amount.total")
        if trade_type == "JSAPI":
            payer = body.get("payer")
            if not isinstance(payer, dict) or not isinstance(payer.get("openid"), str) or not payer["openid"]:
                raise _bad_parameter("payer.openid")
        if "time_expire" in body and _instant(body["time_expire"]) <= self._clock():
            raise Refused(400, "INVALID_REQUEST", "time_expire 已经过去")

    def check_merchant(self, merchant_id: object) -> None:
        """Raises Refused unless the merchant id is the one that signs."""
        if merchant_id != self._keys.merchant_id:
            raise Refused(400, "PARAM_ERROR", "参数错误：mchid 与请求的商户不一致")

    def _checked_refund(self, body: dict[str, Any]) -> dict[str, int]:
        _require_text(body, "out_refund_no", _OUT_REFUND_NO)
        if not isinstance(body.get("out_trade_no"), str) and not isinstance(body.get("transaction_id"), str):
            raise _bad_parameter("out_trade_no")
        if len(str(body.get("reason", "")).encode()) > 80:
            raise _bad_parameter("reason")
        if "notify_url" in body:
            _require_text(body, "notify_url", re.compile(r"https?://[^\s?#]+"))
        amount = body.get("amount")
        if not isinstance(amount, dict) or not _is_fen(amount.get("refund")) or not _is_fen(amount.get("total")):
            raise _bad_parameter("amount.refund")
        if amount.get("currency") != "CNY":
            raise _bad_parameter("amount.currency")
        return amount

    def _refundable(self, body: dict[str, Any], amount: dict[str, int]) -> Order:
        order = self._order_of_refund(body)
        if order.success_at is None:
            raise Refused(400, "INVALID_REQUEST", "订单未支付，不能退款")
        if _instant(order.success_at) + REFUND_WITHIN < self._clock():
            raise Refused(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")
        if amount["total"] != order.amount_fen:
            raise Refused(400, "INVALID_REQUEST", "订单金额与原订单不一致")
        parts = [part for part in self.refunds() if part.out_trade_no == order.out_trade_no and part.status != "CLOSED"]
        if sum(part.refund_fen for part in parts) + amount["refund"] > order.amount_fen:
            raise Refused(400, "INVALID_REQUEST", "申请退款金额大于订单剩余可退金额")
        if len(parts) >= MAX_REFUND_PARTS:
            raise Refused(400, "INVALID_REQUEST", "部分退款次数超过 50 次")
        return order

    def _order_of_refund(self, body: dict[str, Any]) -> Order:
        if "out_trade_no" in body:
            order = self._find_order(body["out_trade_no"])
            if order is not None:
                return order
        else:
            for order in self.orders():
                if order.transaction_id == body["transaction_id"]:
                    return order
        raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")

    def _find_order(self, out_trade_no: str) -> Order | None:
        record = self._journal.get("order", out_trade_no)
        if record is None:
            return None
        order = msgspec.convert(record, Order)
        expires = order.placed.get("time_expire")
        if order.state == "NOTPAY" and expires and _instant(expires) <= self._clock():
            order.state = "CLOSED"
            self._save_order(order)
        return order

    def _save_order(self, order: Order) -> Order:
        self._journal.put("order", order.out_trade_no, msgspec.to_builtins(order))
        return order

    def _save_refund(self, refund: Refund) -> Refund:
        self._journal.put("refund", refund.out_refund_no, msgspec.to_builtins(refund))
        return refund

    def _is_prepay_over(self, order: Order) -> bool:
        return _instant(order.prepaid_at) + PREPAY_LIFE <= self._clock()

    def _prepay_id(self) -> str:
        return f"wx{self._clock().astimezone(CHINA):%d%H%M%S}{secrets.token_hex(13)}"

    def _now_text(self) -> str:
        return self._clock().astimezone(CHINA).isoformat(timespec="seconds")


def _is_fen(value: object) -> bool:
    return type(value) is int and value >= 1


def _bad_parameter(name: str) -> Refused:
    return Refused(400, "PARAM_ERROR", f"参数错误：{name}")


def _require_text(body: dict[str, Any], name: str, form: re.Pattern[str]) -> None:
    value = body.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _bad_parameter(name)


def _instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        raise _bad_parameter("time_expire") from None
    if instant.tzinfo is None:
        raise _bad_parameter("time_expire")
    return instant
