"""What comes on top of a visit's price (B9): overtime and what the companion laid out."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.booking import table as booking
from functions.booking.rules import overtime as pricing
from functions.booking.rules.matching import Wanted
from functions.booking.rules.orders import OrderState
from functions.booking.rules.overtime import OvertimeTerms
from functions.booking.rules.pricing import Overtime, Price
from functions.booking.rules.surcharges import overtime_fen
from functions.shared import audit, clock, ids
from functions.shared.tx import Tx
from functions.tracking.rules import overtime as rules
from functions.tracking.rules.overtime import OvertimeRequest, OvertimeState
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import VisitState
from tests.harness.world import Person, Reply, World
from tests.tracking.makers import ALL, STARTS_AT, VisitScene, visit_scene

RATE = Overtime(free_min=15, unit_min=30, unit_fen=2_500)
ENDS_AT = STARTS_AT + timedelta(hours=4)
NOW = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
RATES = st.builds(Overtime, free_min=st.integers(0, 60), unit_min=st.integers(1, 60), unit_fen=st.integers(1, 9_999))
PDF, JPEG = b"%PDF-1.7 a receipt", b"\xff\xd8\xff a receipt"


@pytest.mark.feature("B9")
class TestRules:
    @settings(max_examples=60)
    @given(RATES, st.lists(st.integers(1, 90), min_size=1, max_size=6), st.integers(0, 10_000))
    def test_however_the_time_is_cut_the_steps_cost_what_the_whole_does(
        self, rate: Overtime, steps: list[int], share_bp: int
    ) -> None:
        agreed_min, paid_fen = 0, 0
        for minutes in steps:
            step = pricing.extension(rate, planned_end=NOW, agreed_min=agreed_min, more_min=minutes, share_bp=share_bp)
            assert step.minutes % rate.unit_min == 0 and 0 <= step.minutes - minutes < rate.unit_min
            assert step.share_fen + step.commission_fen == step.amount_fen > 0
            assert min(step.share_fen, step.commission_fen) >= 0
            agreed_min, paid_fen = agreed_min + step.minutes, paid_fen + step.amount_fen
        ended_at = pricing.free_until(rate, NOW) + timedelta(minutes=agreed_min)
        assert paid_fen == overtime_fen(rate, planned_end=NOW, ended_at=ended_at)

    @settings(max_examples=60)
    @given(st.integers(0, 100_000), st.lists(st.integers(1, 30_000), max_size=8))
    def test_what_is_approved_in_advance_never_exceeds_the_cap(self, cap_fen: int, amounts: list[int]) -> None:
        requests: tuple[OvertimeRequest, ...] = ()
        for amount_fen in amounts:
            within = rules.is_authorised(cap_fen, requests, amount_fen)
            state = OvertimeState.APPROVED if within else OvertimeState.DECLINED
            requests = (*requests, request(amount_fen, state))
        assert rules.approved_fen(requests) <= cap_fen

    @settings(max_examples=60)
    @given(RATES, st.integers(1, 600), st.integers(1, 720))
    def test_after_the_end_nobody_pays_for_more_than_it_lasted(
        self, rate: Overtime, lasted_min: int, minutes: int
    ) -> None:
        ended_at = pricing.free_until(rate, NOW) + timedelta(minutes=lasted_min)
        facts: dict[str, Any] = {"state": VisitState.ENDED, "planned_end": NOW, "ended_at": ended_at, "now": ended_at}
        terms = OvertimeTerms(rate=rate, share_bp=9_000)
        policy = Policy(overtime_max_min=24 * 60)
        try:
            found = rules.propose(terms, (), minutes=minutes, policy=policy, **facts)
        except rules.OvertimeTooLong:
            assert pricing.in_units(rate, minutes) > pricing.in_units(rate, lasted_min)
        else:
            assert found.amount_fen <= overtime_fen(rate, planned_end=NOW, ended_at=ended_at)


def request(amount_fen: int, state: OvertimeState) -> OvertimeRequest:
    return OvertimeRequest(
        overtime_id=ids.new("ovt", NOW),
        minutes=30,
        amount_fen=amount_fen,
        share_fen=amount_fen,
        commission_fen=0,
        state=state,
        asked_at=NOW,
    )


def put_order(visit: VisitScene, rate: Overtime | None) -> None:
    """The order as booking holds it; only its frozen rate and share matter here."""
    tx = Tx("booking", now=clock.now(), correlation_id="test")
    tx.insert(
        booking.OrderRow(
            *booking.order_key(visit.order_id),
            client_id=visit.client.subject,
            placed_at=clock.now(),
            chosen_id=visit.companion.subject,
            companion_id=visit.companion.subject,
            starts_at=STARTS_AT,
            ends_at=ENDS_AT,
            patient_id=visit.patient_id,
            hospital_id="hos_first",
            campus_id="east",
            department_id="oncology",
            package_id="deep",
            process_template_id="deep_visit",
            process_version_id="ver_1",
            quote_id=ids.new("quo"),
            state=OrderState.IN_SERVICE,
            price=Price(items=(), total_fen=32_000, insurance=None, overtime=rate),
            share_bp=9_000,
            wanted=Wanted(),
            hold_expires_at=clock.now(),
            asked=(),
        )
    )
    tx.commit()


def late(world: World, *, rate: Overtime | None = RATE, minutes: int = 16, **assigned: Any) -> VisitScene:
    """A visit that goes on `minutes` after its planned end."""
    visit = visit_scene(world, **assigned)
    put_order(visit, rate)
    visit.walk(*ALL[:3])
    world.advance(hours=6, minutes=minutes)
    visit.renew()
    return visit


@pytest.fixture
def over(world: World) -> VisitScene:
    """Sixteen minutes after the planned end the visit goes on: a minute beyond the free time."""
    return late(world)


def ask(visit: VisitScene, minutes: Any = 20, *, by: Person | None = None, **more: Any) -> Reply:
    body = {"minutes": minutes, **more}
    reply = visit.world.post(f"{visit.path}/overtime", body, as_=by or visit.companion)
    visit.world.deliver()
    return reply


def answer(visit: VisitScene, asked: Reply, verdict: str, what: str = "overtime", **options: Any) -> Reply:
    body = {"reason": "不用了，谢谢"} if verdict == "decline" else None
    asked_id = asked.body[f"{what.removesuffix('s')}_id"]
    path = f"{visit.path}/{what}/{asked_id}/{verdict}"
    reply = visit.world.post(path, body, **{"as_": visit.client, **options})
    visit.world.deliver()
    return reply


def authorise(visit: VisitScene, cap_fen: Any, *, version: int | None = 0, by: Person | None = None) -> Reply:
    path = f"{visit.path}/overtime-authorization"
    return visit.world.put(path, {"cap_fen": cap_fen}, version=version, as_=by or visit.client)


@pytest.mark.feature("B9")
class TestOvertime:
    def test_it_is_asked_in_whole_units_and_approved_by_the_client(self, over: VisitScene) -> None:
        asked = ask(over, 20)
        assert (asked.status, asked.body["minutes"], asked.body["amount_fen"]) == (201, 30, 2_500)
        (told,) = over.world.events("visit.overtime_asked")
        assert (told["minutes"], told["amount_fen"]) == (30, 2_500)
        assert answer(over, asked, "approve").body["state"] == "approved"
        (approved,) = over.world.events("visit.overtime_approved")
        assert (approved["share_fen"], approved["commission_fen"], approved["automatic"]) == (2_250, 250, False)
        second = ask(over, 31)
        assert (second.body["minutes"], second.body["amount_fen"]) == (60, 5_000)

    def test_a_declined_one_costs_nothing_and_says_why(self, over: VisitScene) -> None:
        asked = ask(over)
        assert answer(over, asked, "decline").body["reason"] == "不用了，谢谢"
        assert over.world.events("visit.overtime_approved") == []
        assert len(over.world.events("visit.overtime_declined")) == 1
        (seen,) = over.world.get(f"{over.path}/overtime", as_=over.companion).body["requests"]
        assert (seen["state"], seen["reason"]) == ("declined", "不用了，谢谢")
        assert ask(over).status == 201

    def test_it_is_answered_once(self, over: VisitScene) -> None:
        asked = ask(over)
        assert ask(over).code == "overtime_pending"
        answer(over, asked, "approve")
        for verdict in ("approve", "decline"):
            assert answer(over, asked, verdict).code == "overtime_answered"
        assert len(over.world.events("visit.overtime_approved")) == 1

    def test_within_the_cap_it_is_approved_in_advance_and_beyond_it_asked(self, over: VisitScene) -> None:
        given = authorise(over, 5_000)
        assert (given.status, given.body["cap_fen"], given.body["version"]) == (200, 5_000, 1)
        first, second, third = ask(over, 30), ask(over, 30), ask(over, 30)
        assert [(each.body["state"], each.body["automatic"]) for each in (first, second, third)] == [
            ("approved", True),
            ("approved", True),
            ("asked", False),
        ]
        assert [event["automatic"] for event in over.world.events("visit.overtime_approved")] == [True, True]

    def test_a_cap_given_with_the_order_holds_for_its_visit(self, world: World) -> None:
        visit = late(world, overtime_cap_fen=2_500)
        assert visit.world.get(f"{visit.path}/overtime", as_=visit.client).body["cap_fen"] == 2_500
        assert ask(visit).body["automatic"] is True

    def test_the_cap_names_the_version_that_it_changes(self, over: VisitScene) -> None:
        assert authorise(over, 5_000, version=None).status == 428
        assert authorise(over, 5_000, version=7).status == 412
        assert authorise(over, 5_000).status == 200
        assert authorise(over, 0, version=0).status == 412
        assert authorise(over, 0, version=1).body["cap_fen"] == 0
        assert ask(over).body["state"] == "asked"

    @pytest.mark.parametrize("minutes", [0, 15])
    def test_within_the_free_minutes_it_costs_nothing(self, world: World, minutes: int) -> None:
        early = late(world, minutes=minutes)
        reply = ask(early)
        assert (reply.code, reply.body["detail"]) == ("overtime_too_early", "15:15 之后可以申请")

    def test_without_a_rate_it_is_not_charged(self, world: World) -> None:
        assert ask(late(world, rate=None)).code == "overtime_not_charged"

    def test_a_day_is_too_long(self, over: VisitScene) -> None:
        assert ask(over, 481).code == "overtime_too_long"

    def test_after_the_end_it_is_what_it_lasted(self, over: VisitScene) -> None:
        over.walk("examining", "ended")
        assert ask(over, 31).code == "overtime_too_long"
        assert ask(over, 30).status == 201
        over.world.advance(hours=48, seconds=1)
        over.renew()
        pending = over.world.get(f"{over.path}/overtime", as_=over.client).body["requests"][0]
        answer(over, Reply(200, pending, {}), "decline")
        assert ask(over, 1).code == "visit_not_running"

    def test_before_the_arrival_nothing_is_asked(self, world: World) -> None:
        visit = visit_scene(world)
        put_order(visit, RATE)
        assert ask(visit).code == "visit_not_running"


def upload(visit: VisitScene, content: bytes = JPEG, type_: str = "image/jpeg", *, by: Person | None = None) -> str:
    reply = visit.world.post(f"{visit.path}/evidence-uploads", {"content_type": type_}, as_=by or visit.companion)
    assert reply.status == 201, reply.body
    visit.world.upload(reply.body, content)
    return str(reply.body["file_id"])


def claim(visit: VisitScene, file_id: str | None = None, **changed: Any) -> Reply:
    given = {"kind": "medicine", "amount_fen": 12_345, "note": "门诊药房"}
    body = {**given, "receipt_file_id": file_id or upload(visit, JPEG + uuid.uuid4().bytes), **changed}
    reply = visit.world.post(f"{visit.path}/expenses", body, as_=visit.companion)
    visit.world.deliver()
    return reply


@pytest.mark.feature("B9")
class TestExpenses:
    @pytest.mark.parametrize(("content", "type_"), [(JPEG, "image/jpeg"), (PDF, "application/pdf")])
    def test_one_is_claimed_with_its_receipt_and_approved(self, over: VisitScene, content: bytes, type_: str) -> None:
        asked = claim(over, upload(over, content, type_))
        assert (asked.status, asked.body["title"], asked.body["state"]) == (201, "药费", "asked")
        (seen,) = over.world.get(f"{over.path}/expenses", as_=over.client).body["items"]
        assert (seen["note"], seen["receipt_type"], seen["amount_fen"]) == ("门诊药房", type_, 12_345)
        assert seen["receipt_url"].startswith("https://")
        assert answer(over, asked, "approve", "expenses").body["state"] == "approved"
        (told,) = over.world.events("visit.expense_approved")
        assert (told["amount_fen"], told["expense_kind"]) == (12_345, "medicine")
        for verdict in ("approve", "decline"):
            assert answer(over, asked, verdict, "expenses").code == "expense_answered"

    def test_a_declined_one_may_be_handed_in_again_with_the_same_receipt(self, over: VisitScene) -> None:
        asked = claim(over, upload(over))
        assert claim(over, upload(over)).code == "receipt_already_used"
        declined = answer(over, asked, "decline", "expenses")
        assert (declined.body["state"], declined.body["reason"]) == ("declined", "不用了，谢谢")
        assert claim(over, upload(over)).status == 201
        assert len(over.world.events("visit.expense_declined")) == 1

    def test_a_receipt_of_another_visit_is_refused_even_if_it_was_declined_there(
        self, world: World, over: VisitScene
    ) -> None:
        answer(over, claim(over, upload(over)), "decline", "expenses")
        other = visit_scene(world, starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=4))
        other.walk(*ALL[:3])
        assert claim(other, upload(other)).code == "receipt_already_used"

    def test_what_may_be_laid_out_has_an_end(self, over: VisitScene) -> None:
        assert claim(over, amount_fen=200_001).code == "expense_too_large"
        assert [claim(over, amount_fen=200_000).status for _ in range(2)] == [201, 201]
        assert claim(over, amount_fen=100_001).code == "expense_too_large"
        last = claim(over, amount_fen=100_000)
        assert last.status == 201
        answer(over, last, "decline", "expenses")
        assert claim(over, amount_fen=100_000).status == 201

    def test_a_look_of_staff_is_recorded(self, over: VisitScene) -> None:
        claim(over)
        assert over.world.get(f"{over.path}/expenses", as_=over.world.person("agent")).status == 200
        entries, _ = audit.entries_of("tracking", over.visit_id)
        assert [entry.act for entry in entries] == ["visit_expenses.viewed"]

    def test_two_days_after_the_end_it_is_too_late(self, over: VisitScene) -> None:
        over.walk("examining", "ended")
        assert claim(over).status == 201
        over.world.advance(days=2, seconds=1)
        over.renew()
        assert claim(over).code == "visit_not_running"


@pytest.mark.feature("B9")
class TestRefusals:
    def test_wrong_fields_change_nothing(self, over: VisitScene) -> None:
        file_id = upload(over)
        wrong: list[Reply] = [
            *(ask(over, minutes) for minutes in (0, -30, 721, 30.5, "30", None, 10**12)),
            ask(over, 30, colour="red"),
            *(claim(over, file_id, amount_fen=amount) for amount in (0, -1, 1.5, "100", None, 10**13)),
            *(claim(over, file_id, kind=kind) for kind in ("bribe", None)),
            *(claim(over, file_id, note=note) for note in ("", "  ", "x" * 201)),
            claim(over, file_id, colour="red"),
            *(authorise(over, cap) for cap in (-1, 1_000_001, 1.5, "5000", None)),
        ]
        assert [reply.status for reply in wrong] == [400] * len(wrong)
        assert claim(over, ids.new("fil", NOW)).code == "upload_missing"
        assert claim(over, upload(over, b"no picture")).code == "upload_refused"
        upload_of = {"content_type": "text/html"}
        assert over.world.post(f"{over.path}/evidence-uploads", upload_of, as_=over.companion).status == 400
        seen = over.world.get(f"{over.path}/overtime", as_=over.client).body
        assert (seen["requests"], seen["cap_fen"], seen["version"]) == ([], 0, 0)
        assert over.world.get(f"{over.path}/expenses", as_=over.client).body["items"] == []

    def test_other_people(self, over: VisitScene) -> None:
        world, path = over.world, over.path
        asked, claimed = ask(over), claim(over)
        as_client = {
            f"{path}/overtime/{asked.body['overtime_id']}/approve": None,
            f"{path}/overtime/{asked.body['overtime_id']}/decline": {"reason": "不需要"},
            f"{path}/expenses/{claimed.body['expense_id']}/approve": None,
            f"{path}/expenses/{claimed.body['expense_id']}/decline": {"reason": "不需要"},
        }
        receipt = {"kind": "medicine", "amount_fen": 1, "receipt_file_id": "fil_x"}
        as_companion = {f"{path}/overtime": {"minutes": 30}, f"{path}/expenses": receipt}
        for role, bodies, wrong_role in (("client", as_client, "companion"), ("companion", as_companion, "client")):
            for whole, body in bodies.items():
                assert world.post(whole, body).status == 401
                assert world.post(whole, body, as_=world.person(wrong_role, subject=over.client.subject)).status == 403
                assert world.post(whole, body, as_=world.person("agent")).status == 403
                assert world.post(whole, body, as_=world.person(role)).code == "visit_not_found"
        uploads = {"content_type": "image/jpeg"}
        assert world.post(f"{path}/evidence-uploads", uploads, as_=world.person("client")).status == 404
        assert authorise(over, 1, version=1, by=world.person("client")).status == 404
        for what in ("overtime", "expenses"):
            assert world.get(f"{path}/{what}", as_=world.person("companion")).status == 404
            assert world.get(f"{path}/{what}", as_=over.guest("progress")).status == 403
            nowhere = f"{path}/{what}/{ids.new(what[:3])}/approve"
            assert world.post(nowhere, as_=over.client).code.endswith("_not_found")

    def test_a_repeated_request_asks_once(self, over: VisitScene) -> None:
        key = uuid.uuid4().hex
        sent = {"as_": over.companion, "key": key}
        replies = [over.world.post(f"{over.path}/overtime", {"minutes": 30}, **sent) for _ in range(3)]
        assert len({reply.body["overtime_id"] for reply in replies}) == 1
        assert over.world.post(f"{over.path}/overtime", {"minutes": 60}, **sent).status == 422
