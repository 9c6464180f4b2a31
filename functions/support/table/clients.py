"""How clients' complaints ended, for staff alone."""

from datetime import datetime

from functions.shared.table import JsonAttribute, find
from functions.support.rules.clients import Flag
from functions.support.table.base import Key, SupportRow


class ClientStandingRow(SupportRow, discriminator="client_standing"):
    """When a client's complaints were rejected lately, and the flag that this or a member of staff brought (F28)."""

    rejections: JsonAttribute[tuple[datetime, ...]] = JsonAttribute(tuple[datetime, ...], default=tuple)
    flag: JsonAttribute[Flag | None] = JsonAttribute(Flag | None, null=True)


def client_standing_key(client_id: str) -> Key:
    return f"CLIENT#{client_id}", "COMPLAINTS"


def find_client_standing(client_id: str) -> ClientStandingRow:
    """What is known of this client, or a new row."""
    key = client_standing_key(client_id)
    return find(ClientStandingRow, *key) or ClientStandingRow(*key)
