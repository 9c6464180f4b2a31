"""Companions as clients see them (one read that the process keeps for a minute) and as they see themselves."""

from typing import Any

from functions.companions import actions
from functions.companions.actions import certificates, profiles, standing
from functions.companions.api.declared import routes
from functions.companions.rules import CredentialsMissing, IllegalTransition, ProfileInvalid
from functions.companions.schemas.applications import AuditView
from functions.companions.schemas.profiles import (
    CompanionView,
    OwnView,
    SpecialtiesBody,
    SpecialtiesView,
    StandingBody,
    StandingView,
)
from functions.shared import clock
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.get("/companions/me", summary="我的陪诊师资料", roles={Role.COMPANION}, reply=OwnView, problems=(NotFound,))
def get_own_profile(call: Call[Any]) -> OwnView:
    """两次读取，不经缓存。停用期间也能看。"""
    companion_id = call.caller.subject
    profile = profiles.read_own(companion_id)
    uploads = certificates.held_by(companion_id, call.now)
    return OwnView.of(profile, uploads, clock.service_date(call.now))


@routes.get(
    "/companions/{companion_id}",
    summary="陪诊师公开资料",
    roles={Role.CLIENT, Role.COMPANION, *STAFF},
    reply=CompanionView,
    problems=(NotFound,),
)
def get_companion(call: Call[Any], companion_id: str) -> CompanionView:
    """只列出已核验且在有效期内的资质；停用的陪诊师查不到。"""
    profile = actions.find_active_profile(companion_id)
    return CompanionView.of(profile, clock.service_date(call.now), cases=profiles.public_cases(profile))


@routes.post(
    "/companions/{companion_id}/suspend",
    summary="停用陪诊师",
    roles={Role.ADMIN},
    body=StandingBody,
    reply=StandingView,
    effect=True,
    problems=(NotFound, IllegalTransition),
)
def suspend_companion(call: Call[StandingBody], companion_id: str) -> StandingView:
    """不再派新单；已接的订单不受影响，需要时另行改派。"""
    profile = standing.suspend(call.tx, companion_id=companion_id, reason=call.body.reason, actor=call.caller.subject)
    return StandingView.of(profile)


@routes.post(
    "/companions/{companion_id}/reinstate",
    summary="恢复陪诊师",
    roles={Role.ADMIN},
    body=StandingBody,
    reply=StandingView,
    effect=True,
    problems=(NotFound, IllegalTransition, CredentialsMissing),
)
def reinstate_companion(call: Call[StandingBody], companion_id: str) -> StandingView:
    """只解除人工停用；因资质过期的停用，换证核验后自动恢复。"""
    profile = standing.reinstate(call.tx, companion_id=companion_id, reason=call.body.reason, actor=call.caller.subject)
    return StandingView.of(profile)


@routes.post(
    "/companions/{companion_id}/specialties",
    summary="修改擅长的就诊类型",
    roles={Role.AGENT, Role.ADMIN},
    body=SpecialtiesBody,
    reply=SpecialtiesView,
    effect=True,
    problems=(NotFound, ProfileInvalid),
)
def change_specialties(call: Call[SpecialtiesBody], companion_id: str) -> SpecialtiesView:
    """整份替换，一分钟内在公开资料和匹配中生效。"""
    body = call.body
    profile = profiles.change_specialties(
        call.tx,
        companion_id=companion_id,
        specialties=body.specialties,
        reason=body.reason,
        actor=call.caller.subject,
    )
    return SpecialtiesView.of(profile)


@routes.get(
    "/companions/{companion_id}/audit",
    summary="陪诊师的操作记录",
    roles={Role.AGENT, Role.ADMIN},
    query=PageQuery,
    reply=Page[AuditView],
)
def list_companion_audit(call: Call[Any], companion_id: str) -> Page[AuditView]:
    """停用、恢复、修改擅长的类型、证件核验、查看证件、人工定级，最近的在前；申请人的编号是其账号。"""
    entries, last = standing.list_audit(companion_id, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[AuditView.of(entry) for entry in entries], next_cursor=encode_cursor(last))
