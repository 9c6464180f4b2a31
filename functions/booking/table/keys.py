"""Keys of the `booking` table, one function per kind of row, and the ids that lead to them."""

from datetime import date, datetime, timedelta

from ulid import ULID

from functions.booking.rules import calendar
from functions.booking.rules.matching import FULL
from functions.booking.rules.policy import Policy
from functions.booking.rules.pricing import MAX_VISIT_MIN
from functions.shared import ids

Key = tuple[str, str]
MAX_OFFER_ID = 64
"""Longer than any offer's id (and than any key of ours)."""
CATALOGUE = "CATALOGUE"
INDEX_KEY: Key = (CATALOGUE, "index")
POLICY_KEY: Key = ("CONFIG", "policy")
WEIGHTS_KEY: Key = ("CONFIG", "weights")


def shelf_key(name: str) -> Key:
    """`name` is a scope's shelf. Each is a partition of its own, since every process reads the common one."""
    return (f"SHELF#{name}", "catalogue")


def version_key(kind: str, item_id: str, version_id: str) -> Key:
    return (f"VERSIONS#{kind}#{item_id}", version_id)


def checklist_key(key: str) -> Key:
    return (CATALOGUE, f"checklist#{key}")


def quote_key(quote_id: str) -> Key:
    return (quote_id, "quote")


def order_key(order_id: str) -> Key:
    return (order_id, "order")


def order_checklist_key(order_id: str) -> Key:
    return (order_id, "checklist")


def itinerary_key(order_id: str) -> Key:
    return (order_id, "itinerary")


def offer_key(companion_id: str, offer_id: str) -> Key:
    return (f"OFFERS#{companion_id}", offer_id)


def day_key(companion_id: str, service_date: date) -> Key:
    return (f"DAY#{companion_id}", service_date.isoformat())


def candidate_pk(hospital_id: str, department_id: str, language: str | None = None) -> str:
    """The index of a department, or of those in it who speak a language that is not common."""
    return f"CANDIDATE#{hospital_id}#{department_id}" + (f"#{language}" if language else "")


def candidate_sk(standing: int, companion_id: str) -> str:
    """Sorts the highest standing (0 to 1,000) first."""
    return f"{FULL - standing:04d}#{companion_id}"


def terms_key(city: str) -> Key:
    return ("CANCELLATION_TERMS", city)


def series_key(series_id: str) -> Key:
    return (series_id, "series")


def companion_key(companion_id: str) -> Key:
    return (f"COMPANION#{companion_id}", "companion")


def availability_key(companion_id: str) -> Key:
    return (f"COMPANION#{companion_id}", "availability")


def indexed_key(companion_id: str) -> Key:
    return (f"COMPANION#{companion_id}", "index")


def relations_key(client_id: str) -> Key:
    return (f"CLIENT#{client_id}", "relations")


def patient_key_key(patient_id: str) -> Key:
    return (f"PATIENT#{patient_id}", "key")


def new_quote_id(starts_at: datetime) -> str:
    """A fresh quote id whose time part is the visit's start.

    So the calendar days that an order on the quote will touch are known before the quote is read, and everything that
    placing an order needs is one BatchGet.
    """
    return ids.new("quo", starts_at)


def days_of_quote(quote_id: str, policy: Policy) -> tuple[date, ...]:
    """The China days in which a visit quoted under this id may stand; empty if it is not one of our ids."""
    if not ids.is_id("quo", quote_id):
        return ()
    try:
        starts_at = ULID.from_str(quote_id.removeprefix("quo_")).datetime
        return calendar.days_held(starts_at, starts_at + timedelta(minutes=MAX_VISIT_MIN), policy)
    except (ValueError, OverflowError):
        return ()


def offer_id_of(order_id: str, turn: int) -> str:
    """The id of an order's offer number `turn`: it leads to the order, so both are read at once."""
    return f"{ids.derived('off', order_id)}-{turn}"


def order_id_of_offer(offer_id: str) -> str:
    """The order whose offer this is."""
    return ids.derived("ord", offer_id.partition("-")[0])
