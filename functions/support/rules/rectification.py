"""整改: what a companion of whom clients complain too often has to do, by when, and who looks whether they did (F31).

The notice names measures, what to read in the handbook and a day; the companion answers, or the day passes; then an
agent who decided none of those complaints inspects again (复核): lifted, extended (so often), or removed.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict, FieldError, Invalid, NotFound
from functions.support.rules.complaints import Category
from functions.support.rules.policy import RectificationPolicy

_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH = 12


class RectificationState(StrEnum):
    ISSUED = "issued"
    """The companion has to act."""
    AWAITING_RE_INSPECTION = "awaiting_re_inspection"
    """They answered, or their day has passed."""
    LIFTED = "lifted"
    REMOVED = "removed"


class Finding(StrEnum):
    """What an inspection finds."""

    LIFTED = "lifted"
    EXTENDED = "extended"
    REMOVED = "removed"


STATE_TITLES: Mapping[RectificationState, str] = {
    RectificationState.ISSUED: "整改中",
    RectificationState.AWAITING_RE_INSPECTION: "等待复核",
    RectificationState.LIFTED: "整改合格，已恢复接单",
    RectificationState.REMOVED: "整改不合格，已清退",
}
_MEASURES: Mapping[Category, str] = {
    Category.COMPANION_ABSENT: "接单后按时到场；不能到场的须提前在平台取消并说明原因。",
    Category.LATE_ARRIVAL: "每单提前 15 分钟到院签到，并在路上延误时第一时间告知客户。",
    Category.REPORT_LATE: "陪诊结束后 1 小时内提交陪诊报告。",
    Category.SERVICE: "重新学习服务规范，全程陪同并主动告知进度，使用文明用语。",
    Category.CHARGES: "一切费用经平台确认和支付，不得私下收费或索要红包。",
    Category.OTHER: "对照客户申诉逐条说明原因和改进办法。",
}


class RectificationNotFound(NotFound):
    """There is none, or it is not the caller's."""

    code = "rectification_not_found"
    title = "没有找到这份整改通知"


class RectificationStage(Conflict):
    """The rectification is not at the stage at which this can be done."""

    code = "rectification_stage"
    title = "整改当前的阶段不能这样操作"


class TrainingMissing(Conflict):
    """The companion answers after reading everything that the notice names."""

    code = "training_missing"
    title = "请先学完整改通知里的全部手册内容"


class NotInTraining(Invalid):
    """The notice does not name this article."""

    code = "not_in_training"
    title = "整改通知没有要求学习这篇手册"


class OtherInspects(Conflict):
    """Who decided one of the complaints does not inspect what came of them."""

    code = "other_inspects"
    title = "您处理过相关申诉，须由另一位客服复核"


class ExtendedOftenEnough(Conflict):
    """It was extended as often as it may be."""

    code = "extended_often_enough"
    title = "整改已达延期次数上限，只能恢复或清退"


class DaysMisplaced(Invalid):
    """Days belong to an extension, and only there."""

    code = "days_misplaced"
    title = "延期须填写天数；恢复或清退不能填写"


@dataclass(frozen=True, kw_only=True)
class Training:
    """An article of the handbook to be read, and when the companion said that they did."""

    article_id: str
    title: str
    done_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Why it came to this: the complaints and visits of so many days."""

    upheld: int
    visits: int
    window_days: int
    rate_bp: int


def measures_for(categories: Iterable[str]) -> tuple[str, ...]:
    """What is asked of the companion, a sentence for each kind of complaint, in the order of the categories."""
    found = {Category(each) for each in categories} or {Category.OTHER}
    return tuple(_MEASURES[category] for category in Category if category in found)


def articles_for(categories: Iterable[str], policy: RectificationPolicy) -> tuple[str, ...]:
    """What is to be read: for everybody, and for these kinds of complaint; each article once."""
    wanted = [*policy.articles.get("*", ()), *(a for each in categories for a in policy.articles.get(each, ()))]
    return tuple(dict.fromkeys(wanted))


def as_typed(code: str) -> str:
    """A code as people copy it: in small letters, with spaces or dashes in it."""
    return re.sub(r"[\s-]", "", code).upper()


def new_code() -> str:
    """A notice's verification code: 60 random bits in letters and digits that nobody confuses."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def with_read(training: Sequence[Training], article_id: str, now: datetime) -> tuple[Training, ...]:
    """The training with this article read; NotInTraining. Reading it again changes nothing."""
    if article_id not in {each.article_id for each in training}:
        raise NotInTraining(errors=(FieldError("article_id", "不在整改通知中"),))
    return tuple(
        replace(each, done_at=each.done_at or now) if each.article_id == article_id else each for each in training
    )


def require_answerable(state: RectificationState, training: Iterable[Training]) -> None:
    """Raises RectificationStage, TrainingMissing."""
    if state is not RectificationState.ISSUED:
        raise RectificationStage()
    if any(each.done_at is None for each in training):
        raise TrainingMissing()


def inspected(
    state: RectificationState,
    outcome: Finding,
    *,
    days: int | None,
    extensions: int,
    inspector_id: str,
    deciders: Iterable[str],
    policy: RectificationPolicy,
) -> RectificationState:
    """The state after the inspection. RectificationStage, OtherInspects, DaysMisplaced, ExtendedOftenEnough."""
    if state is not RectificationState.AWAITING_RE_INSPECTION:
        raise RectificationStage()
    if inspector_id in set(deciders):
        raise OtherInspects()
    if (days is not None) != (outcome is Finding.EXTENDED):
        raise DaysMisplaced()
    match outcome:
        case Finding.LIFTED:
            return RectificationState.LIFTED
        case Finding.REMOVED:
            return RectificationState.REMOVED
        case Finding.EXTENDED:
            if extensions >= policy.extensions_most:
                raise ExtendedOftenEnough()
            return RectificationState.ISSUED


def notice_text(
    *,
    number: str,
    code: str,
    name: str,
    figures: Figures,
    measures: Sequence[str],
    training: Sequence[Training],
    due_at: datetime,
    issued_at: datetime,
) -> str:
    """The notice as it is handed out and hashed: plain text, line by line; both instants on a Chinese clock."""
    rate = f"{figures.rate_bp / 100:.2f}%"
    lines = [
        "整改通知书",
        f"编号：{number}",
        "",
        f"{name}：",
        "",
        f"近 {figures.window_days} 天内，您完成陪诊 {figures.visits} 单，成立的客户申诉 {figures.upheld} 件，"
        f"投诉率 {rate}（单量较少的按平台规定的最低单数计），超过平台规定。自即日起暂停接受新订单，请按以下要求整改。",
        "",
        "一、整改措施",
        *(f"{number_}. {measure}" for number_, measure in enumerate(measures, 1)),
        "",
        "二、必修内容（陪诊手册）",
        *(f"{number_}. 《{each.title}》" for number_, each in enumerate(training, 1)),
        *(() if training else ("无",)),
        "",
        "三、期限与复核",
        f"请于 {_day(due_at)} {due_at:%H:%M} 前在平台提交整改说明和佐证。平台将安排未参与相关申诉处理的人员复核，"
        "合格的恢复接单；不合格的延期整改或者清退。",
        "",
        f"诊伴平台　{_day(issued_at)}",
        f"验证码：{code}",
    ]
    return "\n".join(lines) + "\n"


def _day(at: datetime) -> str:
    return f"{at.year} 年 {at.month} 月 {at.day} 日"
