"""What accounts tells the other rooms, and itself."""

from functions.shared.events import Event


class GuestAccessRevoked(Event, frozen=True, kw_only=True, tag="guest_access.revoked"):
    """A family member may no longer follow the order; live connections of that guest must be closed."""

    guest_access_id: str
    order_id: str


class NoticeWritten(Event, frozen=True, kw_only=True, tag="notice.written"):
    """A notice is in the account's inbox and a WeChat message about it may be sent."""

    notice_id: str
    account_id: str


class ContentChecked(Event, frozen=True, kw_only=True, tag="content.checked"):
    """What the content check says of words that a user wrote; the words stay where they are."""

    subject: str
    """The id of what holds the words, and in it which of them: as the event that asked said."""
    part: str
    revision: int
    verdict: str
    """`pass`, `review` (a person should look) or `block`."""
