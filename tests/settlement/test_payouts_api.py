"""Withdrawals and payouts over HTTP: the companion asks, two people of finance let it go out (F26, B11)."""

from typing import Any

import pytest

from functions.settlement.rules.withdrawals import PayoutPolicy
from functions.settlement.table.payouts import put_payout_policy
from functions.shared import ids
from infra.local.standins.pay.signing import Flaw
from tests.harness.world import Person, Reply
from tests.settlement.makers import Order, Till, commit
from tests.settlement.test_payouts import CARD, NAME, SHARE_FEN, earn, run

DAY = "2026-03-11"
WECHAT = {"channel": "wechat", "name": NAME}
BANK = {"channel": "bank", "name": NAME, "card_number": CARD, "bank": "工商银行"}


@pytest.fixture
def companion(till: Till, order: Order) -> Person:
    earn(till, order)
    return till.world.person("companion", subject=order.companion_id)


def staff(till: Till, role: str = "finance", subject: str = "stf_finance") -> Person:
    return till.world.person(role, subject=subject)


def asked(till: Till, companion: Person, payee: dict[str, Any] = WECHAT, amount_fen: int = 15_000) -> dict[str, Any]:
    bound = till.world.post("/payees", payee, as_=companion)
    assert bound.status == 201, bound.body
    body = {"payee_id": bound.body["payee_id"], "amount_fen": amount_fen}
    reply = till.world.post("/withdrawals", body, as_=companion)
    assert reply.status == 201, reply.body
    return dict(reply.body)


def seen(till: Till, companion: Person, withdrawal: dict[str, Any]) -> dict[str, Any]:
    as_ = till.world.renewed(companion, "companion")
    return dict(till.world.get(f"/withdrawals/{withdrawal['withdrawal_id']}", as_=as_).body)


def notify(till: Till, *, id: str = "", flaw: Flaw | None = None, **changed: Any) -> Reply:
    [bill] = till.desk.transfers.all()
    content = till.desk.transfers.answer(bill) | changed
    return till._post("transfers", "MCHTRANSFER.BILL.FINISHED", "mch_payment", content, id, flaw)


@pytest.mark.feature("F26")
def test_from_the_payee_to_the_money(till: Till, companion: Person) -> None:
    withdrawal = asked(till, companion)
    assert (withdrawal["state"], withdrawal["due_on"]) == ("requested", DAY)
    run(till)
    waiting = seen(till, companion, withdrawal)
    assert waiting["title"] == "请在微信里确认收款"
    assert waiting["transfers"][0]["confirmation"]
    [bill] = till.desk.transfers.all()
    till.desk.transfers.confirm(bill.out_bill_no)
    assert notify(till, flaw=Flaw.FORGED).status == 401
    assert notify(till, transfer_amount=1).status == 200
    assert seen(till, companion, withdrawal)["state"] == "awaiting_confirmation"
    assert notify(till, id="evt_1").status == 200
    for _ in range(2):
        assert notify(till, id="evt_1").status == 200
    late = notify(till, state="WAIT_USER_CONFIRM")
    assert late.status == 200
    paid = seen(till, companion, withdrawal)
    assert (paid["state"], paid["paid_fen"], paid["transfers"][0]["confirmation"]) == ("paid", 15_000, None)
    assert notify(till, out_bill_no=f"{ids.new('wdr').replace('_', '')}001").status == 404
    assert till.findings() == []


@pytest.mark.feature("F26")
def test_a_card_is_shown_by_its_last_digits_and_can_be_removed(till: Till, companion: Person) -> None:
    bound = till.world.post("/payees", BANK, as_=companion)
    assert (bound.body["title"], bound.body["number_masked"]) == ("工商银行（尾号 6467）", "**** **** **** 6467")
    assert CARD not in str(bound.body)
    path = f"/payees/{bound.body['payee_id']}"
    assert till.world.request("DELETE", path, as_=till.world.person("companion")).status == 404
    assert till.world.request("DELETE", path, as_=companion).status == 200
    assert till.world.get("/payees", as_=companion).body["items"] == []
    body = {"payee_id": bound.body["payee_id"], "amount_fen": 15_000}
    assert till.world.post("/withdrawals", body, as_=companion).code == "payee_unverified"


@pytest.mark.feature("F26")
def test_what_is_wrong_is_refused_and_changes_nothing(till: Till, companion: Person) -> None:
    payee_id = till.world.post("/payees", WECHAT, as_=companion).body["payee_id"]
    good = {"payee_id": payee_id, "amount_fen": 15_000}
    path = "/withdrawals"
    assert till.world.post(path, good).status == 401
    assert till.world.post(path, good, as_=till.world.person("client")).status == 403
    assert till.world.post(path, good, as_=till.world.person("companion")).code == "payee_unverified"
    for amount in (0, -1, 1.5, "15000", True, None, 10**15, 9_999, 2_000_001):
        assert till.world.post(path, good | {"amount_fen": amount}, as_=companion).status == 400, amount
    for body in ({}, good | {"more": 1}, good | {"payee_id": 7}, good | {"payee_id": "x" * 41}):
        assert till.world.post(path, body, as_=companion).status == 400, body
    assert till.world.post(path, good | {"amount_fen": SHARE_FEN + 1}, as_=companion).status == 409
    for wrong in (WECHAT | {"name": "李四"}, BANK | {"card_number": f"{CARD[:-1]}0"}, BANK | {"bank": ""}):
        assert till.world.post("/payees", wrong, as_=companion).status == 400, wrong
    first = till.world.post(path, good, as_=companion, key="k" * 20)
    assert till.world.post(path, good, as_=companion, key="k" * 20).body == first.body
    assert till.world.post(path, good | {"amount_fen": 10_000}, as_=companion, key="k" * 20).status == 422
    withdrawal = f"{path}/{first.body['withdrawal_id']}"
    assert till.world.get(withdrawal, as_=till.world.person("companion")).status == 404
    assert till.world.post(f"{withdrawal}/call-back", as_=till.world.person("companion")).status == 404
    assert till.world.post(f"{withdrawal}/call-back", as_=companion).body["state"] == "returned"
    assert till.world.post(f"{withdrawal}/call-back", as_=companion).status == 409
    assert till.findings() == []


@pytest.mark.feature("B11")
def test_two_people_let_a_large_plan_be_paid(till: Till, companion: Person) -> None:
    commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(second_person_above_fen=10_000)))
    withdrawal = asked(till, companion, BANK, 28_800)
    run(till)
    path = f"/payout-plans/{DAY}"
    [plan] = till.world.get("/payout-plans?month=2026-03", as_=staff(till)).body["items"]
    assert (plan["day"], plan["state"], plan["items"], plan["amount_fen"]) == (DAY, "awaiting_approval", 1, 28_800)
    [item] = till.world.get(f"{path}/items", as_=staff(till, "finance_reader")).body["items"]
    assert item["withdrawal_id"] == withdrawal["withdrawal_id"]
    digest = {"sha256": plan["sha256"]}
    assert till.world.post(f"{path}/check", {"sha256": "0" * 64}, as_=staff(till)).code == "plan_changed"
    assert till.world.post(f"{path}/approve", digest, as_=staff(till)).code == "plan_unchecked"
    assert till.world.get(f"{path}/bank-file", as_=staff(till)).status == 404
    assert till.world.post(f"{path}/check", digest, as_=staff(till)).status == 200
    assert till.world.post(f"{path}/approve", digest, as_=staff(till)).code == "same_person"
    second = staff(till, subject="stf_finance2")
    assert till.world.post(f"{path}/approve", digest, as_=second).body["state"] == "approved"
    assert till.world.post(f"{path}/reject", {"reason": "来不及了"}, as_=second).status == 409
    till.world.advance(seconds=1)
    assert till.world.get(f"{path}/bank-file", as_=staff(till)).status == 200
    number = item["transfers"][0]["number"]
    bad = {"content": f"商户流水号,金额（元）,结果\n{number},288.00,好\n"}
    assert till.world.post("/bank-answers", bad, as_=staff(till)).status == 400
    rows = f"商户流水号,金额（元）,结果,原因\n{number},288.00,失败,户名不符\nwdrX001,1.00,成功,\n"
    assert till.world.post("/bank-answers", {"content": rows}, as_=staff(till)).body["rows"] == 2
    till.world.advance(seconds=1)
    failed = seen(till, companion, withdrawal)
    assert (failed["state"], failed["reason"], failed["returned_fen"]) == ("failed", "户名不符", 28_800)
    till.world.advance(minutes=2)
    done = till.world.get(path, as_=staff(till)).body
    assert (done["state"], done["settled"]) == ("done", {"items": 1, "paid_fen": 0, "returned_fen": 28_800})
    assert till.world.get(f"{path}/bank-file", as_=staff(till)).status == 200
    assert till.findings() == []


@pytest.mark.feature("B11")
def test_finance_says_which_days_are_worked(till: Till) -> None:
    path = f"/working-days/{DAY}"
    assert till.world.put(path, {"is_worked": False}, version=0, as_=staff(till)).body["days"] == {DAY: False}
    assert till.world.put(path, {"is_worked": True}, version=0, as_=staff(till)).status == 412
    assert till.world.get("/working-days", as_=staff(till, "finance_reader")).body["days"] == {DAY: False}
    assert till.world.put(path, {"is_worked": None}, version=1, as_=staff(till)).body == {"days": {}, "version": 2}
    assert till.world.put("/working-days/2026-02-30", {"is_worked": True}, version=2, as_=staff(till)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/payout-plans", {"finance_reader", "finance", "admin"}),
        ("GET", f"/payout-plans/{DAY}/file", {"finance_reader", "finance", "admin"}),
        ("GET", f"/payout-plans/{DAY}/bank-file", {"finance"}),
        ("POST", f"/payout-plans/{DAY}/check", {"finance"}),
        ("POST", f"/payout-plans/{DAY}/approve", {"finance", "admin"}),
        ("POST", f"/payout-plans/{DAY}/reject", {"finance", "admin"}),
        ("POST", "/bank-answers", {"finance"}),
        ("GET", "/withdrawals", {"companion"}),
    ],
)
def test_each_route_knows_its_callers(till: Till, method: str, path: str, roles: set[str]) -> None:
    assert till.world.request(method, path, {}).status == 401
    for role in ("client", "companion", "agent", "finance_reader", "finance", "admin", "insurer"):
        answered = till.world.request(method, path, {}, as_=till.world.person(role)).status
        assert (answered != 403) == (role in roles), role


def test_a_plan_that_is_none_is_not_found(till: Till) -> None:
    for day in ("yesterday", "2026-03-10"):
        assert till.world.get(f"/payout-plans/{day}", as_=staff(till)).status == 404
