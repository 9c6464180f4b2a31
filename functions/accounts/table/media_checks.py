"""Pictures and voices that WeChat was asked about."""

from pynamodb.attributes import UnicodeAttribute

from functions.accounts.table.base import AccountsRow
from functions.shared.table import find


class MediaCheckRow(AccountsRow, discriminator="media_check"):
    """What a trace id stands for, and the verdict once it has come; expires."""

    subject = UnicodeAttribute()
    part = UnicodeAttribute()
    verdict = UnicodeAttribute(null=True)


def media_check_row(trace_id: str, *, subject: str, part: str) -> MediaCheckRow:
    return MediaCheckRow(f"MEDIACHECK#{trace_id}", "MEDIACHECK", subject=subject, part=part)


def find_media_check(trace_id: str) -> MediaCheckRow | None:
    return find(MediaCheckRow, f"MEDIACHECK#{trace_id}", "MEDIACHECK")
