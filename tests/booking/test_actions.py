"""What orders hold, when they let go, and what they cost in calls."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from pynamodb.connection import Connection

from functions.booking import actions, table
from functions.booking.rules.calendar import SlotTaken
from functions.booking.rules.itinerary import Checklist
from functions.booking.rules.matching import CompanionUnavailable, Gender, Wanted
from functions.booking.rules.orders import OrderState
from functions.booking.rules.pricing import QuoteUsed
from functions.shared import clock
from functions.shared.caller import Caller, Role
from functions.shared.errors import NotFound
from functions.shared.tx import StaleRead, Tx
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, commit, put_policy
from tests.harness.world import Person

SEED = Path(__file__).resolve().parents[2] / "infra" / "local" / "seed"


def tx() -> Tx:
    return Tx("booking", now=clock.now(), correlation_id="test")


def place(town: Town, companion: Person, quote_id: str, act: Tx | None = None) -> Tx:
    """An order that is decided but not committed."""
    act = act or tx()
    actions.place_order(
        act, client_id=town.client.subject, quote_id=quote_id, companion_id=companion.subject, wanted=Wanted()
    )
    return act


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the store's operations from here on."""
    made: list[str] = []
    original = Connection._make_api_call

    def counted(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
        made.append(operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(Connection, "_make_api_call", counted)
    return made


class TestPlacing:
    @pytest.mark.feature("B1")
    def test_placing_costs_one_read_and_one_transaction(self, town: Town, calls: list[str]) -> None:
        companion, quote_id = town.companion(), town.quote()["quote_id"]
        table.policy()
        calls.clear()
        assert town.try_order(companion, quote_id=quote_id).status == 201
        assert calls == ["BatchGetItem", "TransactWriteItems"]

    @pytest.mark.feature("B1")
    def test_of_two_who_decide_at_once_one_gets_the_slot(self, town: Town) -> None:
        companion = town.companion()
        first, second = (place(town, companion, town.quote()["quote_id"]) for _ in range(2))
        first.commit()
        with pytest.raises(StaleRead):
            second.commit()
        second.restart()
        with pytest.raises(SlotTaken):
            place(town, companion, town.quote()["quote_id"], second)
        assert len(town.bookings(companion)) == 1

    @pytest.mark.feature("F4")
    def test_of_two_orders_on_one_quote_one_is_placed(self, town: Town) -> None:
        one, other, quote_id = town.companion(), town.companion(), town.quote()["quote_id"]
        first, second = place(town, one, quote_id), place(town, other, quote_id)
        first.commit()
        with pytest.raises(StaleRead):
            second.commit()
        with pytest.raises(QuoteUsed):
            place(town, other, quote_id)
        assert town.bookings(other) == []

    @pytest.mark.feature("B1")
    def test_a_visit_over_midnight_holds_both_days(self, town: Town) -> None:
        put_policy(default_from_min=0, default_until_min=24 * 60)
        late = STARTS_AT + timedelta(hours=13)
        companion = town.companion()
        quote_id = town.quote(starts_at=late.isoformat())["quote_id"]
        order = town.order(companion, quote_id=quote_id)
        for at in (late, late + timedelta(hours=3)):
            assert town.bookings(companion, at) == [order["order_id"]]
        early = town.quote(starts_at=(late + timedelta(hours=3)).isoformat())["quote_id"]
        assert town.try_order(companion, quote_id=early).code == "slot_taken"

    @pytest.mark.feature("B2")
    def test_a_companion_begins_no_more_visits_a_day_than_the_cap(self, town: Town) -> None:
        put_policy(daily_cap=1)
        companion = town.companion()
        town.order(companion)
        later = town.quote(starts_at=(STARTS_AT + timedelta(hours=5)).isoformat())["quote_id"]
        assert town.try_order(companion, quote_id=later).code == "slot_taken"
        put_policy(daily_cap=2)
        assert town.try_order(companion, quote_id=later).status == 201

    @pytest.mark.feature("F2")
    def test_a_condition_binds_the_chosen_companion_too(self, town: Town) -> None:
        companion, quote_id = town.companion(), town.quote()["quote_id"]
        with pytest.raises(CompanionUnavailable):
            actions.place_order(
                tx(),
                client_id=town.client.subject,
                quote_id=quote_id,
                companion_id=companion.subject,
                wanted=Wanted(gender=Gender.MALE),
            )

    @pytest.mark.parametrize("quote_id", ["", "quo_", "quo_x", "ord_01KJV5QQM0FR87GJVK0CW9Z6TB", "quo_" + "Z" * 26])
    def test_an_id_that_is_no_quotes_is_not_found(self, town: Town, quote_id: str) -> None:
        with pytest.raises(NotFound):
            place(town, town.client, quote_id)


class TestReads:
    def test_an_order_shows_itself_to_its_client_its_companion_and_staff(self, town: Town) -> None:
        companion = town.companion()
        order_id = town.assigned_order(companion)["order_id"]
        for subject, role in (
            (town.client.subject, Role.CLIENT),
            (companion.subject, Role.COMPANION),
            ("stf_1", Role.AGENT),
        ):
            card = actions.require_party(order_id, Caller(subject, frozenset({role})))
            assert card == actions.find_order(order_id)
            assert (card.client_id, card.companion_id) == (town.client.subject, companion.subject)
            assert (card.state, card.total_fen, card.starts_at) == (OrderState.ASSIGNED, 34_000, STARTS_AT)
        with pytest.raises(NotFound):
            actions.require_party(order_id, Caller("acc_other", frozenset({Role.CLIENT, Role.COMPANION})))

    def test_a_companion_is_no_party_before_taking_the_order(self, town: Town) -> None:
        companion = town.companion()
        order_id = town.paid_order(companion)["order_id"]
        assert actions.find_order(order_id).companion_id is None
        with pytest.raises(NotFound):
            actions.require_party(order_id, Caller(companion.subject, frozenset({Role.COMPANION})))

    @pytest.mark.usefixtures("world")
    @pytest.mark.parametrize(
        "order_id", ["", "x", "CONFIG", "pay_01JNCE0000000000000000000A", "ord_01JNCE0000000000000000000A"]
    )
    def test_an_unknown_order_is_not_found(self, order_id: str) -> None:
        with pytest.raises(NotFound):
            actions.find_order(order_id)


class TestNote:
    """A client's words may speak of health."""

    NOTE = "术后两周，走得慢"

    def test_it_is_stored_and_answered_nowhere_in_the_clear(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion, quote_id=town.quote(note=self.NOTE)["quote_id"])
        stored = table.find_order(order["order_id"])
        assert stored and stored.note and self.NOTE not in stored.note
        assert order["has_note"] and order["note"] is None
        assert self.NOTE not in str(Connection().dispatch("Scan", {"TableName": "zhenban-test-booking"}))
        assert self.NOTE not in str(town.world.delivered)

    def test_only_its_writer_and_the_companion_who_took_the_order_read_it(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion, quote_id=town.quote(note=self.NOTE)["quote_id"])
        path = f"/orders/{order['order_id']}"
        for person in (town.client, companion):
            assert town.world.get(path, as_=person).body["note"] == self.NOTE
        assert town.world.get(path, as_=town.world.person("admin")).body["note"] is None

    def test_two_notes_of_one_patient_share_a_key_and_go_with_it(self, town: Town) -> None:
        quotes = [town.quote(note=self.NOTE, starts_at=(STARTS_AT + timedelta(days=n)).isoformat()) for n in range(2)]
        row = table.find_patient_key(town.patient_id)
        assert row is not None and row.version == 1
        order = town.order(town.companion(), quote_id=quotes[1]["quote_id"])
        commit("booking", lambda act: act.delete(row))
        assert town.state(order)["note"] is None


class TestProjection:
    @pytest.mark.feature("F1")
    def test_departments_that_a_companion_left_no_longer_list_them(self, town: Town) -> None:
        from functions.companions.events import Serves
        from tests.booking.makers import activated

        companion = town.companion()
        moved = (Serves(hospital_id=HOSPITAL, department_ids=("dermatology",)),)
        town.world.publish(activated(companion.subject, serves=moved))
        assert table.candidate_page(HOSPITAL, "oncology", limit=10) == ([], None)
        ((candidate,), _) = table.candidate_page(HOSPITAL, "dermatology", limit=10)
        assert (candidate.companion_id, candidate.cases) == (companion.subject, 0)

    def test_a_companion_of_ninety_departments_fits(self, town: Town) -> None:
        from functions.companions.events import Serves

        many = tuple(f"dep_{n}" for n in range(90))
        companion = town.companion(serves=(Serves(hospital_id=HOSPITAL, department_ids=many),))
        assert table.candidate_page(HOSPITAL, "dep_89", limit=10)[0][0].companion_id == companion.subject


@pytest.mark.usefixtures("world")
class TestCatalogue:
    @pytest.mark.feature("F7")
    def test_the_checklists_of_the_seed_go_in_as_they_are_and_twice_is_harmless(self) -> None:
        for _ in range(2):
            for entry in yaml.safe_load((SEED / "checklists.yaml").read_text()):
                commit("booking", partial(actions.put_checklist, **entry))
        assert isinstance(table.checklist("oncology"), Checklist)

    def test_a_changed_row_is_used_within_a_minute(self) -> None:
        put_policy(hold_s=20)
        assert table.policy().hold_s == 20
