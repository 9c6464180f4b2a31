"""The grab hall over HTTP: who sees what, when, and that exactly one gets it (F20)."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from operator import methodcaller
from typing import Any

import pytest

from functions.booking import actions, table
from functions.booking.rules.dispatch import Mode, ModeRule
from functions.booking.rules.hall import Left, OrderTaken
from functions.booking.table import dispatch as rows
from functions.companions.events import Serves
from functions.shared import clock
from functions.shared.tx import StaleRead, Tx
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, put_dispatch_policy
from tests.booking.test_bad_input import refused, stored
from tests.harness.world import START, Person, Reply

CITY = "110000"
HALL = ModeRule(Mode.HALL)


@pytest.fixture(autouse=True)
def everything_to_the_hall(town: Town) -> None:
    put_dispatch_policy(HALL)


def shown(town: Town, companion: Person, query: str = "") -> list[str]:
    reply = town.world.get(f"/grab-hall{query}", as_=town.world.renewed(companion, "companion"))
    assert reply.status == 200, reply.body
    return [item["order_id"] for item in reply.body["items"]]


def grab(town: Town, companion: Person, order: Mapping[str, Any], **options: Any) -> Reply:
    as_ = town.world.renewed(companion, "companion")
    reply = town.world.post(f"/grab-hall/{order['order_id']}/grab", **{"as_": as_} | options)
    town.world.deliver()
    return reply


def in_hall() -> list[str]:
    found, _ = rows.hall_page(CITY, [HOSPITAL], limit=50, after=None)
    return [row.order.order_id for row in found]


class TestListing:
    @pytest.mark.feature("F20")
    def test_an_order_is_open_to_all_who_may_take_it(self, town: Town) -> None:
        chosen, other = town.companion(), town.companion(tier="junior")
        order = town.paid_order(chosen)
        assert shown(town, chosen) == shown(town, other) == [order["order_id"]]
        assert town.offers(chosen) == [] and town.bookings(chosen) == []
        (item,) = town.world.get("/grab-hall", as_=other).body["items"]
        assert item == {
            "order_id": order["order_id"],
            "starts_at": "2026-03-04T09:00:00+08:00",
            "ends_at": "2026-03-04T13:00:00+08:00",
            "hospital_id": HOSPITAL,
            "hospital_name": "第一医院",
            "campus_name": "东院",
            "department_name": "肿瘤内科",
            "package_name": "深度陪诊",
            "special_requests": ["轮椅协助", "代取药"],
            "share_fen": 34_000 * 90 // 100,
            "is_high_value": False,
            "is_chosen": False,
            "listed_at": "2026-03-02T09:00:00+08:00",
            "until": "2026-03-02T13:00:00+08:00",
        }
        (mine,) = town.world.get("/grab-hall", as_=chosen).body["items"]
        assert mine["is_chosen"] and mine["share_fen"] == 34_000 * 92 // 100

    @pytest.mark.feature("F20")
    def test_others_do_not_see_it(self, town: Town) -> None:
        order = town.paid_order(town.companion(), wanted={"gender": "female"})
        elsewhere = (Serves(hospital_id=HOSPITAL, department_ids=("dermatology",)),)
        for other in (
            town.companion(serves=elsewhere),
            town.companion(gender="male"),
            town.companion(serves=(Serves(hospital_id="hos_other", department_ids=("oncology",)),)),
            town.world.person("companion"),
        ):
            assert shown(town, other) == [] and grab(town, other, order).code == "not_found"
        assert shown(town, town.companion(), "?city=310000") == []

    @pytest.mark.feature("F20")
    def test_pages_run_from_the_nearest_visit_and_miss_nothing(self, town: Town) -> None:
        companion = town.companion()
        placed = {}
        for days in (9, 3, 7, 5, 4):
            starts_at = STARTS_AT + timedelta(days=days)
            placed[starts_at] = town.paid_order(companion, quote_id=self.quote(town, starts_at))["order_id"]
        expected = [placed[starts_at] for starts_at in sorted(placed)]
        found, cursor = [], ""
        for _ in range(3):
            reply = town.world.get(f"/grab-hall?limit=2&cursor={cursor}", as_=companion).body
            found += [item["order_id"] for item in reply["items"]]
            cursor = reply["next_cursor"] or ""
        assert found == expected and cursor == ""

    @staticmethod
    def quote(town: Town, starts_at: datetime) -> str:
        return str(town.quote(starts_at=starts_at.isoformat())["quote_id"])

    @pytest.mark.feature("F20")
    def test_pages_of_several_shards_are_one_list(self, town: Town) -> None:
        from tests.booking.makers import commit

        keys = [f"2026-03-{day:02d}T09:00|ord_{day:026d}" for day in range(4, 30)]
        companion = town.companion()
        order = town.paid_order(companion)
        (stored,), _ = rows.hall_page(CITY, [HOSPITAL], limit=5, after=None)
        assert stored.order.order_id == order["order_id"]
        for number, key in enumerate(keys):
            hospital = f"hos_{number % 3}"
            row = rows.HallRow(*rows.hall_key(CITY, hospital, key), order=stored.order)
            commit("booking", methodcaller("insert", row))
        hospitals, after, found = ["hos_0", "hos_1", "hos_2"], None, []
        for _ in range(20):
            page, after = rows.hall_page(CITY, hospitals, limit=4, after=after)
            found += [row.sk for row in page]
            if after is None:
                break
        assert found == keys

    @pytest.mark.feature("F20")
    def test_the_units_of_a_page_are_bounded(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        from pynamodb.connection import Connection

        companion = town.companion()
        town.paid_order(companion)
        made: list[tuple[str, Any]] = []
        original = Connection._make_api_call

        def counted(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
            made.append((operation, arguments))
            return original(self, operation, arguments)

        shown(town, companion)
        monkeypatch.setattr(Connection, "_make_api_call", counted)
        shown(town, companion)
        assert [operation for operation, _ in made] == ["GetItem", "Query"]
        assert not made[1][1].get("ConsistentRead") and made[1][1]["Limit"] <= 40

    @pytest.mark.parametrize("query", ["?city=bj", "?city=", "?limit=0", "?limit=51", "?cursor=abc", "?tier=senior"])
    def test_queries_that_are_none(self, town: Town, query: str) -> None:
        companion = town.companion()
        assert town.world.get(f"/grab-hall{query}", as_=companion).code == "invalid_request"
        assert town.world.get("/grab-hall", as_=town.client).status == 403
        assert town.world.get("/grab-hall").status == 401


class TestHeadStart:
    @pytest.mark.feature("F20")
    def test_higher_tiers_see_orders_of_high_value_earlier(self, town: Town) -> None:
        put_dispatch_policy(HALL, high_value_fen=34_000)
        chosen = town.companion(tier="junior")
        order = town.paid_order(chosen)
        tiers = {tier: town.companion(tier=tier) for tier in ("senior", "intermediate", "junior")}

        def seen() -> list[str]:
            return [tier for tier, companion in tiers.items() if shown(town, companion)]

        assert seen() == ["senior"] and shown(town, chosen) == [order["order_id"]]
        early = grab(town, tiers["junior"], order)
        assert early.code == "grab_too_early" and "09:03:00" in early.body["detail"]
        town.world.advance(seconds=60)
        assert seen() == ["senior", "intermediate"]
        town.world.advance(seconds=119)
        assert grab(town, tiers["junior"], order).code == "grab_too_early"
        town.world.advance(seconds=1)
        assert seen() == ["senior", "intermediate", "junior"]
        assert grab(town, tiers["junior"], order).status == 200


class TestGrabbing:
    @pytest.mark.feature("F20")
    def test_the_winner_has_the_order_and_the_slot(self, town: Town) -> None:
        town.companion()
        chosen, winner = town.companion(), town.companion(tier="junior")
        order = town.paid_order(chosen)
        reply = grab(town, winner, order)
        assert (reply.status, reply.body["state"], reply.body["companion_id"]) == (200, "assigned", winner.subject)
        assert town.bookings(winner) == [order["order_id"]] and in_hall() == []
        (assigned,) = town.world.events("order.assigned")
        assert assigned["companion_id"] == winner.subject
        stored = table.find_order(order["order_id"])
        assert stored and stored.listing and stored.listing.left is Left.TAKEN and stored.share_bp == 9_000
        assert town.world.get(f"/orders/{order['order_id']}/itinerary", as_=winner).status == 200
        town.world.advance(hours=5)
        assert town.state(order)["state"] == "assigned"

    @pytest.mark.feature("F20")
    def test_everybody_else_is_too_late(self, town: Town) -> None:
        chosen, first, second = (town.companion() for _ in range(3))
        order = town.paid_order(chosen)
        assert grab(town, first, order).status == 200
        for late in (chosen, second, first):
            assert grab(town, late, order).code == "order_taken"
        assert town.bookings(second) == [] and shown(town, second) == []

    @pytest.mark.feature("F20")
    def test_of_two_who_decide_at_once_one_wins(self, town: Town) -> None:
        companions = [town.companion() for _ in range(2)]
        order = town.paid_order(town.companion())
        acts = []
        for companion in companions:
            act = Tx("booking", now=clock.now(), correlation_id="test")
            actions.grab(act, order_id=order["order_id"], companion_id=companion.subject)
            acts.append(act)
        acts[0].commit()
        with pytest.raises(StaleRead):
            acts[1].commit()
        acts[1].restart()
        with pytest.raises(OrderTaken):
            actions.grab(acts[1], order_id=order["order_id"], companion_id=companions[1].subject)
        assert town.bookings(companions[0]) == [order["order_id"]] and town.bookings(companions[1]) == []

    @pytest.mark.feature("B2")
    @pytest.mark.feature("F20")
    def test_who_is_busy_then_cannot_take_it(self, town: Town) -> None:
        busy = town.companion()
        put_dispatch_policy()
        town.paid_order(busy)
        put_dispatch_policy(HALL)
        order = town.paid_order(town.companion())
        before = town.bookings(busy)
        reply = grab(town, busy, order)
        assert (reply.status, reply.code) == (409, "slot_taken") and "您" in reply.body["detail"]
        assert town.bookings(busy) == before and in_hall() == [order["order_id"]]

    @pytest.mark.feature("F20")
    def test_one_companion_cannot_grab_two_visits_of_one_time(self, town: Town) -> None:
        companion = town.companion()
        first, second = town.paid_order(town.companion()), town.paid_order(town.companion())
        acts = []
        for order in (first, second):
            act = Tx("booking", now=clock.now(), correlation_id="test")
            actions.grab(act, order_id=order["order_id"], companion_id=companion.subject)
            acts.append(act)
        acts[1].commit()
        with pytest.raises(StaleRead):
            acts[0].commit()
        assert grab(town, companion, first).code == "slot_taken"

    @pytest.mark.feature("F20")
    def test_a_repeated_grab_is_answered_alike(self, town: Town) -> None:
        companion, key = town.companion(), uuid.uuid4().hex
        order = town.paid_order(town.companion())
        first = grab(town, companion, order, key=key)
        again = grab(town, companion, order, key=key)
        assert first.status == 200 and again.body == first.body
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_what_it_refuses(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        path = f"/grab-hall/{order['order_id']}/grab"
        assert town.world.post(path).status == 401
        others = [town.world.person(role) for role in ("client", "agent", "admin", "hospital", "guest")]
        before = stored()
        assert {town.world.post(path, as_=other).code for other in others} == {"forbidden"}
        assert town.world.post(path, as_=companion, key="").code == "invalid_request"
        for unknown in ("x", "ord_x", "CONFIG", "ord_01JNCE0000000000000000000A", "pay_01JNCE0000000000000000000A"):
            assert town.world.post(f"/grab-hall/{unknown}/grab", as_=companion).code == "not_found"
        assert stored() == before

    def test_an_order_that_was_never_in_the_hall(self, town: Town) -> None:
        put_dispatch_policy()
        order = town.paid_order(town.companion())
        refused(
            partial(town.world.post, f"/grab-hall/{order['order_id']}/grab", as_=town.companion()), 404, "not_found"
        )


class TestLeaving:
    def cancel(self, town: Town, order: Mapping[str, Any]) -> Reply:
        as_ = town.world.renewed(town.client, "client")
        path = f"/orders/{order['order_id']}"
        quote_id = town.world.get(f"{path}/cancellation-quote", as_=as_).body["quote_id"]
        return town.world.post(f"{path}/cancel", {"quote_id": quote_id}, as_=as_)

    @pytest.mark.feature("F20")
    def test_a_cancelled_order_leaves(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        assert self.cancel(town, order).status == 200 and in_hall() == []
        assert grab(town, companion, order).code == "order_taken"

    @pytest.mark.feature("F20")
    def test_a_rescheduled_order_stands_there_with_its_new_time_only(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        starts_at = STARTS_AT + timedelta(days=1)
        body = {"starts_at": starts_at.isoformat()}
        moved = town.world.post(f"/orders/{order['order_id']}/reschedule", body, as_=town.client)
        assert moved.status == 200, moved.body
        (row,), _ = rows.hall_page(CITY, [HOSPITAL], limit=50, after=None)
        assert (row.order.order_id, row.order.visit.starts_at) == (order["order_id"], starts_at)
        assert grab(town, companion, order).status == 200 and in_hall() == []
        assert town.bookings(companion) == [] and town.bookings(companion, starts_at) == [order["order_id"]]

    @pytest.mark.feature("F20")
    def test_when_its_time_is_over_the_best_one_is_asked(self, town: Town) -> None:
        chosen, other = town.companion(), town.companion(rating_hundredths=400)
        order = town.paid_order(chosen)
        town.world.advance(hours=4)
        assert in_hall() == [] and len(town.offers(chosen)) == 1 and town.bookings(chosen) == [order["order_id"]]
        assert grab(town, other, order).code == "order_taken"
        town.decline(chosen)
        assert in_hall() == [] and len(town.offers(other)) == 1, "it does not go back to the hall"

    @pytest.mark.feature("B5")
    @pytest.mark.feature("F20")
    def test_with_nobody_to_ask_then_it_ends_with_a_full_refund(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        put_dispatch_policy()
        busy = town.quote()
        town.paid_order(companion, quote_id=busy["quote_id"])
        town.accept(companion)
        town.world.advance(hours=4)
        assert town.state(order)["state"] == "no_companion"
        (closed,) = town.world.events("order.closed")
        assert (closed["order_id"], closed["refund_fen"]) == (order["order_id"], order["price"]["total_fen"])

    @pytest.mark.feature("F20")
    def test_it_leaves_when_the_visit_comes_near_and_is_not_listed_later(self, town: Town) -> None:
        companion = town.companion()
        soon = town.quote(starts_at=(START + timedelta(hours=3)).isoformat())["quote_id"]
        order = town.paid_order(companion, quote_id=soon)
        stored = table.find_order(order["order_id"])
        assert stored and stored.listing and stored.listing.until == START + timedelta(hours=1)
        nearer = town.quote(starts_at=(START + timedelta(hours=2)).isoformat())["quote_id"]
        other = town.companion()
        town.paid_order(other, quote_id=nearer)
        assert in_hall() == [order["order_id"]] and len(town.offers(other)) == 1


class TestBoth:
    """The chosen one is asked first; after a refusal it is in the hall too, while others go on being asked."""

    @pytest.fixture(autouse=True)
    def both(self, town: Town) -> None:
        put_dispatch_policy(ModeRule(Mode.BOTH))

    @pytest.mark.feature("F20")
    def test_the_chosen_one_comes_first(self, town: Town) -> None:
        chosen, other = town.companion(), town.companion()
        order = town.paid_order(chosen)
        assert in_hall() == [] and len(town.offers(chosen)) == 1
        town.decline(chosen)
        assert in_hall() == [order["order_id"]] and len(town.offers(other)) == 1
        assert shown(town, chosen) == [] and grab(town, chosen, order).code == "declined_before"

    @pytest.mark.feature("F20")
    def test_whoever_grabs_it_frees_the_one_who_is_being_asked(self, town: Town) -> None:
        chosen, asked = town.companion(), town.companion()
        fast = town.companion(rating_hundredths=400)
        order = town.paid_order(chosen)
        town.decline(chosen)
        offer_id = town.open_offer(asked)
        assert grab(town, fast, order).status == 200
        assert town.bookings(asked) == [] and town.bookings(fast) == [order["order_id"]]
        assert [offer["state"] for offer in town.offers(asked)] == ["withdrawn"]
        late = town.world.post(f"/offers/{offer_id}/accept", as_=asked)
        assert late.code == "offer_closed"

    @pytest.mark.feature("F20")
    def test_whoever_is_being_asked_may_take_it_either_way(self, town: Town) -> None:
        chosen, one, other = town.companion(), town.companion(), town.companion(rating_hundredths=400)
        first = town.paid_order(chosen)
        town.decline(chosen)
        assert grab(town, one, first).status == 200
        assert [offer["state"] for offer in town.offers(one)] == ["accepted"]
        later = (STARTS_AT + timedelta(days=1)).isoformat()
        second = town.paid_order(chosen, quote_id=town.quote(starts_at=later)["quote_id"])
        town.decline(chosen)
        asked = one if town.state(second)["companion_id"] == one.subject else other
        assert town.accept(asked).status == 200 and in_hall() == []

    @pytest.mark.feature("F20")
    def test_while_it_is_in_the_hall_it_does_not_end(self, town: Town) -> None:
        only = town.companion()
        order = town.paid_order(only)
        town.decline(only)
        assert town.state(order)["state"] == "dispatching" and in_hall() == [order["order_id"]]
        late = town.companion()
        assert grab(town, late, order).status == 200
        assert town.state(order)["state"] == "assigned"

    @pytest.mark.feature("B5")
    def test_when_both_ways_fail_it_ends(self, town: Town) -> None:
        only = town.companion()
        order = town.paid_order(only)
        town.decline(only)
        town.world.advance(hours=4)
        assert town.state(order)["state"] == "no_companion" and in_hall() == []

    @pytest.mark.feature("F20")
    def test_a_round_may_give_it_out_as_well(self, town: Town) -> None:
        put_dispatch_policy(ModeRule(Mode.BOTH, round_s=30))
        chosen, other = town.companion(), town.companion()
        order = town.paid_order(chosen)
        town.decline(chosen)
        assert in_hall() == rows.waiting_orders(CITY, limit=9) == [order["order_id"]]
        assert grab(town, other, order).status == 200
        assert rows.waiting_orders(CITY, limit=9) == []
        town.world.advance(minutes=3)
        assert town.state(order)["companion_id"] == other.subject and town.offers(other) == []
