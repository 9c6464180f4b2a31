"""The HTTP side of the WeChat Pay stand-in."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from flask import Flask, Response, jsonify, request

from infra.local.standins.page import render
from infra.local.standins.pay import bills, faults, sections
from infra.local.standins.pay.books import Refused
from infra.local.standins.pay.desk import Desk
from infra.local.standins.pay.signing import SignatureRefused
from infra.local.standins.serving import ControlRefused, control_body, json_object, text_of, with_common_routes

Answer = tuple[int, dict[str, Any] | None]
_CLIENT_PARAMETERS: Final = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")
_FAILURE_TEXTS: Final = {429: ("FREQUENCY_LIMITED", "频率超限，请降低频率后重试")}


def create_app(desk: Desk) -> Flask:
    """The stand-in as a Flask application over `desk`."""
    app = Flask(__name__)
    with_common_routes(app, desk.journal)
    _add_payments(app, desk)
    _add_refunds(app, desk)
    _add_transfers(app, desk)
    _add_authorizations(app, desk)
    _add_bills(app, desk)
    _add_invoices(app, desk)
    _add_control(app, desk)

    @app.get("/")
    def page() -> str:
        subtitle = f"商户号 {desk.keys.merchant_id}，仅供本机测试，不涉及真实资金"
        return render("微信支付（替身）", subtitle, sections.of(desk))

    return app


def _add_payments(app: Flask, desk: Desk) -> None:
    @app.post("/v3/pay/transactions/jsapi")
    def jsapi() -> Response:
        def work(body: dict[str, Any]) -> Answer:
            return 200, {"prepay_id": desk.books.prepay(body, "JSAPI").prepay_id}

        return _answer(desk, "prepay", None, work)

    @app.post("/v3/pay/transactions/native")
    def native() -> Response:
        def work(body: dict[str, Any]) -> Answer:
            prepay_id = desk.books.prepay(body, "NATIVE").prepay_id
            return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={prepay_id}"}

        return _answer(desk, "prepay", None, work)

    @app.get("/v3/pay/transactions/out-trade-no/<out_trade_no>")
    def query(out_trade_no: str) -> Response:
        def work(_: dict[str, Any]) -> Answer:
            desk.books.check_merchant(request.args.get("mchid"))
            return 200, desk.transaction(desk.books.order(out_trade_no))

        return _answer(desk, "query", out_trade_no, work)

    @app.post("/v3/pay/transactions/out-trade-no/<out_trade_no>/close")
    def close(out_trade_no: str) -> Response:
        def work(body: dict[str, Any]) -> Answer:
            desk.books.check_merchant(body.get("mchid"))
            desk.books.close(out_trade_no)
            return 204, None

        return _answer(desk, "close", out_trade_no, work)


def _add_refunds(app: Flask, desk: Desk) -> None:
    @app.post("/v3/refund/domestic/refunds")
    def refund() -> Response:
        def work(body: dict[str, Any]) -> Answer:
            return 200, desk.refund_answer(desk.refund(body))

        return _answer(desk, "refund", None, work)

    @app.get("/v3/refund/domestic/refunds/<out_refund_no>")
    def query_refund(out_refund_no: str) -> Response:
        known = desk.journal.get("refund", out_refund_no)

        def work(_: dict[str, Any]) -> Answer:
            return 200, desk.refund_answer(desk.books.find_refund(out_refund_no))

        return _answer(desk, "query_refund", known["out_trade_no"] if known else None, work)


def _add_transfers(app: Flask, desk: Desk) -> None:
    bills = "/v3/fund-app/mch-transfer/transfer-bills"
    transfers = desk.transfers

    def place(*, authorized: bool) -> Response:
        def work(body: dict[str, Any]) -> Answer:
            known = desk.journal.get("transfer", str(body.get("out_bill_no")))
            bill = transfers.place(body, authorized=authorized)
            if authorized and known is None:
                desk.tell_of_transfer(bill)
            return 200, transfers.answer(bill)

        return _answer(desk, "transfer", None, work)

    app.add_url_rule(bills, "transfer", lambda: place(authorized=False), methods=["POST"])
    app.add_url_rule(f"{bills}/transfer", "authorized_transfer", lambda: place(authorized=True), methods=["POST"])

    @app.get(f"{bills}/out-bill-no/<number>")
    def query_transfer(number: str) -> Response:
        return _answer(desk, "query_transfer", number, lambda _: (200, transfers.answer(transfers.find(number))))

    @app.post(f"{bills}/out-bill-no/<number>/cancel")
    def cancel_transfer(number: str) -> Response:
        return _answer(desk, "cancel_transfer", number, lambda _: (200, transfers.answer(transfers.cancel(number))))

    @app.post("/_control/confirm-transfer")
    def confirm_transfer() -> Response:
        bill = transfers.confirm(text_of(control_body({"out_bill_no"}), "out_bill_no"))
        desk.tell_of_transfer(bill)
        return jsonify(transfers.answer(bill))

    @app.post("/_control/fail-transfer")
    def fail_transfer() -> Response:
        body = control_body({"out_bill_no", "reason"})
        bill = transfers.fail(text_of(body, "out_bill_no"), text_of(body, "reason"))
        desk.tell_of_transfer(bill)
        return jsonify(transfers.answer(bill))


def _add_authorizations(app: Flask, desk: Desk) -> None:
    applications = "/v3/fund-app/mch-transfer/user-confirm-authorization"
    leaves = desk.authorizations

    @app.post(applications)
    def apply_for_leave() -> Response:
        return _answer(desk, "authorize", None, lambda body: (200, leaves.answer(leaves.apply(body))))

    @app.get(f"{applications}/out-authorization-no/<number>")
    def query_leave(number: str) -> Response:
        displayed = request.args.get("is_display_authorization") == "true"

        def work(_: dict[str, Any]) -> Answer:
            return 200, leaves.answer(leaves.find(number), displayed=displayed)

        return _answer(desk, "query_authorization", number, work)

    @app.post(f"{applications}/out-authorization-no/<number>/close")
    def close_leave(number: str) -> Response:
        def work(_: dict[str, Any]) -> Answer:
            leave = leaves.close(number)
            desk.tell_of_authorization(leave)
            return 200, leaves.answer(leave)

        return _answer(desk, "close_authorization", number, work)

    @app.post("/_control/confirm-authorization")
    def confirm_leave() -> Response:
        leave = leaves.confirm(text_of(control_body({"out_authorization_no"}), "out_authorization_no"))
        desk.tell_of_authorization(leave)
        return jsonify(leaves.answer(leave))

    @app.post("/_control/close-authorization")
    def end_leave() -> Response:
        body = control_body({"out_authorization_no", "reason"})
        leave = leaves.close(text_of(body, "out_authorization_no"), text_of(body, "reason"))
        desk.tell_of_authorization(leave)
        return jsonify(leaves.answer(leave))


def _add_bills(app: Flask, desk: Desk) -> None:
    @app.get("/v3/bill/tradebill")
    def trade_bill() -> Response:
        asked = request.args
        base_url = request.host_url.rstrip("/")

        def work(_: dict[str, Any]) -> Answer:
            kind, packing = asked.get("bill_type", "ALL"), asked.get("tar_type", "")
            return 200, desk.bills.apply_for(asked.get("bill_date", ""), kind, packing, base_url)

        return _answer(desk, "trade_bill", None, work)

    @app.get("/v3/billdownload/file")
    def download() -> Response:
        try:
            desk.signer.prove_request(
                "GET", request.environ["REQUEST_URI"], request.headers.get("Authorization", ""), "", desk.clock()
            )
        except SignatureRefused as refusal:
            return _as_response(401, {"code": "SIGN_ERROR", "message": str(refusal)}, {})
        return Response(desk.bills.file(request.args["token"]), content_type="application/x-gzip")

    @app.post("/_control/bill")
    def bill() -> Response:
        desk.bills.mistakes = bills.Mistakes.of(control_body(bills.FIELDS))
        return jsonify({})


def _add_invoices(app: Flask, desk: Desk) -> None:
    applications = "/v3/new-tax-control-fapiao/fapiao-applications"
    invoices = desk.invoices

    @app.post(applications)
    def issue() -> Response:
        def work(body: dict[str, Any]) -> Answer:
            invoices.issue(body)
            return 202, None

        return _answer(desk, "invoice", None, work)

    @app.get(f"{applications}/<number>")
    def query_invoice(number: str) -> Response:
        return _answer(desk, "query_invoice", number, lambda _: (200, invoices.answer(invoices.find(number))))

    @app.post(f"{applications}/<number>/reverse")
    def reverse(number: str) -> Response:
        def work(body: dict[str, Any]) -> Answer:
            invoices.reverse(number, body)
            return 202, None

        return _answer(desk, "reverse_invoice", number, work)

    @app.get(f"{applications}/<number>/fapiao-files")
    def files(number: str) -> Response:
        base_url = request.host_url.rstrip("/")
        return _answer(desk, "invoice_file", number, lambda _: (200, invoices.files(invoices.find(number), base_url)))

    @app.get("/_invoices/<number>.pdf")
    def pdf(number: str) -> Response:
        return Response(invoices.pdf(number), content_type="application/pdf")


def _add_control(app: Flask, desk: Desk) -> None:
    @app.errorhandler(Refused)
    def refused(refusal: Refused) -> tuple[Response, int]:
        return jsonify({"code": refusal.code, "message": refusal.message}), refusal.status

    @app.post("/_control/pay")
    def pay() -> Response:
        body = control_body({"out_trade_no", "prepay_id", "openid", *_CLIENT_PARAMETERS})
        order = desk.pay(_order_to_pay(desk, body), body.get("openid"))
        desk.journal.note("pay", out_trade_no=order.out_trade_no, amount_fen=order.amount_fen)
        return jsonify(
            {
                "out_trade_no": order.out_trade_no,
                "transaction_id": order.transaction_id,
                "trade_state": order.state,
                "success_time": order.success_at,
            }
        )

    @app.post("/_control/misbehave")
    def misbehave() -> Response:
        desk.faults.add(control_body(faults.FIELDS))
        return jsonify({})

    @app.post("/_control/behave")
    def behave() -> Response:
        control_body(())
        desk.faults.clear()
        return jsonify({})

    @app.get("/_control/state")
    def state() -> Response:
        return jsonify(
            {
                "orders": [msgspec.to_builtins(order) for order in desk.books.orders()],
                "refunds": [msgspec.to_builtins(refund) for refund in desk.books.refunds()],
                "authorizations": [msgspec.to_builtins(leave) for leave in desk.authorizations.all()],
                "transfers": [msgspec.to_builtins(bill) for bill in desk.transfers.all()],
                "notifications": [msgspec.to_builtins(notice) for notice in desk.courier.notices()],
            }
        )


def _order_to_pay(desk: Desk, body: dict[str, Any]) -> str:
    if not any(name in body for name in _CLIENT_PARAMETERS):
        if "prepay_id" in body:
            return desk.books.order_by_prepay_id(text_of(body, "prepay_id")).out_trade_no
        return text_of(body, "out_trade_no")
    app_id, time_stamp, nonce_str, package, sign_type, sign = (text_of(body, name) for name in _CLIENT_PARAMETERS)
    if app_id != desk.keys.app_id or sign_type != "RSA" or not package.startswith("prepay_id="):
        raise ControlRefused(409, "PARAM_ERROR", "调起支付的参数不正确")
    if not desk.signer.proves_client_parameters(app_id, time_stamp, nonce_str, package, sign):
        raise ControlRefused(409, "SIGN_ERROR", "支付验证签名失败")
    return desk.books.order_by_prepay_id(package.removeprefix("prepay_id=")).out_trade_no


def _answer(desk: Desk, operation: str, out_trade_no: str | None, work: Callable[[dict[str, Any]], Answer]) -> Response:
    """Prove the request, do the work, sign the answer; or misbehave as was asked for."""
    text = request.get_data(as_text=True)
    try:
        desk.signer.prove_request(
            request.method, request.environ["REQUEST_URI"], request.headers.get("Authorization", ""), text, desk.clock()
        )
    except SignatureRefused as refusal:
        desk.journal.note(operation, out_trade_no=out_trade_no, status=401, code="SIGN_ERROR")
        return _as_response(401, {"code": "SIGN_ERROR", "message": str(refusal)}, {})
    body, named = _body_and_order(text, out_trade_no)
    fault = desk.faults.for_answer(operation, named)
    time.sleep(fault.delay_s)
    status, content = (0, None) if fault.fail_status and not fault.after_commit else _worked(work, body)
    if fault.drop:
        desk.journal.note(operation, out_trade_no=named, status=status, dropped=True)
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return Response()
    if fault.fail_status:
        code, message = _FAILURE_TEXTS.get(fault.fail_status, ("SYSTEM_ERROR", "系统异常，请稍后重试"))
        status, content = fault.fail_status, {"code": code, "message": message}
    desk.journal.note(operation, out_trade_no=named, status=status, code=(content or {}).get("code"), request=body)
    sent = json.dumps(content, ensure_ascii=False) if content is not None else ""
    return _as_response(status, content, desk.signer.headers(sent, desk.clock(), fault.flaw))


def _worked(work: Callable[[dict[str, Any]], Answer], body: dict[str, Any] | None) -> Answer:
    if body is None:
        return 400, {"code": "PARAM_ERROR", "message": "请求内容应为 JSON 对象"}
    try:
        return work(body)
    except Refused as refusal:
        return refusal.status, {"code": refusal.code, "message": refusal.message}


def _body_and_order(text: str, out_trade_no: str | None) -> tuple[dict[str, Any] | None, str | None]:
    """The request's object (None if it is not one) and the order that it is about, if it says so."""
    if not text:
        return {}, out_trade_no
    try:
        body = json_object()
    except ControlRefused:
        return None, out_trade_no
    named = body.get("out_trade_no") or body.get("out_bill_no") or body.get("out_authorization_no")
    return body, out_trade_no or (named if isinstance(named, str) else None)


def _as_response(status: int, content: dict[str, Any] | None, headers: dict[str, str]) -> Response:
    sent = json.dumps(content, ensure_ascii=False) if content is not None else ""
    return Response(sent, status, headers, content_type="application/json; charset=utf-8")
