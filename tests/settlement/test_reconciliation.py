"""The daily reconciliation over HTTP, against the stand-in's bill in the provider's real format (F32)."""

from datetime import timedelta
from typing import Any

import pytest

from functions.settlement import provider
from functions.settlement.gateways.wechat_bill import BadBill
from functions.shared import clock
from infra.local.standins.pay.bills import Mistakes
from tests.harness.world import Person, Reply
from tests.settlement.makers import TOTAL_FEN, Order, Till

REASON = "与渠道核对后确认"
FEE_FEN = 195


def finance(till: Till, subject: str = "stf_finance") -> Person:
    return till.world.person("finance", subject=subject)


def next_morning(till: Till) -> str:
    """The China day that was, as finance names it; the clock moves on to half past ten of the next one."""
    now = clock.china(clock.now())
    then = (now + timedelta(days=1)).replace(hour=10, minute=30, second=0, microsecond=0)
    till.world.travel.shift(then - now)
    return now.date().isoformat()


def compared(till: Till) -> dict[str, Any]:
    """The comparison of the day that is over."""
    day = next_morning(till)
    till.world.run("settlement", "reconciliation")
    return dict(till.world.get(f"/reconciliations/{day}", as_=finance(till)).body)


def cases(till: Till, day: str) -> list[dict[str, Any]]:
    return list(till.world.get(f"/reconciliations/{day}/cases", as_=finance(till)).body["items"])


def resolve(till: Till, case_id: str, resolution: str = "timing", **more: Any) -> Reply:
    body = {"resolution": resolution, "note": REASON, **more}
    return till.world.post(f"/reconciliation-cases/{case_id}/resolve", body, as_=finance(till))


def sign_off(till: Till, day: str) -> Reply:
    return till.world.post(f"/reconciliations/{day}/sign-off", as_=finance(till))


def mistaken(till: Till, **mistakes: Any) -> None:
    till.desk.bills.mistakes = Mistakes.of(mistakes)


@pytest.mark.feature("F32")
class TestADay:
    def test_what_agrees_is_counted_and_the_providers_fees_are_booked(self, till: Till, order: Order) -> None:
        till.paid(order)
        row = compared(till)
        assert (row["state"], row["matched"], row["matched_fen"], row["cases"]) == ("compared", 1, TOTAL_FEN, 0)
        assert row["fees_fen"] == FEE_FEN
        assert till.balances()["provider_fees"] == FEE_FEN
        assert till.balances()["provider_clearing"] == TOTAL_FEN - FEE_FEN
        signed = sign_off(till, row["day"])
        assert (signed.body["state"], signed.body["signed_by"]) == ("signed_off", "stf_finance")
        assert till.findings() == []

    def test_a_refund_is_compared_too(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.world.deliver()
        till.finishes_refund(order)
        assert till.notify_refund(order).status == 200
        row = compared(till)
        assert (row["matched"], row["cases"], row["fees_fen"]) == (2, 0, 0)

    def test_a_day_without_trade_agrees(self, till: Till) -> None:
        row = compared(till)
        assert (row["state"], row["matched"], row["cases"]) == ("compared", 0, 0)

    def test_a_payment_of_midnight_belongs_to_the_day_that_the_provider_says(self, till: Till, order: Order) -> None:
        local = clock.china(clock.now())
        till.world.travel.shift(local.replace(hour=23, minute=58, second=0) - local)
        late = till.order()
        till.pays(till.started(late))
        till.world.travel.shift(timedelta(minutes=4))
        assert till.notify(late).status == 200
        till.world.deliver()
        till.world.travel.shift(timedelta(hours=10, minutes=30))
        till.world.run("settlement", "reconciliation")
        today = clock.china(clock.now()).date()
        yesterday = till.world.get(f"/reconciliations/{today - timedelta(days=1)}", as_=finance(till)).body
        assert (yesterday["matched"], yesterday["cases"]) == (1, 0)
        row = compared(till)
        assert (row["day"], row["matched"], row["cases"]) == (str(today), 0, 0)

    def test_running_it_again_changes_nothing(self, till: Till, order: Order) -> None:
        mistaken(till, omit=[order.payment_id])
        till.paid(order)
        row = compared(till)
        before = (till.balances(), cases(till, row["day"]))
        till.world.run("settlement", "reconciliation")
        till.world.travel.shift(timedelta(hours=3))
        till.world.run("settlement", "reconciliation")
        assert (till.balances(), cases(till, row["day"])) == before


@pytest.mark.feature("F32")
class TestDifferences:
    @pytest.mark.parametrize(
        ("mistakes", "kind", "off_fen"),
        [
            ({"omit": ["PAYMENT"]}, "ours_only", -TOTAL_FEN),
            ({"amounts": {"PAYMENT": TOTAL_FEN + 100}}, "amount", 100),
            ({"add": {"somebody_elses": 700}}, "theirs_only", 700),
            ({"add": {"PAYMENT": TOTAL_FEN}}, "twice", TOTAL_FEN),
        ],
        ids=["ours only", "amount", "theirs only", "twice"],
    )
    def test_each_is_a_case_whose_money_is_set_aside(
        self, till: Till, order: Order, mistakes: dict[str, Any], kind: str, off_fen: int
    ) -> None:
        mistaken(till, **_about(mistakes, order))
        till.paid(order)
        row = compared(till)
        (case,) = cases(till, row["day"])
        assert (case["kind"], case["off_fen"], case["state"]) == (kind, off_fen, "open")
        assert (row["cases"], row["off_fen"]) == (1, off_fen)
        assert till.balances()["suspense"] == off_fen
        assert sign_off(till, row["day"]).code == "cases_open"
        assert resolve(till, case["case_id"], "provider_error").body["state"] == "resolved"
        assert "suspense" not in till.balances()
        assert sign_off(till, row["day"]).body["state"] == "signed_off"
        assert till.findings() == []

    def test_what_was_booked_by_two_people_explains_it(self, till: Till, order: Order) -> None:
        mistaken(till, add={"somebody_elses": 700})
        till.paid(order)
        row = compared(till)
        (case,) = cases(till, row["day"])
        lines = [{"account": "suspense", "amount_fen": 700}, {"account": "commission", "amount_fen": -700}]
        proposed = till.world.post("/manual-bookings", {"reason": REASON, "lines": lines}, as_=finance(till))
        booking_id = proposed.body["booking_id"]
        assert resolve(till, case["case_id"], "booked", booking_id=booking_id).code == "booking_missing"
        approve = f"/manual-bookings/{booking_id}/approve"
        assert till.world.post(approve, as_=finance(till, "stf_finance2")).status == 200
        assert resolve(till, case["case_id"], "booked").code == "booking_missing"
        resolved = resolve(till, case["case_id"], "booked", booking_id=booking_id).body
        assert (resolved["state"], resolved["note"], resolved["booking_id"]) == ("resolved", REASON, booking_id)
        assert "suspense" not in till.balances()
        assert resolve(till, case["case_id"], "timing").code == "already_resolved"

    def test_a_booking_explains_one_difference(self, till: Till, order: Order) -> None:
        mistaken(till, add={"somebody_elses": 700, "another": 700})
        till.paid(order)
        first, second = cases(till, compared(till)["day"])
        lines = [{"account": "suspense", "amount_fen": 700}, {"account": "commission", "amount_fen": -700}]
        proposed = till.world.post("/manual-bookings", {"reason": REASON, "lines": lines}, as_=finance(till))
        booking_id = proposed.body["booking_id"]
        approve = f"/manual-bookings/{booking_id}/approve"
        assert till.world.post(approve, as_=finance(till, "stf_finance2")).status == 200
        assert resolve(till, first["case_id"], "booked", booking_id=booking_id).status == 200
        assert resolve(till, second["case_id"], "booked", booking_id=booking_id).code == "booking_used"
        assert till.balances()["suspense"] == 700

    def test_a_booking_of_another_amount_explains_nothing(self, till: Till, order: Order) -> None:
        mistaken(till, add={"somebody_elses": 700})
        till.paid(order)
        (case,) = cases(till, compared(till)["day"])
        lines = [{"account": "suspense", "amount_fen": 600}, {"account": "commission", "amount_fen": -600}]
        proposed = till.world.post("/manual-bookings", {"reason": REASON, "lines": lines}, as_=finance(till))
        booking_id = proposed.body["booking_id"]
        approve = f"/manual-bookings/{booking_id}/approve"
        assert till.world.post(approve, as_=finance(till, "stf_finance2")).status == 200
        assert resolve(till, case["case_id"], "booked", booking_id=booking_id).code == "booking_missing"
        assert till.balances()["suspense"] == 100


@pytest.mark.feature("F32")
class TestBillThatIsNotRight:
    def test_a_bill_that_is_cut_off_is_not_compared_and_tried_again(self, till: Till, order: Order) -> None:
        mistaken(till, cut=True)
        till.paid(order)
        row = compared(till)
        assert (row["state"], row["cases"]) == ("failed", 0)
        assert row["reason"]
        assert "provider_fees" not in till.balances()
        mistaken(till)
        ordered = till.world.post(f"/reconciliations/{row['day']}/run", as_=finance(till))
        assert ordered.status == 202
        till.world.deliver()
        till.world.advance(seconds=2)
        again = till.world.get(f"/reconciliations/{row['day']}", as_=finance(till)).body
        assert (again["state"], again["matched"], again["reason"]) == ("compared", 1, None)

    def test_a_bill_that_changed_on_its_way_is_refused(self, till: Till, order: Order) -> None:
        till.paid(order)
        day = clock.service_date(clock.now())
        next_morning(till)
        asked_for = till.desk.bills.apply_for

        def changing(day: str, bill_type: str, tar_type: str, base_url: str) -> dict[str, str]:
            answer = asked_for(day, bill_type, tar_type, base_url)
            mistaken(till, add={"intruder": 1})
            return answer

        till.desk.bills.apply_for = changing  # type: ignore[method-assign]
        with pytest.raises(BadBill, match="摘要"):
            list(provider.wechat_bills().lines(day))

    def test_a_bill_that_is_not_made_yet_is_asked_for_later(self, till: Till) -> None:
        today = clock.service_date(clock.now())
        answer = till.world.post(f"/reconciliations/{today}/run", as_=finance(till))
        assert (answer.status, answer.code) == (400, "day_not_over")

    def test_a_provider_that_does_not_answer_costs_a_turn(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.desk.faults.add({"next": True, "operation": "trade_bill", "fail_status": 500})
        assert compared(till)["state"] == "failed"
        till.desk.faults.clear()
        till.world.travel.shift(timedelta(hours=3))
        till.world.run("settlement", "reconciliation")
        day = clock.service_date(clock.now()) - timedelta(days=1)
        assert till.world.get(f"/reconciliations/{day}", as_=finance(till)).body["state"] == "compared"


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "roles"),
        [
            ("GET", "/reconciliations", {"finance_reader", "finance", "admin"}),
            ("GET", "/reconciliations/2026-03-01", {"finance_reader", "finance", "admin"}),
            ("GET", "/reconciliations/2026-03-01/cases", {"finance_reader", "finance", "admin"}),
            ("POST", "/reconciliations/2026-03-01/run", {"finance"}),
            ("POST", "/reconciliations/2026-03-01/sign-off", {"finance"}),
            ("POST", "/reconciliation-cases/x/resolve", {"finance"}),
        ],
    )
    def test_each_route_knows_its_callers(self, till: Till, method: str, path: str, roles: set[str]) -> None:
        assert till.world.request(method, path, {}).status == 401
        for role in ("client", "companion", "agent", "finance_reader", "finance", "admin", "insurer"):
            answered = till.world.request(method, path, {}, as_=till.world.person(role)).status
            assert (answered != 403) == (role in roles), role

    @pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026-03-01"])
    def test_a_day_that_is_none_is_not_found(self, till: Till, day: str) -> None:
        assert till.world.get(f"/reconciliations/{day}", as_=finance(till)).status == 404
        assert sign_off(till, day).status == 404

    @pytest.mark.parametrize("case_id", ["x", "rcc-2026-02-30-0123456789abcdef", "rcc-2026-03-01-0123456789abcdef"])
    def test_a_case_that_is_none_is_not_found(self, till: Till, case_id: str) -> None:
        assert resolve(till, case_id).status == 404

    def test_the_months_days_are_listed(self, till: Till) -> None:
        row = compared(till)
        listed = till.world.get(f"/reconciliations?month={row['day'][:7]}", as_=finance(till)).body["items"]
        assert [each["day"] for each in listed] == [row["day"]]
        assert till.world.get("/reconciliations?month=2026-13", as_=finance(till)).status == 400


def _about(mistakes: dict[str, Any], order: Order) -> dict[str, Any]:
    """PAYMENT stands for the order's payment."""

    def named(number: str) -> str:
        return order.payment_id if number == "PAYMENT" else number

    return {
        name: {named(number): fen for number, fen in value.items()}
        if isinstance(value, dict)
        else [named(number) for number in value]
        for name, value in mistakes.items()
    }
