"""Subsidies over HTTP: programmes, applications, decisions, and what they take off an order."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.booking.actions import coupons, subsidies
from functions.care.events import ReportSubmitted
from functions.shared import audit, ids, table
from tests.booking.discount_makers import (
    ENDS,
    REASON,
    application_body,
    applied,
    decide,
    discounts_of,
    end_without_visit,
    granted,
    money,
    programme,
    programme_body,
    staff,
    uploaded,
)
from tests.booking.makers import DEEP_FEN, MEDICINE_FEN, STARTS_AT, Town, add_patient, commit
from tests.booking.test_bad_input import refused, stored
from tests.harness.seeds import seeded
from tests.harness.world import Person, Reply

SEED = Path(__file__).parents[2] / "infra" / "local" / "seed"
BASE_FEN = DEEP_FEN + MEDICINE_FEN
SUBSIDY_FEN = 6_000


class TestProgrammes:
    @pytest.mark.feature("F5")
    def test_an_admin_makes_a_programme_that_clients_can_read(self, town: Town) -> None:
        programme_id = programme(town)
        (item,) = town.world.get("/subsidy-programmes", as_=town.client).body["items"]
        assert (item["programme_id"], item["rule_text"]) == (programme_id, "补贴 20%，每单最多 ¥60.00")
        assert money(town, programme_id) == (100_000, 0, 0)
        (entry,), _ = audit.entries_of("booking", programme_id)
        assert entry.act == "subsidy_programme.created"

    @pytest.mark.feature("F5")
    def test_a_budget_grows_and_shrinks_but_not_below_what_is_used(self, town: Town) -> None:
        programme_id = granted(town)
        town.order(town.companion())
        admin = staff(town)
        path = f"/subsidy-programmes/{programme_id}"

        def change(budget_fen: int, version: int) -> Reply:
            body = programme_body(budget_fen=budget_fen) | {"reason": "追加预算"}
            return town.world.put(path, body, version=version, as_=admin)

        assert change(200_003, 1).body["version"] == 2
        assert money(town, programme_id) == (194_003, 6_000, 0)
        assert change(1, 1).status == 412
        assert change(5_999, 2).code == "subsidy_budget_in_use"
        assert change(6_000, 2).status == 200
        assert money(town, programme_id) == (0, 6_000, 0)
        assert {entry.reason for entry in audit.entries_of("booking", programme_id)[0]} == {"追加预算", ""}

    def test_parts_that_do_not_fit_together_are_named(self, town: Town) -> None:
        reply = town.world.post("/subsidy-programmes", programme_body(off_fen=100), as_=staff(town))
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "percent_bp")


class TestApplications:
    @pytest.mark.feature("F5")
    def test_a_client_applies_with_evidence_and_staff_find_it_in_their_queue(self, town: Town) -> None:
        first, second = applied(town, programme(town)), applied(town, programme(town))
        agent = staff(town, "agent")
        page = town.world.get("/subsidy-queue?limit=1", as_=agent).body
        assert [item["application_id"] for item in page["items"]] == [first]
        rest = town.world.get(f"/subsidy-queue?cursor={page['next_cursor']}", as_=agent).body
        assert [item["application_id"] for item in rest["items"]] == [second] and rest["next_cursor"] is None
        mine = town.world.get("/subsidy-applications?limit=1", as_=town.client).body
        assert [item["application_id"] for item in mine["items"]] == [second]
        rest = town.world.get(f"/subsidy-applications?cursor={mine['next_cursor']}", as_=town.client).body
        assert [item["application_id"] for item in rest["items"]] == [first]

    @pytest.mark.feature("F5")
    def test_evidence_opens_for_the_applicant_and_for_staff_who_leave_a_trace(self, town: Town) -> None:
        application_id = applied(town, programme(town))
        path = f"/subsidy-applications/{application_id}"
        view = town.world.get(path, as_=town.client).body
        file_path = f"{path}/evidence/{view['evidence'][0]['file_id']}"
        assert town.world.get(file_path, as_=town.client).body["url"].startswith("https://")
        assert audit.entries_of("booking", application_id) == ([], None)
        agent = staff(town, "agent")
        assert town.world.get(path, as_=agent).status == town.world.get(file_path, as_=agent).status == 200
        entries, _ = audit.entries_of("booking", application_id)
        acts = {(entry.actor, entry.act) for entry in entries}
        assert acts == {(agent.subject, "subsidy_application.read"), (agent.subject, "subsidy_evidence.read")}

    def test_nobody_else_sees_it(self, town: Town) -> None:
        application_id = applied(town, programme(town))
        path = f"/subsidy-applications/{application_id}"
        file_id = town.world.get(path, as_=town.client).body["evidence"][0]["file_id"]
        stranger = town.world.person("client")
        for each in (path, f"{path}/evidence/{file_id}"):
            assert town.world.get(each, as_=stranger).status == 404
            for role in ("companion", "finance", "finance_reader", "hospital", "guest"):
                assert town.world.get(each, as_=town.world.person(role)).status == 403
        assert town.world.get(f"{path}/evidence/{ids.new('fil')}", as_=town.client).status == 404
        assert town.world.get("/subsidy-applications/sub_x", as_=town.client).status == 404

    @pytest.mark.feature("F5")
    def test_an_approval_is_a_grant_and_is_told(self, town: Town) -> None:
        programme_id = programme(town)
        application_id = applied(town, programme_id)
        agent = staff(town, "agent")
        assert decide(town, application_id, approved=True, by=agent).body["state"] == "approved"
        town.world.deliver()
        (told,) = town.world.events("subsidy.decided")
        assert told["approved"] is True and told["may_appeal"] is False and REASON not in str(told)
        view = town.world.get(f"/subsidy-applications/{application_id}", as_=town.client).body
        assert view["decisions"][0]["reason"] == REASON and view["decisions"][0]["by"] is None
        (grant,) = town.world.get("/subsidies", as_=town.client).body["items"]
        assert (grant["programme_id"], grant["valid_until"], grant["valid"]) == (programme_id, "2026-12-31", True)
        assert town.world.get("/subsidy-queue", as_=agent).body["items"] == []
        assert audit.entries_of("booking", application_id)[0][0].act == "subsidy.approved"

    @pytest.mark.feature("F5")
    def test_a_rejection_may_be_appealed_once_and_another_person_decides(self, town: Town) -> None:
        application_id = applied(town, programme(town))
        one, other = staff(town, "agent"), staff(town, "agent")
        assert decide(town, application_id, approved=False, by=one).body["state"] == "rejected"
        path = f"/subsidy-applications/{application_id}"
        assert town.world.get(path, as_=town.client).body["appeal_ends_at"] is not None
        body = {"reason": "补交身份证背面", "evidence": [{"kind": "id_card", "file_id": uploaded(town)}]}
        assert town.world.post(f"{path}/appeal", body, as_=town.client).body["state"] == "appealed"
        (waiting,) = town.world.get("/subsidy-queue", as_=other).body["items"]
        assert waiting["state"] == "appealed"
        assert decide(town, application_id, approved=True, by=one).code == "subsidy_same_decider"
        assert decide(town, application_id, approved=False, by=other).body["state"] == "finally_rejected"
        assert town.world.post(f"{path}/appeal", body, as_=town.client).code == "subsidy_application_state"
        view = town.world.get(path, as_=other).body
        assert view["appeal"] == "补交身份证背面" and len(view["evidence"]) == 2
        assert [each["by"] for each in view["decisions"]] == [one.subject, other.subject]
        assert town.world.get("/subsidies", as_=town.client).body["items"] == []

    def test_an_appeal_comes_in_time(self, town: Town) -> None:
        application_id = applied(town, programme(town, appeal_days=1))
        decide(town, application_id, approved=False, by=staff(town, "agent"))
        town.world.advance(days=1)
        town.client = town.world.renewed(town.client, "client")
        reply = town.world.post(f"/subsidy-applications/{application_id}/appeal", {"reason": "请复核"}, as_=town.client)
        assert reply.code == "subsidy_appeal_too_late"

    def test_one_application_waits_at_a_time(self, town: Town) -> None:
        programme_id = programme(town)
        application_id = applied(town, programme_id)
        again = application_body(town, programme_id)
        assert town.world.post("/subsidy-applications", again, as_=town.client).code == "subsidy_already_applied"
        decide(town, application_id, approved=False, by=staff(town, "agent"))
        assert town.world.post("/subsidy-applications", again, as_=town.client).status == 201

    def test_a_document_that_is_not_what_it_says_is_refused(self, town: Town) -> None:
        body = application_body(town, programme(town))
        body["evidence"][0]["file_id"] = uploaded(town, b"<html>")
        assert town.world.post("/subsidy-applications", body, as_=town.client).code == "upload_refused"
        body["evidence"][0]["file_id"] = uploaded(town, by=town.world.person("client"))
        assert town.world.post("/subsidy-applications", body, as_=town.client).code == "upload_missing"


class TestOnAnOrder:
    @pytest.mark.feature("F5")
    def test_a_grant_lowers_the_quote_and_the_order_shows_it(self, town: Town) -> None:
        programme_id = granted(town)
        quote = town.quote(insurance=True)
        assert discounts_of(quote) == [("subsidy", -SUBSIDY_FEN)]
        assert quote["gross_fen"] == BASE_FEN + 500 and quote["total_fen"] == BASE_FEN + 500 - SUBSIDY_FEN
        assert money(town, programme_id) == (100_000, 0, 0)
        order = town.order(town.companion(), quote_id=quote["quote_id"])
        price = town.state(order)["price"]
        assert price["total_fen"] == quote["total_fen"] and price["items"] == quote["items"]
        assert [(each["programme_id"], each["amount_fen"]) for each in price["discounts"]] == [(programme_id, 6_000)]

    @pytest.mark.feature("F5")
    def test_the_budget_is_reserved_then_spent_and_the_split_names_the_programme(self, town: Town) -> None:
        programme_id, companion = granted(town), town.companion()
        order = town.order(companion)
        assert money(town, programme_id) == (94_000, 6_000, 0)
        town.pay(order)
        assert money(town, programme_id) == (94_000, 0, 6_000)
        town.accept(companion)
        town.world.deliver()
        facts = {name: order[name] for name in ("order_id", "client_id", "companion_id")}
        report = ReportSubmitted(report_id=ids.new("rep"), visit_id=ids.new("vis"), late=False, **facts)
        town.world.publish(report)
        (done,) = town.world.events("order.completed")
        split = done["split"]
        assert split["subsidies"] == {programme_id: 6_000} and split["coupon_fen"] == 0
        assert split["share_fen"] + split["commission_fen"] == done["total_fen"] + 6_000 == BASE_FEN

    @pytest.mark.feature("F5")
    @pytest.mark.parametrize("how", ENDS)
    def test_it_comes_back_when_there_is_no_visit(self, town: Town, how: str) -> None:
        programme_id, companion = granted(town, cap_per="year", cap_fen=6_000), town.companion()
        order = town.order(companion)
        assert discounts_of(town.quote()) == []  # the year is used up
        end_without_visit(town, how, companion, order)
        assert money(town, programme_id) == (100_000, 0, 0)
        town.client = town.world.renewed(town.client, "client")
        assert discounts_of(town.quote()) == [("subsidy", -6_000)]

    @pytest.mark.feature("F5")
    def test_a_yearly_cap_is_held_even_by_quotes_made_before(self, town: Town) -> None:
        granted(town, cap_per="year", cap_fen=8_000)
        quotes = [town.quote(), town.quote()]
        assert [discounts_of(quote) for quote in quotes] == [[("subsidy", -6_800)]] * 2
        town.order(town.companion(), quote_id=quotes[0]["quote_id"])
        late = town.try_order(town.companion(), quote_id=quotes[1]["quote_id"])
        assert (late.status, late.code) == (409, "subsidy_exhausted")
        assert discounts_of(town.quote()) == [("subsidy", -1_200)]

    @pytest.mark.feature("F5")
    @pytest.mark.parametrize("shards", [1, 4])
    def test_quotes_on_one_budget_never_overspend_it(self, town: Town, shards: int) -> None:
        programme_id = granted(town, budget_fen=20_000, shards=shards)
        quotes = [town.quote() for _ in range(6)]
        replies = [town.try_order(town.companion(), quote_id=quote["quote_id"]) for quote in quotes]
        won = [reply for reply in replies if reply.status == 201]
        assert {reply.code for reply in replies if reply.status != 201} <= {"subsidy_exhausted"}
        assert money(town, programme_id)[1] == SUBSIDY_FEN * len(won) and 1 <= len(won) <= 3
        while discounts_of(quote := town.quote()):
            town.order(town.companion(), quote_id=quote["quote_id"])
        assert money(town, programme_id) == (2_000, 18_000, 0)

    def test_no_subsidy_elsewhere_or_for_somebody_else(self, town: Town) -> None:
        granted(town, cities=["310000"])
        assert discounts_of(town.quote()) == []
        granted(town)
        other = add_patient(town.world, town.client)
        assert discounts_of(town.quote(patient_id=other)) == []
        far = (STARTS_AT + timedelta(days=60)).isoformat()
        assert discounts_of(town.quote(starts_at=far)) == [("subsidy", -SUBSIDY_FEN)]


@pytest.mark.usefixtures("world")
def test_the_seed_goes_in_as_it_is_and_twice_is_harmless() -> None:
    puts: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("subsidy_programmes", subsidies.put_programme),
        ("coupon_campaigns", coupons.put_campaign),
    )
    for _ in range(2):
        for name, put in puts:
            for row in seeded(name):
                commit("booking", partial(put, **row))
    _, budget = subsidies.read_programme("prg_elder_60")
    assert (budget.left_fen, budget.reserved_fen, budget.spent_fen) == (20_000_000, 0, 0)
    assert coupons.read_campaign("cmp_200_30").left_count == 100_000


class _Post:
    """One POST of subsidies with everything that it needs, ready to be spoiled."""

    def __init__(self, town: Town, name: str) -> None:
        self.town = town
        self.by: Person = town.client
        self.other = "agent"
        if name == "programme":
            self.path, self.body, self.by, self.other = "/subsidy-programmes", programme_body(), staff(town), "agent"
            return
        if name == "evidence":
            self.path, self.body = "/subsidy-evidence", {"content_type": "image/png"}
            return
        programme_id = programme(town)
        if name == "apply":
            self.path, self.body = "/subsidy-applications", application_body(town, programme_id)
            return
        path = f"/subsidy-applications/{applied(town, programme_id)}"
        if name == "decide":
            self.path, self.by, self.other = f"{path}/decision", staff(town, "agent"), "finance"
            self.body = {"approved": True, "reason": REASON, "valid_until": "2026-12-31"}
        else:
            decide(town, path.rsplit("/", 1)[-1], approved=False, by=staff(town, "agent"))
            self.path, self.body = f"{path}/appeal", {"reason": "请复核"}

    def send(self, body: Any = ..., **options: Any) -> Reply:
        return self.town.world.post(self.path, self.body if body is ... else body, **{"as_": self.by} | options)


BAD: dict[str, tuple[tuple[str, Any, int], ...]] = {
    "programme": (
        ("cap_fen", 0, 400),
        ("cap_fen", -1, 400),
        ("cap_fen", 1.5, 400),
        ("cap_fen", "6000", 400),
        ("budget_fen", 10**30, 400),
        ("budget_fen", None, 400),
        ("percent_bp", 10_001, 400),
        ("valid_until", "2025-01-01", 400),
        ("valid_until", "soon", 400),
        ("cap_per", "month", 400),
        ("evidence", [], 400),
        ("shards", 17, 400),
        ("id", "prg_mine", 400),
    ),
    "evidence": (("content_type", "text/html", 400), ("content_type", 1, 400), ("size", 1, 400)),
    "apply": (
        ("programme_id", "prg_none", 404),
        ("patient_id", "pat_00000000000000000000000000", 404),
        ("evidence", [], 400),
        ("evidence", [{"kind": "id_card", "file_id": "../x"}], 409),
        ("evidence", [{"kind": "other", "file_id": "fil_x"}], 400),
        ("amount_fen", 1, 400),
    ),
    "decide": (
        ("approved", "yes", 400),
        ("reason", "  ", 400),
        ("reason", "x" * 501, 400),
        ("valid_until", None, 400),
        ("valid_until", "2020-01-01", 400),
        ("valid_until", "2030-01-01", 400),
        ("amount_fen", 1, 400),
    ),
    "appeal": (("reason", "", 400), ("evidence", [{"kind": "other", "file_id": "x"}], 400), ("state", "approved", 400)),
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
    for raw in (b"", b"[]", b"{"):
        assert post.send(None, raw=raw).code == "invalid_request"
    for field, value, status in BAD[name]:
        reply = post.send({**post.body, field: value})
        assert reply.status == status, (field, value, reply.body)
    assert stored() == before
    key = uuid.uuid4().hex
    first = post.send(key=key)
    assert first.status < 300, first.body
    if name != "evidence":  # a leave writes nothing: its repetition is another leave
        assert post.send(key=key).body == first.body
        assert post.send({**post.body, "reason": "另一个"}, key=key).status in (400, 422)


@pytest.mark.parametrize("name", ["decide", "appeal"])
def test_anothers_application_is_not_found_and_a_decided_one_stays(town: Town, name: str) -> None:
    post = _Post(town, name)
    if name == "appeal":
        refused(lambda: post.send(as_=town.world.person("client")), 404, "not_found")
    assert post.send().status == 200
    refused(post.send, 409, "subsidy_application_state")
    table.forget_kept()
    missing = f"/subsidy-applications/{ids.new('sub')}/{'decision' if name == 'decide' else 'appeal'}"
    refused(lambda: town.world.post(missing, post.body, as_=post.by), 404, "not_found")
