"""Coupons over HTTP: campaigns, claiming, the best combination, and one use for each coupon."""

import uuid
from functools import partial
from typing import Any

import pytest

from benchmarks.meter import Meter
from functions.accounts import actions as accounts
from functions.booking.table import coupons as rows
from functions.shared import audit, ids, table
from functions.shared.caller import Role
from tests.booking.discount_makers import (
    ENDS,
    campaign,
    campaign_body,
    claimed,
    coupon_state,
    discounts_of,
    end_without_visit,
    granted,
    staff,
)
from tests.booking.makers import DEEP_FEN, MEDICINE_FEN, Town, commit
from tests.booking.test_bad_input import refused, stored
from tests.harness.world import Person, Reply

BASE_FEN = DEEP_FEN + MEDICINE_FEN
CAMPAIGN = "/coupon-campaigns/{}"


def claim(town: Town, campaign_id: str, by: Person | None = None, **options: Any) -> Reply:
    return town.world.post(f"{CAMPAIGN.format(campaign_id)}/claim", as_=by or town.client, **options)


def left(town: Town, campaign_id: str) -> int:
    return int(town.world.get(CAMPAIGN.format(campaign_id), as_=staff(town, "agent")).body["left_count"])


def known_client(town: Town) -> Person:
    """A client with an account, as staff know them."""
    put = partial(accounts.put_account, account_id=town.client.subject, openid="oClient", roles=(Role.CLIENT,))
    commit("accounts", put)
    return town.client


class TestClaiming:
    @pytest.mark.feature("F6")
    def test_a_client_claims_what_is_offered(self, town: Town) -> None:
        campaign_id = campaign(town)
        (offer,) = town.world.get("/coupon-offers", as_=town.client).body["items"]
        assert (offer["campaign_id"], offer["terms"]["rule_text"]) == (campaign_id, "满 ¥200.00 减 ¥30.00")
        coupon_id = claimed(town, campaign_id)
        (mine,) = town.world.get("/coupons", as_=town.client).body["items"]
        assert (mine["coupon_id"], mine["state"]) == (coupon_id, "unused")
        assert mine["expires_at"] == "2026-04-01T09:00:00+08:00"
        assert left(town, campaign_id) == 9

    @pytest.mark.feature("F6")
    def test_stock_and_limit_end_the_giving(self, town: Town) -> None:
        campaign_id = campaign(town, stock=5, per_client=3)
        assert [claim(town, campaign_id).status for _ in range(4)] == [201, 201, 201, 409]
        assert claim(town, campaign_id).code == "coupon_claim_limit"
        other = town.world.person("client")
        assert [claim(town, campaign_id, other).status for _ in range(2)] == [201, 201]
        assert claim(town, campaign_id, other).code == "coupons_gone"
        assert left(town, campaign_id) == 0

    def test_outside_its_time_or_not_public_it_cannot_be_claimed(self, town: Town) -> None:
        closed = campaign(town, public=False)
        assert claim(town, closed).code == "coupon_not_claimable"
        open_ = campaign(town)
        town.world.advance(days=7)
        town.client = town.world.renewed(town.client, "client")
        assert claim(town, open_).code == "coupon_not_claimable"
        assert town.world.get("/coupon-offers", as_=town.client).body["items"] == []

    @pytest.mark.feature("F6")
    def test_staff_give_a_coupon_with_a_reason(self, town: Town) -> None:
        client, campaign_id, agent = known_client(town), campaign(town, public=False), staff(town, "agent")
        body = {"client_id": client.subject, "reason": "上次陪诊迟到的补偿"}
        reply = town.world.post(f"{CAMPAIGN.format(campaign_id)}/grants", body, as_=agent)
        assert reply.status == 201 and coupon_state(town, reply.body["coupon_id"]) == "unused"
        town.world.deliver()
        (told,) = town.world.events("coupon.granted")
        assert told["client_id"] == client.subject
        (entry,), _ = audit.entries_of("booking", reply.body["coupon_id"])
        assert (entry.actor, entry.act, entry.reason) == (agent.subject, "coupon.granted", "上次陪诊迟到的补偿")

    def test_a_stock_grows_and_shrinks_but_not_below_what_is_given(self, town: Town) -> None:
        campaign_id, admin = campaign(town), staff(town)
        claimed(town, campaign_id)

        def change(stock: int, version: int) -> Reply:
            body = campaign_body(stock=stock) | {"reason": "调整数量"}
            return town.world.put(CAMPAIGN.format(campaign_id), body, version=version, as_=admin)

        assert change(20, 1).body["stock"] == 20 and left(town, campaign_id) == 19
        assert change(1, 1).status == 412
        assert change(1, 2).status == 200 and left(town, campaign_id) == 0
        assert change(2, 3).status == 200 and left(town, campaign_id) == 1
        (item,) = town.world.get("/coupon-campaigns", as_=admin).body["items"]
        assert (item["stock"], item["version"]) == (2, 4)

    def test_a_stock_below_what_is_given_is_refused(self, town: Town) -> None:
        campaign_id = campaign(town, per_client=5)
        for _ in range(2):
            claimed(town, campaign_id)
        body = campaign_body(stock=1) | {"reason": "调整数量"}
        reply = town.world.put(CAMPAIGN.format(campaign_id), body, version=1, as_=staff(town))
        assert reply.code == "coupon_stock_in_use"

    def test_mine_in_pages_and_usable_ones(self, town: Town) -> None:
        days = (10, 30, 20)
        for each in days:
            claimed(town, valid_days=each)
        page = town.world.get("/coupons?limit=2", as_=town.client).body
        rest = town.world.get(f"/coupons?cursor={page['next_cursor']}", as_=town.client).body
        ends = [item["expires_at"][:10] for item in (*page["items"], *rest["items"])]
        assert ends == ["2026-04-01", "2026-03-22", "2026-03-12"] and rest["next_cursor"] is None
        town.world.advance(days=15)
        town.client = town.world.renewed(town.client, "client")
        usable = town.world.get("/coupons?usable=true", as_=town.client).body["items"]
        assert [item["expires_at"][:10] for item in usable] == ["2026-03-22", "2026-04-01"]
        states = [item["state"] for item in town.world.get("/coupons", as_=town.client).body["items"]]
        assert states == ["unused", "unused", "expired"]


class TestOnAQuote:
    @pytest.mark.feature("F6")
    def test_the_best_coupon_is_applied_and_explained(self, town: Town) -> None:
        claimed(town, off_fen=1_000)
        best = claimed(town, name="大额券", off_fen=5_000)
        quote = town.quote()
        assert discounts_of(quote) == [("coupon", -5_000)] and quote["total_fen"] == BASE_FEN - 5_000
        view = town.world.get(f"/quotes/{quote['quote_id']}/coupons", as_=town.client).body
        assert view["applied_coupon_id"] == view["best"]["coupon_id"] == best
        assert view["best"]["explained"] == ["大额券：满 ¥200.00 减 ¥50.00，减 ¥50.00", "共减 ¥50.00"]
        assert [(item["usable"], item["amount_fen"]) for item in view["items"]] == [(True, 5_000), (True, 1_000)]

    @pytest.mark.feature("F6")
    def test_those_that_cannot_be_used_say_why(self, town: Town) -> None:
        claimed(town, package_ids=["basic"])
        claimed(town, cities=["310000"])
        claimed(town, threshold_fen=40_000)
        quote = town.quote()
        assert discounts_of(quote) == []
        items = town.world.get(f"/quotes/{quote['quote_id']}/coupons", as_=town.client).body["items"]
        assert {item["why_not"] for item in items} == {"不适用于所选套餐", "不适用于该城市", "还差 ¥60.00 可用"}
        assert not any(item["usable"] for item in items)

    @pytest.mark.feature("F6")
    def test_the_client_chooses_another_or_none(self, town: Town) -> None:
        small, _ = claimed(town, off_fen=1_000), claimed(town, off_fen=5_000)
        assert discounts_of(town.quote(coupon_ids=[small])) == [("coupon", -1_000)]
        assert discounts_of(town.quote(coupon_ids=[])) == []
        assert discounts_of(town.quote(coupon_ids=None)) == [("coupon", -5_000)]

    def test_one_that_cannot_be_used_is_refused_with_the_reason(self, town: Town) -> None:
        basic = claimed(town, package_ids=["basic"])
        theirs = claimed(town, by=town.world.person("client"))
        for coupon_id, message in ((basic, "不适用于所选套餐"), (theirs, "没有这张优惠券，或已过期")):
            reply = town.world.post("/quotes", town.quote_body(coupon_ids=[coupon_id]), as_=town.client)
            assert reply.status == 400
            assert reply.body["errors"] == [{"field": "coupon_ids", "message": message}]
        for bad in ([basic, theirs], basic, [1], [""]):
            assert town.world.post("/quotes", town.quote_body(coupon_ids=bad), as_=town.client).status == 400

    @pytest.mark.feature("F6")
    def test_subsidy_first_then_the_coupon_on_what_is_left(self, town: Town) -> None:
        granted(town)
        claimed(town, off_fen=None, percent_bp=1_000)
        quote = town.quote()
        assert discounts_of(quote) == [("subsidy", -6_000), ("coupon", -2_800)]
        view = town.world.get(f"/quotes/{quote['quote_id']}/coupons", as_=town.client).body
        assert view["best"]["amount_fen"] == 8_800 and view["best"]["explained"][-1] == "共减 ¥88.00"

    def test_a_quote_ends_with_its_coupon(self, town: Town) -> None:
        claimed(town, valid_days=1)
        town.world.advance(hours=23, minutes=50)
        town.client = town.world.renewed(town.client, "client")
        assert town.quote()["expires_at"] == "2026-03-03T09:00:00+08:00"
        town.world.advance(minutes=10)
        town.client = town.world.renewed(town.client, "client")
        assert discounts_of(town.quote()) == []

    def test_anothers_quote_is_not_found(self, town: Town) -> None:
        path = f"/quotes/{town.quote()['quote_id']}/coupons"
        assert town.world.get(path, as_=town.world.person("client")).status == 404
        assert town.world.get(path, as_=town.world.person("companion")).status == 403


class TestOnAnOrder:
    @pytest.mark.feature("F6")
    def test_a_coupon_is_reserved_then_used(self, town: Town) -> None:
        coupon_id = claimed(town)
        order = town.order(town.companion())
        assert discounts_of(order["price"]) == [("coupon", -3_000)]
        assert coupon_state(town, coupon_id) == "reserved"
        assert discounts_of(town.quote()) == []
        town.pay(order)
        assert coupon_state(town, coupon_id) == "used"

    @pytest.mark.feature("F6")
    def test_a_coupon_is_never_used_twice(self, town: Town) -> None:
        coupon_id = claimed(town)
        quotes = [town.quote() for _ in range(3)]
        assert [discounts_of(quote) for quote in quotes] == [[("coupon", -3_000)]] * 3
        replies = [town.try_order(town.companion(), quote_id=quote["quote_id"]) for quote in quotes]
        assert [reply.status for reply in replies] == [201, 409, 409]
        assert {reply.code for reply in replies[1:]} == {"coupon_gone"}
        town.pay(replies[0].body)
        assert town.try_order(town.companion(), quote_id=quotes[1]["quote_id"]).code == "coupon_gone"
        assert coupon_state(town, coupon_id) == "used"

    @pytest.mark.feature("F6")
    @pytest.mark.parametrize("how", ENDS)
    def test_it_comes_back_when_there_is_no_visit(self, town: Town, how: str) -> None:
        coupon_id, companion = claimed(town), town.companion()
        end_without_visit(town, how, companion, town.order(companion))
        assert coupon_state(town, coupon_id) == "unused"
        town.client = town.world.renewed(town.client, "client")
        assert discounts_of(town.quote()) == [("coupon", -3_000)]
        assert rows.coupons_of(town.client.subject, limit=1, after=None)[0][0].order_id is None

    def test_discounts_cost_an_order_no_further_round_trip(self, town: Town) -> None:
        granted(town)
        claimed(town)
        quote_id, companion = town.quote()["quote_id"], town.companion()
        body = {"quote_id": quote_id, "companion_id": companion.subject}
        with Meter().running() as meter, meter.act("order", kind="request", room="booking") as act:
            assert town.world.post("/orders", body, as_=town.client).status == 201
        assert (act.reads, act.writes) == (1, 1)

    def test_a_quote_costs_one_query_and_with_a_subsidy_a_batch_more(self, town: Town) -> None:
        def reads() -> int:
            with Meter().running() as meter, meter.act("quote", kind="request", room="booking") as act:
                town.quote()
            return act.reads

        claimed(town)
        town.quote()  # the directory and the catalogue are kept from here on
        without = reads()
        granted(town)
        town.quote()
        assert (without, reads()) == (1, 2)

    def test_a_payment_after_the_hold_does_not_take_the_coupon(self, town: Town) -> None:
        coupon_id = claimed(town)
        order = town.order(town.companion())
        town.world.advance(minutes=6)
        town.pay(order)
        assert coupon_state(town, coupon_id) == "unused"

    def test_an_event_delivered_twice_moves_it_once(self, town: Town) -> None:
        coupon_id, companion = claimed(town), town.companion()
        order = town.paid_order(companion)
        payment = town.payment_of(order)
        for _ in range(2):
            town.world.publish(payment)
        assert coupon_state(town, coupon_id) == "used"
        end_without_visit(town, "nobody", companion, order)
        assert town.state(order)["state"] == "no_companion" and coupon_state(town, coupon_id) == "unused"


class _Post:
    """One POST of coupons with everything that it needs, ready to be spoiled."""

    def __init__(self, town: Town, name: str) -> None:
        self.town = town
        self.body: dict[str, Any] | None = None
        if name == "campaign":
            self.path, self.body, self.by, self.other = "/coupon-campaigns", campaign_body(), staff(town), "agent"
            return
        path = CAMPAIGN.format(campaign(town))
        if name == "claim":
            self.path, self.by, self.other = f"{path}/claim", town.client, "agent"
            return
        self.path, self.by, self.other = f"{path}/grants", staff(town, "agent"), "finance"
        self.body = {"client_id": known_client(town).subject, "reason": "补偿"}

    def send(self, body: Any = ..., **options: Any) -> Reply:
        return self.town.world.post(self.path, self.body if body is ... else body, **{"as_": self.by} | options)


BAD: dict[str, tuple[tuple[str, Any, int], ...]] = {
    "campaign": (
        ("off_fen", 0, 400),
        ("off_fen", -3_000, 400),
        ("off_fen", 0.3, 400),
        ("off_fen", 10**30, 400),
        ("percent_bp", 1_000, 400),
        ("cap_fen", 100, 400),
        ("threshold_fen", -1, 400),
        ("stock", 0, 400),
        ("stock", "10", 400),
        ("claim_until", "2026-03-01T00:00:00+08:00", 400),
        ("claim_until", "2026-12-01T00:00:00", 400),
        ("valid_days", 0, 400),
        ("shards", 0, 400),
        ("id", "cmp_mine", 400),
    ),
    "claim": (),
    "grant": (
        ("client_id", "acc_nobody", 404),
        ("client_id", 1, 400),
        ("reason", " ", 400),
        ("reason", "x" * 201, 400),
        ("off_fen", 1, 400),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_every_post_refuses_what_it_should(town: Town, name: str) -> None:
    post = _Post(town, name)
    assert post.send(as_=None).status == 401
    before = stored()
    for role in ("companion", "hospital", "guest", post.other):
        assert post.send(as_=town.world.person(role)).code == "forbidden"
    for key in ("", "short"):
        assert post.send(key=key).code == "invalid_request"
    for field, value, status in BAD[name]:
        reply = post.send({**(post.body or {}), field: value})
        assert reply.status == status, (field, value, reply.body)
    assert stored() == before
    key = uuid.uuid4().hex
    first = post.send(key=key)
    assert first.status == 201, first.body
    assert post.send(key=key).body == first.body
    if post.body:
        changed = {**post.body, "reason": "另一个"} if name == "grant" else {**post.body, "stock": 11}
        refused(lambda: post.send(changed, key=key), 422, "idempotency_key_reused")


@pytest.mark.parametrize("act", ["claim", "grants"])
def test_a_campaign_that_does_not_exist(town: Town, act: str) -> None:
    by, body = (town.client, None) if act == "claim" else (staff(town), {"client_id": "acc_x", "reason": "补偿"})
    table.forget_kept()
    path = f"{CAMPAIGN.format(ids.new('cmp'))}/{act}"
    refused(lambda: town.world.post(path, body, as_=by), 404, "not_found")


def test_one_claim_sent_twice_is_one_coupon(town: Town) -> None:
    campaign_id, key = campaign(town, per_client=5), uuid.uuid4().hex
    one, other = claim(town, campaign_id, key=key), claim(town, campaign_id, key=key)
    assert one.body == other.body and left(town, campaign_id) == 9
