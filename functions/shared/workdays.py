"""Working days and public holidays of mainland China.

What the operator says of a day comes first, then the published calendar (`chinesecalendar`, a table that is renewed
each autumn), then, for years that it does not know yet, Monday to Friday. `is_published` tells the last two apart, so
that somebody can be alarmed before a wrong guess is paid out.
"""

from collections.abc import Mapping
from datetime import date, timedelta

_SATURDAY = 5


def is_working_day(day: date, overrides: Mapping[date, bool] | None = None) -> bool:
    """Whether offices and banks work that day. Loads the calendar on first use (a tenth of a second)."""
    if overrides and day in overrides:
        return overrides[day]
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < _SATURDAY


def is_public_holiday(day: date, overrides: Mapping[date, bool] | None = None) -> bool:
    """Whether the day is a statutory holiday, or a free day given for one (not an ordinary weekend)."""
    if overrides and day in overrides:
        return not overrides[day] and day.weekday() < _SATURDAY
    import chinese_calendar

    try:
        is_free, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return bool(is_free and name)


def is_published(day: date) -> bool:
    """Whether the published calendar knows the year of this day."""
    import chinese_calendar

    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def next_working_day(day: date, overrides: Mapping[date, bool] | None = None) -> date:
    """The first working day after `day`: T+1."""
    following = day + timedelta(days=1)
    while not is_working_day(following, overrides):
        following += timedelta(days=1)
    return following
