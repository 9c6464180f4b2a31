"""Before the visit: what to bring, whose list it is, and when people are reminded (F7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from re import compile as compiled

from functions.booking.rules.itinerary import Checklist, ChecklistItem
from functions.booking.rules.orders import IllegalMove, OrderState
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid, NotFound

PREPARING = frozenset({OrderState.PAID, OrderState.DISPATCHING, OrderState.ASSIGNED, OrderState.IN_SERVICE})
"""While an order is in one of these, its client may tick off what is ready."""
MAX_ITEMS = 30
_DAY_MIN = 24 * 60
_SLUG = compiled(r"[a-z][a-z0-9_]{0,60}")


class ReminderKind(StrEnum):
    """Which of a visit's reminders."""

    DAY_BEFORE = "day_before"
    MORNING = "morning"


@dataclass(frozen=True)
class Reminder:
    """When a reminder goes out, on China's clock: so many days before the visit's day, so many minutes after midnight.

    It may still go out up to `late_min` minutes later, for an order that was taken after its time.
    """

    days_before: int
    at_min: int
    late_min: int

    def __post_init__(self) -> None:
        if self.days_before < 0 or self.late_min < 0 or not 0 <= self.at_min < _DAY_MIN:
            raise ValueError("a reminder goes out on or before the visit's day, at a time of day")


@dataclass(frozen=True)
class PreparationPolicy:
    """The reminders of a visit; the row `CONFIG` / `preparation` overrides them."""

    day_before: Reminder = Reminder(days_before=1, at_min=18 * 60, late_min=6 * 60)
    morning: Reminder = Reminder(days_before=0, at_min=7 * 60, late_min=60)

    def reminders(self) -> Mapping[ReminderKind, Reminder]:
        return {ReminderKind.DAY_BEFORE: self.day_before, ReminderKind.MORNING: self.morning}


def remind_at(reminder: Reminder, *, starts_at: datetime, now: datetime) -> datetime | None:
    """When the reminder of a visit goes out: at its time, at once if that has just passed, or not at all (None)."""
    day = clock.service_date(starts_at) - timedelta(days=reminder.days_before)
    due = datetime.combine(day, time(), clock.CHINA) + timedelta(minutes=reminder.at_min)
    if due >= starts_at:
        return None
    if now <= due:
        return due.astimezone(starts_at.tzinfo)
    return now if now <= due + timedelta(minutes=reminder.late_min) and now < starts_at else None


def reminder_subject(order_id: str, starts_at: datetime) -> str:
    """What a reminder's timer is about: this order at this time. Once the visit moved, it is about nothing."""
    return f"{order_id}.{clock.epoch_s(starts_at):x}"


class ChecklistInvalid(Invalid):
    """A list that could not be ticked off; `errors` names each."""

    code = "checklist_invalid"
    title = "就医清单有误"


@dataclass(frozen=True)
class ChecklistPlace:
    """Whose checklist: a template's, a hospital's, or a department's of one hospital.

    As text `tpl.oncology`, `hos_pumch`, `hos_pumch.oncology`.
    """

    template: str = ""
    hospital_id: str = ""
    department_id: str = ""

    @property
    def checklist_id(self) -> str:
        if self.template:
            return f"tpl.{self.template}"
        return f"{self.hospital_id}.{self.department_id}" if self.department_id else self.hospital_id


def place_of(checklist_id: str) -> ChecklistPlace:
    """The place that such a text names; NotFound."""
    first, dot, second = checklist_id.partition(".")
    if not _SLUG.fullmatch(first) or (dot and not _SLUG.fullmatch(second)):
        raise NotFound()
    if first == "tpl" and second:
        return ChecklistPlace(template=second)
    if first.startswith("hos_"):
        return ChecklistPlace(hospital_id=first, department_id=second)
    raise NotFound()


def places_for(*, hospital_id: str, department_id: str, template: str) -> tuple[ChecklistPlace, ...]:
    """Where a department's patients' list is looked for: the most specific that exists is theirs."""
    return (
        ChecklistPlace(hospital_id=hospital_id, department_id=department_id),
        ChecklistPlace(hospital_id=hospital_id),
        ChecklistPlace(template=template),
    )


def checked_checklist(checklist: Checklist) -> Checklist:
    """`checklist`, if each of its items can be ticked off by its own code; otherwise ChecklistInvalid."""
    codes = [item.code for item in checklist.items]
    errors = [FieldError(f"items.{code}", "编号重复") for code in sorted({c for c in codes if codes.count(c) > 1})]
    errors += [
        FieldError(f"items.{code}", "编号由小写字母、数字和下划线组成") for code in codes if not _SLUG.fullmatch(code)
    ]
    if not 1 <= len(codes) <= MAX_ITEMS:
        errors.append(FieldError("items", f"清单应有 1 至 {MAX_ITEMS} 项"))
    if errors:
        raise ChecklistInvalid(errors=tuple(errors))
    return checklist


def differences(before: Sequence[ChecklistItem], after: Sequence[ChecklistItem]) -> str:
    """What an edit changed, for the audit row."""
    then, now = ({item.code: item for item in items} for items in (before, after))
    added, gone = sorted(now.keys() - then.keys()), sorted(then.keys() - now.keys())
    changed = sorted(code for code in now.keys() & then.keys() if now[code] != then[code])
    parts = (("增加", added), ("去掉", gone), ("修改", changed))
    return "；".join(f"{title} {'、'.join(codes)}" for title, codes in parts if codes) or "无变化"


def ticked(
    ready: Mapping[str, datetime], checklist: Checklist, code: str, *, is_ready: bool, state: OrderState, now: datetime
) -> dict[str, datetime]:
    """What is ready once `code` is ticked off or not; the first time counts. Raises NotFound, IllegalMove."""
    if state not in PREPARING:
        raise IllegalMove("订单已经结束，清单不再更改")
    if all(item.code != code for item in checklist.items):
        raise NotFound()
    others = {known: at for known, at in ready.items() if known != code}
    return {**others, code: ready.get(code, now)} if is_ready else others
