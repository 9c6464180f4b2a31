"""How companions are found for orders: by which way in which city and hour, who is next, when nobody is left (F19).

`offer`  one companion at a time is asked, the client's choice first.
`both`   the client's choice is asked first; after the first refusal the order also stands in the hall for everybody,
         while others go on being asked.
`hall`   the order stands in the hall for everybody who may take it, the client's choice included, from the beginning.

The way is looked up whenever a search goes a step further, so an order that is refused at night follows the night's
rule. An order that is still in the hall when it closes is offered, to the best one who is free.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from functions.booking.rules.assignment import assign
from functions.booking.rules.matching import Ranked
from functions.booking.rules.policy import Tier
from functions.shared import clock
from functions.shared.errors import Conflict, FieldError, Invalid

HOURS = 24
MAX_RULES = 200
MAX_ROUND_ORDERS = 90
"""An order brings to its round those of its hundred best who are free: of N orders none ever needs more than its N
best, so a larger round would have to read more for each."""
SWEEP_S = 120
"""How long after its round an order that no round took is cared for by itself: the scheduler may be a minute late."""


class Mode(StrEnum):
    """How a companion is found."""

    OFFER = "offer"
    HALL = "hall"
    BOTH = "both"


class DeclineReason(StrEnum):
    """Why a companion does not take an order."""

    TIME_CONFLICT = "time_conflict"
    TOO_FAR = "too_far"
    UNFAMILIAR_DEPARTMENT = "unfamiliar_department"
    INCOME_TOO_LOW = "income_too_low"
    NOT_WELL = "not_well"
    OTHER = "other"


DECLINE_TITLES: Mapping[DeclineReason, str] = {
    DeclineReason.TIME_CONFLICT: "时间冲突",
    DeclineReason.TOO_FAR: "路程太远",
    DeclineReason.UNFAMILIAR_DEPARTMENT: "不熟悉这个科室",
    DeclineReason.INCOME_TOO_LOW: "收入不合适",
    DeclineReason.NOT_WELL: "身体不适",
    DeclineReason.OTHER: "其他原因",
}


@dataclass(frozen=True)
class Declined:
    """A companion's refusal: the reason, and their own words (at least those if the reason is `other`)."""

    reason: DeclineReason
    note: str = ""

    def __post_init__(self) -> None:
        if self.reason is DeclineReason.OTHER and not self.note.strip():
            raise Invalid(errors=(FieldError("note", "选择其他原因时请写明原因"),))


class ServesNoMore(Conflict):
    """The companion was suspended, or gave the department up, since they were asked."""

    code = "serves_no_more"
    title = "您目前不能接这个科室的单"


@dataclass(frozen=True)
class ModeRule:
    """Holds in `city` (None: in every city) from one hour to another on a Chinese clock, over midnight if they say so.

    `round_s`: how long orders that were refused are collected, to be given out together; 0 asks the next one at once.
    """

    mode: Mode
    city: str | None = None
    from_hour: int = 0
    until_hour: int = HOURS
    round_s: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.from_hour < HOURS and 0 < self.until_hour <= HOURS and self.from_hour != self.until_hour):
            raise ValueError("dispatch rule: hours are 0 to 24 and differ")
        if not 0 <= self.round_s <= 600:
            raise ValueError("dispatch rule: a round collects for 0 to 600 seconds")

    def holds(self, city: str, hour: int) -> bool:
        """Whether it says something about this city at this hour."""
        if self.city not in (None, city):
            return False
        if self.from_hour < self.until_hour:
            return self.from_hour <= hour < self.until_hour
        return hour >= self.from_hour or hour < self.until_hour


def _head_start() -> dict[Tier, int]:
    return {Tier.SENIOR: 0, Tier.INTERMEDIATE: 60, Tier.JUNIOR: 180}


@dataclass(frozen=True)
class DispatchPolicy:
    """The rules, the first that holds decides; and the hall's times. Seconds and fen as the names say."""

    rules: tuple[ModeRule, ...] = ()
    round_orders: int = MAX_ROUND_ORDERS
    """How many orders one round gives out; the rest are cared for one by one soon after (`SWEEP_S`)."""
    round_patience_s: int = 20 * 60
    """How long an order whose candidates went to others waits for another chance: longer than an offer lasts."""
    hall_open_s: int = 4 * 60 * 60
    """How long an order stands in the hall."""
    hall_leave_before_s: int = 2 * 60 * 60
    """How long before the visit it leaves the hall: time to ask somebody, or for the client to find another way."""
    high_value_fen: int = 50_000
    """From which gross price on an order is shown to higher tiers first (F20)."""
    head_start_s: Mapping[Tier, int] = field(default_factory=_head_start)
    """How long such an order is hidden from each tier."""

    def __post_init__(self) -> None:
        if not 1 <= self.round_orders <= MAX_ROUND_ORDERS or len(self.rules) > MAX_RULES:
            raise ValueError(f"dispatch policy: round_orders is 1 to {MAX_ROUND_ORDERS}, rules are {MAX_RULES} at most")
        if self.hall_open_s <= 0 or min(self.round_patience_s, self.hall_leave_before_s, self.high_value_fen) < 0:
            raise ValueError("dispatch policy: a duration or amount is out of range")
        if set(self.head_start_s) != set(Tier) or min(self.head_start_s.values()) < 0:
            raise ValueError("dispatch policy: head_start_s needs 0 or more for every tier")


@dataclass(frozen=True)
class Waiting:
    """An order that waits for its city's next round."""

    city: str
    shard: int
    since: datetime
    round_at: datetime

    @property
    def sweep_at(self) -> datetime:
        """When it is cared for by itself, should the round not have come."""
        return self.round_at + timedelta(seconds=SWEEP_S)


_OTHERWISE = ModeRule(Mode.OFFER)


def rule_at(policy: DispatchPolicy, city: str, now: datetime) -> ModeRule:
    """The first rule that holds there and then; without one, companions are asked one by one."""
    hour = clock.china(now).hour
    return next((rule for rule in policy.rules if rule.holds(city, hour)), _OTHERWISE)


def next_in_line(ranked: Sequence[Ranked], *, asked: Collection[str]) -> Ranked | None:
    """The best one who was not asked yet."""
    return next((entry for entry in ranked if entry.candidate.companion_id not in asked), None)


def round_at(now: datetime, round_s: int) -> datetime:
    """The end of the present window: windows are the same for everybody, so those of one window share a round."""
    return datetime.fromtimestamp(clock.epoch_s(now) // round_s * round_s + round_s, UTC)


def wait(now: datetime, *, city: str, shard: int, round_s: int) -> Waiting:
    """From now until the end of the present window."""
    return Waiting(city, shard, now, round_at(now, round_s))


def wait_again(waiting: Waiting, now: datetime, *, round_s: int) -> Waiting:
    """Until the end of the next window."""
    return replace(waiting, round_at=round_at(now, round_s))


def may_wait(waiting: Waiting, now: datetime, starts_at: datetime, policy: DispatchPolicy) -> bool:
    """Whether an order that got nobody in its round may hope for another one."""
    return now < min(waiting.since + timedelta(seconds=policy.round_patience_s), starts_at)


def plan(choices: Mapping[str, Mapping[str, int]]) -> dict[str, str | None]:
    """Who is asked for which order, by order id: everybody once at most, as many orders as possible, the best sum.

    `choices` are the scores (0 or more) of those who can take each order. Orders that share no candidate do not touch
    each other and are solved apart; for an order alone it is simply its best candidate. Ties go to the earlier id.
    """
    planned: dict[str, str | None] = {}
    for group in _groups(choices):
        if len(group) == 1:
            scores = choices[group[0]]
            planned[group[0]] = min(scores, key=lambda each: (-scores[each], each)) if scores else None
            continue
        most = len(group)
        best = {order_id: _best(choices[order_id], most) for order_id in group}
        columns = sorted({companion_id for scores in best.values() for companion_id in scores})
        found = assign([[best[order_id].get(column) for column in columns] for order_id in group])
        for order_id, column in zip(group, found.columns, strict=True):
            planned[order_id] = None if column is None else columns[column]
    return planned


def _best(scores: Mapping[str, int], most: int) -> dict[str, int]:
    ranked = sorted(scores, key=lambda each: (-scores[each], each))
    return {companion_id: scores[companion_id] for companion_id in ranked[:most]}


def _groups(choices: Mapping[str, Mapping[str, int]]) -> list[list[str]]:
    """Orders that are linked by common candidates, each group in the order in which they were given."""
    leader = {order_id: order_id for order_id in choices}

    def lead(order_id: str) -> str:
        while leader[order_id] != order_id:
            leader[order_id] = order_id = leader[leader[order_id]]
        return order_id

    first_with: dict[str, str] = {}
    for order_id, scores in choices.items():
        for companion_id in scores:
            leader[lead(order_id)] = lead(first_with.setdefault(companion_id, order_id))
    groups: dict[str, list[str]] = {}
    for order_id in choices:
        groups.setdefault(lead(order_id), []).append(order_id)
    return list(groups.values())
