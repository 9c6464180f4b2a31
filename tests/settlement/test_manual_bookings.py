"""Manual bookings: proposed with a reason by one person, booked once another one approved (B10, B11)."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from functions.settlement import actions
from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger
from functions.settlement.rules.refunds import RefundKind
from functions.shared import audit, clock, ids
from functions.shared.money import MAX_FEN
from tests.harness.world import Person, Reply, World
from tests.settlement.makers import Order, Till, commit

ONE, OTHER = "stf_one", "stf_other"
REASON = "渠道回单与账不符，调整入账"
AMOUNT_FEN = 500
LINES = [{"account": "goodwill", "amount_fen": AMOUNT_FEN}, {"account": "suspense", "amount_fen": -AMOUNT_FEN}]
BOOKED = {"goodwill": AMOUNT_FEN, "suspense": AMOUNT_FEN}


def finance(world: World, subject: str = ONE) -> Person:
    return world.person("finance", subject=subject)


def propose(world: World, **changed: Any) -> Reply:
    body = {"reason": REASON, "lines": LINES} | changed
    return world.post("/manual-bookings", body, as_=finance(world))


def propose_reversal(world: World, subject: str, transaction_id: str) -> Reply:
    return propose(world, lines=[], reverses={"subject": subject, "transaction_id": transaction_id})


def decide(world: World, booking_id: str, verdict: str = "approve", subject: str = OTHER) -> Reply:
    body = {"reason": "凭证不全，退回"} if verdict == "reject" else None
    return world.post(f"/manual-bookings/{booking_id}/{verdict}", body, as_=finance(world, subject))


def booked(world: World) -> str:
    """A booking that was approved; its id."""
    booking_id = str(propose(world).body["booking_id"])
    assert decide(world, booking_id).status == 200
    return booking_id


def balances(world: World) -> dict[str, int]:
    body = world.get("/ledger/trial-balance", as_=world.person("finance_reader")).body
    assert body["is_balanced"]
    return {entry["code"]: entry["balance_fen"] for entry in body["accounts"] if entry["balance_fen"]}


@pytest.mark.feature("B10")
@pytest.mark.feature("B11")
class TestDeciding:
    def test_nothing_is_booked_before_another_person_approves(self, world: World) -> None:
        proposed = propose(world)
        assert (proposed.status, proposed.body["state"], proposed.body["lines"]) == (201, "awaiting_approval", LINES)
        booking_id = proposed.body["booking_id"]
        for verdict in ("approve", "reject"):
            assert (decide(world, booking_id, verdict, ONE).code, balances(world)) == ("same_person", {})
        approved = decide(world, booking_id)
        assert (approved.status, approved.body["state"], approved.body["decided_by"]) == (200, "approved", OTHER)
        assert balances(world) == BOOKED
        for verdict in ("approve", "reject"):
            assert decide(world, booking_id, verdict).code == "already_decided"
        assert balances(world) == BOOKED

    def test_rejected_it_is_never_booked(self, world: World) -> None:
        booking_id = propose(world).body["booking_id"]
        assert decide(world, booking_id, "reject").body["state"] == "rejected"
        assert decide(world, booking_id).code == "already_decided"
        assert balances(world) == {}

    def test_an_admin_may_decide_but_not_propose(self, world: World) -> None:
        admin = world.person("admin")
        assert world.post("/manual-bookings", {"reason": REASON, "lines": LINES}, as_=admin).status == 403
        booking_id = propose(world).body["booking_id"]
        assert world.post(f"/manual-bookings/{booking_id}/approve", as_=admin).status == 200

    def test_who_and_why_is_kept(self, world: World) -> None:
        booking_id = propose(world).body["booking_id"]
        decide(world, booking_id, "reject")
        entries, _ = audit.entries_of("settlement", booking_id)
        assert {(entry.act, entry.actor, entry.reason) for entry in entries} == {
            ("booking.proposed", ONE, REASON),
            ("booking.rejected", OTHER, "凭证不全，退回"),
        }

    def test_a_companions_account_is_not_overdrawn(self, world: World) -> None:
        account = f"companion_available:{ids.new('acc')}"
        lines = [{"account": account, "amount_fen": AMOUNT_FEN}, {"account": "suspense", "amount_fen": -AMOUNT_FEN}]
        booking_id = propose(world, lines=lines).body["booking_id"]
        refused = decide(world, booking_id)
        assert (refused.status, refused.code) == (409, "insufficient_balance")
        kept = world.get(f"/manual-bookings/{booking_id}", as_=finance(world)).body
        assert (kept["state"], kept["decided_by"]) == ("awaiting_approval", None)
        assert balances(world) == {}


@pytest.mark.feature("B10")
class TestReversal:
    def test_a_manual_booking_is_reversed_once(self, world: World) -> None:
        booking_id = booked(world)
        transaction_id = f"manual#{booking_id}"
        first = propose_reversal(world, booking_id, transaction_id)
        assert (first.status, first.body["reverses_transaction_id"]) == (201, transaction_id)
        rival = propose_reversal(world, booking_id, transaction_id).body["booking_id"]
        assert decide(world, first.body["booking_id"]).status == 200
        assert balances(world) == {}
        assert decide(world, rival).code == "not_reversible"
        assert propose_reversal(world, booking_id, transaction_id).code == "not_reversible"
        assert propose_reversal(world, booking_id, f"reversal#{transaction_id}").code == "not_reversible"
        assert balances(world) == {}

    def test_what_a_process_booked_is_put_right_by_it(self, world: World) -> None:
        order_id = ids.new("ord")
        paid = ledger.payment_received(payment_id="pay_1", order_id=order_id, amount_fen=100, at=clock.now())
        commit("settlement", partial(post, transaction=paid))
        assert propose_reversal(world, order_id, paid.id).code == "not_reversible"

    def test_what_was_never_booked_is_404(self, world: World) -> None:
        assert propose_reversal(world, "x", "manual#x").status == 404


class TestAsking:
    def test_what_is_wrong_is_named(self, world: World) -> None:
        def line(account: Any, amount_fen: Any) -> dict[str, Any]:
            return {"account": account, "amount_fen": amount_fen}

        cases: list[tuple[dict[str, Any], str]] = [
            ({"reason": ""}, "reason"),
            ({"reason": "短"}, "reason"),
            ({"reason": 7}, "reason"),
            ({"lines": [line("goodwill", 500), line("suspense", -499)]}, "lines"),
            ({"lines": [line("goodwill", 500), line("petty_cash", -500)]}, "lines[1].account"),
            ({"lines": [line("companion_debt", 500), line("suspense", -500)]}, "lines[0].account"),
            ({"lines": [line("goodwill:acc_1", 500), line("suspense", -500)]}, "lines[0].account"),
            ({"lines": [line("companion_debt:a b", 500), line("suspense", -500)]}, "lines[0].account"),
            ({"lines": [line("suspense", 500), line("suspense", -500)]}, "lines[1].account"),
            ({"lines": [*LINES, line("commission", 0)]}, "lines[2].amount_fen"),
            ({"lines": [line("goodwill", 1.5), line("suspense", -1.5)]}, "lines[0].amount_fen"),
            ({"lines": [line("goodwill", MAX_FEN + 1), line("suspense", -500)]}, "lines[0].amount_fen"),
            ({"lines": LINES * 6}, "lines"),
            ({"lines": []}, "lines"),
            ({"reverses": {"subject": "x", "transaction_id": "manual#x"}}, "lines"),
            ({"lines": [], "reverses": {"subject": "x"}}, "reverses"),
            ({"amount_fen": 5}, ""),
        ]
        for changed, field in cases:
            refused = propose(world, **changed)
            assert refused.status == 400, changed
            named = [error["field"] for error in refused.body["errors"]]
            assert any(name.startswith(field) for name in named), (changed, named)
        body = {"reason": REASON, "lines": LINES}
        assert world.post("/manual-bookings", {"lines": LINES}, as_=finance(world)).status == 400
        assert world.post("/manual-bookings", body, as_=finance(world), key="").status == 400
        assert world.get("/proposals", as_=finance(world)).body["items"] == []

    def test_an_unknown_booking_is_404(self, world: World) -> None:
        for booking_id in ("x", "mbk_01JNAAAAAAAAAAAAAAAAAAAAAA", "rfo_01JNAAAAAAAAAAAAAAAAAAAAAA"):
            assert world.get(f"/manual-bookings/{booking_id}", as_=finance(world)).status == 404
            assert decide(world, booking_id).status == 404
            assert decide(world, booking_id, "reject").status == 404

    def test_a_repeated_proposal_is_one(self, world: World) -> None:
        body = {"reason": REASON, "lines": LINES}
        replies = [world.post("/manual-bookings", body, as_=finance(world), key="booking-once-0000001") for _ in "ab"]
        assert replies[0].body == replies[1].body
        assert len(world.get("/proposals", as_=finance(world)).body["items"]) == 1


@pytest.mark.feature("B10")
class TestProposals:
    def test_a_month_is_listed_latest_first(self, till: Till, order: Order) -> None:
        world = till.world
        till.paid(order)
        world.publish(order.completed())
        booking_id = propose(world).body["booking_id"]
        world.advance(seconds=1)
        body = {"kind": "goodwill", "reason": REASON, "amount_fen": 100}
        refund = world.post(f"/orders/{order.order_id}/refunds", body, as_=finance(world)).body
        reader = world.person("finance_reader")
        first = world.get("/proposals?month=2026-03&limit=1", as_=reader).body
        rest = world.get(f"/proposals?month=2026-03&limit=1&cursor={first['next_cursor']}", as_=reader).body
        (latest,), (earlier,) = first["items"], rest["items"]
        assert (latest["refund_order"], latest["manual_booking"]) == (refund, None)
        assert (earlier["manual_booking"]["booking_id"], earlier["refund_order"]) == (booking_id, None)
        assert world.get("/proposals", as_=reader).body["items"] == [latest, earlier]
        assert world.get("/proposals?month=2026-02", as_=reader).body["items"] == []

    def test_what_came_of_something_older_is_listed_in_the_month_of_its_proposal(
        self, till: Till, order: Order
    ) -> None:
        till.paid(order)
        till.world.publish(order.completed())
        business_id = ids.new("rmd", datetime(2026, 1, 5, tzinfo=UTC))
        proposal = commit(
            "settlement",
            lambda tx: actions.order_refund(
                tx,
                business_id=business_id,
                order_id=order.order_id,
                kind=RefundKind.GOODWILL,
                amount_fen=100,
                reason=REASON,
                ordered_by="stf_1",
            ),
        )
        reader = till.world.person("finance_reader")
        [listed] = till.world.get("/proposals?month=2026-03", as_=reader).body["items"]
        assert listed["refund_order"]["refund_order_id"] == proposal.proposal_id
        assert till.world.get("/proposals?month=2026-01", as_=reader).body["items"] == []

    def test_a_query_that_is_wrong_is_refused(self, world: World) -> None:
        for query in ("month=2026-13", "month=March", "limit=0", "limit=51", "cursor=%21", "by=x"):
            assert world.get(f"/proposals?{query}", as_=finance(world)).status == 400, query


READERS = {"finance_reader", "finance", "admin"}


@pytest.mark.feature("B11")
@pytest.mark.parametrize(
    "account", ["client_funds_held:ord_1", "companion_pending:acc_1", "companion_withdrawing:acc_1"]
)
def test_what_a_process_keeps_beside_the_ledger_is_not_booked_by_hand(world: World, account: str) -> None:
    lines = [{"account": account, "amount_fen": -AMOUNT_FEN}, {"account": "suspense", "amount_fen": AMOUNT_FEN}]
    refused = propose(world, lines=lines)
    assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (400, ["lines[0].account"])


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/orders/x/ledger", READERS),
        ("GET", "/ledger/trial-balance", READERS),
        ("GET", "/ledger/accounts/commission/statement", READERS),
        ("GET", "/ledger/proofs/2026-03-02", READERS),
        ("GET", "/proposals", READERS),
        ("GET", "/manual-bookings/x", READERS),
        ("GET", "/refund-orders/x", READERS),
        ("POST", "/manual-bookings", {"finance"}),
        ("POST", "/manual-bookings/x/approve", {"finance", "admin"}),
        ("POST", "/manual-bookings/x/reject", {"finance", "admin"}),
        ("POST", "/orders/x/refunds", {"finance"}),
        ("POST", "/refund-orders/x/approve", {"finance", "admin"}),
        ("POST", "/refund-orders/x/reject", {"finance", "admin"}),
        ("GET", "/orders/x/refunds", {"client", "agent", *READERS}),
        ("GET", "/earnings/orders", {"companion"}),
        ("POST", "/earnings/statements", {"companion"}),
    ],
)
def test_each_route_knows_its_callers(world: World, method: str, path: str, roles: set[str]) -> None:
    body: dict[str, Any] | None = {} if method == "POST" else None
    assert world.request(method, path, body).status == 401
    for role in ("client", "companion", "agent", "finance_reader", "finance", "admin", "hospital", "insurer", "guest"):
        answered = world.request(method, path, body, as_=world.person(role)).status
        assert (answered != 403) == (role in roles), role
        assert answered < 500, role
