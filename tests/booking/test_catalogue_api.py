"""The catalogue over HTTP: what staff do to it, what clients then pay, and what does not change under anybody (F29)."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import table as rows
from functions.booking.actions.catalogue import Entry, put_catalogue, put_entries
from functions.booking.rules.catalogue import Kind
from functions.booking.rules.pricing import Overtime
from functions.booking.rules.surcharges import OffHours, Surcharges
from functions.booking.rules.versions import Scope
from functions.hospitals import actions as hospitals
from functions.shared import audit, aws, table
from functions.shared.config import config
from infra.local.seeding import CATALOGUE
from tests.booking.makers import DEEP_FEN, HOSPITAL, MEDICINE_FEN, Town, commit, process_template
from tests.harness.seeds import seeded
from tests.harness.world import Person, Reply, World

TODAY, VISIT_DAY, LATER = "2026-03-02", "2026-03-04", "2026-03-10"
SATURDAY_9 = "2026-03-07T09:00:00+08:00"
WEDNESDAY_9 = "2026-03-04T09:00:00+08:00"
NOWHERE: dict[str, Any] = {}
SURCHARGES = Surcharges(OffHours(420, 1_200, 30, 1_500), 1_000, 3_000, Overtime(15, 30, 2_500))


class Office:
    """An administrator at work on the catalogue of a town."""

    def __init__(self, town: Town) -> None:
        self.town, self.world = town, town.world
        self.admin = town.world.person("admin")

    def draft(
        self, kind: str, item_id: str, content: dict[str, Any] | None, scope: dict[str, Any] = NOWHERE, **more: Any
    ) -> Reply:
        body = {"scope": scope, "content": content and {"kind": kind, **content}, **more}
        return self.world.post(f"/catalogue/{kind}/{item_id}/versions", body, as_=self.admin)

    def drafted(self, *told: Any, **more: Any) -> str:
        """The path of a fresh draft."""
        reply = self.draft(*told, **more)
        assert reply.status == 201, reply.body
        body = reply.body
        return f"/catalogue/{body['kind']}/{body['item_id']}/versions/{body['version_id']}"

    def publish(self, path: str, *, on: str = TODAY, act: str = "publish") -> Reply:
        reply = self.world.post(f"{path}/{act}", {"effective_from": on, "reason": "调价通知"}, as_=self.admin)
        table.forget_kept()
        return reply

    def published(self, *told: Any, on: str = TODAY) -> str:
        path = self.drafted(*told)
        reply = self.publish(path, on=on)
        assert reply.status == 200, reply.body
        return path

    def preview(self, *, starts_at: str = WEDNESDAY_9, package_id: str = "deep", more: str = "") -> Reply:
        query = f"hospital_id={HOSPITAL}&package_id={package_id}&starts_at={starts_at.replace('+', '%2B')}{more}"
        return self.world.get(f"/catalogue/preview?{query}", as_=self.admin)

    def cost(self, **asked: Any) -> int:
        reply = self.preview(**asked)
        assert reply.status == 200, reply.body
        return int(reply.body["total_fen"])


@pytest.fixture
def office(town: Town) -> Office:
    commit("hospitals", partial(hospitals.put_city, code="310000", name="上海", tier="first"))
    return Office(town)


def process(*extra: tuple[str, str, int, int], end_min: int = 240) -> dict[str, Any]:
    """The town's process with more steps: code, title, offset and duration."""
    told = process_template()
    names = ("code", "title", "offset_min", "duration_min")
    more = [dict(zip(names, each, strict=True)) | {"check_in": "none", "required": True} for each in extra]
    milestones = [*told["milestones"], *more]
    milestones[3] = milestones[3] | {"offset_min": end_min}
    return {"name": "深度陪诊流程", "milestones": sorted(milestones, key=lambda each: int(each["offset_min"]))}


@pytest.mark.feature("F29")
class TestPublishing:
    def test_a_draft_changes_nothing_until_it_is_published(self, office: Office) -> None:
        path = office.drafted("price", "deep", {"price_fen": 30_000}, {"city": "110000"})
        assert office.town.quote(special_requests=[])["total_fen"] == DEEP_FEN
        assert office.publish(path).body["state"] == "published"
        assert office.town.quote(special_requests=[])["total_fen"] == 30_000
        listed = office.world.get(f"/packages?hospital_id={HOSPITAL}").body["items"]
        assert {each["package_id"]: each["price_fen"] for each in listed} == {"basic": 22_000, "deep": 30_000}

    def test_the_most_specific_scope_wins(self, office: Office) -> None:
        for scope, price_fen in (
            ({"hospital_id": HOSPITAL}, 29_000),
            ({"city": "110000"}, 30_000),
            ({"city_tier": "second"}, 10_000),
            ({"city": "310000"}, 11_000),
        ):
            office.published("price", "deep", {"price_fen": price_fen}, scope)
        (line,) = office.preview().body["items"]
        assert (line["amount_fen"], line["scope"]["hospital_id"]) == (29_000, HOSPITAL)
        ended = office.drafted("price", "deep", None, {"hospital_id": HOSPITAL})
        assert office.publish(ended).code == "version_overlap"
        assert office.publish(ended, on=LATER).status == 200
        assert office.cost() == 29_000
        assert office.cost(starts_at="2026-03-10T09:00:00+08:00") == 30_000

    def test_it_holds_for_visits_from_its_day_on(self, office: Office) -> None:
        office.published("price", "deep", {"price_fen": 40_000}, {"city_tier": "first"}, on="2026-03-05")
        assert office.town.quote(special_requests=[])["total_fen"] == DEEP_FEN
        later = office.town.quote(special_requests=[], starts_at="2026-03-05T09:00:00+08:00")
        assert later["total_fen"] == 40_000

    def test_what_was_quoted_is_honoured_to_the_fen(self, office: Office) -> None:
        quote, companion = office.town.quote(), office.town.companion()
        office.published("price", "deep", {"price_fen": 99_900}, {"hospital_id": HOSPITAL})
        office.published("special_request", "medicine_pickup", {"name": "代取药", "summary": "代", "price_fen": 1})
        order = office.town.order(companion, quote_id=quote["quote_id"])
        assert (order["price"]["items"], order["price"]["total_fen"]) == (quote["items"], DEEP_FEN + MEDICINE_FEN)
        assert office.town.quote()["total_fen"] == 99_901

    def test_a_visit_keeps_the_steps_that_were_quoted(self, office: Office) -> None:
        quote, companion = office.town.quote(), office.town.companion()
        extra = ("nucleic_acid_reminded", "核酸提醒", 30, 10)
        office.published("process", "deep_visit", process(extra), {"hospital_id": HOSPITAL})
        old = office.town.assigned_order(companion, quote_id=quote["quote_id"])
        new = office.town.assigned_order(office.town.companion(), wanted={"gender": "female"})
        codes = {}
        for order in (old, new):
            path = f"/orders/{order['order_id']}/itinerary"
            as_ = office.world.renewed(office.town.client, "client")
            codes[order["order_id"]] = [each["code"] for each in office.world.get(path, as_=as_).body["entries"]]
        assert codes[old["order_id"]] == ["departed", "arrived", "registering", "ended"]
        assert codes[new["order_id"]] == ["departed", "arrived", "registering", "nucleic_acid_reminded", "ended"]

    def test_a_special_request_may_cost_less_with_one_package(self, office: Office) -> None:
        told = {"name": "代取药", "summary": "代您取药", "price_fen": 500}
        office.published("special_request", "medicine_pickup", told, {"package_id": "deep"})
        assert office.cost(more="&special_requests=medicine_pickup") == DEEP_FEN + 500
        assert office.cost(package_id="basic", more="&special_requests=medicine_pickup") == 22_000 + MEDICINE_FEN
        path = f"/special-requests?hospital_id={HOSPITAL}&package_id=deep"
        prices = {each["special_request_id"]: each["price_fen"] for each in office.world.get(path).body["items"]}
        assert prices["medicine_pickup"] == 500
        assert office.world.get("/special-requests?hospital_id=hos_none").status == 404

    def test_a_fresh_package_needs_its_price_first(self, office: Office) -> None:
        told = {
            "name": "接种陪诊",
            "summary": "打疫苗",
            "duration_min": 300,
            "includes": ["陪同留观"],
            "included_special_requests": [],
            "process_template": "deep_visit",
        }
        path = office.drafted("package", "vaccination", told)
        gap = office.publish(path)
        assert gap.code == "catalogue_gap"
        assert {each["field"] for each in gap.body["errors"]} == {"price.vaccination"}
        price = office.drafted("price", "vaccination", {"price_fen": 13_000})
        assert office.publish(price).code == "catalogue_gap"
        assert office.publish(price, on=LATER).code == "catalogue_gap"

    def test_every_publication_leaves_an_audit_row(self, office: Office) -> None:
        path = office.published("price", "deep", {"price_fen": 30_000}, {"city": "110000"})
        office.publish(path, act="rollback", on=LATER)
        entries, _ = audit.entries_of("booking", "price#deep")
        assert [(each.act, each.actor, each.reason) for each in entries] == [
            ("catalogue.rolled_back", office.admin.subject, "调价通知"),
            ("catalogue.published", office.admin.subject, "调价通知"),
        ]
        assert "city#110000" in entries[1].after


@pytest.mark.feature("F29")
class TestRollback:
    def test_an_earlier_version_is_said_again(self, office: Office) -> None:
        scope = {"city": "110000"}
        first = office.published("price", "deep", {"price_fen": 30_000}, scope)
        office.published("price", "deep", {"price_fen": 3}, scope, on=VISIT_DAY)
        assert office.cost() == 3
        back = office.publish(first, act="rollback", on=VISIT_DAY)
        assert back.status == 201
        assert (back.body["copy_of"], back.body["state"]) == (first.rpartition("/")[2], "published")
        assert office.cost() == 30_000
        history = office.world.get("/catalogue/price/deep/versions?limit=3", as_=office.admin).body
        assert [(each["state"], each["content"]["price_fen"]) for each in history["items"]] == [
            ("published", 30_000),
            ("replaced", 3),
            ("published", 30_000),
        ]
        more = office.world.get(f"/catalogue/price/deep/versions?cursor={history['next_cursor']}", as_=office.admin)
        assert [each["author"] for each in more.body["items"]] == ["seed", "seed"]

    def test_a_draft_was_never_in_effect(self, office: Office) -> None:
        path = office.drafted("price", "deep", {"price_fen": 30_000})
        assert office.publish(path, act="rollback").code == "version_unpublished"

    def test_what_was_published_is_not_published_again(self, office: Office) -> None:
        path = office.published("price", "deep", {"price_fen": 30_000}, {"city": "110000"})
        assert office.publish(path, on=LATER).code == "version_published"

    def test_a_rollback_is_checked_like_any_publication(self, office: Office) -> None:
        ends = office.world.get("/catalogue/special_request/remote_family_sync/versions", as_=office.admin)
        (row,) = ends.body["items"]
        assert row["state"] == "published"
        gone = office.drafted("special_request", "remote_family_sync", None)
        assert office.publish(gone, on=LATER).code == "catalogue_gap"


@pytest.mark.feature("F29")
class TestChecksAndPreviews:
    def test_a_process_that_outlasts_its_package_is_found_before_it_goes_live(self, office: Office) -> None:
        path = office.drafted("process", "deep_visit", process(end_min=300), {"hospital_id": HOSPITAL})
        reply = office.world.get(f"{path}/validation?effective_from={LATER}", as_=office.admin)
        assert reply.body["valid"] is False
        assert {(each["field"], each["on"]) for each in reply.body["findings"]} == {("process.deep_visit", LATER)}
        assert office.publish(path, on=LATER).code == "catalogue_gap"
        good = office.drafted("process", "deep_visit", process(), {"hospital_id": HOSPITAL})
        reply = office.world.get(f"{good}/validation?effective_from={LATER}", as_=office.admin)
        assert reply.body == {"valid": True, "findings": []}

    def test_a_fault_of_old_does_not_stand_in_the_way_of_a_repair(self, office: Office) -> None:
        gap = Entry(Kind.PACKAGE, "gold", Scope(), msgspec_package("gold"))
        commit("booking", lambda tx: put_entries(tx, [gap]))
        office.published("price", "deep", {"price_fen": 31_000}, {"city": "110000"})
        assert office.cost() == 31_000
        office.published("price", "deep", {"price_fen": 32_500}, {"city": "110000"}, on=LATER)
        assert office.cost(starts_at=f"{LATER}T09:00:00+08:00") == 32_500

    def test_what_an_order_would_cost_on_a_day_and_who_says_so(self, office: Office) -> None:
        everywhere = Entry(Kind.SURCHARGES, "surcharges", Scope(), SURCHARGES)
        commit("booking", lambda tx: put_entries(tx, [everywhere]))
        body = office.preview(starts_at=SATURDAY_9, more="&special_requests=wheelchair&insurance=true").body
        assert [(each["kind"], each["code"], each["amount_fen"]) for each in body["items"]] == [
            ("package", "deep", 32_000),
            ("special_request", "wheelchair", 0),
            ("surcharge", "weekend", 3_200),
            ("insurance", "anxin_visit", 500),
        ]
        assert body["items"][0]["scope"]["city_tier"] == "first"
        assert body["items"][3]["version_id"] is None
        assert body["overtime"] == {"free_min": 15, "unit_min": 30, "unit_fen": 2_500}
        assert (body["process_template_id"], len(body["milestones"])) == ("deep_visit", 4)
        quote = office.town.quote(starts_at=SATURDAY_9, special_requests=["wheelchair"], insurance=True)
        assert (quote["total_fen"], quote["overtime"]) == (body["total_fen"], body["overtime"])

    def test_a_draft_is_tried_before_it_is_published(self, office: Office) -> None:
        path = office.drafted("price", "deep", {"price_fen": 31_500}, {"city_tier": "first"})
        trying = f"&try_kind=price&try_item_id=deep&try_version_id={path.rpartition('/')[2]}"
        assert office.cost(more=trying) == 31_500
        assert office.cost() == DEEP_FEN
        assert office.preview(more="&try_kind=price").status == 400
        assert office.preview(package_id="none").status == 400

    def test_the_operators_holidays_count(self, office: Office) -> None:
        everywhere = Entry(Kind.SURCHARGES, "surcharges", Scope(), SURCHARGES)
        commit("booking", lambda tx: put_entries(tx, [everywhere]))
        office.published("holidays", "holidays", {"holidays": [VISIT_DAY], "working_days": ["2026-03-07"]})
        assert office.cost() == DEEP_FEN + 9_600
        assert office.cost(starts_at=SATURDAY_9) == DEEP_FEN

    def test_what_stands_on_a_shelf(self, office: Office) -> None:
        office.published("price", "deep", {"price_fen": 30_000}, {"city": "110000"}, on=LATER)
        (one,) = office.world.get("/catalogue/published?city=110000", as_=office.admin).body["items"]
        assert (one["kind"], one["effective_from"], one["content"]["price_fen"]) == ("price", LATER, 30_000)
        everywhere = office.world.get("/catalogue/published", as_=office.admin).body["items"]
        assert {each["kind"] for each in everywhere} == {"package", "special_request", "process"}

    def test_the_past_is_cleared_from_the_shelf_but_not_from_history(self, office: Office) -> None:
        for price_fen in (30_000, 31_000, 32_000):
            office.published("price", "deep", {"price_fen": price_fen}, {"city": "110000"}, on=day(office))
            office.world.advance(days=1)
            office.admin = office.world.renewed(office.admin, "admin")
        (one,) = office.world.get("/catalogue/published?city=110000", as_=office.admin).body["items"]
        assert one["content"]["price_fen"] == 32_000
        assert len(office.world.get("/catalogue/price/deep/versions", as_=office.admin).body["items"]) == 5


def msgspec_package(id_: str) -> Any:
    from functions.booking.rules.pricing import Package

    return Package(id_, "金牌陪诊", "", 240, (), frozenset(), "deep_visit")


def day(office: Office) -> str:
    from functions.shared import clock

    return clock.service_date(clock.now()).isoformat()


# what must be refused ------------------------------------------------------------------------------------------------
def stored() -> list[str]:
    client = aws.client("dynamodb")
    return sorted(str(item) for item in client.scan(TableName=config().table_name("booking"))["Items"])


PRICE = {"kind": "price", "price_fen": 30_000}
BAD_DRAFTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("price/deep", {}, 400),
    ("price/deep", {"scope": {}}, 400),
    ("price/deep", {"scope": {}, "content": PRICE, "state": "published"}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "price", "price_fen": 0}}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "price", "price_fen": -1}}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "price", "price_fen": 1.5}}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "price", "price_fen": "1"}}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "price", "price_fen": 10**30}}, 400),
    ("price/deep", {"scope": {}, "content": {"kind": "gold", "price_fen": 1}}, 400),
    ("package/deep", {"scope": {}, "content": PRICE}, 400),
    ("price/deep", {"scope": {"package_id": "deep"}, "content": PRICE}, 400),
    ("price/deep", {"scope": {"city_tier": "third"}, "content": PRICE}, 400),
    ("price/deep", {"scope": {"city": "110000", "hospital_id": HOSPITAL}, "content": PRICE}, 400),
    ("price/deep", {"scope": {"city": "999999"}, "content": PRICE}, 404),
    ("price/deep", {"scope": {"hospital_id": "hos_none"}, "content": PRICE}, 404),
    ("gold/deep", {"scope": {}, "content": PRICE}, 404),
    ("price/DEEP", {"scope": {}, "content": PRICE}, 404),
    ("surcharges/mine", {"scope": {}, "content": None}, 400),
    ("holidays/holidays", {"scope": {"city": "110000"}, "content": None}, 400),
    (
        "holidays/holidays",
        {"scope": {}, "content": {"kind": "holidays", "holidays": [TODAY], "working_days": [TODAY]}},
        400,
    ),
    ("process/deep_visit", {"scope": {}, "content": {"kind": "process", "name": "空", "milestones": []}}, 400),
    ("process/deep_visit", {"scope": {}, "content": {"kind": "process"} | process(("late", "晚", 300, 0))}, 400),
)
BAD_PUBLICATIONS: tuple[tuple[dict[str, Any], int], ...] = (
    ({}, 400),
    ({"effective_from": TODAY}, 400),
    ({"effective_from": "2026-03-01", "reason": "昨天"}, 400),
    ({"effective_from": "soon", "reason": "不久"}, 400),
    ({"effective_from": TODAY, "reason": "  "}, 400),
    ({"effective_from": TODAY, "reason": "好", "price_fen": 1}, 400),
)


@pytest.mark.feature("F29")
class TestRefusals:
    def unchanged(self, send: Callable[[], Reply], status: int) -> None:
        before = stored()
        reply = send()
        assert reply.status == status, reply.body
        assert stored() == before

    @pytest.mark.parametrize(("item", "body", "status"), BAD_DRAFTS)
    def test_drafts(self, office: Office, item: str, body: dict[str, Any], status: int) -> None:
        path = f"/catalogue/{item}/versions"
        self.unchanged(lambda: office.world.post(path, body, as_=office.admin), status)

    @pytest.mark.parametrize("act", ["publish", "rollback"])
    def test_publications(self, office: Office, act: str) -> None:
        path = office.published("price", "deep", {"price_fen": 30_000}, {"city": "110000"})
        if act == "publish":
            path = office.drafted("price", "deep", {"price_fen": 31_000}, {"city": "110000"})
        for body, status in BAD_PUBLICATIONS:
            self.unchanged(lambda body=body: office.world.post(f"{path}/{act}", body, as_=office.admin), status)  # type: ignore[misc]
        for other in (path[:-1] + "x", "/catalogue/price/basic/versions/" + path.rpartition("/")[2]):
            self.unchanged(lambda other=other: office.publish(other, act=act), 404)  # type: ignore[misc]

    def test_who_may_read_and_who_may_write(self, office: Office) -> None:
        path = office.drafted("price", "deep", {"price_fen": 31_000}, {"city": "110000"})
        versions = path.rpartition("/")[0]
        body = {"effective_from": TODAY, "reason": "调价"}
        writes = [(versions, {"scope": {}, "content": PRICE}), (f"{path}/publish", body), (f"{path}/rollback", body)]
        reads = [versions, path, f"{path}/validation?effective_from={TODAY}", "/catalogue/published"]
        before = stored()
        agent = office.world.person("agent")
        assert [office.world.get(each, as_=agent).status for each in reads] == [200] * 4
        for role in ("agent", "finance", "finance_reader", "client", "companion", "hospital", "insurer", "guest"):
            person: Person = office.world.person(role)
            assert {office.world.post(target, told, as_=person).status for target, told in writes} == {403}
            if role != "agent":
                assert {office.world.get(each, as_=person).status for each in reads} == {403}
        assert {office.world.post(target, told).status for target, told in writes} == {401}
        assert stored() == before

    def test_a_repeated_key_publishes_once(self, office: Office) -> None:
        path = office.drafted("price", "deep", {"price_fen": 31_000}, {"city": "110000"})
        key, body = uuid.uuid4().hex, {"effective_from": TODAY, "reason": "调价"}
        first = office.world.post(f"{path}/publish", body, as_=office.admin, key=key)
        assert first.status == 200
        self.unchanged(lambda: office.world.post(f"{path}/publish", body, as_=office.admin, key=key), 200)
        changed = body | {"reason": "改了"}
        self.unchanged(lambda: office.world.post(f"{path}/publish", changed, as_=office.admin, key=key), 422)
        self.unchanged(lambda: office.world.post(f"{path}/publish", body, as_=office.admin, key=""), 400)

    def test_a_shelf_has_an_end(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        from functions.booking.actions import catalogue_admin

        monkeypatch.setattr(catalogue_admin, "_MAX_SHELF_BYTES", 10)
        path = office.drafted("price", "deep", {"price_fen": 31_000}, {"city": "110000"})
        self.unchanged(lambda: office.publish(path), 409)


@pytest.mark.feature("F4")
def test_a_quote_reads_nothing_of_the_catalogue_once_it_is_kept(town: Town, calls: list[str]) -> None:
    town.quote(special_requests=["wheelchair"])
    assert calls.count("BatchGetItem") == 1  # all shelves at once
    calls.clear()
    town.quote(special_requests=["wheelchair", "medicine_pickup"])
    assert calls == ["Query", "TransactWriteItems"]  # the client's coupons and grants; the quote


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call to the store from now on, by its name."""
    made: list[str] = []
    kind = type(table.connection())
    send = kind._make_api_call

    def counted(self: Any, operation: str, *more: Any, **named: Any) -> Any:
        made.append(operation)
        return send(self, operation, *more, **named)

    monkeypatch.setattr(kind, "_make_api_call", counted)
    return made


def test_two_publications_never_pass_each_other_unseen(office: Office) -> None:
    """The second of two that were checked against the same catalogue is checked again on fresh rows."""
    from functions.booking.actions import catalogue_admin as actions
    from functions.shared import clock
    from functions.shared.tx import StaleRead, Tx

    item = actions.Item(Kind.PRICE, "deep")
    started = []
    for city in ("110000", "310000"):
        path = office.drafted("price", "deep", {"price_fen": 30_000}, {"city": city})
        tx = Tx("booking", now=clock.now(), correlation_id=city)
        today = clock.service_date(tx.now)
        version_id = path.rpartition("/")[2]
        actions.publish_version(
            tx, actor="stf_1", item=item, version_id=version_id, effective_from=today, reason="同时"
        )
        started.append(tx)
    started[0].commit()
    with pytest.raises(StaleRead):
        started[1].commit()


def test_the_quote_and_the_order_name_the_version_of_their_process(town: Town) -> None:
    quote = town.quote()
    order = town.order(town.companion(), quote_id=quote["quote_id"])
    loaded = rows.load([rows.quote_key(quote["quote_id"]), rows.order_key(order["order_id"])])
    kept, placed = loaded.quote(quote["quote_id"]), loaded.order(order["order_id"])
    assert kept and placed
    assert kept.process_version_id == placed.process_version_id
    assert [item.version_id[:4] for item in placed.price.items] == ["ver_", "ver_", "ver_"]
    assert timedelta() < placed.ends_at - placed.starts_at


@pytest.mark.feature("F3")
@pytest.mark.feature("F29")
def test_the_seed_goes_in_as_it_is_and_twice_is_harmless(world: World) -> None:
    for city in seeded("cities"):
        commit("hospitals", partial(hospitals.put_city, **city))
    for hospital in seeded("hospitals"):
        if hospital["id"] in ("hos_pumch", "hos_sysucc"):
            commit("hospitals", partial(hospitals.put_hospital, **hospital))
    said: dict[str, Any] = {name: seeded(name) for name in CATALOGUE}
    for _ in range(2):
        commit("booking", partial(put_catalogue, **said))
    packages = world.get("/packages?hospital_id=hos_pumch").body["items"]
    assert [(each["package_id"], each["price_fen"]) for each in packages] == [
        ("vaccination", 12_000),
        ("basic", 22_000),
        ("deep", 32_000),
        ("cross_city", 56_000),
    ]
    assert len(world.get("/special-requests").body["items"]) == 10
    query = "hospital_id=hos_sysucc&package_id=deep&starts_at=2026-03-04T09:00:00%2B08:00"
    preview = world.get(f"/catalogue/preview?{query}", as_=world.person("agent")).body
    assert preview["process_scope"]["hospital_id"] == "hos_sysucc"
    assert "nucleic_acid_reminded" in {each["code"] for each in preview["milestones"]}
