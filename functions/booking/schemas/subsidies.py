"""Subsidy programmes, applications and grants."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.actions.subsidies import Budget, Held, Texts
from functions.booking.rules.subsidies import (
    APPLICATION_TITLES,
    ApplicationState,
    CapPeriod,
    EvidenceKind,
    Programme,
    appeal_ends_at,
)
from functions.booking.schemas.common import Id, Instant, china_or_none
from functions.booking.table.subsidies import ApplicationRow, ProgrammeRow, QueueRow
from functions.shared import clock
from functions.shared.files import DOCUMENTS, Upload
from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.shared.money import BP_WHOLE, MAX_FEN

Fen = Annotated[int, Meta(ge=1, le=MAX_FEN, description="金额，单位：分")]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
_MOST_FILES = 12


class EvidenceKindBody(Body, frozen=True):
    """一种证明材料。"""

    code: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    title: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\S")]


class ProgrammeBody(Body, frozen=True, kw_only=True):
    """补贴项目的全部条件。`percent_bp` 与 `off_fen` 只填一项。"""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
    summary: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
    evidence: Annotated[tuple[EvidenceKindBody, ...], Meta(min_length=1, max_length=10)]
    cap_fen: Fen
    cap_per: CapPeriod
    budget_fen: Fen
    valid_from: date
    valid_until: date
    percent_bp: Annotated[int, Meta(ge=1, le=BP_WHOLE, description="按优惠前价格（不含保费）的比例，基点")] | None = (
        None
    )
    off_fen: Fen | None = None
    cities: Annotated[tuple[Id, ...], Meta(max_length=400, description="适用城市的行政区划代码；空为不限")] = ()
    min_age: Annotated[int, Meta(ge=0, le=120)] = 0
    rank: Annotated[int, Meta(ge=0, le=1_000, description="多项补贴同时适用时，数字小的先算")] = 100
    combinable: Annotated[bool, Meta(description="可否与其他补贴同享")] = True
    accepting: Annotated[bool, Meta(description="是否接受新的申请")] = True
    appeal_days: Annotated[int, Meta(ge=0, le=365)] = 15
    shards: Annotated[int, Meta(ge=1, le=16, description="预算分片数，创建后不变")] = 4

    def programme(self, programme_id: str = "") -> Programme:
        """Invalid where the parts do not fit together."""
        return Programme(
            id=programme_id,
            name=self.name,
            summary=self.summary,
            evidence=tuple(EvidenceKind(kind.code, kind.title) for kind in self.evidence),
            percent_bp=self.percent_bp,
            off_fen=self.off_fen,
            cap_fen=self.cap_fen,
            cap_per=self.cap_per,
            budget_fen=self.budget_fen,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            cities=frozenset(self.cities),
            min_age=self.min_age,
            rank=self.rank,
            combinable=self.combinable,
            accepting=self.accepting,
            appeal_days=self.appeal_days,
            shards=self.shards,
        )


class ChangeProgramme(ProgrammeBody, frozen=True, kw_only=True):
    """整份条件，连同修改原因。"""

    reason: Reason


class EvidenceKindView(Reading, frozen=True, kw_only=True):
    """一种证明材料。"""

    code: str
    title: str


class ProgrammeView(Reading, frozen=True, kw_only=True):
    """一个补贴项目。"""

    programme_id: str
    name: str
    summary: str
    rule_text: str
    evidence: list[EvidenceKindView]
    percent_bp: int | None
    off_fen: int | None
    cap_fen: int
    cap_per: CapPeriod
    valid_from: date
    valid_until: date
    cities: list[str]
    min_age: int
    combinable: bool
    accepting: bool
    appeal_days: int

    @classmethod
    def of(cls, programme: Programme) -> "ProgrammeView":
        return cls(
            programme_id=programme.id,
            name=programme.name,
            summary=programme.summary,
            rule_text=programme.rule_text,
            evidence=[EvidenceKindView(code=kind.code, title=kind.title) for kind in programme.evidence],
            percent_bp=programme.percent_bp,
            off_fen=programme.off_fen,
            cap_fen=programme.cap_fen,
            cap_per=programme.cap_per,
            valid_from=programme.valid_from,
            valid_until=programme.valid_until,
            cities=sorted(programme.cities),
            min_age=programme.min_age,
            combinable=programme.combinable,
            accepting=programme.accepting,
            appeal_days=programme.appeal_days,
        )


class ManagedProgramme(Reading, frozen=True, kw_only=True):
    """运营看到的补贴项目，连同预算去向：剩余 + 占用 + 已支出 = 预算。"""

    programme: ProgrammeView
    rank: int
    shards: int
    budget_fen: int
    left_fen: int
    reserved_fen: int
    spent_fen: int
    version: int

    @classmethod
    def of(cls, row: ProgrammeRow, budget: Budget) -> "ManagedProgramme":
        programme = row.programme
        return cls(
            programme=ProgrammeView.of(programme),
            rank=programme.rank,
            shards=programme.shards,
            budget_fen=programme.budget_fen,
            left_fen=budget.left_fen,
            reserved_fen=budget.reserved_fen,
            spent_fen=budget.spent_fen,
            version=int(row.version),
        )


class SavedProgramme(Reading, frozen=True, kw_only=True):
    """补贴项目已保存。"""

    programme: ProgrammeView
    version: int

    @classmethod
    def of(cls, row: ProgrammeRow) -> "SavedProgramme":
        return cls(programme=ProgrammeView.of(row.programme), version=int(row.version))


class AllowEvidence(Body, frozen=True):
    """要上传的证明材料的格式。"""

    content_type: Annotated[str, Meta(max_length=100, description="、".join(sorted(DOCUMENTS)))]


class EvidenceUpload(Reading, frozen=True, kw_only=True):
    """向 `url` 提交 multipart 表单：先放全部 `fields`，最后放名为 `file` 的文件。"""

    file_id: str
    url: str
    fields: dict[str, str]
    expires_at: Instant
    max_bytes: int

    @classmethod
    def of(cls, upload: Upload) -> "EvidenceUpload":
        return cls(
            file_id=upload.file_id,
            url=upload.url,
            fields=dict(upload.fields),
            expires_at=clock.china(upload.expires_at),
            max_bytes=upload.max_bytes,
        )


class ShownEvidence(Body, frozen=True):
    """一份已上传的证明材料。"""

    kind: Annotated[str, Meta(min_length=1, max_length=40)]
    file_id: Id


class ApplyForSubsidy(Body, frozen=True):
    """为一位就诊人申请补贴。"""

    programme_id: Id
    patient_id: Id
    evidence: Annotated[tuple[ShownEvidence, ...], Meta(min_length=1, max_length=_MOST_FILES)]


class AppealSubsidy(Body, frozen=True):
    """对驳回提出申诉，可补充材料。"""

    reason: Reason
    evidence: Annotated[tuple[ShownEvidence, ...], Meta(max_length=_MOST_FILES)] = ()


class DecideSubsidy(Body, frozen=True):
    """审核结论。通过须写明有效期；理由会展示给申请人。"""

    approved: bool
    reason: Reason
    valid_until: date | None = None


class SubsidyApplicationCard(Reading, frozen=True, kw_only=True):
    """一份补贴申请。"""

    application_id: str
    programme_id: str
    patient_id: str
    state: ApplicationState
    state_title: str
    submitted_at: Instant
    decided_at: Instant | None
    appealed_at: Instant | None
    valid_until: date | None
    version: int

    @classmethod
    def of(cls, row: ApplicationRow) -> "SubsidyApplicationCard":
        last = row.decisions[-1] if row.decisions else None
        return cls(
            application_id=row.application_id,
            programme_id=row.programme_id,
            patient_id=row.patient_id,
            state=row.state,
            state_title=APPLICATION_TITLES[row.state],
            submitted_at=clock.china(row.submitted_at),
            decided_at=china_or_none(last.decided_at if last else None),
            appealed_at=china_or_none(row.appealed_at),
            valid_until=last.valid_until if last else None,
            version=int(row.version),
        )


class SubsidyEvidenceView(Reading, frozen=True, kw_only=True):
    """一份材料；内容另取短时链接。"""

    kind: str
    file_id: str
    content_type: str


class SubsidyDecisionView(Reading, frozen=True, kw_only=True):
    """一次审核结论。"""

    approved: bool
    decided_at: Instant
    reason: str | None
    valid_until: date | None
    by: str | None
    """经办人，只给运营人员看。"""


class SubsidyApplicationView(Reading, frozen=True, kw_only=True):
    """一份补贴申请的全部内容。"""

    application: SubsidyApplicationCard
    evidence: list[SubsidyEvidenceView]
    decisions: list[SubsidyDecisionView]
    appeal: str | None
    appeal_ends_at: Instant | None
    """可以申诉的最后时间；不能申诉时为空。"""

    @classmethod
    def of(
        cls, row: ApplicationRow, texts: Texts, programme: Programme, *, for_staff: bool
    ) -> "SubsidyApplicationView":
        may_appeal = row.state is ApplicationState.REJECTED
        return cls(
            application=SubsidyApplicationCard.of(row),
            evidence=[
                SubsidyEvidenceView(kind=each.kind, file_id=each.file_id, content_type=each.content_type)
                for each in row.evidence
            ],
            decisions=[
                SubsidyDecisionView(
                    approved=each.approved,
                    decided_at=clock.china(each.decided_at),
                    reason=reason,
                    valid_until=each.valid_until,
                    by=each.staff_id if for_staff else None,
                )
                for each, reason in zip(row.decisions, texts.reasons, strict=True)
            ],
            appeal=texts.appeal,
            appeal_ends_at=china_or_none(appeal_ends_at(programme, row.decisions)) if may_appeal else None,
        )


class SubsidyEvidenceLink(Reading, frozen=True, kw_only=True):
    """五分钟内可打开的链接。"""

    url: str


class WaitingSubsidy(Reading, frozen=True, kw_only=True):
    """待审核的一份申请。"""

    application_id: str
    programme_id: str
    state: ApplicationState
    state_title: str
    submitted_at: Instant

    @classmethod
    def of(cls, row: QueueRow) -> "WaitingSubsidy":
        return cls(
            application_id=row.sk,
            programme_id=row.programme_id,
            state=row.state,
            state_title=APPLICATION_TITLES[row.state],
            submitted_at=clock.china(row.submitted_at),
        )


class SubsidyGrantView(Reading, frozen=True, kw_only=True):
    """就诊人已获得的补贴资格；下单时自动使用。"""

    grant_id: str
    patient_id: str
    programme_id: str
    name: str
    rule_text: str
    valid_until: date
    valid: bool

    @classmethod
    def of(cls, held: Held, now: datetime) -> "SubsidyGrantView":
        last = min(held.grant.valid_until, held.programme.valid_until)
        return cls(
            grant_id=held.grant.grant_id,
            patient_id=held.grant.patient_id,
            programme_id=held.programme.id,
            name=held.programme.name,
            rule_text=held.programme.rule_text,
            valid_until=last,
            valid=clock.service_date(now) <= last,
        )
