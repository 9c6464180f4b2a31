"""Patients, their guardians and consents."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from functions.accounts.actions.emergency_cards import EmergencyCard
from functions.accounts.actions.patients import Patient
from functions.accounts.rules import consents, identity
from functions.accounts.rules.consents import ConsentPurpose
from functions.accounts.rules.identity import Gender, Relation
from functions.accounts.rules.patients import Guardian, PatientFacts
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

Name = Annotated[str, Meta(min_length=1, max_length=40)]
IdNumber = Annotated[str, Meta(min_length=18, max_length=18, description="18 位居民身份证号")]
Phone = Annotated[str, Meta(min_length=11, max_length=11, description="11 位大陆手机号")]
BirthDate = Annotated[date, Meta(description="出生日期，例如 1958-03-05")]


class GivenConsent(Body, frozen=True, kw_only=True):
    """用户此刻同意的一份文件。"""

    purpose: ConsentPurpose
    document_version: Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{1,32}$", description="文件版本，例如 2026-03")]


class GivenGuardian(Body, frozen=True, kw_only=True):
    """监护人；`relation` 是监护人与就诊人的关系。"""

    name: Name
    relation: Relation
    phone: Phone | None = None

    def to_guardian(self) -> Guardian:
        return Guardian(self.name, self.relation, self.phone)


class AddPatient(Body, frozen=True, kw_only=True):
    """新增就诊人。服务协议、隐私政策、敏感信息（单独同意）三项必须同意；未满 14 周岁还须监护人同意。"""

    name: Name
    birth_date: BirthDate
    gender: Gender
    relation: Annotated[Relation, Meta(description="就诊人与下单用户的关系")]
    consents: Annotated[list[GivenConsent], Meta(min_length=1, max_length=8)]
    id_number: IdNumber | None = None
    phone: Phone | None = None
    guardian: GivenGuardian | None = None

    def facts(self) -> PatientFacts:
        return PatientFacts(
            name=self.name,
            birth_date=self.birth_date,
            gender=self.gender,
            relation=self.relation,
            id_number=identity.normal_id_number(self.id_number) if self.id_number else None,
            phone=self.phone,
            guardian=self.guardian.to_guardian() if self.guardian else None,
        )


class ChangePatient(Body, frozen=True, kw_only=True):
    """修改就诊人：没有给出的项不变（页面上只有脱敏值，不必重填），给出 null 则删除该项。"""

    name: Name | UnsetType = UNSET
    birth_date: BirthDate | UnsetType = UNSET
    gender: Gender | UnsetType = UNSET
    relation: Relation | UnsetType = UNSET
    id_number: IdNumber | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    guardian: GivenGuardian | UnsetType | None = UNSET
    consents: Annotated[list[GivenConsent], Meta(max_length=8)] = field(default_factory=list)

    def applied_to(self, facts: PatientFacts) -> PatientFacts:
        changes = {name: value for name in _CHANGEABLE if (value := getattr(self, name)) is not UNSET}
        if changes.get("id_number"):
            changes["id_number"] = identity.normal_id_number(changes["id_number"])
        if isinstance(self.guardian, GivenGuardian):
            changes["guardian"] = self.guardian.to_guardian()
        return replace(facts, **changes)


_CHANGEABLE = ("name", "birth_date", "gender", "relation", "id_number", "phone", "guardian")


class PatientView(Reading, frozen=True, kw_only=True):
    """就诊人；姓名、证件号、手机号一律脱敏。"""

    patient_id: str
    name_masked: str
    birth_date: date
    age: int
    gender: Gender
    relation: Relation
    id_number_masked: str | None
    phone_masked: str | None
    guardian_name_masked: str | None
    guardian_relation: Relation | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, patient: Patient) -> "PatientView":
        return cls(
            patient_id=patient.patient_id,
            name_masked=patient.name_masked,
            birth_date=patient.birth_date,
            age=patient.age,
            gender=patient.gender,
            relation=patient.relation,
            id_number_masked=patient.id_number_masked,
            phone_masked=patient.phone_masked,
            guardian_name_masked=patient.guardian_name_masked,
            guardian_relation=patient.guardian_relation,
            created_at=clock.china(patient.created_at),
            version=patient.version,
        )


class PatientList(Reading, frozen=True, kw_only=True):
    """本人名下的全部就诊人。"""

    items: list[PatientView]


class ConsentView(Reading, frozen=True, kw_only=True):
    """一次同意的记录，只增不改。"""

    purpose: ConsentPurpose
    document_version: str
    granted_at: datetime
    by: Annotated[str, Meta(description="同意者的账号")]
    guardian_name_masked: str | None

    @classmethod
    def of(cls, consent: consents.Consent) -> "ConsentView":
        return cls(
            purpose=consent.purpose,
            document_version=consent.document_version,
            granted_at=clock.china(consent.granted_at),
            by=consent.by,
            guardian_name_masked=consent.guardian_name_masked,
        )


class ConsentList(Reading, frozen=True, kw_only=True):
    """按时间先后。"""

    items: list[ConsentView]


class EmergencyCardBody(Body, frozen=True, kw_only=True):
    """紧急情况卡：求助时医院急救台可见的病情摘要。提交即表示单独同意在紧急情况下共享；删除即撤回。"""

    summary: Annotated[str, Meta(min_length=1, max_length=500, description="过敏、慢性病、长期用药、植入物等")]
    consent_version: Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{1,32}$", description="同意书版本，例如 2026-03")]


class EmergencyCardView(Reading, frozen=True, kw_only=True):
    """紧急情况卡；只有本人账号能看到全文。"""

    summary: str
    consented_at: datetime
    version: int

    @classmethod
    def of(cls, card: EmergencyCard) -> "EmergencyCardView":
        return cls(summary=card.summary, consented_at=clock.china(card.consented_at), version=card.version)


def by_purpose(given: list[GivenConsent]) -> Mapping[ConsentPurpose, str]:
    """Purpose → version; Invalid if a purpose comes twice."""
    versions = {consent.purpose: consent.document_version for consent in given}
    if len(versions) != len(given):
        raise Invalid(errors=(FieldError("consents", "同一项同意重复出现"),))
    return versions
