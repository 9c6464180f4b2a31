"""What others may know of a position: the rules, and what an adversary makes of any number of answers (F9)."""

from datetime import datetime, timedelta
from itertools import groupby
from math import cos, pi, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tracking.cells import H3Grid
from functions.tracking.rules import sharing
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import Point, distance_m
from functions.tracking.rules.sharing import Cell, Reading, SharedPosition, interval_start, next_shared
from tests.tracking.test_rules import CAMPUS, NOW, POLICY, moved, points_in_china

GRID = H3Grid(POLICY.cell_resolution)
cell_of = GRID.cell_of


def reading(
    point: Point, *, at_s: float = 0, accuracy_m: float = 10, mock: bool = False, jump: bool = False
) -> Reading:
    at = NOW + timedelta(seconds=at_s)
    return Reading(lat=point.lat, lng=point.lng, accuracy_m=accuracy_m, captured_at=at, mock=mock, jump=jump)


def shown_of(batches: list[list[Reading]]) -> list[tuple[Cell, datetime]]:
    """What anybody can see of it."""
    return [(answer.cell, answer.observed_at) for answer in shared_after(*batches)]


def elsewhere_in(cell: Cell, data: st.DataObject) -> Point:
    """Any place of the cell: between its centre and an edge, hard up to it."""
    corners = corners_of(cell)
    number, share = data.draw(st.integers(0, 5)), data.draw(st.floats(0, 1))
    towards = data.draw(st.sampled_from((0.0, 0.3, 0.9, 0.999)))
    a, b = corners[number % len(corners)], corners[(number + 1) % len(corners)]
    edge = Point(a.lat + (b.lat - a.lat) * share, a.lng + (b.lng - a.lng) * share)
    place = Point(cell.lat + (edge.lat - cell.lat) * towards, cell.lng + (edge.lng - cell.lng) * towards)
    return place if cell_of(place) == cell else Point(cell.lat, cell.lng)


def shared_after(*batches: list[Reading]) -> list[SharedPosition]:
    """What was shown after each batch."""
    shown: SharedPosition | None = None
    answers = []
    for batch in batches:
        shown = next_shared(shown, batch, grid=GRID, policy=POLICY)
        assert shown is not None
        answers.append(shown)
    return answers


STRAY_M = 75.0
"""What readings stray from where the phone is."""
jitter = st.tuples(st.floats(0, STRAY_M), st.floats(0, 2 * pi))


def strayed(place: Point, by: tuple[float, float]) -> Point:
    """A reading `by` (metres, direction) away from where the phone is."""
    return moved(place, north_m=by[0] * cos(by[1]), east_m=by[0] * sin(by[1]))


def corners_of(cell: Cell) -> list[Point]:
    """Where three cells meet: jitter there would name all three."""
    import h3

    return [Point(*corner) for corner in h3.cell_to_boundary(cell.index)]


@pytest.mark.feature("F9")
class TestSharing:
    @given(points_in_china)
    def test_the_cell_contains_the_point_and_shows_only_its_own_centre(self, place: Point) -> None:
        cell = cell_of(place)
        assert cell == cell_of(Point(cell.lat, cell.lng))
        corners_m = [distance_m(Point(cell.lat, cell.lng), corner) for corner in corners_of(cell)]
        assert distance_m(place, Point(cell.lat, cell.lng)) <= max(corners_m) * 1.01

    @given(points_in_china, st.data())
    def test_two_places_in_one_cell_look_the_same(self, place: Point, data: st.DataObject) -> None:
        north, east = data.draw(st.floats(-400, 400)), data.draw(st.floats(-400, 400))
        other = moved(place, north_m=north, east_m=east)
        if cell_of(other).index == cell_of(place).index:
            assert shared_after([reading(place)]) == shared_after([reading(other)])

    @given(points_in_china, st.data())
    def test_walks_through_the_same_cells_at_the_same_times_are_answered_alike(
        self, start: Point, data: st.DataObject
    ) -> None:
        """Whatever edges and centres the readings lie near, whenever the cell changes, whenever somebody asks."""
        route = data.draw(st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), min_size=1, max_size=25))
        one: list[list[Reading]] = []
        other: list[list[Reading]] = []
        place = start
        for number, (north_m, east_m) in enumerate(route):
            place = moved(place, north_m=north_m, east_m=east_m)
            at_s = 60 * number + data.draw(st.floats(0, 59))
            one.append([reading(place, at_s=at_s)])
            other.append([reading(elsewhere_in(cell_of(place), data), at_s=at_s)])
        assert shown_of(one) == shown_of(other)

    @given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 6), min_size=1, max_size=60))
    def test_the_narrowest_place_that_fits_all_answers_is_no_narrower_than_a_cell(
        self, way: list[int], whereabouts: list[int]
    ) -> None:
        """Nobody can tell a walk around a corner where three cells meet from one between the centres of those cells."""
        import h3

        corner = corners_of(cell_of(CAMPUS.centre))[0]
        around = [
            corner,
            *(moved(corner, north_m=60 * cos(d), east_m=60 * sin(d)) for d in (i * pi / 3 for i in range(6))),
        ]
        walk = [around[number] for number in [*way, *whereabouts]]
        answers = shown_of([[reading(place, at_s=60 * i)] for i, place in enumerate(walk)])
        centres = [Point(*h3.cell_to_latlng(cell_of(place).index)) for place in walk]
        assert shown_of([[reading(place, at_s=60 * i)] for i, place in enumerate(centres)]) == answers

    @given(points_in_china, st.lists(jitter, min_size=1, max_size=120))
    def test_jitter_names_each_of_the_cells_around_once_at_most(
        self, place: Point, noise: list[tuple[float, float]]
    ) -> None:
        answers = shared_after(*[[reading(strayed(place, by), at_s=60 * i)] for i, by in enumerate(noise)])
        cells = [cell.index for cell, _ in groupby(answer.cell for answer in answers)]
        assert len(cells) == len(set(cells)) <= 3
        assert all(answer.observed_at.timestamp() % POLICY.share_interval_s == 0 for answer in answers)

    @given(points_in_china)
    def test_not_even_where_three_cells_meet_do_the_answers_differ(self, place: Point) -> None:
        """If jitter made the cell flip between them, averaging would find the corner."""
        around = [(STRAY_M * 0.99, direction * pi * 5 / 6) for direction in range(36)]
        for corner in corners_of(cell_of(place)):
            assert len({cell_of(strayed(corner, by)).index for by in around}) == 3
            answers = shared_after(*[[reading(strayed(corner, by), at_s=60 * i)] for i, by in enumerate(around)])
            assert len({answer.cell for answer in answers}) == 1

    def test_a_neighbouring_cell_is_shown_once_the_phone_has_settled_there(self) -> None:
        here = CAMPUS.centre
        beyond = next(p for p in (moved(here, east_m=m) for m in range(0, 2000, 50)) if cell_of(p) != cell_of(here))
        settle = POLICY.share_settle_readings
        walk = [here, *[beyond] * settle, *[here] * 3 * settle]
        answers = shared_after(*[[reading(p, at_s=60 * i)] for i, p in enumerate(walk)])
        assert [a.cell for a in answers] == [cell_of(here)] * settle + [cell_of(beyond)] * (3 * settle + 1)

    @given(st.lists(st.tuples(points_in_china, st.floats(0, 59.9)), min_size=1, max_size=30))
    def test_within_one_interval_nothing_changes_whatever_is_reported(self, trail: list[tuple[Point, float]]) -> None:
        answers = shared_after(*[[reading(place, at_s=at_s)] for place, at_s in trail])
        assert len(set(answers)) == 1

    @given(st.lists(st.tuples(points_in_china, st.floats(0, 7200)), min_size=1, max_size=30))
    def test_what_is_shown_never_goes_back_in_time(self, trail: list[tuple[Point, float]]) -> None:
        instants = [answer.observed_at for answer in shared_after(*[[reading(p, at_s=s)] for p, s in trail])]
        assert instants == sorted(instants)

    def test_somebody_who_moves_on_is_shown_in_the_next_cell_in_the_next_interval(self) -> None:
        here, there = CAMPUS.centre, moved(CAMPUS.centre, east_m=3000)
        answers = shared_after([reading(here)], [reading(there, at_s=30)], [reading(there, at_s=60)])
        assert [a.cell.index for a in answers] == [cell_of(p).index for p in (here, here, there)]

    @pytest.mark.parametrize("doubtful", [{"mock": True}, {"jump": True}, {"accuracy_m": 201}])
    def test_a_doubtful_reading_moves_nothing(self, doubtful: dict[str, float]) -> None:
        assert next_shared(None, [reading(CAMPUS.centre, **doubtful)], grid=GRID, policy=POLICY) is None  # type: ignore[arg-type]

    @given(st.integers(-(10**9), 10**9).map(lambda s: NOW + timedelta(milliseconds=s)), st.integers(1, 3600))
    def test_instants_are_rounded_down_to_the_interval(self, instant: datetime, interval_s: int) -> None:
        start = interval_start(instant, interval_s)
        assert timedelta() <= instant - start < timedelta(seconds=interval_s)
        assert start.timestamp() % interval_s == 0

    def test_an_interval_or_resolution_that_would_give_positions_away_is_no_policy(self) -> None:
        wrongs: list[dict[str, Any]] = [{"cell_resolution": 12}, {"share_interval_s": 0}]
        for wrong in wrongs:
            with pytest.raises(ValueError, match="tracking policy"):
                Policy(**wrong)


def test_sharing_problems_speak_chinese() -> None:
    assert sharing.PositionNotShared.title == "位置只在陪诊进行中共享"
