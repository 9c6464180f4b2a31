"""What accounts tells the other rooms, and itself."""

from datetime import datetime

import msgspec

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


class EmergencyNoticeWay(msgspec.Struct, frozen=True, kw_only=True):
    """One way of telling one recipient. `outcome`: written (inbox, unread), pending (WeChat will be tried),
    not_configured (no consent to a WeChat message, or nobody on duty)."""

    recipient: str
    """family, companion, staff."""
    channel: str
    """inbox, wechat."""
    outcome: str


class EmergencyNoticesWritten(Event, frozen=True, kw_only=True, tag="emergency.notices_written"):
    """People were told of an emergency call by notice, as far as they can be."""

    call_id: str
    visit_id: str
    told: tuple[EmergencyNoticeWay, ...]
    at: datetime


class NoticeAnswered(Event, frozen=True, kw_only=True, tag="notice.answered"):
    """A notice that somebody waits for was read, or WeChat took its message or did not.

    `channel` and `outcome`: inbox read; wechat notified, unknown or unreachable.
    """

    notice_id: str
    order_id: str
    audience: str
    channel: str
    outcome: str
