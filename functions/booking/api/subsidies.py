"""Routes: subsidy programmes, applications for them, and their decisions (F5)."""

import re
from typing import Any

from functions.booking.actions import subsidies as actions
from functions.booking.api.declared import matched, routes
from functions.booking.rules.subsidies import (
    AlreadyApplied,
    AppealTooLate,
    ApplicationDecided,
    BudgetInUse,
    NotAccepting,
    SameDecider,
)
from functions.booking.schemas.subsidies import (
    AllowEvidence,
    AppealSubsidy,
    ApplyForSubsidy,
    ChangeProgramme,
    DecideSubsidy,
    EvidenceUpload,
    ManagedProgramme,
    ProgrammeBody,
    ProgrammeView,
    SavedProgramme,
    ShownEvidence,
    SubsidyApplicationCard,
    SubsidyApplicationView,
    SubsidyEvidenceLink,
    SubsidyGrantView,
    WaitingSubsidy,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid, NotFound, PreconditionFailed
from functions.shared.files import UploadMissing, UploadRefused
from functions.shared.http import Call, Page, PageQuery, encode_cursor

_REVIEWERS = {Role.AGENT, Role.ADMIN}
_APPLICATION_CURSOR = re.compile(r"sub_[0-9A-Z]{26}")


@routes.get("/subsidy-programmes", summary="补贴项目", roles={Role.CLIENT, *STAFF}, reply=Page[ProgrammeView])
def list_programmes(call: Call[Any]) -> Page[ProgrammeView]:
    """全部补贴项目，可申请的在前。"""
    return Page(items=[ProgrammeView.of(row.programme) for row in actions.list_programmes()])


@routes.post(
    "/subsidy-programmes",
    summary="新建补贴项目",
    roles={Role.ADMIN},
    body=ProgrammeBody,
    reply=SavedProgramme,
    status=201,
    effect=True,
    problems=(Invalid,),
)
def create_programme(call: Call[ProgrammeBody]) -> SavedProgramme:
    """预算一次给足，之后可以增减；留操作记录。"""
    return SavedProgramme.of(actions.create_programme(call.tx, call.body.programme(), staff_id=call.caller.subject))


@routes.get(
    "/subsidy-programmes/{programme_id}",
    summary="补贴项目的预算",
    roles=STAFF,
    reply=ManagedProgramme,
    problems=(NotFound,),
)
def get_programme(call: Call[Any], programme_id: str) -> ManagedProgramme:
    """预算还剩多少，待付款订单占用多少，已支出多少。"""
    return ManagedProgramme.of(*actions.read_programme(programme_id))


@routes.put(
    "/subsidy-programmes/{programme_id}",
    summary="修改补贴项目",
    roles={Role.ADMIN},
    body=ChangeProgramme,
    reply=SavedProgramme,
    versioned=True,
    problems=(Invalid, NotFound, PreconditionFailed, BudgetInUse),
)
def change_programme(call: Call[ChangeProgramme], programme_id: str) -> SavedProgramme:
    """对之后的报价生效；已有的报价和订单不变。"""
    row = actions.change_programme(
        call.tx,
        call.body.programme(programme_id),
        version=call.if_match,
        reason=call.body.reason.strip(),
        staff_id=call.caller.subject,
    )
    return SavedProgramme.of(row)


@routes.post(
    "/subsidy-evidence",
    summary="上传补贴证明材料",
    roles={Role.CLIENT},
    body=AllowEvidence,
    reply=EvidenceUpload,
    status=201,
    effect=True,
    problems=(Invalid,),
)
def allow_evidence(call: Call[AllowEvidence]) -> EvidenceUpload:
    """得到五分钟有效的上传表单；上传后在申请中写明 `file_id`。一天内没有写进申请的文件会被删除。"""
    upload = actions.allow_evidence(client_id=call.caller.subject, content_type=call.body.content_type, now=call.now)
    return EvidenceUpload.of(upload)


@routes.post(
    "/subsidy-applications",
    summary="申请补贴",
    roles={Role.CLIENT},
    body=ApplyForSubsidy,
    reply=SubsidyApplicationCard,
    status=201,
    effect=True,
    problems=(Invalid, NotFound, NotAccepting, AlreadyApplied, UploadMissing, UploadRefused),
)
def apply_for_subsidy(call: Call[ApplyForSubsidy]) -> SubsidyApplicationCard:
    """为本人名下的一位就诊人申请；通过后下单自动减免。"""
    row = actions.apply_for_subsidy(
        call.tx,
        client_id=call.caller.subject,
        patient_id=call.body.patient_id,
        programme_id=call.body.programme_id,
        shown=_shown(call.body.evidence),
    )
    return SubsidyApplicationCard.of(row)


@routes.get(
    "/subsidy-applications",
    summary="我的补贴申请",
    roles={Role.CLIENT},
    query=PageQuery,
    reply=Page[SubsidyApplicationCard],
)
def list_applications(call: Call[Any]) -> Page[SubsidyApplicationCard]:
    """由近到远。"""
    after = matched(_APPLICATION_CURSOR, call.query.cursor)
    rows, last = actions.list_applications(call.caller.subject, limit=call.query.limit, after=after and after[0])
    return Page(items=[SubsidyApplicationCard.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/subsidy-applications/{application_id}",
    summary="查看补贴申请",
    roles={Role.CLIENT, *_REVIEWERS},
    reply=SubsidyApplicationView,
    problems=(NotFound,),
)
def get_application(call: Call[Any], application_id: str) -> SubsidyApplicationView:
    """申请人本人和审核人员可见；审核人员的每次查看都留下记录。"""
    row, texts = actions.read_application(call.tx, application_id, call.caller)
    programme, _ = actions.read_programme(row.programme_id)
    return SubsidyApplicationView.of(row, texts, programme.programme, for_staff=row.client_id != call.caller.subject)


@routes.get(
    "/subsidy-applications/{application_id}/evidence/{file_id}",
    summary="打开补贴证明材料",
    roles={Role.CLIENT, *_REVIEWERS},
    reply=SubsidyEvidenceLink,
    problems=(NotFound,),
)
def open_evidence(call: Call[Any], application_id: str, file_id: str) -> SubsidyEvidenceLink:
    """五分钟内有效的链接；审核人员的每次打开都留下记录。"""
    return SubsidyEvidenceLink(url=actions.open_evidence(call.tx, application_id, file_id, call.caller))


@routes.post(
    "/subsidy-applications/{application_id}/decision",
    summary="审核补贴申请",
    roles=_REVIEWERS,
    body=DecideSubsidy,
    reply=SubsidyApplicationCard,
    effect=True,
    problems=(Invalid, NotFound, ApplicationDecided, SameDecider),
)
def decide(call: Call[DecideSubsidy], application_id: str) -> SubsidyApplicationCard:
    """通过或驳回，理由告知申请人。申诉须由另一位工作人员复核。"""
    row = actions.decide(
        call.tx,
        application_id,
        staff_id=call.caller.subject,
        approved=call.body.approved,
        valid_until=call.body.valid_until,
        reason=call.body.reason.strip(),
    )
    return SubsidyApplicationCard.of(row)


@routes.post(
    "/subsidy-applications/{application_id}/appeal",
    summary="申诉补贴驳回",
    roles={Role.CLIENT},
    body=AppealSubsidy,
    reply=SubsidyApplicationCard,
    effect=True,
    problems=(Invalid, NotFound, ApplicationDecided, AppealTooLate, AlreadyApplied, UploadMissing, UploadRefused),
)
def appeal(call: Call[AppealSubsidy], application_id: str) -> SubsidyApplicationCard:
    """每份申请可以申诉一次，由另一位工作人员复核。"""
    row = actions.appeal(
        call.tx,
        application_id,
        client_id=call.caller.subject,
        reason=call.body.reason.strip(),
        shown=_shown(call.body.evidence),
    )
    return SubsidyApplicationCard.of(row)


@routes.get("/subsidy-queue", summary="待审核的补贴申请", roles=_REVIEWERS, query=PageQuery, reply=Page[WaitingSubsidy])
def list_waiting(call: Call[Any]) -> Page[WaitingSubsidy]:
    """新申请和申诉，先提交的在前。"""
    after = matched(_APPLICATION_CURSOR, call.query.cursor)
    rows, more = actions.list_waiting(limit=call.query.limit, after=after and after[0])
    views = [WaitingSubsidy.of(row) for row in rows]
    return Page(items=views, next_cursor=encode_cursor(views[-1].application_id) if more else None)


@routes.get("/subsidies", summary="我的补贴资格", roles={Role.CLIENT}, reply=Page[SubsidyGrantView])
def list_grants(call: Call[Any]) -> Page[SubsidyGrantView]:
    """名下就诊人已获得的补贴；报价时自动使用。"""
    return Page(items=[SubsidyGrantView.of(held, call.now) for held in actions.list_grants(call.caller.subject)])


def _shown(evidence: tuple[ShownEvidence, ...]) -> list[tuple[str, str]]:
    return [(each.kind, each.file_id) for each in evidence]
