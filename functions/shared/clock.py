"""Instants are UTC in storage and +08:00 in answers; calendar rules use the China day."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "+08:00")
"""China has one zone and no daylight saving since 1991, so a fixed offset is exact and needs no tz database."""


def now() -> datetime:
    """The present instant in UTC, to the millisecond (what the store and the API can both carry)."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def china(instant: datetime) -> datetime:
    """The same instant on a Chinese wall clock."""
    return instant.astimezone(CHINA)


def service_date(instant: datetime) -> date:
    """The China calendar day in which `instant` falls."""
    return china(instant).date()


def epoch_s(instant: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's TTL and JWT want them."""
    return int(instant.timestamp())


def spoken(instant: datetime) -> str:
    """As a person in China reads it: `3月5日 08:00`."""
    local = china(instant)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
