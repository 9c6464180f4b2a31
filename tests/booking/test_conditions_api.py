"""What a visit is about: named with the quote, it lifts who is good at it, in the list and in dispatch (F1)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from functions.booking import table
from functions.booking.rules.conditions import CONDITION_TITLES, ConditionType
from functions.booking.rules.dispatch import Mode, ModeRule
from functions.booking.rules.matching import Weights
from functions.booking.table import WEIGHTS_KEY, WeightsRow
from functions.companions.events import CompanionActivated
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, activated, commit, put_dispatch_policy
from tests.harness.world import Person

pytestmark = pytest.mark.feature("F1")

EXPERT = {"rating_hundredths": 470, "specialties": (ConditionType.ONCOLOGY_RECOVERY,)}
"""Below the town's usual companion, were it not for the specialty."""


def ids_of(town: Town, quote: dict[str, Any], query: str = "") -> list[str]:
    return [each["companion_id"] for each in town.matches(quote["quote_id"], query).body["items"]]


def asked(town: Town, *people: Person) -> list[bool]:
    """Who of them has an open offer."""
    return [any(offer["state"] == "open" for offer in town.offers(person)) for person in people]


def test_everybody_may_read_the_list(town: Town) -> None:
    items = town.world.get("/condition-types").body["items"]
    assert {each["condition_type"]: each["title"] for each in items} == CONDITION_TITLES
    assert {"肿瘤术后", "儿童疫苗", "产检", "透析"} <= {each["title"] for each in items}


class TestList:
    def test_who_is_good_at_it_comes_first_and_the_reason_says_so(self, town: Town) -> None:
        usual, expert = town.companion(), town.companion(**EXPERT)
        silent = town.quote()
        assert silent["condition_type"] is None and ids_of(town, silent) == [usual.subject, expert.subject]
        quote = town.quote(condition_type="oncology_recovery")
        assert quote["condition_type"] == "oncology_recovery"
        first, second = town.matches(quote["quote_id"]).body["items"]
        assert (first["companion_id"], second["companion_id"]) == (expert.subject, usual.subject)
        assert first["specialties"] == ["oncology_recovery"] and "擅长肿瘤术后陪诊" in first["reasons"]
        assert second["specialties"] == [] and not any("擅长" in reason for reason in second["reasons"])

    def test_it_leaves_nobody_out(self, town: Town) -> None:
        only = town.companion(**EXPERT)
        body = town.matches(town.quote(condition_type="dialysis")["quote_id"]).body
        assert [each["companion_id"] for each in body["items"]] == [only.subject] and body["emptied_by"] is None

    def test_filters_stay_hard_beside_it(self, town: Town) -> None:
        usual = town.companion(gender="male")
        town.companion(**EXPERT)
        quote = town.quote(condition_type="oncology_recovery")
        assert ids_of(town, quote, "?gender=male") == [usual.subject]

    def test_pages_go_on_in_the_same_order(self, town: Town) -> None:
        usual, expert = town.companion(), town.companion(**EXPERT)
        path = f"/quotes/{town.quote(condition_type='oncology_recovery')['quote_id']}/companions?limit=1"
        first = town.world.get(path, as_=town.client).body
        second = town.world.get(f"{path}&cursor={first['next_cursor']}", as_=town.client).body
        assert [page["items"][0]["companion_id"] for page in (first, second)] == [expert.subject, usual.subject]

    def test_the_weight_is_a_row(self, town: Town) -> None:
        usual, expert = town.companion(), town.companion(**EXPERT)
        commit("booking", lambda tx: tx.insert(WeightsRow(*WEIGHTS_KEY, weights=Weights(specialty=0))))
        quote = town.quote(condition_type="oncology_recovery")
        assert ids_of(town, quote) == [usual.subject, expert.subject]

    def test_the_index_follows_what_companions_say(self, town: Town) -> None:
        usual, other = town.companion(), town.companion(rating_hundredths=470)
        quote = town.quote(condition_type="prenatal")
        assert ids_of(town, quote) == [usual.subject, other.subject]
        facts = {"rating_hundredths": 470, "specialties": (ConditionType.PRENATAL,)}
        town.world.publish(activated(other.subject, **facts))
        assert ids_of(town, quote) == [other.subject, usual.subject]


class TestDispatch:
    @pytest.mark.parametrize("round_s", [0, 30])
    def test_the_order_keeps_it_and_the_expert_is_asked_next(self, town: Town, round_s: int) -> None:
        put_dispatch_policy(ModeRule(Mode.OFFER, round_s=round_s))
        first, usual, expert = town.companion(rating_hundredths=495), town.companion(), town.companion(**EXPERT)
        order = town.paid_order(first, quote_id=town.quote(condition_type="oncology_recovery")["quote_id"])
        row = table.find_order(order["order_id"])
        assert row is not None and row.condition_type is ConditionType.ONCOLOGY_RECOVERY
        town.decline(first)
        town.world.advance(seconds=round_s)
        assert asked(town, usual, expert) == [False, True]

    def test_without_one_the_best_record_is_asked_next(self, town: Town) -> None:
        first, usual, expert = town.companion(rating_hundredths=495), town.companion(), town.companion(**EXPERT)
        town.paid_order(first)
        town.decline(first)
        assert asked(town, usual, expert) == [True, False]

    @pytest.mark.feature("B8")
    def test_every_visit_of_a_series_is_about_the_same(self, town: Town) -> None:
        companion = town.companion(specialties=(ConditionType.DIALYSIS,))
        body = {
            "companion_id": companion.subject,
            "patient_id": town.patient_id,
            "hospital_id": HOSPITAL,
            "department_id": "oncology",
            "package_id": "deep",
            "condition_type": "dialysis",
            "starts_at": [(STARTS_AT + timedelta(days=7 * week)).isoformat() for week in range(2)],
        }
        placed = town.world.post("/order-series", body, as_=town.client)
        assert placed.status == 201, placed.body
        rows = [table.find_order(entry["order_id"]) for entry in placed.body["entries"]]
        assert [row and row.condition_type for row in rows] == [ConditionType.DIALYSIS] * 2
        refused = town.world.post("/order-series", {**body, "condition_type": "flu"}, as_=town.client)
        assert (refused.status, refused.body["errors"][0]["field"]) == (400, "condition_type")


@pytest.mark.parametrize("value", ["flu", "", "肿瘤术后", 5, ["prenatal"], {}], ids=str)
def test_what_is_none_is_refused_by_name(town: Town, value: Any) -> None:
    reply = town.world.post("/quotes", town.quote_body(condition_type=value), as_=town.client)
    assert (reply.status, reply.code) == (400, "invalid_request")
    assert [error["field"] for error in reply.body["errors"]] == ["condition_type"]


def test_what_was_said_before_there_were_specialties_is_still_understood(town: Town) -> None:
    said = msgspec.to_builtins(activated("acc_old"))
    said.pop("specialties")
    event = msgspec.convert(said, CompanionActivated)
    town.world.publish(event)
    assert ids_of(town, town.quote(condition_type="prenatal")) == ["acc_old"]
    stored = table.find_companion("acc_old")
    assert stored is not None and stored.companion.specialties == frozenset()
