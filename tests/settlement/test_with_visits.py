"""Booking, tracking and settlement together: what a visit comes to in money when it does not go as planned (B4, B9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.accounts import actions as accounts
from functions.booking.actions.catalogue import Entry, put_entries
from functions.booking.rules.cancellation import DEFAULT_TERMS
from functions.booking.rules.catalogue import Kind
from functions.booking.rules.pricing import Overtime
from functions.booking.rules.surcharges import Surcharges
from functions.booking.rules.versions import Scope
from functions.care.events import ReportSubmitted
from functions.shared import clock, ids
from functions.shared.caller import Role
from functions.shared.money import share
from tests.booking.makers import STARTS_AT, Town, town_of
from tests.harness.world import Reply, World
from tests.settlement.makers import Order, Till, commit, open_till
from tests.settlement.test_supplements import extra

JPEG = b"\xff\xd8\xff a receipt"
SENIOR_BP = 9_200
OVERTIME = Entry(Kind.SURCHARGES, "surcharges", Scope(), Surcharges(overtime=Overtime(15, 30, 2_500)))


class Day:
    """An order whose companion took it, up to the day of the visit."""

    def __init__(self, town: Town, till: Till) -> None:
        self.till, self.world, self.companion = till, town.world, town.companion()
        view = town.order(self.companion, overtime_cap_fen=2_500)
        self.order = Order(view["order_id"], town.client, self.companion.subject, view["price"]["total_fen"])
        till.paid(self.order)
        assert town.accept(self.companion).status == 200
        self.path = f"/visits/{ids.derived('vis', self.order.order_id)}"
        till.world.deliver()
        # Whether the companion confirms the day before is not the matter here.
        till.world.timers = {key: each for key, each in till.world.timers.items() if each.kind == "release_income"}

    def until(self, instant: datetime) -> None:
        self.world.advance(seconds=(instant - clock.now()).total_seconds())

    def send(self, what: str, body: Any, *, by: Role) -> Reply:
        person = self.companion if by is Role.COMPANION else self.order.client
        reply = self.world.post(f"{self.path}/{what}", body, as_=self.world.renewed(person, by))
        assert reply.status < 300, reply.body
        self.world.deliver()
        return reply

    def arrive(self) -> None:
        place = {"lat": 39.9126, "lng": 116.4161, "accuracy_m": 20, "coordinates": "gcj02"}
        at = {"node": "arrived", "captured_at": clock.now().isoformat(), **place}
        self.send("milestones", {"code": "departed"}, by=Role.COMPANION)
        assert self.send("check-ins", at, by=Role.COMPANION).body["result"] == "accepted"
        self.send("milestones", {"code": "arrived"}, by=Role.COMPANION)

    def state(self) -> tuple[str, str]:
        client = self.world.renewed(self.order.client, "client")
        body = self.world.get(f"/orders/{self.order.order_id}", as_=client).body
        return body["state"], body["closed_reason"]


@pytest.fixture
def day(world: World, till_keys: Path, tmp_path: Path) -> Iterator[Day]:
    """Of a client who can pay with WeChat."""
    town = town_of(world)
    commit("booking", lambda tx: put_entries(tx, [OVERTIME]))
    put = partial(accounts.put_account, account_id=town.client.subject, openid="oClient", roles=(Role.CLIENT,))
    commit("accounts", put)
    with open_till(world, till_keys, tmp_path) as till:
        world.rooms = ("booking", "tracking", "settlement")
        yield Day(town, till)


@pytest.mark.feature("B4")
def test_a_patient_who_does_not_come_pays_what_the_terms_say_and_gets_the_rest_back(day: Day) -> None:
    day.until(STARTS_AT - timedelta(minutes=10))
    day.arrive()
    day.until(STARTS_AT)
    day.send("no-shows", {"absent": "client"}, by=Role.COMPANION)
    day.world.advance(minutes=30)
    assert day.state() == ("closed", "client_no_show")
    fee_fen = share(day.order.total_fen, DEFAULT_TERMS.client_no_show_bp)
    kept_fen = share(fee_fen, DEFAULT_TERMS.companion_part_bp)
    assert day.till.balances() == {
        "provider_clearing": day.order.total_fen,
        "refund_payable": day.order.total_fen - fee_fen,
        "companion_pending": kept_fen,
        "commission": fee_fen - kept_fen,
    }
    assert day.till.findings() == []


@pytest.mark.feature("B4")
def test_of_a_companion_who_does_not_come_everything_goes_back(day: Day) -> None:
    day.until(STARTS_AT)
    day.send("no-shows", {"absent": "companion"}, by=Role.CLIENT)
    day.world.advance(minutes=30)
    assert day.state() == ("closed", "companion_no_show")
    day.till.finishes_refund(day.order)
    day.till.notify_refund(day.order)
    assert day.till.balances() == {}
    assert day.till.findings() == []


@pytest.mark.feature("B9")
def test_a_visit_that_took_longer_and_cost_medicine_is_paid_to_the_fen(day: Day) -> None:
    day.until(STARTS_AT)
    day.arrive()
    day.send("milestones", {"code": "registering"}, by=Role.COMPANION)
    day.until(STARTS_AT + timedelta(hours=4, minutes=16))
    assert day.send("overtime", {"minutes": 30}, by=Role.COMPANION).body["automatic"] is True
    asked = day.send("overtime", {"minutes": 10}, by=Role.COMPANION).body
    day.send(f"overtime/{asked['overtime_id']}/approve", None, by=Role.CLIENT)
    form = day.send("evidence-uploads", {"content_type": "image/jpeg"}, by=Role.COMPANION).body
    day.world.upload(form, JPEG)
    laid_out = {"kind": "medicine", "amount_fen": 8_888, "receipt_file_id": form["file_id"]}
    expense_id = day.send("expenses", laid_out, by=Role.COMPANION).body["expense_id"]
    day.send(f"expenses/{expense_id}/approve", None, by=Role.CLIENT)
    report: dict[str, Any] = {"order_id": day.order.order_id, "client_id": day.order.client.subject, "late": False}
    report |= {"companion_id": day.companion.subject, "visit_id": day.path.rpartition("/")[2], "report_id": "rep_1"}
    day.world.publish(ReportSubmitted(**report))
    assert day.state()[0] == "completed"
    client = day.world.renewed(day.order.client, "client")
    started = day.world.post(f"/orders/{day.order.order_id}/supplement-payments", {"method": "jsapi"}, as_=client)
    assert started.body["amount_fen"] == 5_000 + 8_888
    day.till.pays(extra(day.order))
    assert day.till.notify(extra(day.order)).status == 200
    order_share_fen, overtime_share_fen = share(day.order.total_fen, SENIOR_BP), share(5_000, SENIOR_BP)
    assert day.till.balances() == {
        "provider_clearing": day.order.total_fen + 13_888,
        "companion_pending": order_share_fen + overtime_share_fen + 8_888,
        "commission": day.order.total_fen - order_share_fen + 5_000 - overtime_share_fen,
    }
    assert day.till.findings() == []
