"""What a client may know of a companion."""

from datetime import date

from functions.companions.rules import Credential, CredentialKind, Gender, Profile, Service, Tier
from functions.shared.http import Reading


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


class CompanionView(Reading, frozen=True, kw_only=True):
    """陪诊师公开资料；`rating_hundredths` 为五分制评分乘以一百，尚无评分时为空。"""

    companion_id: str
    name: str
    city: str
    gender: Gender
    tier: Tier
    languages: list[str]
    first_aid_certified: bool
    serves: list[ServiceView]
    rating_hundredths: int | None
    completed_visits: int
    cases_by_department: dict[str, int]
    intro: str
    credentials: list[CredentialView]

    @classmethod
    def of(cls, profile: Profile, today: date) -> "CompanionView":
        return cls(
            companion_id=profile.companion_id,
            name=profile.name,
            city=profile.city,
            gender=profile.gender,
            tier=profile.tier,
            languages=list(profile.languages),
            first_aid_certified=profile.is_first_aid_certified(today),
            serves=[ServiceView.of(service) for service in profile.serves],
            rating_hundredths=profile.rating_hundredths,
            completed_visits=profile.completed_visits,
            cases_by_department=dict(profile.cases_by_department),
            intro=profile.intro,
            credentials=[CredentialView.of(credential) for credential in profile.verified_credentials(today)],
        )
