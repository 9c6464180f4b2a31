"""What the live channel tells of a conversation."""

from functions.tracking.rules.chat import MessageState
from functions.tracking.schemas.chat import EntryView
from functions.tracking.schemas.live import Told


class MessageTold(Told, frozen=True, kw_only=True, tag="message.published"):
    """The conversation's next entry. A gap before its sequence: read the history after the last one that you have."""

    visit_id: str
    entry: EntryView


class MessageHeldTold(Told, frozen=True, kw_only=True, tag="message.held"):
    """To its sender alone: others do not see this message, because staff will look at it or because it was refused."""

    visit_id: str
    message_id: str
    state: MessageState


class ReadTold(Told, frozen=True, kw_only=True, tag="message.read"):
    """Somebody has read up to `sequence`."""

    visit_id: str
    party: str
    party_id: str
    sequence: int
