"""Ratios of medians, with an interval that is repeatable and holds the ratio."""

import pytest

from benchmarks.stats import ratio


def test_a_constant_ratio_has_no_width() -> None:
    found = ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_noise_widens_the_interval_around_the_ratio() -> None:
    found = ratio([1.0, 1.1, 0.9, 1.3, 1.0, 0.8, 1.2], [2.0, 2.2, 1.9, 2.0, 2.5, 1.8, 2.1])
    assert found.low < found.value < found.high
    assert found == ratio([1.0, 1.1, 0.9, 1.3, 1.0, 0.8, 1.2], [2.0, 2.2, 1.9, 2.0, 2.5, 1.8, 2.1])


def test_series_of_different_rounds_are_refused() -> None:
    with pytest.raises(AssertionError):
        ratio([1.0], [1.0, 2.0])
