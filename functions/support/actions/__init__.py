"""What the room does: `reviews` (F16), `complaints` (F17), `policies`."""

from functions.support.actions.policies import put_policy
from functions.support.actions.reviews import (
    answer,
    check,
    cooperation_of,
    decide,
    edit,
    find_review,
    find_words,
    give_up_checking,
    invite,
    list_published,
    list_waiting,
    rate_cooperation,
    report,
    reports_of,
    submit,
)
from functions.support.table.base import policy

__all__ = [
    "answer",
    "check",
    "cooperation_of",
    "decide",
    "edit",
    "find_review",
    "find_words",
    "give_up_checking",
    "invite",
    "list_published",
    "list_waiting",
    "policy",
    "put_policy",
    "rate_cooperation",
    "report",
    "reports_of",
    "submit",
]
