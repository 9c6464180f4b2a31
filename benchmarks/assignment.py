"""A dispatch round's optimal assignment: how much of the optimum it reaches, and how long it takes.

The optimum is not the solver's word. Tables of 500 x 500 are certified by linear programming duality: a checker of its
own, which shares no line with the product, verifies that the potentials are feasible and that their sum is what the
chosen pairs are worth, and no choice can be worth more than that. Small tables are compared with every possibility.
"""

import random
import time
from collections.abc import Sequence
from itertools import permutations
from typing import Any

from benchmarks.limits import Verdict

SIZE = 500
SEEDS = (1, 2, 3)
TASTES = (0, 500, 800)
"""Of 1,000: how much of a score everybody agrees about. The more they agree, the harder it is."""
ROUND_ORDERS, ROUND_CANDIDATES, ROUND_POOL = 90, 99, 400
"""The largest round: every order with as many candidates as one read can tell about, of a city's common pool."""
_SMALL, _SMALL_TABLES = 7, 20
_SECONDS = 5.0
_ROUND_SECONDS = 1.0

Scores = list[list[int]]


def measure(*, quick: bool = False) -> dict[str, Any]:
    """The smallest share and the most seconds of all tables; `quick`: of a third of them."""
    from functions.booking.rules.assignment import assign

    shares, greedy, seconds = [], [], []
    for seed in SEEDS[:1] if quick else SEEDS:
        for taste in TASTES:
            values = _scores(SIZE, SIZE, seed=seed, taste=taste)
            begun = time.perf_counter()
            found = assign(values)
            seconds.append(time.perf_counter() - begun)
            bound = upper_bound(values, found.row_potentials, found.column_potentials)
            shares.append(share(worth(values, found.columns), bound))
            greedy.append(share(one_by_one(values), bound))
    return {
        "size": SIZE,
        "tables": len(shares),
        "share_of_optimum": min(shares),
        "share_of_optimum_one_by_one": round(min(greedy), 4),
        "seconds": round(max(seconds), 3),
        "small_tables_missed": _small_tables_missed(),
        "largest_round_seconds": round(_largest_round_s(), 3),
    }


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """All of the optimum, exactly; the times are reported."""
    missed = 1 - found["share_of_optimum"] + found["small_tables_missed"]
    return [
        Verdict("assignment 500 x 500: share of the optimum missed", 0, missed, is_exact=True),
        Verdict("assignment 500 x 500: seconds", _SECONDS, found["seconds"], is_exact=False),
        Verdict("largest dispatch round planned: seconds", _ROUND_SECONDS, found["largest_round_seconds"], False),
    ]


def text(found: dict[str, Any]) -> str:
    """One line for people."""
    return (
        f"Optimal assignment {SIZE} x {SIZE}: {found['share_of_optimum']:.2%} of the certified optimum "
        f"(one by one: {found['share_of_optimum_one_by_one']:.2%}) in {found['seconds']:.2f} s at most; "
        f"a round of {ROUND_ORDERS} orders: {found['largest_round_seconds']:.2f} s"
    )


def _scores(rows: int, columns: int, *, seed: int, taste: int) -> Scores:
    draw = random.Random(seed * 10_000 + taste)
    liked = [draw.randrange(taste + 1) for _ in range(columns)]
    return [[each + draw.randrange(1_001 - taste) for each in liked] for _ in range(rows)]


def upper_bound(values: Scores, of_rows: Sequence[int], of_columns: Sequence[int]) -> int | None:
    """What no choice in a square table is worth more than, by potentials in costs; None if they prove nothing.

    A pair costs the best score less its own. No pair may cost less than its two potentials together; then every full
    choice costs at least the sum of all potentials.
    """
    top = max(map(max, values))
    for row, of_row in zip(values, of_rows, strict=True):
        if any(of_row + of_column > top - value for value, of_column in zip(row, of_columns, strict=True)):
            return None
    return len(values) * top - sum(of_rows) - sum(of_columns)


def share(reached: int, bound: int | None) -> float:
    """Of the optimum, 1 exactly if it is reached; 0 if nothing is proved."""
    return 0.0 if bound is None else reached / bound


def worth(values: Scores, columns: Sequence[int | None]) -> int:
    """The sum of the chosen pairs; 0 unless every row has a column of its own."""
    taken = [column for column in columns if column is not None]
    if len(taken) != len(values) or len(set(taken)) != len(values):
        return 0
    return sum(row[column] for row, column in zip(values, taken, strict=True))


def one_by_one(values: Scores) -> int:
    """What is reached when each row in turn takes the best column that is left."""
    left = set(range(len(values)))
    total = 0
    for row in values:
        best = max(left, key=row.__getitem__)
        left.remove(best)
        total += row[best]
    return total


def _small_tables_missed() -> int:
    """How many of the small tables some permutation solves better."""
    from functions.booking.rules.assignment import assign

    missed = 0
    for seed in range(_SMALL_TABLES):
        values = _scores(_SMALL, _SMALL, seed=seed, taste=TASTES[seed % len(TASTES)])
        best = max(worth(values, columns) for columns in permutations(range(_SMALL)))
        missed += worth(values, assign(values).columns) != best
    return missed


def _largest_round_s() -> float:
    from functions.booking.rules.dispatch import plan

    draw = random.Random(1)
    liked = [draw.randrange(801) for _ in range(ROUND_POOL)]
    choices = {
        f"order {number:02d}": {
            f"companion {each:03d}": liked[each] + draw.randrange(200)
            for each in draw.sample(range(ROUND_POOL), ROUND_CANDIDATES)
        }
        for number in range(ROUND_ORDERS)
    }
    begun = time.perf_counter()
    planned = plan(choices)
    seconds = time.perf_counter() - begun
    assert None not in planned.values(), "there is somebody for every order"
    return seconds
