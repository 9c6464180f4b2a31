"""Who may work as a companion, and what may be shown of them (F1, F23, F27)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from functions.shared.errors import Conflict, FieldError, Invalid

RATING_MAX_HUNDREDTHS = 500


class CompanionState(StrEnum):
    """The life of a companion with the platform."""

    APPLIED = "applied"
    CERTIFIED = "certified"
    ACTIVE = "active"
    SUSPENDED = "suspended"


TRANSITIONS: Mapping[CompanionState, frozenset[CompanionState]] = {
    CompanionState.APPLIED: frozenset({CompanionState.CERTIFIED}),
    CompanionState.CERTIFIED: frozenset({CompanionState.ACTIVE, CompanionState.SUSPENDED}),
    CompanionState.ACTIVE: frozenset({CompanionState.SUSPENDED}),
    CompanionState.SUSPENDED: frozenset({CompanionState.ACTIVE}),
}


class Tier(StrEnum):
    """初级, 中级, 高级."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class CredentialKind(StrEnum):
    ID_CARD = "id_card"
    HEALTH_CERTIFICATE = "health_certificate"
    COMPANION_TRAINING = "companion_training"
    FIRST_AID = "first_aid"
    NURSE_LICENSE = "nurse_license"


REQUIRED_CREDENTIALS = frozenset(
    {CredentialKind.ID_CARD, CredentialKind.HEALTH_CERTIFICATE, CredentialKind.COMPANION_TRAINING}
)
"""Nobody accompanies a patient without these."""


class IllegalTransition(Conflict):
    """The companion's state does not allow this step."""

    code = "illegal_transition"
    title = "陪诊师当前状态不允许此操作"


class CredentialsMissing(Conflict):
    """A required credential is absent, unverified or expired; `errors` names each."""

    code = "credentials_missing"
    title = "必备资质不齐或未通过核验"


class ProfileInvalid(Invalid):
    """A profile contradicts itself; `errors` says where."""

    code = "profile_invalid"
    title = "陪诊师资料有误"


@dataclass(frozen=True)
class Credential:
    """A certificate. `verified_by` is the staff member who checked the original, None until somebody did."""

    kind: CredentialKind
    number_masked: str
    issued_by: str
    expires_on: date
    verified_by: str | None = None

    def is_verified(self, on: date) -> bool:
        """Checked by staff and still valid on that China calendar day (its last day counts)."""
        return self.verified_by is not None and on <= self.expires_on


@dataclass(frozen=True)
class Service:
    """The departments of one hospital where the companion works."""

    hospital_id: str
    department_ids: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """A companion. `rating_hundredths` is out of five times one hundred, None while nobody has rated."""

    companion_id: str
    name: str
    city: str
    gender: Gender
    birth_year: int
    tier: Tier
    languages: tuple[str, ...]
    serves: tuple[Service, ...]
    rating_hundredths: int | None
    completed_visits: int
    cases_by_department: Mapping[str, int]
    intro: str
    credentials: tuple[Credential, ...]
    state: CompanionState

    @property
    def is_active(self) -> bool:
        return self.state is CompanionState.ACTIVE

    def verified_credentials(self, on: date) -> tuple[Credential, ...]:
        """The only credentials that may be shown, or relied on, that day."""
        return tuple(credential for credential in self.credentials if credential.is_verified(on))

    def is_first_aid_certified(self, on: date) -> bool:
        """Follows from the verified credentials, never from what the companion says."""
        return any(c.kind is CredentialKind.FIRST_AID for c in self.verified_credentials(on))


def move(state: CompanionState, to: CompanionState) -> CompanionState:
    """`to`, if a companion may go there from `state`; otherwise IllegalTransition."""
    if to not in TRANSITIONS[state]:
        raise IllegalTransition()
    return to


def certify(state: CompanionState, credentials: Iterable[Credential], on: date) -> CompanionState:
    """From applied to certified; CredentialsMissing unless every required credential is verified that day."""
    held = {credential.kind for credential in credentials if credential.is_verified(on)}
    missing = sorted(REQUIRED_CREDENTIALS - held)
    if missing:
        raise CredentialsMissing(
            errors=tuple(FieldError(f"credentials.{kind}", "缺失、未核验或已过期") for kind in missing)
        )
    return move(state, CompanionState.CERTIFIED)


def checked(profile: Profile) -> Profile:
    """`profile`, if its numbers can be true; otherwise ProfileInvalid."""
    rating, cases = profile.rating_hundredths, profile.cases_by_department
    kinds = [credential.kind for credential in profile.credentials]
    claims = (
        (rating is None or 100 <= rating <= RATING_MAX_HUNDREDTHS, "rating_hundredths", "评分应在 100 至 500 之间"),
        (profile.completed_visits >= 0, "completed_visits", "不能为负"),
        (all(count > 0 for count in cases.values()), "cases_by_department", "每个科室的次数应为正数"),
        (sum(cases.values()) <= max(0, profile.completed_visits), "cases_by_department", "合计超过了完成次数"),
        (bool(profile.serves), "serves", "至少服务一个科室"),
        (all(service.department_ids for service in profile.serves), "serves", "每家医院至少一个科室"),
        (len(kinds) == len(set(kinds)), "credentials", "同一种资质重复"),
        (bool(profile.languages), "languages", "至少一种语言"),
    )
    errors = tuple(FieldError(field, message) for holds, field, message in claims if not holds)
    if errors:
        raise ProfileInvalid(errors=errors)
    return profile
