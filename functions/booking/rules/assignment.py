"""The best way to give orders to companions, one each: the assignment problem, solved exactly and with its proof (F19).

Shortest augmenting paths after augmenting row reduction (Jonker and Volgenant, Computing 38, 1987), O(rows² × columns),
on whole numbers, so that there is no rounding. Every result carries potentials (the dual solution): `proves` checks in
one pass over the values that nothing better exists, without trusting the solver.

A library for this would be scipy, several times the size of everything else that we ship. 500 × 500 scores take about
a third of a second here (`make bench` measures it), the most unfortunate values (products of two rankings) some ten
seconds; a round has 90 rows at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import sub

Values = Sequence[Sequence[int | None]]
"""By row and column: what the pair is worth, 0 or more; None if the pair cannot be."""
_FREE = -1
_REDUCTIONS_PER_ROW = 6
"""How long rows may outbid each other before the rest is solved by paths, which bounds the time."""


@dataclass(frozen=True)
class Assignment:
    """For each row its column (None: none was left for it), and the potentials that prove it the best."""

    columns: tuple[int | None, ...]
    row_potentials: tuple[int, ...]
    column_potentials: tuple[int, ...]

    def worth(self, values: Values) -> int:
        """The sum of what the chosen pairs are worth."""
        return sum(
            value
            for row, column in zip(values, self.columns, strict=True)
            if column is not None and (value := row[column]) is not None
        )


def assign(values: Values) -> Assignment:
    """As many pairs as possible, and of all such choices one worth the most. Rows are equally long."""
    costs, width = _costs(values)
    if not costs:
        return Assignment((), (), (0,) * width)
    search = _Search(costs)
    search.outbid()
    for row in search.free_rows():
        search.augment(row)
    columns = (column if column < width else _FREE for column in search.column_of)
    return Assignment(
        columns=tuple(
            column if column != _FREE and row[column] is not None else None
            for row, column in zip(values, columns, strict=True)
        ),
        row_potentials=tuple(
            row[column] - search.prices[column] for row, column in zip(costs, search.column_of, strict=True)
        ),
        column_potentials=tuple(search.prices),
    )


def proves(values: Values, assignment: Assignment) -> bool:
    """Whether the potentials show that no choice has more pairs, or as many that are worth more.

    Weak duality: no choice costs less than the sum of all potentials if none of them promises too much; this one costs
    exactly that. A pair that cannot be costs more than all others together, so that fewer pairs are never better.
    """
    costs, _ = _costs(values)
    taken = [column for column in assignment.columns if column is not None]
    if len(set(taken)) != len(taken) or len(assignment.columns) != len(costs):
        return False
    if len(costs) < len(assignment.column_potentials) and max(assignment.column_potentials) > 0:
        return False
    for row, potential in zip(costs, assignment.row_potentials, strict=True):
        if min(map(sub, row, assignment.column_potentials)) < potential:
            return False
    forbidden = _forbidden(values)
    cost = sum(
        forbidden if column is None else row[column] for row, column in zip(costs, assignment.columns, strict=True)
    )
    return cost == sum(assignment.row_potentials) + sum(assignment.column_potentials)


def _costs(values: Values) -> tuple[list[list[int]], int]:
    """What to keep small, with columns for rows that get nothing; and how many columns are real."""
    width = len(values[0]) if values else 0
    assert all(len(row) == width for row in values), "rows are equally long"
    forbidden, top = _forbidden(values), _top(values)
    spare = [forbidden] * max(0, len(values) - width)
    return [[forbidden if value is None else top - value for value in row] + spare for row in values], width


def _top(values: Values) -> int:
    return max((value for row in values for value in row if value is not None), default=0)


def _forbidden(values: Values) -> int:
    """More than all possible pairs together can cost."""
    assert all(value is None or value >= 0 for row in values for value in row), "values are 0 or more"
    return len(values) * _top(values) + 1


class _Search:
    """The state of one search.

    Of more columns than rows, those that no row has keep the price 0, and no price rises above it: that is what the
    proof asks for. Where every column will have its row, prices begin at the columns' minima, much nearer to the end.
    """

    def __init__(self, costs: list[list[int]]) -> None:
        self.costs = costs
        self.width = len(costs[0])
        square = len(costs) == self.width
        self.prices = [min(column) for column in zip(*costs, strict=True)] if square else [0] * self.width
        self.column_of = [_FREE] * len(costs)
        self.row_of = [_FREE] * self.width

    def free_rows(self) -> list[int]:
        return [row for row, column in enumerate(self.column_of) if column == _FREE]

    def outbid(self) -> None:
        """Each row takes the column that suits it best, at a price at which its second best is as good (an auction)."""
        if self.width == 1:
            return
        waiting = list(range(len(self.costs)))[::-1]
        for _ in repeat(None, _REDUCTIONS_PER_ROW * len(self.costs)):
            if not waiting:
                return
            row = waiting.pop()
            offers = list(map(sub, self.costs[row], self.prices))
            best = min(offers)
            column = offers.index(best)
            offers[column] = max(offers) + 1
            second = min(offers)
            if best == second and self.row_of[column] != _FREE:
                column = offers.index(second)
            if best == second and self.row_of[column] != _FREE:
                continue  # two columns as good, both taken: a path will find out whose they are
            ousted = self.row_of[column]
            self.prices[column] -= second - best
            self._pair(row, column)
            if ousted != _FREE:
                self.column_of[ousted] = _FREE
                waiting.append(ousted)

    def augment(self, start: int) -> None:
        """Give `start` a column by moving others along the cheapest path to a free one (Dijkstra)."""
        prices, row_of = self.prices, self.row_of
        distances = list(map(sub, self.costs[start], prices))
        came_from = [start] * self.width
        open_columns = set(range(self.width))
        scanned: list[int] = []
        free = [column for column, row in enumerate(row_of) if row == _FREE]
        while True:
            nearest = min(open_columns, key=distances.__getitem__)
            distance, row = distances[nearest], row_of[nearest]
            if row != _FREE:
                nearest = next((c for c in free if distances[c] == distance), nearest)
                row = row_of[nearest]
            if row == _FREE:
                break
            open_columns.remove(nearest)
            scanned.append(nearest)
            costs = self.costs[row]
            base = distance - costs[nearest] + prices[nearest]
            for column in open_columns:
                through = base + costs[column] - prices[column]
                if through < distances[column]:
                    distances[column] = through
                    came_from[column] = row
        for column in scanned:
            prices[column] += distances[column] - distance
        self._move_along(came_from, start, nearest)

    def _move_along(self, came_from: list[int], start: int, end: int) -> None:
        column = end
        while True:
            row = came_from[column]
            left = self.column_of[row]
            self._pair(row, column)
            if row == start:
                return
            column = left

    def _pair(self, row: int, column: int) -> None:
        self.column_of[row], self.row_of[column] = column, row
