"""Working days: the operator's word, the published calendar, the week."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.shared.workdays import is_public_holiday, is_published, is_working_day, next_working_day

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def test_national_day_is_free_and_its_bridge_sunday_is_worked() -> None:
    assert not is_working_day(date(2026, 10, 1))
    assert is_public_holiday(date(2026, 10, 1))
    assert is_working_day(date(2026, 9, 20))
    assert not is_public_holiday(date(2026, 11, 21))


def test_after_a_long_holiday_comes_the_first_day_that_banks_work() -> None:
    assert next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)


def test_the_operators_word_comes_first() -> None:
    said = {date(2026, 10, 8): False, date(2026, 10, 1): True}
    assert is_working_day(date(2026, 10, 1), said)
    assert next_working_day(date(2026, 10, 7), said) == date(2026, 10, 9)
    assert is_public_holiday(date(2026, 10, 8), said)


def test_a_year_without_a_calendar_goes_by_the_week_and_says_so() -> None:
    monday = date(2030, 10, 7)
    assert not is_published(monday)
    assert is_working_day(monday)
    assert not is_working_day(monday - timedelta(days=1))
    assert not is_public_holiday(monday)
    assert is_published(date(2026, 1, 1))


@given(DAYS)
def test_the_next_working_day_is_worked_and_none_between_is(day: date) -> None:
    following = next_working_day(day)
    assert is_working_day(following)
    between = [day + timedelta(days=n) for n in range(1, (following - day).days)]
    assert not any(map(is_working_day, between))
