"""Applications: what applicants send, what they and staff see."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from functions.booking.rules.conditions import MAX_SPECIALTIES, ConditionType
from functions.companions.actions.applications import Application
from functions.companions.rules.applications import (
    MAX_DEPARTMENTS,
    REFUSAL_TITLES,
    ApplicationState,
    Draft,
    Missing,
    PhoneCheck,
    PhoneOutcome,
    RefusalReason,
)
from functions.companions.rules.profiles import Gender, Service
from functions.companions.schemas.credentials import HeldView
from functions.companions.table.applications import QueueRow
from functions.shared import clock
from functions.shared.audit import Entry
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

_Id = Annotated[str, Meta(min_length=1, max_length=64)]
Specialties = Annotated[
    tuple[ConditionType, ...], Meta(max_length=MAX_SPECIALTIES, description="擅长的就诊类型，见 GET /condition-types")
]


class ServiceBody(Body, frozen=True):
    """愿意服务的一家医院及其科室。"""

    hospital_id: _Id
    department_ids: Annotated[list[_Id], Meta(min_length=1, max_length=MAX_DEPARTMENTS)]


class DraftBody(Body, frozen=True, kw_only=True):
    """申请人的情况；全部科室都在所选城市，总数不超过 90。"""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    gender: Gender
    birth_year: Annotated[int, Meta(ge=1900, le=2100)]
    city: Annotated[str, Meta(pattern=r"^\d{6}$", description="城市的行政区划代码")]
    languages: Annotated[list[Annotated[str, Meta(max_length=30)]], Meta(min_length=1, max_length=10)]
    serves: Annotated[list[ServiceBody], Meta(min_length=1, max_length=MAX_DEPARTMENTS)]
    intro: Annotated[str, Meta(min_length=10, max_length=300)]
    specialties: Specialties = ()

    def draft(self) -> Draft:
        return Draft(
            name=self.name.strip(),
            gender=self.gender,
            birth_year=self.birth_year,
            city=self.city,
            languages=tuple(self.languages),
            serves=tuple(Service(each.hospital_id, tuple(each.department_ids)) for each in self.serves),
            intro=self.intro.strip(),
            specialties=self.specialties,
        )


class ApplyBody(DraftBody, frozen=True):
    """身份证号与手机号加密保存，此后只显示掩码。"""

    id_number: Annotated[str, Meta(min_length=15, max_length=20)]
    phone: Annotated[str, Meta(min_length=11, max_length=11)]


class ChangeBody(DraftBody, frozen=True):
    """整份替换；身份证号与手机号不写就保持不变。"""

    id_number: Annotated[str, Meta(min_length=15, max_length=20)] | UnsetType = UNSET
    phone: Annotated[str, Meta(min_length=11, max_length=11)] | UnsetType = UNSET


class PhoneCheckBody(Body, frozen=True):
    """一次电话核实的结果；备注只有运营看得到。"""

    outcome: PhoneOutcome
    note: Annotated[str, Meta(max_length=300)] = ""


class RejectBody(Body, frozen=True):
    """不通过的原因；`note` 申请人看得到。"""

    reason: RefusalReason
    note: Annotated[str, Meta(min_length=5, max_length=300)]


class MissingBody(Body, frozen=True):
    """缺什么：`subject` 是资质种类或申请中的字段名。"""

    subject: Annotated[str, Meta(min_length=1, max_length=40)]
    note: Annotated[str, Meta(min_length=2, max_length=200)]


class MoreBody(Body, frozen=True):
    """请申请人补充的内容。"""

    missing: Annotated[list[MissingBody], Meta(min_length=1, max_length=20)]

    def items(self) -> tuple[Missing, ...]:
        return tuple(Missing(each.subject, each.note) for each in self.missing)


class MissingView(Reading, frozen=True, kw_only=True):
    subject: str
    note: str


class ServiceLine(Reading, frozen=True, kw_only=True):
    """愿意服务的一家医院及其科室。"""

    hospital_id: str
    department_ids: list[str]


class PhoneCheckView(Reading, frozen=True, kw_only=True):
    """一次电话核实。"""

    at: datetime
    by: str
    outcome: PhoneOutcome
    note: str

    @classmethod
    def of(cls, check: PhoneCheck) -> "PhoneCheckView":
        return cls(at=clock.china(check.at), by=check.by, outcome=check.outcome, note=check.note)


class ApplicationView(Reading, frozen=True, kw_only=True):
    """一份申请。`phone_checks` 只有运营看得到，申请人看到的是空列表。"""

    application_id: str
    account_id: str
    state: ApplicationState
    name: str
    gender: Gender
    birth_year: int
    city: str
    languages: list[str]
    serves: list[ServiceLine]
    intro: str
    specialties: list[ConditionType]
    id_number_masked: str
    phone_masked: str
    credentials: list[HeldView]
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    missing: list[MissingView]
    phone_checks: list[PhoneCheckView]
    refusal: RefusalReason | None
    refusal_title: str
    refusal_note: str
    version: int

    @classmethod
    def of(cls, application: Application, *, staff: bool = False) -> "ApplicationView":
        draft = application.draft
        return cls(
            application_id=application.application_id,
            account_id=application.account_id,
            state=application.state,
            name=draft.name,
            gender=draft.gender,
            birth_year=draft.birth_year,
            city=draft.city,
            languages=list(draft.languages),
            serves=[
                ServiceLine(hospital_id=each.hospital_id, department_ids=list(each.department_ids))
                for each in draft.serves
            ],
            intro=draft.intro,
            specialties=list(draft.specialties),
            id_number_masked=application.id_number_masked,
            phone_masked=application.phone_masked,
            credentials=[HeldView.of(each, staff=staff) for each in application.credentials],
            created_at=clock.china(application.created_at),
            submitted_at=application.submitted_at and clock.china(application.submitted_at),
            decided_at=application.decided_at and clock.china(application.decided_at),
            missing=[MissingView(subject=each.subject, note=each.note) for each in application.missing],
            phone_checks=[PhoneCheckView.of(each) for each in application.phone_checks] if staff else [],
            refusal=application.refusal,
            refusal_title=REFUSAL_TITLES[application.refusal] if application.refusal else "",
            refusal_note=application.refusal_note,
            version=application.version,
        )


class Handled(Reading, frozen=True, kw_only=True):
    """办理之后的状态；内容请再读一次。"""

    application_id: str
    state: ApplicationState
    version: int

    @classmethod
    def of(cls, application: Application) -> "Handled":
        return cls(application_id=application.application_id, state=application.state, version=application.version)


class WaitingView(Reading, frozen=True, kw_only=True):
    """等待处理的一项。`title` 是申请人掩码后的姓名，或续期的证件；`repeated` 是补充后再次提交，或文件曾被他人使用。"""

    subject_id: str
    account_id: str
    city: str
    title: str
    waiting_since: datetime
    repeated: bool

    @classmethod
    def of(cls, row: QueueRow) -> "WaitingView":
        return cls(
            subject_id=row.subject,
            account_id=row.account_id,
            city=row.city,
            title=row.title,
            waiting_since=clock.china(row.waiting_since),
            repeated=bool(row.repeated),
        )


class IdentityView(Reading, frozen=True, kw_only=True):
    """完整的身份证号与手机号，供电话核实；每次查看都有记录。"""

    id_number: str
    phone: str


class AuditView(Reading, frozen=True, kw_only=True):
    """一条操作记录。"""

    at: datetime
    actor: str
    act: str
    reason: str
    before: str
    after: str

    @classmethod
    def of(cls, entry: Entry) -> "AuditView":
        return cls(
            at=clock.china(entry.at),
            actor=entry.actor,
            act=entry.act,
            reason=entry.reason,
            before=entry.before,
            after=entry.after,
        )
