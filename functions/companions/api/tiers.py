"""Tiers: what a companion is told, what an administrator sets (F27)."""

from typing import Any

from functions.companions.actions import tiers
from functions.companions.api.declared import routes
from functions.companions.rules.tiers import OverrideInvalid, TierRulesInvalid
from functions.companions.schemas.tiers import OverrideBody, TierChangeView, TierRulesBody, TierRulesView, TierView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import Accepted, Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.get("/companions/me/tier", summary="我的等级", roles={Role.COMPANION}, reply=TierView, problems=(NotFound,))
def get_own_tier(call: Call[Any]) -> TierView:
    """等级、分成、评定依据，以及离下一级还差什么。"""
    return TierView.of(tiers.explain(companion_id=call.caller.subject, now=call.now))


@routes.get(
    "/companions/me/tier/history",
    summary="我的等级变化",
    roles={Role.COMPANION},
    query=PageQuery,
    reply=Page[TierChangeView],
)
def list_own_tier_changes(call: Call[Any]) -> Page[TierChangeView]:
    """最近的在前。"""
    rows, last = tiers.list_changes(
        companion_id=call.caller.subject, limit=call.query.limit, after=decode_cursor(call.query.cursor)
    )
    return Page(items=[TierChangeView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/companions/{companion_id}/tier",
    summary="陪诊师的等级依据",
    roles={Role.AGENT, Role.ADMIN},
    reply=TierView,
    problems=(NotFound,),
)
def get_tier(call: Call[Any], companion_id: str) -> TierView:
    """与陪诊师自己看到的相同。"""
    return TierView.of(tiers.explain(companion_id=companion_id, now=call.now))


@routes.post(
    "/companions/{companion_id}/tier-override",
    summary="人工定级",
    roles={Role.ADMIN},
    body=OverrideBody,
    reply=Accepted,
    effect=True,
    problems=(NotFound, OverrideInvalid),
)
def override_tier(call: Call[OverrideBody], companion_id: str) -> Accepted:
    """到期后的夜里恢复原来的等级，再按规则评定。"""
    body = call.body
    tiers.override(
        call.tx,
        companion_id=companion_id,
        tier=body.tier,
        until=body.until,
        reason=body.reason,
        actor=call.caller.subject,
    )
    return Accepted()


@routes.get("/companion-tier-rules", summary="等级规则", roles={Role.COMPANION, *STAFF}, reply=TierRulesView)
def get_tier_rules(call: Call[Any]) -> TierRulesView:
    """晋级与保级的全部条件。"""
    return TierRulesView.of(*tiers.read_rules())


@routes.put(
    "/companion-tier-rules",
    summary="修改等级规则",
    roles={Role.ADMIN},
    body=TierRulesBody,
    reply=TierRulesView,
    versioned=True,
    problems=(TierRulesInvalid, PreconditionFailed),
)
def edit_tier_rules(call: Call[TierRulesBody]) -> TierRulesView:
    """整份替换；第一次修改时版本号写 0。下一次评定起按新规则，一分钟内各处生效。"""
    rules = call.body.rules()
    version = tiers.edit_rules(call.tx, rules, version=call.if_match, actor=call.caller.subject)
    return TierRulesView.of(rules, version)
