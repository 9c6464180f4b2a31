"""The exact trail as evidence (F9): which readings are kept, which of them are doubtful, how long they are held."""

import base64
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import distance_m
from functions.tracking.rules.sharing import Reading

MOST_HOLDS = 20


class HoldNotFound(NotFound):
    """The evidence is not held under this id."""

    code = "evidence_hold_not_found"
    title = "没有找到这项证据保留"


class TooManyHolds(Conflict):
    """The visit's evidence is held for so many causes already."""

    code = "too_many_evidence_holds"
    title = "这次陪诊的证据保留已达上限"


class HoldState(StrEnum):
    """Whether the evidence of a visit expires."""

    HELD = "held"
    EXPIRING = "expiring"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why evidence is kept beyond its time: by whom, since when, and until when (None: until it is released)."""

    by: str
    reason: str
    held_at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Seconds:
    """The seconds of which a reading is kept: one bit each, counted from `first`."""

    first: int = 0
    bits: int = 0

    def __contains__(self, second: int) -> bool:
        return second >= self.first and bool(self.bits >> (second - self.first) & 1)

    def joined(self, seconds: Iterable[int]) -> Self:
        """With these besides."""
        added = list(seconds)
        if not added:
            return self
        first = min(added) if not self.bits else min(self.first, *added)
        bits = self.bits << (self.first - first) if self.bits else 0
        for second in added:
            bits |= 1 << (second - first)
        return replace(self, first=first, bits=bits)

    def encode(self) -> str:
        """As short text: a day of readings is a few hundred characters."""
        raw = self.bits.to_bytes((self.bits.bit_length() + 7) // 8, "little")
        return f"{self.first}:{base64.b64encode(zlib.compress(raw)).decode()}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """The inverse of `encode`."""
        first, _, packed = text.partition(":")
        return cls(int(first), int.from_bytes(zlib.decompress(base64.b64decode(packed)), "little"))


def second_of(reading: Reading) -> int:
    """The whole second in which it was taken."""
    return int(reading.captured_at.timestamp())


def plausible(
    readings: Iterable[Reading], *, opens_at: datetime, until: datetime, kept: Seconds = Seconds()
) -> list[Reading]:
    """The readings taken while the visit was open, oldest first; one per second, the first that was ever given."""
    by_second: dict[int, Reading] = {}
    for reading in readings:
        second = second_of(reading)
        if opens_at <= reading.captured_at <= until and second not in kept:
            by_second.setdefault(second, reading)
    return [by_second[second] for second in sorted(by_second)]


def marked(
    readings: Sequence[Reading], *, anchor: Reading | None, policy: Policy
) -> tuple[list[Reading], Reading | None]:
    """The readings (oldest first), those flagged that nobody can have travelled to; and the newest credible one.

    Each is compared with the credible one before it; `anchor` is the newest of earlier uploads. What both readings
    may be wrong by counts in favour of the phone.
    """
    before: Reading | None = None
    judged = []
    for taken in readings:
        if anchor and anchor.captured_at <= taken.captured_at:
            before = max(anchor, before or anchor, key=lambda each: each.captured_at)
        jump = before is not None and _speed_mps(before, taken) > policy.speed_cap_mps
        judged.append(replace(taken, jump=jump))
        if not jump and not taken.mock:
            before = taken
    newest = [each for each in (anchor, before) if each is not None]
    return judged, max(newest, key=lambda each: each.captured_at, default=None)


def _speed_mps(one: Reading, other: Reading) -> float:
    """The least speed that leads from one reading to the other, at a second's exactness."""
    apart_m = distance_m(one.point, other.point) - one.accuracy_m - other.accuracy_m
    return max(0.0, apart_m) / max(1.0, (other.captured_at - one.captured_at).total_seconds())


def merged(batches: Iterable[Sequence[Reading]]) -> list[Reading]:
    """The trail, oldest first; one reading per second."""
    by_second: dict[int, Reading] = {}
    for batch in batches:
        for reading in batch:
            by_second.setdefault(second_of(reading), reading)
    return [by_second[second] for second in sorted(by_second)]
