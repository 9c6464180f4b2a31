"""The list of companions over HTTP: what it costs, how it goes on, who is up and who is out."""

from datetime import timedelta
from typing import Any

import pytest

from benchmarks.meter import Meter
from functions.booking import actions as booking
from functions.booking import table
from functions.booking.rules import relations as rules
from functions.booking.rules.matching import Weights
from functions.booking.rules.relations import Relations, TooMany
from functions.shared import audit
from functions.shared.errors import NotFound
from functions.shared.tx import Tx
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, activated, commit, put_dispatch_policy, put_policy
from tests.harness.world import Person

CANDIDATES = 230
"""More than one read of the index brings."""
READS, UNITS = 3, 60


def put_candidates(count: int, **changed: Any) -> None:
    """Entries in the index of oncology as large as they become, without the rows behind them."""
    from functions.booking.rules.conditions import MAX_SPECIALTIES, ConditionType
    from functions.booking.rules.matching import Candidate, Gender
    from functions.booking.rules.policy import Tier
    from functions.booking.table import CandidateRow

    pk = table.candidate_pk(HOSPITAL, "oncology")
    with CandidateRow.batch_write() as batch:
        for number in range(count):
            facts: dict[str, Any] = {
                "first_aid_certified": True,
                "display_name": "欧阳玉兰",
                "tier": Tier.INTERMEDIATE,
                "gender": Gender.FEMALE,
                "languages": frozenset({"mandarin", "cantonese", "english"}),
                "hours": "0" * 9 + "f" * 75,
                "specialties": frozenset(sorted(ConditionType, key=len)[-MAX_SPECIALTIES:]),
            }
            candidate = Candidate(
                companion_id=f"acc_{number:026d}",
                city="110000",
                rating_hundredths=490,
                completed_visits=1_500,
                cases=700 - number,
                **facts | changed,
            )
            batch.save(CandidateRow(pk, table.candidate_sk(1000 - number, candidate.companion_id), candidate=candidate))


def ids_of(body: dict[str, Any]) -> list[str]:
    return [each["companion_id"] for each in body["items"]]


def all_pages(town: Town, quote_id: str, query: str = "?limit=50") -> list[list[str]]:
    """Every page to the end."""
    pages, cursor = [], ""
    while True:
        body = town.matches(quote_id, f"{query}&cursor={cursor}").body
        pages.append(ids_of(body))
        cursor = body["next_cursor"]
        if not cursor:
            return pages


@pytest.mark.feature("F1")
class TestCost:
    @pytest.mark.parametrize(("hours", "favourites"), [(0, 0), (0, 6), (13, 6)])
    def test_a_page_of_twenty_is_three_reads_and_at_most_sixty_units(
        self, town: Town, hours: int, favourites: int
    ) -> None:
        put_policy(default_from_min=0, default_until_min=24 * 60)
        put_candidates(CANDIDATES, hours="")
        low = {"rating_hundredths": 400, "cases_by_department": {}, "tier": "junior"}
        for number in range(favourites):
            town.world.publish(activated(f"acc_low_{number}", **low))
            town.world.put(f"/favourites/acc_low_{number}", as_=town.client)
        quote_id = town.quote(starts_at=(STARTS_AT + timedelta(hours=hours)).isoformat())["quote_id"]
        town.matches(quote_id)
        with Meter().running() as meter, meter.act("page", kind="request", room="booking") as act:
            body = town.matches(quote_id, "?limit=20").body
        assert len(body["items"]) == 20
        assert [call.operation for call in act.store_calls] == ["BatchGetItem", "Query", "BatchGetItem"]
        assert act.reads == READS and act.units.read <= UNITS
        assert favourites == 0 or ids_of(body)[0].startswith("acc_low_")

    def test_pages_go_through_windows_and_parts_of_the_index_to_the_very_end(self, town: Town) -> None:
        put_policy(candidate_pool=30, candidate_window=12)
        put_candidates(50)
        pages = all_pages(town, town.quote()["quote_id"], "?limit=10")
        found = [each for page in pages for each in page]
        assert len(found) == len(set(found)) == 50 and max(map(len, pages)) == 10

    @pytest.mark.parametrize("cursor", ["abc", "MHwwfA", "0|0||", "!!"])
    def test_cursors_that_are_none(self, town: Town, cursor: str) -> None:
        assert town.matches(town.quote()["quote_id"], f"?cursor={cursor}").code == "invalid_request"


@pytest.mark.feature("F2")
def test_a_part_of_the_index_that_fits_nobody_does_not_end_the_list(town: Town) -> None:
    put_policy(candidate_pool=10)
    put_candidates(10, first_aid_certified=False)
    signer = town.companion(rating_hundredths=None, cases_by_department={}, tier="junior")
    quote_id = town.quote()["quote_id"]
    first = town.matches(quote_id, "?first_aid=true").body
    assert first["items"] == [] and first["emptied_by"] is None and first["next_cursor"]
    assert all_pages(town, quote_id, "?first_aid=true")[-1] == [signer.subject]
    last = town.matches(quote_id, f"?first_aid=true&gender=male&cursor={first['next_cursor']}").body
    assert last["emptied_by"] == "gender" and last["next_cursor"] is None


@pytest.mark.feature("F19")
def test_dispatch_looks_on_until_somebody_is_free(town: Town) -> None:
    """The best two are one read of the index; when both have said no, the third is asked all the same."""
    put_policy(candidate_pool=2)
    best = [town.companion(), town.companion(rating_hundredths=480)]
    third = town.companion(rating_hundredths=410)
    order = town.paid_order(best[0])
    for companion in best:
        assert town.decline(companion).status == 200
    assert town.open_offer(third) and town.state(order)["state"] == "dispatching"


@pytest.mark.feature("B7")
class TestRelations:
    def put(self, town: Town, kind: str, companion: Person) -> int:
        return town.world.put(f"/{kind}/{companion.subject}", as_=town.client).status

    def delete(self, town: Town, kind: str, companion: Person) -> int:
        return town.world.delete(f"/{kind}/{companion.subject}", as_=town.client).status

    def test_a_favourite_goes_up_and_says_why(self, town: Town) -> None:
        best, other = town.companion(), town.companion(rating_hundredths=470)
        quote_id = town.quote()["quote_id"]
        assert ids_of(town.matches(quote_id).body) == [best.subject, other.subject]
        assert self.put(town, "favourites", other) == self.put(town, "favourites", other) == 200
        items = town.matches(quote_id).body["items"]
        assert items[0]["companion_id"] == other.subject and "您收藏的陪诊师" in items[0]["reasons"]
        listed = town.world.get("/favourites", as_=town.client).body["items"]
        assert [(each["companion_id"], each["is_active"], each["name"]) for each in listed] == [
            (other.subject, True, "林玉兰")
        ]
        assert self.delete(town, "favourites", other) == 200
        assert self.delete(town, "favourites", other) == 404
        assert ids_of(town.matches(quote_id).body)[0] == best.subject

    def test_who_is_blocked_is_neither_matched_nor_booked_nor_asked(self, town: Town) -> None:
        best, other = town.companion(), town.companion(rating_hundredths=470)
        third = town.companion(rating_hundredths=410)
        assert self.put(town, "blocks", best) == 200
        quote_id = town.quote()["quote_id"]
        assert ids_of(town.matches(quote_id).body) == [other.subject, third.subject]
        refused = town.try_order(best, quote_id=quote_id)
        assert refused.code == "companion_unavailable" and "屏蔽" in refused.body["detail"]
        assert town.world.get(f"/companions/{best.subject}/slots?from=2026-03-04", as_=town.client).status == 404
        town.paid_order(other, quote_id=quote_id)
        town.decline(other)
        assert town.offers(best) == [] and town.open_offer(third)
        assert ids_of(town.world.get("/blocks", as_=town.client).body) == [best.subject]
        assert self.delete(town, "blocks", best) == 200 and self.delete(town, "blocks", best) == 404
        assert ids_of(town.matches(town.quote()["quote_id"]).body)[0] == best.subject

    def test_a_blocked_companion_does_not_see_or_grab_in_the_hall(self, town: Town) -> None:
        from functions.booking.rules.dispatch import Mode, ModeRule

        put_dispatch_policy(ModeRule(mode=Mode.HALL))
        chosen, blocked, late = town.companion(), town.companion(), town.companion()
        self.put(town, "blocks", blocked)
        order = town.paid_order(chosen)
        shown = {
            person.subject: len(town.world.get("/grab-hall", as_=person).body["items"]) for person in (blocked, late)
        }
        assert shown == {blocked.subject: 0, late.subject: 1}
        self.put(town, "blocks", late)
        for person in (blocked, late):
            assert town.world.post(f"/grab-hall/{order['order_id']}/grab", as_=person).status == 404
        assert town.world.post(f"/grab-hall/{order['order_id']}/grab", as_=chosen).status == 200

    def test_a_companion_refuses_a_client_who_does_not_learn_of_it(self, town: Town) -> None:
        companion, other = town.companion(), town.companion(rating_hundredths=470)
        order = town.assigned_order(companion)
        path = f"/orders/{order['order_id']}/client-block"
        for person, status in ((other, 404), (town.client, 403), (None, 401)):
            assert town.world.put(path, {"reason": "多次爽约"}, as_=person).status == status
        for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 201}, {"reason": "多次爽约", "x": 1}):
            assert town.world.put(path, body, as_=companion).status == 400, body
        assert town.world.put(path, {"reason": "多次爽约"}, as_=companion).status == 200
        quote_id = town.quote(starts_at=(STARTS_AT + timedelta(days=1)).isoformat())["quote_id"]
        assert ids_of(town.matches(quote_id).body) == [other.subject]
        refused = town.try_order(companion, quote_id=quote_id)
        assert refused.code == "companion_unavailable" and "屏蔽" not in str(refused.body)
        staff = town.world.person("agent")
        seen = town.world.get(f"/clients/{town.client.subject}/relations", as_=staff).body
        assert seen["blocked_by"] == [companion.subject]
        assert town.world.get(f"/clients/{town.client.subject}/relations", as_=town.client).status == 403
        entries, _ = audit.entries_of("booking", town.client.subject)
        assert [entry.act for entry in entries] == ["relations.viewed"]
        assert town.world.delete(path, as_=companion).status == 200
        assert town.world.delete(path, as_=companion).status == 404
        assert companion.subject in ids_of(town.matches(quote_id).body)

    def test_whoever_was_there_before_comes_first_and_the_list_says_so(self, town: Town) -> None:
        best, before = town.companion(), town.companion(rating_hundredths=460)
        order = town.assigned_order(before)
        commit("booking", lambda tx: booking.complete_order(tx, order_id=order["order_id"]))
        quote_id = town.quote(starts_at=(STARTS_AT + timedelta(days=1)).isoformat())["quote_id"]
        items = town.matches(quote_id).body["items"]
        assert [each["companion_id"] for each in items] == [before.subject, best.subject]
        assert items[0]["reasons"][0] == "上次陪过这位就诊人"

    def test_what_is_refused(self, town: Town) -> None:
        companion = town.companion()
        for kind in ("favourites", "blocks"):
            path = f"/{kind}/{companion.subject}"
            assert town.world.put(path).status == 401
            assert town.world.put(path, as_=companion).status == 403
            assert town.world.put(f"/{kind}/acc_nobody", as_=town.client).status == 404
            assert town.world.get(f"/{kind}", as_=companion).status == 403
        assert table.find_relations(town.client.subject).version == 0


class TestRelationRules:
    def test_lists_are_bounded_and_the_latest_comes_first(self) -> None:
        relations = Relations()
        for number in range(rules.MAX_FAVOURITES):
            relations = rules.with_favourite(relations, f"acc_{number}")
        assert relations.favourites[0] == "acc_49" and rules.with_favourite(relations, "acc_3") == relations
        with pytest.raises(TooMany):
            rules.with_favourite(relations, "acc_50")
        for number in range(100):
            relations = rules.with_visit(relations, patient_id="pat_1", companion_id=f"acc_{number}")
        assert len(relations.accompanied) == 20 and "acc_99" in relations.known_to("pat_1")
        assert relations.known_to("pat_2") == frozenset()

    def test_favourite_and_blocked_exclude_each_other(self) -> None:
        liked = rules.with_favourite(Relations(), "acc_1")
        blocked = rules.with_block(liked, "acc_1")
        assert blocked == Relations(blocks=("acc_1",)) and blocked.wished_for("pat_1") == ()
        assert rules.with_favourite(blocked, "acc_1") == liked
        for without in (rules.without_favourite, rules.without_block, rules.without_refusal):
            with pytest.raises(NotFound):
                without(Relations(), "acc_1")


def test_new_weights_hold_for_the_next_list(town: Town) -> None:
    old, new = town.companion(rating_hundredths=420), town.companion(rating_hundredths=500, cases_by_department={})

    def weigh(tx: Tx) -> None:
        booking.put_weights(tx, Weights(rating=0, cases=100, tier=0))

    quote_id = town.quote()["quote_id"]
    commit("booking", weigh)
    assert ids_of(town.matches(quote_id).body) == [old.subject, new.subject]
