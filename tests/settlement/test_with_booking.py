"""Settlement, booking and insurance together: what they tell each other leads every order's money to its end."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from flask import Flask, Response, request

from functions.accounts import actions as accounts
from functions.care.events import ReportSubmitted
from functions.shared import aws, clock, ids
from functions.shared.caller import Role
from functions.shared.config import config
from functions.tracking.events import VisitProgressed
from infra.local.standins import pay
from infra.local.standins.serving import serve
from tests.booking.makers import Town, town_of
from tests.harness.world import Person, World
from tests.settlement import makers
from tests.settlement.makers import Order, Till, commit, open_till


@pytest.fixture
def town(world: World, till_keys: Path, tmp_path: Path) -> Iterator[tuple[Town, Till]]:
    """A town whose client can pay with WeChat."""
    made = town_of(world)
    put = partial(accounts.put_account, account_id=made.client.subject, openid="oClient", roles=(Role.CLIENT,))
    commit("accounts", put)
    with open_till(world, till_keys, tmp_path) as till:
        world.rooms = ("booking", "settlement", "insurance")
        yield made, till


def placed(town: Town, companion: Person) -> tuple[dict[str, Any], Order]:
    """An insured order that waits for its payment, as both rooms know it."""
    view = town.order(companion, quote_id=town.quote(insurance=True)["quote_id"])
    return view, Order(view["order_id"], town.client, companion.subject, view["price"]["total_fen"])


def serve_visit(till: Till, order: Order) -> None:
    """The visit begins and is reported, as tracking and care would say."""
    facts = {"order_id": order.order_id, "client_id": order.client.subject, "companion_id": order.companion_id}
    visit_id = ids.derived("vis", order.order_id)
    began = VisitProgressed(
        visit_id=visit_id, code="departed", title="", sequence=1, state="departed", first=True, last=False, **facts
    )
    report_id = ids.derived("rep", order.order_id)
    till.world.publish(began)
    till.world.publish(ReportSubmitted(report_id=report_id, visit_id=visit_id, late=False, **facts))


@pytest.mark.feature("F32")
def test_an_order_is_paid_insured_served_and_its_income_released(town: tuple[Town, Till]) -> None:
    place, till = town
    companion = place.companion()
    view, order = placed(place, companion)
    till.pays(till.started(order))
    assert [till.notify(order, id="the-same").status for _ in range(3)] == [200] * 3
    till.world.deliver()
    assert place.state(view)["state"] == "dispatching"
    assert place.accept(companion).status == 200
    serve_visit(till, order)
    assert place.state(view)["state"] == "completed"
    till.world.advance(days=8)
    as_companion = till.world.renewed(companion, "companion")
    line = till.world.get(f"/earnings/orders/{order.order_id}", as_=as_companion).body
    parts = line["share_fen"] + line["commission_fen"] + line["premium_fen"]
    assert (line["price_fen"], line["premium_fen"], line["state"]) == (parts, 500, "available")
    earnings = till.world.get("/earnings", as_=as_companion).body
    assert (earnings["pending_fen"], earnings["available_fen"]) == (0, line["share_fen"])
    assert till.booked(order) == ["payment", "split", "release"]
    assert till.findings() == []


@pytest.mark.feature("F36")
def test_an_insurer_reads_what_it_is_owed_and_it_is_the_ledgers(town: tuple[Town, Till]) -> None:
    place, till = town
    companion = place.companion()
    view, order = placed(place, companion)
    till.paid(order)
    place.accept(companion)
    serve_visit(till, order)
    insurer_id = str(till.world.events("policy.issued")[0]["insurer_id"])
    insurer = till.world.person("insurer", subject=insurer_id)
    month = clock.china(clock.now()).strftime("%Y-%m")
    found = till.world.get(f"/insurer/remittances/{month}", as_=insurer).body
    assert [(line["subject"], line["premium_fen"]) for line in found["items"]] == [(view["order_id"], 500)]
    assert (found["opening_fen"], found["closing_fen"]) == (0, till.balances()["premium_payable"])
    other = till.world.person("insurer", subject="ins_other")
    assert till.world.get(f"/insurer/remittances/{month}", as_=other).body["items"] == []
    assert till.world.get("/insurer/remittances/2026-13", as_=insurer).status == 404
    assert till.world.get(f"/insurer/remittances/{month}", as_=companion).status == 403


def test_money_that_arrives_after_the_hold_goes_back_in_full_once(town: tuple[Town, Till]) -> None:
    place, till = town
    view, order = placed(place, place.companion())
    till.started(order)
    till.world.advance(minutes=4, seconds=30)
    till.pays(order)
    till.world.timers = {key: timer for key, timer in till.world.timers.items() if timer.kind == "hold_expires"}
    till.world.advance(minutes=1)
    assert place.state(view)["state"] == "closed"
    assert [till.notify(order).status for _ in range(3)] == [200] * 3
    till.finishes_refund(order)
    assert [till.notify_refund(order).status for _ in range(3)] == [200] * 3
    till.world.deliver(times=2)
    assert till.booked(order) == ["payment", "refund_requested", "refund_paid"]
    assert till.balances() == {}
    assert len(till.desk.books.refunds()) == 1


def test_a_contradicted_payment_never_pays_the_order_and_goes_back(town: tuple[Town, Till]) -> None:
    place, till = town
    view, order = placed(place, place.companion())
    till.pays(till.started(order))
    till.notify(order, amount={"total": 1, "currency": "CNY"})
    till.world.deliver()
    assert place.state(view)["state"] == "awaiting_payment"
    till.world.advance(minutes=6)
    assert place.state(view)["state"] == "closed"
    assert till.booked(order) == ["payment", "refund_requested"]


def test_when_nobody_takes_the_order_all_of_it_goes_back(town: tuple[Town, Till]) -> None:
    place, till = town
    companion = place.companion()
    view, order = placed(place, companion)
    till.paid(order)
    place.decline(companion)
    assert place.state(view)["state"] == "no_companion"
    till.finishes_refund(order)
    till.world.advance(minutes=2)
    assert till.refunds(order)[0]["state"] == "succeeded"
    assert till.balances() == {}


def test_the_provider_itself_reaches_the_webhook(
    world: World, till_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in's own courier, over loopback: paid at the provider is paid here, and a refund comes through."""
    monkeypatch.setattr(makers, "NEVER", pay.Pace(retry_scale=0.001, refund_delay_s=0.01))
    arrived: SimpleQueue[tuple[str, dict[str, str], bytes]] = SimpleQueue()
    with open_till(world, till_keys, tmp_path) as till:
        door = serve(_door(arrived))
        put_urls(door.url)
        order = till.started(till.order())
        till.desk.pay(order.payment_id, None)
        assert _hand_over(till, arrived) == ("payments", 200)
        assert till.booked(order) == ["payment"]
        till.world.publish(order.closed(paid=True))
        assert _hand_over(till, arrived) == ("refunds", 200)
        assert till.booked(order) == ["payment", "refund_requested", "refund_paid"]
        door.stop()


def _door(arrived: "SimpleQueue[tuple[str, dict[str, str], bytes]]") -> Flask:
    """Where the provider delivers; the test carries it on from its own thread, because moto knows only one."""
    app = Flask("door")

    @app.post("/webhooks/wechat-pay/<kind>")
    def take(kind: str) -> Response:
        arrived.put((kind, dict(request.headers.items()), request.get_data()))
        return Response(status=204)

    return app


def _hand_over(till: Till, arrived: "SimpleQueue[tuple[str, dict[str, str], bytes]]") -> tuple[str, int]:
    kind, headers, body = arrived.get(timeout=5)
    reply = till.world.post(f"/webhooks/wechat-pay/{kind}", raw=body, headers=headers, key="")
    return kind, reply.status


def put_urls(base_url: str) -> None:
    """Where the provider is told to reach us."""
    value = f'{{"pay_notify": "{base_url}"}}'
    aws.client("ssm").put_parameter(Name=config().parameter_name("public-urls"), Value=value, Overwrite=True)
    aws.forget_settings()
