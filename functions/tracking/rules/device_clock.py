"""When something happened, by a phone that may have been offline and whose clock may be wrong (F22)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.shared.errors import FieldError, Invalid
from functions.tracking.rules.policy import Policy

_A_LIFETIME = timedelta(days=36_500)
"""A clock that is further away than this says nothing."""


@dataclass(frozen=True)
class Moment:
    """One instant by both clocks: `at` is ours, `device_at` the phone's.

    `skew_s` is how far the phone's clock runs ahead of ours, None if the phone did not say what it shows now.
    """

    at: datetime
    device_at: datetime
    skew_s: int | None = None
    is_doubtful: bool = False
    """The clocks differ so much that somebody should know."""


def on_our_clock(
    device_at: datetime, *, sent_at: datetime | None, now: datetime, policy: Policy, field: str = "captured_at"
) -> Moment:
    """What the phone calls `device_at`, by our clock: corrected if it says at `sent_at` what it shows while sending.

    Small differences are the network's and stay. Invalid (at `field` or `sent_at`) for what cannot be: a thing that was
    sent before it happened or longer ago than anything is kept offline.
    """
    if sent_at is None:
        return Moment(device_at, device_at)
    skew, age = sent_at - now, sent_at - device_at
    tolerated = timedelta(seconds=policy.clock_skew_s)
    if abs(skew) > _A_LIFETIME:
        raise Invalid(errors=(FieldError("sent_at", "手机时间不正确，请校准后重试"),))
    if age < -tolerated:
        raise Invalid(errors=(FieldError(field, "时间不能晚于手机发送的时刻"),))
    if age > timedelta(seconds=policy.offline_max_s):
        raise Invalid(errors=(FieldError(field, "时间太久远"),))
    is_off = abs(skew) > tolerated
    at = now - max(age, timedelta()) if is_off else device_at
    return Moment(at, device_at, round(skew.total_seconds()), abs(skew) > timedelta(seconds=policy.clock_doubt_s))
