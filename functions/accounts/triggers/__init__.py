"""What the room does when something happened elsewhere: it tells the people concerned. One module per topic."""

from typing import Any

from chalice.app import Blueprint

from functions.accounts.triggers import claims, complaints, messages, money, orders, own, reviews, visits
from functions.accounts.triggers.declared import bus

bp = Blueprint("app")

__all__ = [
    "accounts_events",
    "bp",
    "bus",
    "claims",
    "complaints",
    "messages",
    "money",
    "orders",
    "own",
    "reviews",
    "visits",
]


@bp.lambda_function(name="accounts_events")
def accounts_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)
