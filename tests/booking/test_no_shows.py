"""A visit to which somebody did not come ends its order at the cost of the frozen terms (B4)."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.booking import actions
from functions.booking.rules.cancellation import DEFAULT_TERMS, EVERYWHERE, no_show_cost
from functions.booking.rules.orders import ClosedReason
from functions.shared import ids
from functions.shared.money import share
from functions.tracking.events import VisitNoShow, VisitProgressed
from tests.booking.makers import DEEP_FEN, MEDICINE_FEN, PREMIUM_FEN, Town, commit
from tests.harness.world import Person

PRICE_FEN = DEEP_FEN + MEDICINE_FEN
BP = st.integers(0, 10_000)
REASONS = st.sampled_from([ClosedReason.CLIENT_NO_SHOW, ClosedReason.COMPANION_NO_SHOW])


@pytest.mark.feature("B4")
@settings(max_examples=60)
@given(REASONS, BP, BP, st.integers(1, 10_000_00), st.integers(0, 50_000))
def test_what_is_kept_and_what_goes_back_are_all_that_was_paid(
    reason: ClosedReason, fee_bp: int, part_bp: int, paid_fen: int, premium_fen: int
) -> None:
    terms = replace(DEFAULT_TERMS, client_no_show_bp=fee_bp, companion_part_bp=part_bp)
    cost = no_show_cost(terms, reason, paid_fen=paid_fen, premium_fen=premium_fen)
    assert cost.refund_fen + cost.companion_fee_fen + cost.platform_fee_fen == paid_fen
    assert min(cost.refund_fen, cost.companion_fee_fen, cost.platform_fee_fen) >= 0
    assert cost.refund_fen >= min(premium_fen, paid_fen)
    if reason is ClosedReason.COMPANION_NO_SHOW:
        assert cost.refund_fen == paid_fen


def no_show(order_id: str, companion: Person, absent: str) -> VisitNoShow:
    return VisitNoShow(
        visit_id=ids.derived("vis", order_id),
        order_id=order_id,
        client_id="acc_c",
        companion_id=companion.subject,
        absent=absent,
        decided_by="rule",
    )


def arrived(order_id: str, companion: Person) -> VisitProgressed:
    return VisitProgressed(
        visit_id=ids.derived("vis", order_id),
        order_id=order_id,
        client_id="acc_c",
        companion_id=companion.subject,
        code="arrived",
        title="已到达医院",
        sequence=2,
        state="arrived",
        first=False,
        last=False,
    )


@pytest.mark.feature("B4")
class TestClosing:
    def test_a_client_who_did_not_come_compensates_the_companion(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion, quote_id=town.quote(insurance=True)["quote_id"])
        town.world.publish(arrived(order["order_id"], companion))
        assert town.state(order)["state"] == "in_service"
        for _ in range(2):
            town.world.publish(no_show(order["order_id"], companion, "client"))
        closed = town.state(order)
        assert (closed["state"], closed["closed_reason"]) == ("closed", "client_no_show")
        (told,) = town.world.events("order.closed")
        fee_fen = share(PRICE_FEN, DEFAULT_TERMS.client_no_show_bp)
        kept_fen = share(fee_fen, DEFAULT_TERMS.companion_part_bp)
        assert (told["companion_fee_fen"], told["platform_fee_fen"]) == (kept_fen, fee_fen - kept_fen)
        assert told["refund_fen"] == PRICE_FEN + PREMIUM_FEN - fee_fen
        assert (told["assigned"], told["paid"]) == (True, True)
        assert town.bookings(companion) == []

    def test_a_companion_who_did_not_come_gets_nothing(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        town.world.publish(no_show(order["order_id"], companion, "companion"))
        (told,) = town.world.events("order.closed")
        assert (told["reason"], told["refund_fen"]) == ("companion_no_show", PRICE_FEN)
        assert (told["companion_fee_fen"], told["platform_fee_fen"]) == (0, 0)

    def test_the_fee_is_the_one_that_the_client_was_quoted(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        versions = [{"version": "later", "effective_from": "2026-01-01T00:00:00Z", "late_fees": []}]
        versions[0] |= {"after_departure_bp": 0, "companion_part_bp": 0, "client_no_show_bp": 10_000}  # type: ignore[dict-item]
        versions[0] |= {"reschedule_before_s": 0, "max_reschedules": 0}  # type: ignore[dict-item]
        commit("booking", partial(actions.put_cancellation_terms, city=EVERYWHERE, versions=versions))
        town.world.publish(no_show(order["order_id"], companion, "client"))
        fee_fen = share(PRICE_FEN, DEFAULT_TERMS.client_no_show_bp)
        assert town.world.events("order.closed")[0]["refund_fen"] == PRICE_FEN - fee_fen

    @pytest.mark.feature("B9")
    def test_overtime_that_was_approved_with_the_order_is_told_to_its_visit(self, town: Town) -> None:
        companion = town.companion()
        assert town.try_order(companion, overtime_cap_fen=-1).status == 400
        assert town.try_order(companion, overtime_cap_fen=1_000_001).status == 400
        order = town.order(companion, overtime_cap_fen=5_000)
        town.pay(order)
        assert town.accept(companion).status == 200
        town.world.deliver()
        (assigned,) = town.world.events("order.assigned")
        assert assigned["overtime_cap_fen"] == 5_000

    @pytest.mark.parametrize("absent", ["client", "companion"])
    def test_of_an_order_that_is_somebody_elses_by_now_nothing_is_heard(self, town: Town, absent: str) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        other = town.world.person("companion")
        town.world.publish(no_show(order["order_id"], other, absent))
        town.world.publish(no_show(ids.new("ord"), companion, absent))
        assert town.state(order)["state"] == "assigned"
        assert town.world.events("order.closed") == []
