"""A companion says when they work, and is found and booked only then."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import table
from functions.booking.actions import candidates
from functions.booking.rules.policy import Policy
from functions.shared.tx import StaleRead
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, activated, commit, put_policy
from tests.harness.world import Person, Reply

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEDNESDAY = "2026-03-04"


def week(**changed: list[dict[str, str]]) -> dict[str, Any]:
    """Eight to six from Monday to Friday."""
    usual: dict[str, Any] = {day: [{"start": "08:00", "end": "18:00"}] for day in WEEKDAYS[:5]}
    return usual | {"saturday": [], "sunday": []} | changed


def say(town: Town, companion: Person, body: Any, version: int | None = 0) -> Reply:
    return town.world.put("/availability", body, version=version, as_=companion)


def say_day(town: Town, companion: Person, *hours: tuple[str, str], day: str = WEDNESDAY) -> Reply:
    body = {"hours": [{"start": start, "end": end} for start, end in hours]}
    return town.world.put(f"/availability/exceptions/{day}", body, as_=companion)


def matched(town: Town, quote_id: str | None = None) -> list[str]:
    reply = town.matches(quote_id or town.quote()["quote_id"])
    assert reply.status == 200, reply.body
    return [each["companion_id"] for each in reply.body["items"]]


@pytest.mark.feature("B2")
class TestSaying:
    def test_the_default_then_ones_own(self, town: Town) -> None:
        companion = town.companion()
        first = town.world.get("/availability", as_=companion).body
        assert first["is_default"] and first["version"] == 0 and first["exceptions"] == []
        assert first["week"]["sunday"] == [{"start": "06:00", "end": "22:00"}]
        reply = say(town, companion, {"week": week(), "daily_cap": 2})
        assert reply.status == 200 and reply.body["version"] == 1, reply.body
        assert town.world.get("/availability", as_=companion).body == reply.body
        assert reply.body["week"] == week() and not reply.body["is_default"] and reply.body["daily_cap"] == 2
        assert say(town, companion, {}, version=0).status == 412
        assert say(town, companion, {}, version=1).body["is_default"]

    def test_before_being_activated(self, town: Town) -> None:
        person = town.world.person("companion")
        assert say(town, person, {"week": week(wednesday=[])}).status == 200
        town.world.publish(activated(person.subject))
        assert matched(town) == []
        reply = town.matches(town.quote()["quote_id"]).body
        assert reply["emptied_by"] == "hours" and "换一个时间" in reply["message"]

    def test_nobody_is_found_or_booked_outside_their_hours(self, town: Town) -> None:
        companion = town.companion()
        quote_id = town.quote()["quote_id"]
        assert matched(town, quote_id) == [companion.subject]
        say(town, companion, {"week": week(wednesday=[{"start": "14:00", "end": "20:00"}])})
        assert matched(town, quote_id) == []
        refused = town.try_order(companion, quote_id=quote_id)
        assert refused.code == "companion_unavailable" and "接单时段" in refused.body["detail"]
        later = town.quote(starts_at=(STARTS_AT + timedelta(hours=6)).isoformat())
        assert matched(town, later["quote_id"]) == [companion.subject]

    def test_a_day_off_and_a_day_more(self, town: Town) -> None:
        companion = town.companion()
        say(town, companion, {"week": week(wednesday=[])})
        assert matched(town) == []
        reply = say_day(town, companion, ("08:00", "12:00"), ("12:00", "20:00"))
        assert reply.status == 200 and reply.body["hours"] == [{"start": "08:00", "end": "20:00"}]
        assert matched(town) == [companion.subject]
        town.order(companion)
        reply = say_day(town, companion)
        assert len(reply.body["orders_outside"]) == 1
        shown = town.world.get("/availability", as_=companion).body["exceptions"]
        assert [(each["date"], each["hours"]) for each in shown] == [(WEDNESDAY, [])]
        path = f"/availability/exceptions/{WEDNESDAY}"
        assert town.world.delete(path, as_=companion).status == 200
        assert town.world.delete(path, as_=companion).status == 404
        assert town.world.get("/availability", as_=companion).body["exceptions"] == []

    def test_ones_own_daily_cap(self, town: Town) -> None:
        companion = town.companion()
        say(town, companion, {"daily_cap": 1})
        late = town.quote(starts_at=(STARTS_AT + timedelta(hours=6)).isoformat())["quote_id"]
        town.order(companion)
        assert matched(town, late) == []
        assert town.try_order(companion, quote_id=late).code == "slot_taken"

    BAD: tuple[tuple[Any, int], ...] = (
        ({"week": {"monday": []}}, 400),
        ({"week": week(monday=[{"start": "18:00", "end": "08:00"}])}, 400),
        ({"week": week(monday=[{"start": "08:15", "end": "09:00"}])}, 400),
        ({"week": week(monday=[{"start": "24:30", "end": "25:00"}])}, 400),
        ({"week": week(monday=[{"start": "08:00", "end": "12:00"}, {"start": "11:30", "end": "13:00"}])}, 400),
        ({"week": week(monday=[{"start": f"{h:02d}:00", "end": f"{h:02d}:30"} for h in range(9)])}, 400),
        ({"week": "always"}, 400),
        ({"daily_cap": 0}, 400),
        ({"daily_cap": 4}, 400),
        ({"daily_cap": 1.5}, 400),
        ({"daily_cap": -1}, 400),
        ({"daily_cap": 10**30}, 400),
        ({"lunch": True}, 400),
    )

    def test_what_is_refused(self, town: Town) -> None:
        companion = town.companion()
        for body, status in self.BAD:
            assert say(town, companion, body).status == status, body
        assert say(town, companion, {}, version=None).status == 428
        assert town.world.put("/availability", {}, version=0, as_=town.client).status == 403
        assert town.world.put("/availability", {}, version=0).status == 401
        for day in ("2026-03-01", "2026-08-01", "today", "2026-02-30"):
            assert say_day(town, companion, day=day).status == 400, day
        assert say_day(town, companion, ("09:00", "09:00")).status == 400
        assert town.world.put(f"/availability/exceptions/{WEDNESDAY}", {}, as_=companion).status == 400
        assert town.world.get("/availability", as_=companion).body["version"] == 0


@pytest.mark.feature("B2")
class TestSlots:
    def slots(self, town: Town, companion_id: str, query: str) -> Reply:
        return town.world.get(f"/companions/{companion_id}/slots{query}", as_=town.client)

    def test_free_starts_day_by_day(self, town: Town) -> None:
        companion = town.companion()
        say(town, companion, {"week": week()})
        say_day(town, companion, day="2026-03-05")
        town.order(companion)
        reply = self.slots(town, companion.subject, "?from=2026-03-04&days=3&campus_id=east")
        assert reply.status == 200, reply.body
        by_day = {each["date"]: each["starts"] for each in reply.body["days"]}
        assert by_day["2026-03-04"] == [f"2026-03-04T{at}:00+08:00" for at in ("13:00", "13:30", "14:00")]
        assert by_day["2026-03-05"] == [] and len(by_day["2026-03-06"]) == 13
        away = self.slots(town, companion.subject, "?from=2026-03-04&days=1").body["days"][0]["starts"]
        assert away == ["2026-03-04T14:00:00+08:00"]

    def test_what_is_refused(self, town: Town) -> None:
        companion = town.companion()
        queries: tuple[str, ...] = (
            "",
            "?from=x",
            "?from=2026-03-04&days=15",
            "?from=2026-03-04&days=0",
            "?from=2026-03-04&until=1",
        )
        queries += (
            "?from=2026-03-04&duration_min=721",
            "?from=2026-03-04&duration_min=29",
            "?from=2020-01-01",
            "?from=9999-12-31",
        )
        for query in queries:
            assert self.slots(town, companion.subject, query).status == 400, query
        assert self.slots(town, "acc_nobody", "?from=2026-03-04").status == 404
        path = f"/companions/{companion.subject}/slots?from=2026-03-04"
        assert (town.world.get(path).status, town.world.get(path, as_=companion).status) == (401, 403)


@pytest.mark.feature("B2")
def test_no_visits_overlap_across_placing_moving_and_reassigning(town: Town) -> None:
    """Two companions, orders at all times of a day, some moved, one handed on: calendars stay free of overlaps."""
    first, second = town.companion(), town.companion(rating_hundredths=450)
    for hour in (0, 2, 5, 9):
        quote_id = town.quote(starts_at=(STARTS_AT + timedelta(hours=hour)).isoformat())["quote_id"]
        for companion in (first, second):
            if town.try_order(companion, quote_id=quote_id).status == 201:
                break
    town.world.deliver()
    order = town.assigned_order(
        first, quote_id=town.quote(starts_at=(STARTS_AT + timedelta(days=1)).isoformat())["quote_id"]
    )
    for hour in (0, 5):
        body = {"starts_at": (STARTS_AT + timedelta(hours=hour)).isoformat()}
        town.world.post(f"/orders/{order['order_id']}/reschedule", body, as_=town.client)
    days = [STARTS_AT.date(), STARTS_AT.date() + timedelta(days=1)]
    held: Counter[str] = Counter()
    for companion in (first, second):
        loaded = table.load(table.day_key(companion.subject, each) for each in days)
        bookings = sorted(
            {each for day in loaded.days(companion.subject, days) for each in day.bookings}, key=lambda b: b.starts_at
        )
        held.update(each.order_id for each in bookings)
        assert all(one.ends_at <= two.starts_at for one, two in zip(bookings, bookings[1:], strict=False))
    assert len(held) == 5 and set(held.values()) == {1}


class TestIndex:
    def places(self, department_id: str = "oncology", language: str | None = None) -> list[str]:
        found, _ = table.candidate_page(HOSPITAL, department_id, language=language, limit=50)
        return [each.companion_id for each in found]

    @pytest.mark.feature("F1")
    def test_an_entry_moves_with_its_standing_and_never_stays_behind(self, town: Town) -> None:
        for rating in (490, 410, 500, 420):
            town.world.publish(activated("acc_1", rating_hundredths=rating))
            town.world.publish(activated("acc_2", rating_hundredths=450))
            assert self.places() == (["acc_1", "acc_2"] if rating > 450 else ["acc_2", "acc_1"])
        loaded = table.load([table.indexed_key("acc_1")])
        assert len(loaded.indexed("acc_1").keys) == 1

    @pytest.mark.feature("F2")
    def test_a_rare_language_has_an_index_of_its_own(self, town: Town) -> None:
        put_policy(candidate_pool=2)
        for number in range(4):
            town.world.publish(activated(f"acc_{number}"))
        signer = town.companion(languages=("mandarin", "sign_language"), rating_hundredths=410, cases_by_department={})
        assert signer.subject not in self.places()[:2]
        assert self.places(language="sign_language") == [signer.subject]
        found = town.matches(town.quote()["quote_id"], "?language=sign_language").body
        assert [each["companion_id"] for each in found["items"]] == [signer.subject]
        assert town.matches(town.quote()["quote_id"], "?language=tibetan").body["emptied_by"] == "language"
        town.world.publish(activated(signer.subject, languages=("mandarin",)))
        assert self.places(language="sign_language") == []

    @pytest.mark.feature("F1")
    def test_newcomers_draw_another_place_every_turn(self, town: Town) -> None:
        newcomer: dict[str, Any] = {
            "rating_hundredths": None,
            "completed_visits": 1,
            "cases_by_department": {},
            "tier": "junior",
        }
        for number in range(2):
            town.world.publish(activated(f"acc_{number}", **newcomer))
        seen = set()
        for _ in range(4):
            seen.add(self.places()[0])
            town.world.advance(days=3)
        assert seen == {"acc_0", "acc_1"}
        town.world.publish(activated("acc_0"))
        town.world.advance(days=4)
        assert not [timer for timer in town.world.timers.values() if timer.subject == "acc_0"]

    @pytest.mark.feature("F1")
    def test_many_entries_go_in_and_out_in_several_transactions(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from functions.companions.events import CompanionSuspended, Serves
        from functions.companions.rules.profiles import SuspensionReason

        monkeypatch.setattr(candidates, "_ENTRIES_AT_ONCE", 4)
        many = (Serves(hospital_id=HOSPITAL, department_ids=tuple(f"dep_{n}" for n in range(5))),)
        languages = ("mandarin", "cantonese", "english")
        town.world.publish(activated("acc_1", sequence=10_000, serves=many, languages=languages))
        assert all(self.places("dep_4", language) == ["acc_1"] for language in (None, "cantonese", "english"))
        reason = next(iter(SuspensionReason))
        town.world.publish(CompanionSuspended(companion_id="acc_1", sequence=10_001, reason=reason))
        assert all(self.places("dep_0", language) == [] for language in (None, "cantonese", "english"))
        town.world.publish(activated("acc_1", sequence=9_999, serves=many))
        assert self.places("dep_0") == []

    def test_two_changes_at_once_leave_nothing_behind(self, town: Town) -> None:
        town.world.publish(activated("acc_1"))
        row = table.find_companion("acc_1")
        assert row is not None
        companion, sequence = row.companion, int(row.sequence)

        def meanwhile(tx: Any) -> None:
            candidates.project_companion(tx, companion, sequence=sequence + 1)
            commit("booking", partial(candidates.withdraw_companion, companion_id="acc_1", sequence=sequence + 2))

        with pytest.raises(StaleRead):
            commit("booking", meanwhile)
        assert self.places() == []


def test_default_hours_are_half_hours_of_one_day() -> None:
    for first, last in ((15, 600), (600, 0), (-30, 600), (0, 1470)):
        with pytest.raises(ValueError, match="default hours"):
            Policy(default_from_min=first, default_until_min=last)
