"""What a client may know of a companion, and what a companion knows of themselves."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated

from msgspec import Meta

from functions.booking.rules.conditions import ConditionType
from functions.companions.actions.certificates import Held
from functions.companions.rules import (
    CompanionState,
    Credential,
    CredentialKind,
    Gender,
    Profile,
    Service,
    SuspensionReason,
    Tier,
)
from functions.companions.rules.credentials import CREDENTIAL_TITLES
from functions.companions.schemas.applications import Specialties
from functions.companions.schemas.credentials import HeldView
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class CredentialView(Reading, frozen=True, kw_only=True):
    """一项已核验且在有效期内的资质；不含证件号码。"""

    kind: CredentialKind
    issued_by: str
    expires_on: date

    @classmethod
    def of(cls, credential: Credential) -> "CredentialView":
        return cls(kind=credential.kind, issued_by=credential.issued_by, expires_on=credential.expires_on)


class ServiceView(Reading, frozen=True, kw_only=True):
    """在一家医院服务的科室。"""

    hospital_id: str
    department_ids: list[str]

    @classmethod
    def of(cls, service: Service) -> "ServiceView":
        return cls(hospital_id=service.hospital_id, department_ids=list(service.department_ids))


class OwnCredentialView(Reading, frozen=True, kw_only=True):
    """资料上的一项资质；`verified` 指已核验且今天仍在有效期内。"""

    kind: CredentialKind
    title: str
    number_masked: str
    issued_by: str
    expires_on: date
    verified: bool


class OwnView(Reading, frozen=True, kw_only=True):
    """陪诊师看自己：公开资料之外，还有状态、停用原因、全部资质，以及上传后等待或未通过核验的证件。"""

    companion_id: str
    name: str
    city: str
    tier: Tier
    state: CompanionState
    suspended_for: list[SuspensionReason]
    languages: list[str]
    specialties: list[ConditionType]
    serves: list[ServiceView]
    rating_hundredths: int | None
    completed_visits: int
    cases_by_department: dict[str, int]
    intro: str
    credentials: list[OwnCredentialView]
    uploads: list[HeldView]

    @classmethod
    def of(cls, profile: Profile, uploads: Iterable[Held], today: date) -> "OwnView":
        return cls(
            companion_id=profile.companion_id,
            name=profile.name,
            city=profile.city,
            tier=profile.tier,
            state=profile.state,
            suspended_for=list(profile.suspended_for),
            languages=list(profile.languages),
            specialties=list(profile.specialties),
            serves=[ServiceView.of(service) for service in profile.serves],
            rating_hundredths=profile.rating_hundredths,
            completed_visits=profile.completed_visits,
            cases_by_department=dict(profile.cases_by_department),
            intro=profile.intro,
            credentials=[
                OwnCredentialView(
                    kind=each.kind,
                    title=CREDENTIAL_TITLES[each.kind],
                    number_masked=each.number_masked,
                    issued_by=each.issued_by,
                    expires_on=each.expires_on,
                    verified=each.is_verified(today),
                )
                for each in profile.credentials
            ],
            uploads=[HeldView.of(each) for each in uploads],
        )


class StandingBody(Body, frozen=True):
    """停用或恢复的理由，只有运营看得到。"""

    reason: Annotated[str, Meta(min_length=5, max_length=200)]


class StandingView(Reading, frozen=True, kw_only=True):
    """办理之后的状态；还有其他停用原因时，恢复后仍是停用。"""

    companion_id: str
    state: CompanionState
    suspended_for: list[SuspensionReason]

    @classmethod
    def of(cls, profile: Profile) -> "StandingView":
        return cls(companion_id=profile.companion_id, state=profile.state, suspended_for=list(profile.suspended_for))


class SpecialtiesBody(Body, frozen=True):
    """擅长的就诊类型，整份替换；理由只有运营看得到。"""

    specialties: Specialties
    reason: Annotated[str, Meta(min_length=5, max_length=200)]


class SpecialtiesView(Reading, frozen=True, kw_only=True):
    """修改之后擅长的就诊类型。"""

    companion_id: str
    specialties: list[ConditionType]

    @classmethod
    def of(cls, profile: Profile) -> "SpecialtiesView":
        return cls(companion_id=profile.companion_id, specialties=list(profile.specialties))


class CompanionView(Reading, frozen=True, kw_only=True):
    """陪诊师公开资料；`rating_hundredths` 为五分制评分乘以一百，尚无评分时为空。

    `cases_by_department` 不列次数过少的科室，也不含日期，免得认出就诊人。
    """

    companion_id: str
    name: str
    city: str
    gender: Gender
    tier: Tier
    languages: list[str]
    specialties: list[ConditionType]
    first_aid_certified: bool
    serves: list[ServiceView]
    rating_hundredths: int | None
    completed_visits: int
    cases_by_department: dict[str, int]
    intro: str
    credentials: list[CredentialView]

    @classmethod
    def of(cls, profile: Profile, today: date, *, cases: Mapping[str, int]) -> "CompanionView":
        return cls(
            companion_id=profile.companion_id,
            name=profile.name,
            city=profile.city,
            gender=profile.gender,
            tier=profile.tier,
            languages=list(profile.languages),
            specialties=list(profile.specialties),
            first_aid_certified=profile.is_first_aid_certified(today),
            serves=[ServiceView.of(service) for service in profile.serves],
            rating_hundredths=profile.rating_hundredths,
            completed_visits=profile.completed_visits,
            cases_by_department=dict(cases),
            intro=profile.intro,
            credentials=[CredentialView.of(credential) for credential in profile.verified_credentials(today)],
        )
