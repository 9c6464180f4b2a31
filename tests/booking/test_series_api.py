"""Recurring visits: one order a date, none twice, and every date that failed says why."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import actions, table
from functions.booking.rules.matching import Wanted
from functions.shared import clock, ids
from functions.shared.tx import Tx
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, put_policy
from tests.booking.test_bad_input import refused, stored
from tests.harness.world import Person, Reply

pytestmark = pytest.mark.feature("B8")
WEEKLY = {"first_starts_at": STARTS_AT.isoformat(), "count": 4}


def week(number: int) -> datetime:
    return STARTS_AT + timedelta(weeks=number)


def body_of(town: Town, companion: Person, **changed: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "companion_id": companion.subject,
        "patient_id": town.patient_id,
        "hospital_id": HOSPITAL,
        "department_id": "oncology",
        "package_id": "deep",
        "weekly": WEEKLY,
        "special_requests": ["medicine_pickup"],
    }
    return {name: value for name, value in (body | changed).items() if value is not ...}


def start(town: Town, companion: Person, **changed: Any) -> dict[str, Any]:
    reply = town.world.post("/order-series", body_of(town, companion, **changed), as_=client_of(town))
    assert reply.status == 201, reply.body
    town.world.deliver()
    return dict(reply.body)


def client_of(town: Town) -> Person:
    return town.world.renewed(town.client, "client")


def act(town: Town, series: dict[str, Any], what: str, body: Any = None, **options: Any) -> Reply:
    path = f"/order-series/{series['series_id']}/{what}"
    reply = town.world.post(path, body, **{"as_": client_of(town), **options})
    town.world.deliver()
    return reply


def shown(town: Town, series: dict[str, Any]) -> dict[str, Any]:
    return dict(town.world.get(f"/order-series/{series['series_id']}", as_=client_of(town)).body)


def states(series: dict[str, Any]) -> list[str | None]:
    return [entry["order_state"] for entry in series["entries"]]


class TestStarting:
    def test_every_date_has_its_own_order_that_waits_for_its_payment(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        assert (series["placed"], series["failed"], series["ended_at"]) == (4, 0, None)
        assert [entry["service_date"] for entry in series["entries"]] == [
            clock.service_date(week(n)).isoformat() for n in range(4)
        ]
        assert states(series) == ["awaiting_payment"] * 4
        assert [entry["total_fen"] for entry in series["entries"]] == [34_000] * 4
        first, second, *_ = series["entries"]
        assert first["pay_until"] == "2026-03-02T09:30:00+08:00"
        assert second["pay_until"] == clock.china(week(1) - timedelta(hours=48)).isoformat()
        for n, entry in enumerate(series["entries"]):
            assert town.bookings(companion, week(n)) == [entry["order_id"]]
        order = town.state(first)
        assert order["series_id"] == series["series_id"] and order["quote_id"].startswith("quo_")
        assert len(town.world.events("order.placed")) == 4
        assert shown(town, series) == series

    def test_dates_that_cannot_be_had_say_why_and_the_others_are_placed(self, town: Town) -> None:
        companion = town.companion()
        town.order(companion, quote_id=town.quote(starts_at=week(1).isoformat())["quote_id"])
        dates = [STARTS_AT, week(1), week(13)]
        series = start(town, companion, weekly=..., starts_at=[at.isoformat() for at in dates])
        assert [(entry["state"], entry["code"]) for entry in series["entries"]] == [
            ("placed", None),
            ("failed", "slot_taken"),
            ("failed", "invalid_request"),
        ]
        assert "预订" in series["entries"][1]["message"] and "90 天" in series["entries"][2]["message"]
        assert len(town.bookings(companion, week(1))) == 1

    def test_if_no_date_can_be_had_there_is_no_series(self, town: Town) -> None:
        companion = town.companion()
        start(town, companion)
        reply = town.world.post("/order-series", body_of(town, companion), as_=client_of(town))
        assert (reply.status, reply.code, len(reply.body["errors"])) == (409, "no_date_placed", 4)
        assert len(town.world.events("order.placed")) == 4

    def test_a_repeated_request_is_the_same_series_even_when_a_date_became_free(self, town: Town) -> None:
        companion, key = town.companion(), uuid.uuid4().hex
        other = town.order(companion)
        body = body_of(town, companion)
        first = town.world.post("/order-series", body, as_=client_of(town), key=key)
        assert first.body["failed"] == 1
        town.world.advance(minutes=6)
        assert town.state(other)["state"] == "closed"
        before = stored()
        again = town.world.post("/order-series", body, as_=client_of(town), key=key)
        assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
        assert stored() == before

    def test_a_request_that_was_cut_off_goes_on_where_it_stopped(self, town: Town) -> None:
        companion, key = town.companion(), uuid.uuid4().hex
        request = actions.SeriesRequest(
            visit=actions.QuoteRequest(
                town.patient_id, HOSPITAL, "oncology", "deep", STARTS_AT, ("medicine_pickup",), False, None, ()
            ),
            companion_id=companion.subject,
            wanted=Wanted(),
            starts=[week(0), week(1)],
        )
        lost = Tx("booking", now=clock.now(), correlation_id="test")
        actions.start_series(lost, client_id=town.client.subject, key=key, request=request)
        reply = town.world.post("/order-series", body_of(town, companion), as_=client_of(town), key=key)
        assert (reply.status, reply.body["placed"]) == (201, 4)
        assert [len(town.bookings(companion, week(n))) for n in range(4)] == [1, 1, 1, 1]

    def test_a_note_is_sealed_for_every_order(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion, note="听力不好，请大声些")
        for entry in series["entries"]:
            assert town.state(entry)["note"] == "听力不好，请大声些"


class TestPaying:
    def test_each_order_is_paid_by_itself_and_closes_by_itself(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        town.pay(town.state(series["entries"][0]))
        assert states(shown(town, series)) == ["dispatching", *["awaiting_payment"] * 3]
        town.accept(companion)
        town.world.advance(days=7)
        assert [event["order_id"] for event in town.world.events("order.payment_due")] == [
            series["entries"][1]["order_id"]
        ]
        town.world.advance(days=1, minutes=1)
        assert states(shown(town, series))[1:] == ["closed", "awaiting_payment", "awaiting_payment"]
        assert town.bookings(companion, week(1)) == []

    def test_a_paid_date_is_not_warned_of(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        town.pay(town.state(series["entries"][1]))
        town.world.advance(days=7)
        assert town.world.events("order.payment_due") == []


class TestChanging:
    def test_a_date_is_skipped_and_its_time_is_free(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        date = series["entries"][2]["service_date"]
        after = act(town, series, "skip", {"service_date": date}).body
        assert [entry["state"] for entry in after["entries"]] == ["placed", "placed", "skipped", "placed"]
        assert states(after) == ["awaiting_payment", "awaiting_payment", "cancelled", "awaiting_payment"]
        assert town.bookings(companion, week(2)) == [] and shown(town, series) == after
        refused(lambda: act(town, series, "skip", {"service_date": date}), 409, "not_skippable")
        refused(lambda: act(town, series, "skip", {"service_date": "2026-03-05"}), 404, "not_found")

    def test_a_paid_date_is_cancelled_by_its_own_rules_only(self, town: Town) -> None:
        series = start(town, town.companion())
        first = series["entries"][0]
        town.pay(town.state(first))
        refused(lambda: act(town, series, "skip", {"service_date": first["service_date"]}), 409, "not_skippable")

    def test_the_end_cancels_what_is_unpaid_and_keeps_what_is_paid(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        town.pay(town.state(series["entries"][0]))
        key = uuid.uuid4().hex
        ended = act(town, series, "end", key=key).body
        assert ended["ended_at"] and states(ended) == ["dispatching", "cancelled", "cancelled", "cancelled"]
        assert [town.bookings(companion, week(n)) for n in (1, 2, 3)] == [[], [], []]
        assert act(town, series, "end", key=key).body == ended
        refused(lambda: act(town, series, "end"), 409, "series_ended")
        date = series["entries"][1]["service_date"]
        refused(lambda: act(town, series, "skip", {"service_date": date}), 409, "series_ended")


STRANGE: Sequence[tuple[dict[str, Any], int]] = (
    ({"weekly": ...}, 400),
    ({"starts_at": [STARTS_AT.isoformat()]}, 400),
    ({"weekly": ..., "starts_at": []}, 400),
    ({"weekly": ..., "starts_at": [STARTS_AT.isoformat()] * 2}, 400),
    ({"weekly": ..., "starts_at": ["2026-03-04T09:00:00"]}, 400),
    ({"weekly": ..., "starts_at": ["9999-12-31T23:30:00-08:00"]}, 400),
    ({"weekly": ..., "starts_at": ["0001-01-01T00:00:00+08:00"]}, 400),
    ({"weekly": {**WEEKLY, "count": 0}}, 400),
    ({"weekly": {**WEEKLY, "count": 13}}, 400),
    ({"weekly": {**WEEKLY, "count": 10**9}}, 400),
    ({"weekly": {**WEEKLY, "count": 1.5}}, 400),
    ({"weekly": {**WEEKLY, "weekdays": [0]}}, 400),
    ({"weekly": {**WEEKLY, "every_weeks": 5}}, 400),
    ({"weekly": {**WEEKLY, "first_starts_at": "9999-12-30T09:00:00+08:00"}}, 400),
    ({"weekly": {**WEEKLY, "first_starts_at": "0001-01-01T09:00:00+08:00"}}, 400),
    ({"weekly": {**WEEKLY, "until": "x"}}, 400),
    ({"companion_id": "acc_nobody"}, 404),
    ({"companion_id": 1}, 400),
    ({"patient_id": "pat_00000000000000000000000000"}, 404),
    ({"hospital_id": "hos_none"}, 404),
    ({"department_id": "none"}, 404),
    ({"package_id": "none"}, 409),
    ({"special_requests": ["none"]}, 409),
    ({"wanted": {"gender": "male"}}, 409),
    ({"insurance": 1}, 400),
    ({"note": " "}, 400),
    ({"total_fen": -1}, 400),
)


class TestBadInput:
    def test_a_wrong_series_is_refused_and_changes_nothing(self, town: Town) -> None:
        companion = town.companion()
        for changed, status in STRANGE:
            before = stored()
            reply = town.world.post("/order-series", body_of(town, companion, **changed), as_=town.client)
            assert (reply.status, stored() == before) == (status, True), (changed, reply.body)

    def test_who_may_do_what(self, town: Town) -> None:
        companion = town.companion()
        series = start(town, companion)
        skip = {"service_date": series["entries"][0]["service_date"]}
        for what, body in (("skip", skip), ("end", None)):
            assert act(town, series, what, body, as_=None).status == 401
            refused(partial(act, town, series, what, body, as_=companion), 403, "forbidden")
            refused(partial(act, town, series, what, body, as_=town.world.person("client")), 404, "not_found")
            refused(partial(act, town, series, what, body, key=""), 400, "invalid_request")
            for series_id in ("x", ids.new("ser"), "ser_" + "Z" * 26):
                refused(partial(act, town, {"series_id": series_id}, what, body), 404, "not_found")
        for wrong in ({}, {"service_date": 1}, {"service_date": "2026-13-01"}, {**skip, "fee_fen": 0}):
            refused(partial(act, town, series, "skip", wrong), 400, "invalid_request")
        path = f"/order-series/{series['series_id']}"
        assert town.world.get(path, as_=town.world.person("client")).status == 404
        assert town.world.get(path, as_=companion).status == 403
        assert town.world.post("/order-series", body_of(town, companion), as_=companion).status == 403
        assert town.world.post("/order-series", body_of(town, companion)).status == 401
        assert town.world.post("/order-series", body_of(town, companion), as_=client_of(town), key="").status == 400


def test_a_companions_cap_holds_for_a_series_too(town: Town) -> None:
    put_policy(daily_cap=1)
    companion = town.companion()
    town.order(companion)
    late = {"first_starts_at": (STARTS_AT + timedelta(hours=6)).isoformat(), "count": 2}
    series = start(town, companion, weekly=late)
    assert [entry["code"] for entry in series["entries"]] == ["slot_taken", None]
    assert table.find_series(series["series_id"]) is not None
