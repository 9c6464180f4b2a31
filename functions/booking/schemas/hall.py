"""The grab hall, and the rules by which orders get there."""

from typing import Annotated

from msgspec import Meta

from functions.booking.actions.hall import Shown
from functions.booking.rules.dispatch import HOURS, MAX_ROUND_ORDERS, MAX_RULES, DispatchPolicy, Mode, ModeRule
from functions.booking.rules.policy import Tier
from functions.booking.schemas.common import Instant
from functions.booking.table.dispatch import DispatchPolicyRow
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body
from functions.shared.money import MAX_FEN

CityCode = Annotated[str, Meta(pattern=r"^\d{6}$", description="行政区划代码，例如 110000")]
Seconds = Annotated[int, Meta(ge=0, le=7 * 24 * 60 * 60)]
Hour = Annotated[int, Meta(ge=0, le=HOURS)]


class HallQuery(PageQuery, frozen=True):
    """不填 `city` 时看自己所在的城市。"""

    city: CityCode | None = None


class HallOrderView(Reading, frozen=True, kw_only=True):
    """大厅里的一单；抢到之前看不到就诊人的任何信息。"""

    order_id: str
    starts_at: Instant
    ends_at: Instant
    hospital_id: str
    hospital_name: str
    campus_name: str
    department_name: str
    package_name: str
    special_requests: list[str]
    share_fen: int
    """完成后可得的收入（按自己的等级）。"""
    is_high_value: bool
    is_chosen: bool
    """用户下单时选的就是自己。"""
    listed_at: Instant
    until: Instant

    @classmethod
    def of(cls, shown: Shown) -> "HallOrderView":
        order, visit = shown.order, shown.order.visit
        return cls(
            order_id=order.order_id,
            starts_at=clock.china(visit.starts_at),
            ends_at=clock.china(visit.ends_at),
            hospital_id=visit.hospital_id,
            hospital_name=visit.hospital_name,
            campus_name=visit.campus_name,
            department_name=visit.department_name,
            package_name=visit.package_name,
            special_requests=list(visit.special_requests),
            share_fen=shown.share_fen,
            is_high_value=shown.is_high_value,
            is_chosen=shown.is_chosen,
            listed_at=clock.china(order.listed_at),
            until=clock.china(order.until),
        )


class ModeRuleBody(Body, frozen=True):
    """一条派单规则；`city` 为空表示所有城市，`until_hour` 小于 `from_hour` 表示跨零点。"""

    mode: Mode
    city: CityCode | None = None
    from_hour: Hour = 0
    until_hour: Hour = HOURS
    round_s: Annotated[int, Meta(ge=0, le=600, description="集中派单的等待秒数，0 为立即逐个派单")] = 0


class HeadStartBody(Body, frozen=True):
    """高价值订单对各等级隐藏的秒数。"""

    senior: Seconds
    intermediate: Seconds
    junior: Seconds


class DispatchPolicyBody(Body, frozen=True):
    """派单规则，从上到下第一条符合的生效；都不符合时逐个派单。"""

    rules: Annotated[list[ModeRuleBody], Meta(max_length=MAX_RULES)]
    round_orders: Annotated[int, Meta(ge=1, le=MAX_ROUND_ORDERS)]
    round_patience_s: Seconds
    hall_open_s: Annotated[int, Meta(ge=1, le=7 * 24 * 60 * 60)]
    hall_leave_before_s: Seconds
    high_value_fen: Annotated[int, Meta(ge=0, le=MAX_FEN)]
    head_start_s: HeadStartBody


class ChangeDispatchPolicy(DispatchPolicyBody, frozen=True):
    """新的规则，以及为什么改。"""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]

    def policy(self) -> DispatchPolicy:
        """Invalid names the rule whose hours are no stretch of a day."""
        rules = []
        for number, rule in enumerate(self.rules):
            try:
                rules.append(ModeRule(rule.mode, rule.city, rule.from_hour, rule.until_hour, rule.round_s))
            except ValueError as error:
                message = "时段无效：应从 0–23 点到 1–24 点，且起止不同"
                raise Invalid(errors=(FieldError(f"rules[{number}]", message),)) from error
        return DispatchPolicy(
            rules=tuple(rules),
            round_orders=self.round_orders,
            round_patience_s=self.round_patience_s,
            hall_open_s=self.hall_open_s,
            hall_leave_before_s=self.hall_leave_before_s,
            high_value_fen=self.high_value_fen,
            head_start_s={tier: getattr(self.head_start_s, tier) for tier in Tier},
        )


class DispatchPolicyView(Reading, frozen=True, kw_only=True):
    """现行的派单规则。"""

    policy: DispatchPolicyBody
    version: int

    @classmethod
    def of(cls, row: DispatchPolicyRow) -> "DispatchPolicyView":
        policy = row.policy
        return cls(
            policy=DispatchPolicyBody(
                rules=[
                    ModeRuleBody(
                        mode=rule.mode,
                        city=rule.city,
                        from_hour=rule.from_hour,
                        until_hour=rule.until_hour,
                        round_s=rule.round_s,
                    )
                    for rule in policy.rules
                ],
                round_orders=policy.round_orders,
                round_patience_s=policy.round_patience_s,
                hall_open_s=policy.hall_open_s,
                hall_leave_before_s=policy.hall_leave_before_s,
                high_value_fen=policy.high_value_fen,
                head_start_s=HeadStartBody(**{str(tier): policy.head_start_s[tier] for tier in Tier}),
            ),
            version=int(row.version),
        )
