"""An assignment is the best there is: few are compared with every possibility, many prove it themselves."""

import random
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules.assignment import Assignment, Values, assign, proves
from functions.booking.rules.dispatch import plan

_SCORE = st.one_of(st.none(), st.integers(0, 1_000))


@st.composite
def tables(draw: st.DrawFn) -> list[list[int | None]]:
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    few = st.one_of(st.none(), st.integers(0, 2))
    return draw(
        st.lists(
            st.lists(draw(st.sampled_from((_SCORE, few))), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )


def best_by_trying(values: Values) -> tuple[int, int]:
    """The most pairs, and the most that so many can be worth: every way to give columns to rows is looked at."""
    width = len(values[0]) if values else 0
    ways = permutations([*range(width), *[None] * len(values)], len(values))
    found = [(0, 0)]
    for way in ways:
        pairs = [row[column] for row, column in zip(values, way, strict=True) if column is not None]
        worth = [value for value in pairs if value is not None]
        if len(worth) == len(pairs):
            found.append((len(worth), sum(worth)))
    return max(found)


def scores(rows: int, columns: int, *, seed: int, taste: int = 0, possible: float = 1.0) -> list[list[int | None]]:
    """Scores as matching gives them: to some extent (`taste`) everybody prefers the same companions."""
    rng = random.Random(seed)
    liked = [rng.randrange(taste + 1) for _ in range(columns)]
    return [
        [liked[column] + rng.randrange(1_001 - taste) if rng.random() < possible else None for column in range(columns)]
        for _ in range(rows)
    ]


@pytest.mark.feature("F19")
@given(tables())
def test_nothing_better_is_found_by_trying_everything(values: list[list[int | None]]) -> None:
    found = assign(values)
    pairs = [(row, column) for row, column in enumerate(found.columns) if column is not None]
    assert all(values[row][column] is not None for row, column in pairs)
    assert len({column for _, column in pairs}) == len(pairs)
    assert (len(pairs), found.worth(values)) == best_by_trying(values)
    assert proves(values, found)


@pytest.mark.parametrize(
    ("rows", "columns", "taste", "possible"),
    [
        (120, 120, 0, 1.0),
        (120, 120, 800, 1.0),
        (60, 150, 800, 1.0),
        (150, 60, 800, 1.0),
        (120, 120, 500, 0.05),
        (90, 400, 800, 0.2),
        (1, 50, 0, 1.0),
        (50, 1, 0, 1.0),
    ],
)
def test_a_large_one_proves_itself(rows: int, columns: int, taste: int, possible: float) -> None:
    values = scores(rows, columns, seed=rows * columns, taste=taste, possible=possible)
    found = assign(values)
    assert proves(values, found)
    if possible == 1.0:
        assert sum(column is not None for column in found.columns) == min(rows, columns)


@pytest.mark.parametrize(
    "values",
    [
        [[500] * 80 for _ in range(80)],
        [[(row + 1) * (column + 1) * 1_000 // 6_400 for column in range(80)] for row in range(80)],
        [[None] * 80 for _ in range(80)],
        [[1_000 if row == column else 0 for column in range(80)] for row in range(80)],
    ],
    ids=["all equal", "two rankings", "nobody can", "made for each other"],
)
def test_unfortunate_values_are_solved_too(values: list[list[int | None]]) -> None:
    assert proves(values, assign(values))


def test_a_worse_choice_proves_nothing() -> None:
    values: list[list[int | None]] = [[9, 5, 1], [8, 7, 1], [None, 6, 2]]
    found = assign(values)
    assert found.columns == (0, 1, 2)
    for other in permutations(range(3)):
        if other != found.columns:
            assert not proves(values, replace(found, columns=other))
    assert not proves(values, replace(found, columns=(0, 1, None)))
    assert not proves(values, replace(found, columns=(0, 0, 2)))
    assert not proves(values, Assignment((0, 1, 2), (0, 0, 0), (0, 0, 0)))


class TestPlan:
    @pytest.mark.feature("F19")
    @given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.dictionaries(st.sampled_from("uvwxyz"), st.integers(0, 9))))
    def test_a_round_is_as_good_as_one_big_table(self, choices: dict[str, dict[str, int]]) -> None:
        planned = plan(choices)
        asked = [companion for companion in planned.values() if companion is not None]
        assert planned.keys() == choices.keys() and len(set(asked)) == len(asked)
        whole = [[choices[order].get(companion) for companion in "uvwxyz"] for order in choices]
        worth = sum(choices[order][companion] for order, companion in planned.items() if companion is not None)
        best = assign(whole)
        assert (len(asked), worth) == (sum(each is not None for each in best.columns), best.worth(whole))

    def test_an_order_alone_gets_its_best(self) -> None:
        assert plan({"one": {"ann": 5, "bea": 7}, "other": {"cid": 1}, "none": {}}) == {
            "one": "bea",
            "other": "cid",
            "none": None,
        }

    def test_one_gives_way_so_that_both_are_served(self) -> None:
        assert plan({"one": {"ann": 900}, "other": {"ann": 950, "bea": 100}}) == {"one": "ann", "other": "bea"}

    def test_of_two_who_need_the_same_one_the_better_match_gets_them(self) -> None:
        assert plan({"one": {"ann": 900}, "other": {"ann": 950}}) == {"one": None, "other": "ann"}

    def test_equal_ones_go_by_their_id(self) -> None:
        assert plan({"one": {"bea": 5, "ann": 5}}) == {"one": "ann"}
