"""The benchmark's judge believes nobody: a choice counts as the best only with a proof."""

from benchmarks.assignment import one_by_one, share, upper_bound, worth

VALUES = [[9, 5, 1], [8, 7, 1], [6, 6, 2]]
PROOF = ((0, 0, 0), (0, 2, 7))
"""Potentials of (9, 7, 2): the best score is 9, so these pairs cost 0, 2 and 7."""


def test_the_best_choice_reaches_the_bound_exactly() -> None:
    assert upper_bound(VALUES, *PROOF) == worth(VALUES, (0, 1, 2)) == 18
    assert share(18, 18) == 1.0


def test_a_worse_choice_stays_below_it() -> None:
    assert share(worth(VALUES, (1, 0, 2)), upper_bound(VALUES, *PROOF)) == 15 / 18


def test_potentials_that_promise_too_much_prove_nothing() -> None:
    assert upper_bound(VALUES, (1, 0, 0), PROOF[1]) is None
    assert share(18, None) == 0.0


def test_a_column_given_twice_or_not_at_all_is_worth_nothing() -> None:
    assert worth(VALUES, (0, 0, 2)) == worth(VALUES, (0, None, 2)) == 0


def test_one_by_one_each_takes_the_best_that_is_left() -> None:
    assert one_by_one([[9, 8], [9, 1]]) == 10
