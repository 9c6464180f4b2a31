"""The visit report over HTTP."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.connection import Connection

from functions.care import table
from functions.care.rules import DISCLAIMER
from functions.shared import clock, ids
from functions.shared.table import query_page
from tests.care.makers import REPORT, submit
from tests.harness.world import World
from tests.tracking.makers import ALL, VisitScene, visit_scene


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The store's operations, as they happen."""
    made: list[str] = []
    original = Connection._make_api_call

    def noting(self: Connection, operation: str, arguments: dict[str, Any], *more: Any) -> Any:
        made.append(operation)
        return original(self, operation, arguments, *more)

    monkeypatch.setattr(Connection, "_make_api_call", noting)
    return made


@pytest.mark.feature("F14")
class TestSubmitting:
    def test_the_companion_submits_it_after_the_end(self, ended: VisitScene) -> None:
        reply = submit(ended)
        assert reply.status == 201
        assert reply.body == {
            "report_id": ids.derived("rep", ended.order_id),
            "visit_id": ended.visit_id,
            "order_id": ended.order_id,
            "submitted_at": "2026-03-02T09:00:00+08:00",
            "late": False,
        }

    def test_the_next_visit_may_be_left_out(self, ended: VisitScene) -> None:
        body = {name: value for name, value in REPORT.items() if name != "next_visit"}
        assert ended.world.post(f"{ended.path}/report", body, as_=ended.companion).status == 201
        assert ended.world.get(f"{ended.path}/report", as_=ended.client).body["next_visit"] is None

    def test_within_the_hour_it_is_in_time_and_after_it_late(self, world: World) -> None:
        for minutes, late in ((60, False), (61, True)):
            visit = visit_scene(world, starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=4))
            visit.walk(*ALL)
            world.advance(minutes=minutes)
            visit.renew()
            assert submit(visit).body["late"] is late

    def test_before_the_end_there_is_nothing_to_report(self, world: World) -> None:
        visit = visit_scene(world)
        visit.walk(*ALL[:-1])
        reply = submit(visit)
        assert (reply.status, reply.code) == (409, "visit_not_ended")

    def test_it_is_submitted_once(self, ended: VisitScene) -> None:
        submit(ended)
        assert submit(ended).code == "report_exists"
        ended.world.deliver()
        assert submit(ended).code == "report_exists"

    def test_it_makes_the_visit_reported(self, ended: VisitScene) -> None:
        submit(ended)
        ended.world.deliver()
        assert ended.world.get(ended.path, as_=ended.client).body["state"] == "reported"

    def test_it_costs_one_read_and_one_transaction(self, ended: VisitScene, calls: list[str]) -> None:
        table.policy()
        calls.clear()
        submit(ended)
        assert calls == ["GetItem", "TransactWriteItems"]


@pytest.mark.feature("F14")
class TestReading:
    def test_client_and_companion_read_the_same(self, ended: VisitScene) -> None:
        receipt = submit(ended).body
        for person in (ended.client, ended.companion):
            reply = ended.world.get(f"{ended.path}/report", as_=person)
            assert (reply.status, reply.body) == (200, REPORT | receipt | {"disclaimer": DISCLAIMER})

    def test_it_costs_one_read(self, ended: VisitScene, calls: list[str]) -> None:
        submit(ended)
        calls.clear()
        ended.world.get(f"{ended.path}/report", as_=ended.client)
        assert calls == ["GetItem"]

    @pytest.mark.parametrize("role", ["client", "companion"])
    def test_a_stranger_finds_nothing(self, ended: VisitScene, role: str) -> None:
        submit(ended)
        assert ended.world.get(f"{ended.path}/report", as_=ended.world.person(role)).code == "report_not_found"

    def test_before_it_is_submitted_there_is_none(self, ended: VisitScene) -> None:
        assert ended.world.get(f"{ended.path}/report", as_=ended.client).code == "report_not_found"

    @pytest.mark.parametrize("visit_id", ["x", "CONFIG", "y" * 3000])
    def test_an_id_that_is_none_is_not_found(self, ended: VisitScene, visit_id: str) -> None:
        assert ended.world.get(f"/visits/{visit_id}/report", as_=ended.client).status == 404


@pytest.mark.feature("F11")
class TestGuests:
    def test_a_pass_for_the_report_shows_it(self, ended: VisitScene) -> None:
        submit(ended)
        assert ended.world.get(f"{ended.path}/report", as_=ended.guest("report")).status == 200

    def test_another_pass_does_not(self, ended: VisitScene) -> None:
        submit(ended)
        assert ended.world.get(f"{ended.path}/report", as_=ended.guest("progress", "position")).status == 403

    def test_a_revoked_one_does_not(self, ended: VisitScene) -> None:
        submit(ended)
        guest = ended.guest("report")
        ended.revoke(guest)
        assert ended.world.get(f"{ended.path}/report", as_=guest).code == "guest_access_ended"

    def test_one_for_another_order_finds_nothing(self, ended: VisitScene) -> None:
        submit(ended)
        guest = ended.guest("report", order_id=ids.new("ord"))
        assert ended.world.get(f"{ended.path}/report", as_=guest).status == 404


class TestStaff:
    def test_without_a_reason_nothing_is_shown(self, ended: VisitScene) -> None:
        submit(ended)
        reply = ended.world.get(f"{ended.path}/report", as_=ended.world.person("agent"))
        assert (reply.status, reply.code) == (403, "reason_required")
        assert reads_of(ended) == []

    def test_with_one_it_is_shown_and_the_reading_is_kept(self, ended: VisitScene) -> None:
        submit(ended)
        agent = ended.world.person("agent", subject="stf_1")
        reply = ended.world.get(f"{ended.path}/report?reason=核实投诉", as_=agent)
        assert reply.status == 200
        assert [(row.staff_id, row.reason, row.read_at) for row in reads_of(ended)] == [
            ("stf_1", "核实投诉", clock.now())
        ]

    def test_every_reading_leaves_a_row_of_its_own(self, ended: VisitScene) -> None:
        submit(ended)
        agent = ended.world.person("admin")
        etag = ended.world.get(f"{ended.path}/report?reason=核实投诉", as_=agent).headers["ETag"]
        ended.world.get(f"{ended.path}/report?reason=核实投诉", as_=agent, headers={"If-None-Match": etag})
        assert len(reads_of(ended)) == 2

    @pytest.mark.parametrize("role", ["finance", "hospital", "insurer"])
    def test_others_have_no_part_in_it(self, ended: VisitScene, role: str) -> None:
        submit(ended)
        assert ended.world.get(f"{ended.path}/report?reason=看看", as_=ended.world.person(role)).status == 403

    @pytest.mark.parametrize("query", ["reason=x", "reason=" + "x" * 201, "why=me"])
    def test_an_odd_reason_is_refused(self, ended: VisitScene, query: str) -> None:
        submit(ended)
        assert ended.world.get(f"{ended.path}/report?{query}", as_=ended.world.person("agent")).status == 400


def reads_of(visit: VisitScene) -> list[table.ReportRead]:
    return list(query_page(table.ReportRead, visit.visit_id, prefix="READ#", limit=10)[0])


class TestRepetition:
    def test_a_repeated_request_is_answered_as_before(self, ended: VisitScene) -> None:
        key = uuid.uuid4().hex
        first, again = (
            ended.world.post(f"{ended.path}/report", REPORT, as_=ended.companion, key=key) for _ in range(2)
        )
        assert (again.status, again.body) == (first.status, first.body)
        assert ended.world.deliver().count("report.submitted") == 1

    def test_the_same_key_with_another_body_is_refused(self, ended: VisitScene) -> None:
        key = uuid.uuid4().hex
        ended.world.post(f"{ended.path}/report", REPORT, as_=ended.companion, key=key)
        changed = REPORT | {"summary": "另一份"}
        assert ended.world.post(f"{ended.path}/report", changed, as_=ended.companion, key=key).status == 422
