"""E-invoices: asked for, issued, delivered, made red by refunds; always over what the client really bore (F32)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement import table
from functions.settlement.actions import put_policy
from functions.settlement.rules.invoices import (
    InvoiceState,
    Title,
    TitleKind,
    checked_title,
    invoice_id_of,
    invoiceable_fen,
    is_credit_code,
    is_invoice_id,
    move_invoice,
    order_id_of,
)
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.policy import InvoiceChannel, Policy
from functions.shared import ids
from functions.shared.errors import Invalid
from tests.harness.world import Person, Reply
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till, commit

CODE = "91350100M000100Y43"
"""The example of GB 32100-2015."""
COMPANY = {"kind": "organization", "name": "福州测试有限公司", "taxpayer_id": CODE}
PERSON = {"kind": "individual", "name": "王芳"}
NET_FEN = TOTAL_FEN - SPLIT.premium_fen
BACK_FEN = 2_000
PARTIAL = {"kind": "partial", "amount_fen": BACK_FEN, "reason": "提前结束陪诊"}
HEADER = "商户发票单号,结果,发票号码,开票日期,原因"


class TestTitle:
    @pytest.mark.parametrize("code", [CODE, "91440300MA5DA1234X"[:17] + "X", "9" * 18, "91350100M000100Y4", "I" * 18])
    def test_only_a_code_with_its_check_character_is_one(self, code: str) -> None:
        assert is_credit_code(code) == (code == CODE)

    @given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
    def test_one_wrong_character_is_always_found(self, place: int, character: str) -> None:
        changed = CODE[:place] + character + CODE[place + 1 :]
        assert is_credit_code(changed) == (changed == CODE)

    @pytest.mark.parametrize(
        ("kind", "name", "taxpayer_id", "field"),
        [
            ("organization", "公司", "", "title.taxpayer_id"),
            ("organization", "公司", "91350100M000100Y44", "title.taxpayer_id"),
            ("individual", "王芳", CODE, "title.taxpayer_id"),
            ("individual", " 王 ", "", "title.name"),
        ],
    )
    def test_what_is_wrong_with_a_title_is_named(self, kind: str, name: str, taxpayer_id: str, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            checked_title(Title(kind=TitleKind(kind), name=name, taxpayer_id=taxpayer_id))
        assert [error.field for error in refused.value.errors] == [field]

    def test_spaces_and_small_letters_are_put_right(self) -> None:
        title = checked_title(Title(kind=TitleKind.ORGANIZATION, name=" 公司 ", taxpayer_id=f" {CODE.lower()} "))
        assert (title.name, title.taxpayer_id) == ("公司", CODE)


class TestAmount:
    @given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**4))
    def test_it_is_what_the_client_bore_and_the_insurer_does_not_invoice(self, paid: int, back: int, pre: int) -> None:
        amount = invoiceable_fen(paid_fen=paid, refunded_fen=back, premium_fen=pre)
        assert amount == max(0, paid - back - pre)

    def test_an_id_leads_to_its_order(self) -> None:
        order_id = ids.new("ord")
        assert order_id_of(invoice_id_of(order_id, 3)) == order_id
        assert is_invoice_id(invoice_id_of(order_id, 3))
        assert not any(map(is_invoice_id, ("inv_x-1", order_id, ids.new("inv"), f"{ids.new('inv')}-x")))

    def test_what_is_over_stays_over(self) -> None:
        for state in (InvoiceState.REVERSED, InvoiceState.REFUSED):
            for to in InvoiceState:
                with pytest.raises(IllegalMove):
                    move_invoice(state, to)


@pytest.fixture
def via(till: Till) -> Callable[[InvoiceChannel], None]:
    """Choose who issues."""

    def choose(channel: InvoiceChannel) -> None:
        commit("settlement", partial(put_policy, wanted=replace(Policy(), invoice_channel=channel)))

    return choose


@pytest.fixture
def wechat(via: Callable[[InvoiceChannel], None]) -> None:
    """WeChat issues."""
    via(InvoiceChannel.WECHAT)


def done(till: Till, order: Order) -> Order:
    """Paid and completed."""
    till.paid(order)
    till.world.publish(order.completed())
    return order


def client(till: Till, order: Order) -> Person:
    return till.world.renewed(order.client, "client")


def ask(till: Till, order: Order, title: dict[str, Any] = COMPANY, **more: Any) -> Reply:
    path = f"/orders/{order.order_id}/invoices"
    reply = till.world.post(path, {"title": title} | more, as_=client(till, order))
    till.world.deliver()
    return reply


def invoices(till: Till, order: Order) -> list[dict[str, Any]]:
    return list(till.world.get(f"/orders/{order.order_id}/invoices", as_=client(till, order)).body["items"])


def refund(till: Till, order: Order) -> None:
    """Finance gives a part back."""
    finance = till.world.person("finance", subject="stf_finance")
    reply = till.world.post(f"/orders/{order.order_id}/refunds", PARTIAL, as_=finance)
    assert reply.status == 201, reply.body
    till.world.deliver()


@pytest.mark.feature("F32")
@pytest.mark.usefixtures("wechat")
class TestWeChat:
    def test_it_is_issued_delivered_and_told(self, till: Till, order: Order) -> None:
        asked = ask(till, done(till, order))
        assert (asked.status, asked.body["state"], asked.body["amount_fen"]) == (201, "requested", NET_FEN)
        till.world.advance(seconds=10)
        (invoice,) = invoices(till, order)
        assert (invoice["state"], invoice["state_title"], len(invoice["number"])) == ("issued", "已开具", 20)
        assert till.events("invoice.issued", order)[0]["amount_fen"] == NET_FEN
        link = till.world.get(f"/invoices/{invoice['invoice_id']}/file", as_=client(till, order)).body["url"]
        assert "X-Amz-Signature" in link
        stored = till.desk.invoices.find(invoice["invoice_id"]).asked
        assert (stored["buyer"]["name"], stored["buyer"]["taxpayer_id"]) == (COMPANY["name"], CODE)

    def test_a_refund_makes_it_red_and_the_rest_is_invoiced_anew(self, till: Till, order: Order) -> None:
        ask(till, done(till, order), PERSON)
        till.world.advance(seconds=10)
        refund(till, order)
        till.world.advance(minutes=2)
        first, second = invoices(till, order)
        assert (first["state"], bool(first["red_number"])) == ("reversed", True)
        assert (second["state"], second["amount_fen"]) == ("issued", NET_FEN - BACK_FEN)
        assert second["title_name"] == PERSON["name"]
        assert [event["amount_fen"] for event in till.events("invoice.reversed", order)] == [NET_FEN]

    def test_a_refund_before_it_is_issued_is_put_right_afterwards(self, till: Till, order: Order) -> None:
        done(till, order)
        path = f"/orders/{order.order_id}/invoices"
        till.world.post(path, {"title": PERSON}, as_=client(till, order))
        refund(till, order)
        till.world.advance(minutes=2)
        assert [(each["state"], each["amount_fen"]) for each in invoices(till, order)] == [
            ("reversed", NET_FEN),
            ("issued", NET_FEN - BACK_FEN),
        ]

    @pytest.mark.parametrize("operation", ["invoice", "query_invoice", "invoice_file"])
    @pytest.mark.parametrize("after_commit", [False, True])
    def test_an_unknown_outcome_is_asked_for_again(
        self, till: Till, order: Order, operation: str, after_commit: bool
    ) -> None:
        done(till, order)
        fault = {"next": True, "operation": operation, "fail_status": 500, "after_commit": after_commit}
        till.desk.faults.add(fault)
        ask(till, order)
        till.world.advance(minutes=2)
        assert [each["state"] for each in invoices(till, order)] == ["issued"]

    def test_a_refusal_can_be_mended(self, till: Till, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
        from infra.local.standins.pay import invoices as standin

        done(till, order)
        with monkeypatch.context() as strict:
            strict.setattr(standin, "_KINDS", frozenset({"ORGANIZATION"}))
            ask(till, order, PERSON)
            till.world.advance(seconds=10)
        (refused,) = invoices(till, order)
        assert (refused["state"], bool(refused["refusal"])) == ("refused", True)
        assert len(till.events("invoice.refused", order)) == 1
        assert ask(till, order, COMPANY).status == 201


@pytest.mark.feature("F32")
class TestByFile:
    def test_the_accountant_gets_a_batch_and_answers(self, till: Till, order: Order) -> None:
        invoice_id = ask(till, done(till, order)).body["invoice_id"]
        finance = till.world.person("finance", subject="stf_finance")
        batch = till.world.get("/invoice-batch", as_=finance).body
        assert f"{invoice_id},蓝字,单位,{COMPANY['name']},{CODE}" in batch
        assert f"{NET_FEN / 100:.2f}" in batch
        content = (
            f"商户发票单号,结果,发票号码,开票日期,原因\r\n{invoice_id},已开具,26000000000000000001,2026-03-02,\r\n"
        )
        for _ in range(2):
            answered = till.world.post("/invoice-answers", {"content": content}, as_=finance)
            assert answered.status == 200, answered.body
        (invoice,) = invoices(till, order)
        assert (invoice["state"], invoice["number"]) == ("issued", "26000000000000000001")
        refund(till, order)
        assert f"{invoice_id},红字" in till.world.get("/invoice-batch", as_=finance).body
        red = content.replace("已开具", "已红冲").replace("0001,", "0002,")
        till.world.post("/invoice-answers", {"content": red}, as_=finance)
        assert [each["state"] for each in invoices(till, order)] == ["reversed", "requested"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("a,b\r\n", "缺少列"),
            ("商户发票单号,结果,发票号码\r\nID,好,1\r\n", "第 2 行"),
            ("商户发票单号,结果,发票号码\r\nID,已开具,x\r\n", "发票号码"),
            ("商户发票单号,结果,发票号码,开票日期\r\nID,已开具,1,昨天\r\n", "开票日期"),
            ("商户发票单号,结果,发票号码\r\nID,已开具,1\r\nID,已开具,1\r\n", "重复"),
            ("商户发票单号,结果,发票号码\r\ninv_x-1,已开具,1\r\n", "没有"),
        ],
        ids=["columns", "outcome", "number", "day", "twice", "nobody's"],
    )
    def test_a_file_that_is_wrong_changes_nothing(self, till: Till, order: Order, content: str, said: str) -> None:
        invoice_id = ask(till, done(till, order)).body["invoice_id"]
        finance = till.world.person("finance")
        refused = till.world.post("/invoice-answers", {"content": content.replace("ID", invoice_id)}, as_=finance)
        assert refused.status == 400
        assert said in str(refused.body["errors"])
        assert invoices(till, order)[0]["state"] == "requested"


class TestAsking:
    def test_only_once_at_a_time_and_only_for_what_is_over(self, till: Till, order: Order) -> None:
        assert ask(till, order).status == 404
        till.paid(order)
        assert ask(till, order).code == "not_invoiceable"
        till.world.publish(order.completed())
        assert ask(till, order).status == 201
        assert ask(till, order).code == "invoice_exists"

    def test_an_order_that_was_refunded_in_full_has_no_invoice(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        assert ask(till, order).code == "not_invoiceable"

    def test_the_file_of_one_that_is_not_issued_is_not_ready(self, till: Till, order: Order) -> None:
        invoice_id = ask(till, done(till, order)).body["invoice_id"]
        assert till.world.get(f"/invoices/{invoice_id}/file", as_=client(till, order)).code == "invoice_not_ready"
        stranger = till.world.person("client")
        assert till.world.get(f"/invoices/{invoice_id}/file", as_=stranger).status == 404
        assert till.world.get(f"/orders/{order.order_id}/invoices", as_=stranger).status == 404
        assert till.world.get("/invoices/x/file", as_=stranger).status == 404

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"title": {}},
            {"title": {"kind": "firm", "name": "公司"}},
            {"title": {"kind": "individual", "name": 7}},
            {"title": {"kind": "individual", "name": "王" * 101}},
            {"title": {"kind": "individual", "name": "王芳", "email": "nowhere"}},
            {"title": {"kind": "organization", "name": "公司", "taxpayer_id": "1"}},
            {"title": PERSON, "amount_fen": 1},
        ],
    )
    def test_bad_input_is_refused(self, till: Till, order: Order, body: dict[str, Any]) -> None:
        done(till, order)
        path = f"/orders/{order.order_id}/invoices"
        assert till.world.post(path, body, as_=client(till, order)).status == 400
        assert table.find_money(order.order_id).invoices == 0  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("method", "path", "roles"),
        [
            ("POST", "/orders/x/invoices", {"client"}),
            ("GET", "/orders/x/invoices", {"client", "finance_reader", "finance", "admin"}),
            ("GET", "/invoices/x/file", {"client", "finance_reader", "finance", "admin"}),
            ("GET", "/invoices", {"finance_reader", "finance", "admin"}),
            ("GET", "/invoice-batch", {"finance"}),
            ("POST", "/invoice-answers", {"finance"}),
        ],
    )
    def test_each_route_knows_its_callers(self, till: Till, method: str, path: str, roles: set[str]) -> None:
        body: dict[str, Any] | None = {} if method == "POST" else None
        assert till.world.request(method, path, body).status == 401
        for role in ("client", "companion", "agent", "finance_reader", "finance", "admin"):
            answered = till.world.request(method, path, body, as_=till.world.person(role)).status
            assert (answered != 403) == (role in roles), role

    def test_finance_lists_a_months(self, till: Till, order: Order) -> None:
        invoice_id = ask(till, done(till, order)).body["invoice_id"]
        till.world.travel.shift(timedelta(seconds=1))
        listed = till.world.get("/invoices", as_=till.world.person("finance_reader")).body["items"]
        assert [each["invoice_id"] for each in listed] == [invoice_id]
