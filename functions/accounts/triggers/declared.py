"""What the room's subscriptions are declared on."""

from functions.shared.consumer import Subscriptions

bus = Subscriptions("accounts")
