"""Which way companions are looked for, who is next, and how an order ends for which nobody is found (F19, B5)."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking import table
from functions.booking.rules import dispatch as rules
from functions.booking.rules import hall
from functions.booking.rules.dispatch import Declined, DeclineReason, DispatchPolicy, Mode, ModeRule, Waiting
from functions.booking.rules.hall import Listing
from functions.booking.rules.matching import Ranked
from functions.booking.rules.policy import Tier
from functions.booking.table import dispatch as rows
from functions.companions.events import CompanionSuspended
from functions.companions.rules.profiles import SuspensionReason
from functions.shared.errors import Invalid
from tests.booking.makers import STARTS_AT, Town, put_dispatch_policy, put_policy
from tests.booking.test_bad_input import refused, stored
from tests.harness.world import START

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""12:00 in China."""
NIGHT = ModeRule(Mode.HALL, city="110000", from_hour=22, until_hour=7)
RULES = (NIGHT, ModeRule(Mode.BOTH, city="110000", round_s=30), ModeRule(Mode.OFFER, from_hour=8, until_hour=20))


class TestRules:
    @pytest.mark.feature("F19")
    @pytest.mark.parametrize(
        ("city", "hour", "mode", "round_s"),
        [
            ("110000", 22, Mode.HALL, 0),
            ("110000", 0, Mode.HALL, 0),
            ("110000", 6, Mode.HALL, 0),
            ("110000", 7, Mode.BOTH, 30),
            ("110000", 21, Mode.BOTH, 30),
            ("310000", 8, Mode.OFFER, 0),
            ("310000", 3, Mode.OFFER, 0),
        ],
    )
    def test_the_first_rule_for_city_and_hour_decides(self, city: str, hour: int, mode: Mode, round_s: int) -> None:
        now = NOON + timedelta(hours=hour - 12)
        found = rules.rule_at(DispatchPolicy(rules=RULES), city, now)
        assert (found.mode, found.round_s) == (mode, round_s)

    @given(st.integers(0, 23), st.integers(1, 24), st.integers(0, 23))
    def test_a_stretch_and_the_rest_of_the_day_share_no_hour(self, first: int, until: int, hour: int) -> None:
        if first in (until, until - 24) or (first == 0 and until == 24):
            return
        rest = ModeRule(Mode.OFFER, from_hour=until % 24, until_hour=first or 24)
        assert ModeRule(Mode.OFFER, from_hour=first, until_hour=until).holds("110000", hour) != rest.holds("x", hour)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"from_hour": -1},
            {"from_hour": 24},
            {"until_hour": 0},
            {"until_hour": 25},
            {"from_hour": 8, "until_hour": 8},
            {"round_s": -1},
            {"round_s": 601},
        ],
    )
    def test_hours_that_are_none(self, wrong: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="dispatch rule"):
            ModeRule(Mode.OFFER, **wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"round_orders": 0},
            {"round_orders": 91},
            {"hall_open_s": 0},
            {"high_value_fen": -1},
            {"round_patience_s": -1},
            {"head_start_s": {Tier.SENIOR: 0}},
            {"head_start_s": dict.fromkeys(Tier, -1)},
            {"rules": (NIGHT,) * 201},
        ],
    )
    def test_thresholds_that_are_none(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="dispatch policy"):
            DispatchPolicy(**wrong)  # type: ignore[arg-type]

    @given(st.integers(0, 10**9), st.integers(1, 600))
    def test_a_window_ends_after_now_and_within_its_length(self, later_ms: int, round_s: int) -> None:
        now = NOON + timedelta(milliseconds=later_ms)
        ends = rules.round_at(now, round_s)
        assert timedelta(0) < ends - now <= timedelta(seconds=round_s)
        assert rules.round_at(ends - timedelta(milliseconds=1), round_s) == ends

    def test_patience_ends_with_its_time_or_when_the_visit_begins(self) -> None:
        waiting, policy = Waiting("110000", 0, NOON, NOON), DispatchPolicy(round_patience_s=60)
        far, near = NOON + timedelta(days=1), NOON + timedelta(seconds=30)
        assert rules.may_wait(waiting, NOON + timedelta(seconds=59), far, policy)
        assert not rules.may_wait(waiting, NOON + timedelta(seconds=60), far, policy)
        assert not rules.may_wait(waiting, near, near, policy)

    def test_other_needs_words(self) -> None:
        assert Declined(DeclineReason.TOO_FAR).note == ""
        with pytest.raises(Invalid):
            Declined(DeclineReason.OTHER, "  ")

    def test_nobody_is_next_of_none(self) -> None:
        ranked: list[Ranked] = []
        assert rules.next_in_line(ranked, asked=()) is None


class TestHallRules:
    @given(st.integers(0, 100_000), st.sampled_from(list(Tier)), st.booleans())
    def test_no_tier_waits_longer_than_a_lower_one(self, gross_fen: int, tier: Tier, is_chosen: bool) -> None:
        policy = DispatchPolicy()
        at = partial(hall.shown_from, START, gross_fen=gross_fen, is_chosen=is_chosen, policy=policy)
        assert START <= at(tier=Tier.SENIOR) <= at(tier=tier) <= at(tier=Tier.JUNIOR)
        if is_chosen or gross_fen < policy.high_value_fen:
            assert at(tier=Tier.JUNIOR) == START

    @given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 10**5))
    def test_nothing_is_in_the_hall_when_its_visit_is_near(self, ahead_s: int, open_s: int, before_s: int) -> None:
        now = datetime(2026, 3, 2, tzinfo=UTC)
        policy = DispatchPolicy(hall_open_s=open_s, hall_leave_before_s=before_s)
        starts_at = now + timedelta(seconds=ahead_s)
        until = hall.closes_at(now, starts_at, policy)
        if until is not None:
            assert now < until <= starts_at - timedelta(seconds=before_s)
            assert until - now <= timedelta(seconds=open_s)
            listing = Listing("110000", "", starts_at, now, until)
            assert not hall.may_be_listed(listing, starts_at)

    def test_many_waiting_orders_are_read_without_a_hot_partition(self) -> None:
        shards = {rows.waiting_shard(f"ord_{number:026d}") for number in range(100)}
        assert shards == {0, 1, 2, 3}


class TestSearch:
    @pytest.mark.feature("F19")
    @pytest.mark.parametrize("reason", list(DeclineReason))
    def test_a_refusal_keeps_its_reason(self, town: Town, reason: DeclineReason) -> None:
        companion = town.companion()
        town.paid_order(companion)
        body = {"reason": reason.value, "note": " 家里有事 "}
        path = f"/offers/{town.open_offer(companion)}/decline"
        offer = town.world.post(path, body, as_=companion).body
        assert (offer["decline_reason"], offer["decline_note"]) == (reason.value, "家里有事")
        assert offer["decline_title"] == rules.DECLINE_TITLES[reason]

    @pytest.mark.feature("F19")
    def test_each_hour_follows_its_own_rule(self, town: Town) -> None:
        put_policy(offer_ttl_s=3600)
        put_dispatch_policy(ModeRule(Mode.HALL, from_hour=10, until_hour=11))
        first, second = town.companion(), town.companion()
        order = town.paid_order(first)
        assert len(town.offers(first)) == 1
        town.world.advance(hours=1)
        stored = table.find_order(order["order_id"])
        assert stored and stored.offer is None and stored.listing and stored.listing.is_open
        assert town.offers(second) == [] and town.bookings(first) == []

    @pytest.mark.feature("F19")
    @pytest.mark.feature("B5")
    def test_with_nobody_left_the_client_is_told_and_gets_everything_back(self, town: Town) -> None:
        companions = [town.companion() for _ in range(3)]
        order = town.paid_order(companions[0])
        town.world.advance(hours=1)
        states = [[offer["state"] for offer in town.offers(each)] for each in companions]
        assert states == [["expired"]] * 3 and town.state(order)["state"] == "no_companion"
        (closed,) = town.world.events("order.closed")
        assert (closed["reason"], closed["refund_fen"]) == ("no_companion", order["price"]["total_fen"])
        assert all(town.bookings(each) == [] for each in companions)

    @pytest.mark.feature("F19")
    def test_somebody_suspended_since_cannot_accept_and_the_next_is_asked_in_time(self, town: Town) -> None:
        first, second = town.companion(), town.companion()
        order = town.paid_order(first)
        reason = SuspensionReason.CREDENTIAL_EXPIRED
        town.world.publish(CompanionSuspended(companion_id=first.subject, sequence=10**9, reason=reason))
        refused(partial(town.accept, first), 409, "serves_no_more")
        town.world.advance(hours=1)
        assert len(town.offers(second)) == 1 and [each["state"] for each in town.offers(first)] == ["expired"]
        assert town.state(order)["state"] in ("dispatching", "no_companion")

    @pytest.mark.feature("B5")
    def test_a_visit_that_should_have_begun_is_offered_to_nobody_else(self, town: Town) -> None:
        soon = (START + timedelta(hours=2)).isoformat()
        first, second = town.companion(), town.companion()
        order = town.order(first, quote_id=town.quote(starts_at=soon)["quote_id"])
        town.pay(order)
        offer_id = town.open_offer(first)
        town.world.travel.move_to(START + timedelta(hours=2), tick=False)
        as_ = town.world.renewed(first, "companion")
        assert town.world.post(f"/offers/{offer_id}/decline", {"reason": "not_well"}, as_=as_).status == 200
        assert town.state(order)["state"] == "no_companion" and town.offers(second) == []
        assert town.bookings(first, START + timedelta(hours=2)) == []


class TestSearchRoute:
    @pytest.mark.feature("F19")
    def test_staff_see_who_was_asked_and_why_they_refused(self, town: Town) -> None:
        agent = town.world.person("agent")
        first, second = town.companion(), town.companion()
        order = town.paid_order(first)
        town.decline(first, note="要陪孩子考试")
        path = f"/orders/{order['order_id']}/offers"
        search = town.world.get(path, as_=agent).body
        assert (search["state"], search["companion_id"], search["in_hall_until"]) == ("dispatching", None, None)
        told = [(offer["companion_id"], offer["state"], offer["decline_note"]) for offer in search["offers"]]
        assert told == [(second.subject, "open", None), (first.subject, "declined", "要陪孩子考试")]
        for person in (town.client, first):
            assert town.world.get(path, as_=person).status == 403
        for unknown in ("ord_01JNCE0000000000000000000A", "x"):
            assert town.world.get(f"/orders/{unknown}/offers", as_=agent).status == 404

    @pytest.mark.feature("F20")
    def test_staff_see_where_an_order_stands(self, town: Town) -> None:
        put_dispatch_policy(ModeRule(Mode.BOTH, round_s=30))
        companion = town.companion()
        order = town.paid_order(companion)
        town.decline(companion)
        search = town.world.get(f"/orders/{order['order_id']}/offers", as_=town.world.person("admin")).body
        assert search["in_hall_until"] == "2026-03-02T13:00:00+08:00"
        assert search["next_round_at"] == "2026-03-02T09:00:30+08:00"


class TestPolicyRoutes:
    BODY: dict[str, object] = {
        "rules": [
            {"mode": "hall", "city": "110000", "from_hour": 22, "until_hour": 7},
            {"mode": "both", "round_s": 30},
        ],
        "round_orders": 50,
        "round_patience_s": 600,
        "hall_open_s": 3600,
        "hall_leave_before_s": 1800,
        "high_value_fen": 30_000,
        "head_start_s": {"senior": 0, "intermediate": 30, "junior": 90},
        "reason": "夜间改为抢单",
    }

    @pytest.mark.feature("F20")
    def test_staff_see_it_and_an_administrator_changes_it_with_a_reason(self, town: Town) -> None:
        from functions.shared import audit

        admin, agent = town.world.person("admin"), town.world.person("agent")
        assert town.world.get("/dispatch-policy", as_=agent).body["version"] == 0
        changed = town.world.put("/dispatch-policy", self.BODY, version=0, as_=admin)
        assert (changed.status, changed.body["version"]) == (200, 1)
        assert changed.body == town.world.get("/dispatch-policy", as_=agent).body
        stored = rows.find_dispatch_policy()
        assert stored and stored.policy.rules == (NIGHT, ModeRule(Mode.BOTH, round_s=30))
        (entry,), _ = audit.entries_of("booking", "dispatch_policy")
        assert (entry.actor, entry.act, entry.reason) == (admin.subject, "dispatch_policy.changed", "夜间改为抢单")
        assert town.world.put("/dispatch-policy", self.BODY, version=0, as_=admin).status == 412
        assert town.world.put("/dispatch-policy", self.BODY, as_=admin).status == 428

    def test_what_it_refuses(self, town: Town) -> None:
        admin, before = town.world.person("admin"), stored()

        def put(as_: object = admin, **changed: object) -> None:
            reply = town.world.put("/dispatch-policy", self.BODY | changed, version=0, as_=as_)
            assert reply.code == ("invalid_request" if as_ is admin else "forbidden"), changed

        for role in ("client", "companion", "agent", "finance", "insurer"):
            put(town.world.person(role))
        put(rules=[{"mode": "lottery"}])
        put(rules=[{"mode": "hall", "city": "beijing"}])
        put(rules=[{"mode": "hall", "from_hour": 8, "until_hour": 8}])
        put(rules=[{"mode": "hall", "from_hour": 24}])
        put(rules=[{"mode": "hall", "round_s": -1}])
        put(rules=[{"mode": "hall"}] * 201)
        put(round_orders=91)
        put(high_value_fen=0.5)
        put(high_value_fen=-1)
        put(high_value_fen=10**18)
        put(head_start_s={"senior": 0, "junior": 0})
        put(reason=" ")
        put(unknown=1)
        assert stored() == before


def test_the_way_is_kept_with_the_visit(town: Town) -> None:
    """What a search leaves behind in an order reads back as it was."""
    put_dispatch_policy(ModeRule(Mode.HALL))
    order = town.paid_order(town.companion())
    stored = table.find_order(order["order_id"])
    assert stored and stored.listing
    assert (stored.listing.starts_at, stored.listing.until) == (STARTS_AT, START + timedelta(hours=4))
