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
