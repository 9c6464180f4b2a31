"""Who may work as a companion, and what may be shown of them (F1, F23, F27)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from functions.booking.rules.conditions import MAX_SPECIALTIES, ConditionType
from functions.companions.rules.credentials import Credential, CredentialKind, require
from functions.shared.errors import Conflict, FieldError, Invalid

RATING_MAX_HUNDREDTHS = 500


class CompanionState(StrEnum):
    """The life of a companion with the platform."""

    APPLIED = "applied"
    CERTIFIED = "certified"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    """For good: what was complained of was not put right."""


TRANSITIONS: Mapping[CompanionState, frozenset[CompanionState]] = {
    CompanionState.APPLIED: frozenset({CompanionState.CERTIFIED}),
    CompanionState.CERTIFIED: frozenset({CompanionState.ACTIVE, CompanionState.SUSPENDED}),
    CompanionState.ACTIVE: frozenset({CompanionState.SUSPENDED}),
    CompanionState.SUSPENDED: frozenset({CompanionState.ACTIVE, CompanionState.REMOVED}),
    CompanionState.REMOVED: frozenset(),
}


class Tier(StrEnum):
    """初级, 中级, 高级."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class SuspensionReason(StrEnum):
    """Why a companion may not work. Each has to be lifted by itself."""

    CREDENTIAL_EXPIRED = "credential_expired"
    STAFF = "staff"
    COMPLAINTS = "complaints"
    """Clients complained too often: until a rectification is lifted (F31)."""


class IllegalTransition(Conflict):
    """The companion's state does not allow this step."""

    code = "illegal_transition"
    title = "陪诊师当前状态不允许此操作"


class ProfileInvalid(Invalid):
    """A profile contradicts itself; `errors` says where."""

    code = "profile_invalid"
    title = "陪诊师资料有误"


@dataclass(frozen=True)
class Service:
    """The departments of one hospital where the companion works."""

    hospital_id: str
    department_ids: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """A companion. `rating_hundredths` is out of five times one hundred, None while nobody has rated.

    Suspended means that `suspended_for` names at least one reason.
    """

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
    suspended_for: tuple[SuspensionReason, ...] = ()
    specialties: tuple[ConditionType, ...] = ()

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
    require(credentials, on)
    return move(state, CompanionState.CERTIFIED)


def suspend(profile: Profile, reason: SuspensionReason) -> Profile:
    """The profile suspended for this reason too; IllegalTransition if it already is."""
    if reason in profile.suspended_for:
        raise IllegalTransition("已经因为同样的原因停用")
    state = profile.state if profile.suspended_for else move(profile.state, CompanionState.SUSPENDED)
    return replace(profile, state=state, suspended_for=(*profile.suspended_for, reason))


def removed(profile: Profile) -> Profile:
    """The profile of somebody who was suspended and will not work again; IllegalTransition for anybody else."""
    return replace(profile, state=move(profile.state, CompanionState.REMOVED))


def reinstate(profile: Profile, reason: SuspensionReason, on: date) -> Profile:
    """The profile without this reason, active if it was the last one.

    IllegalTransition if it was not suspended for it; CredentialsMissing if work could not begin that day.
    """
    if reason not in profile.suspended_for:
        raise IllegalTransition("没有因为这个原因停用")
    rest = tuple(each for each in profile.suspended_for if each is not reason)
    if rest:
        return replace(profile, suspended_for=rest)
    require(profile.credentials, on)
    return replace(profile, state=move(profile.state, CompanionState.ACTIVE), suspended_for=())


def with_credential(profile: Profile, credential: Credential) -> Profile:
    """The profile with this credential in place of the one of its kind."""
    others = tuple(each for each in profile.credentials if each.kind is not credential.kind)
    return replace(profile, credentials=(*others, credential))


def with_visit(profile: Profile, department_id: str) -> Profile:
    """One more completed visit, counted for its department too."""
    cases = dict(profile.cases_by_department)
    cases[department_id] = cases.get(department_id, 0) + 1
    return replace(profile, completed_visits=profile.completed_visits + 1, cases_by_department=cases)


def with_tier(profile: Profile, tier: Tier) -> Profile:
    """The profile in another tier."""
    return replace(profile, tier=tier)


def shown_cases(profile: Profile, *, least: int) -> dict[str, int]:
    """Cases by department for the public; fewer than `least` could point at a person and are left out."""
    return {department: count for department, count in profile.cases_by_department.items() if count >= least}


def with_specialties(profile: Profile, specialties: tuple[ConditionType, ...]) -> Profile:
    """The profile with these in place of what it named; ProfileInvalid."""
    return checked(replace(profile, specialties=specialties))


def specialty_claims(specialties: Sequence[ConditionType]) -> tuple[tuple[bool, str, str], ...]:
    """What has to hold of them, with the field and the words for where it does not."""
    return (
        (len(set(specialties)) == len(specialties), "specialties", "擅长的就诊类型重复"),
        (len(specialties) <= MAX_SPECIALTIES, "specialties", f"最多 {MAX_SPECIALTIES} 种擅长的就诊类型"),
    )


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
        *specialty_claims(profile.specialties),
    )
    errors = tuple(FieldError(field, message) for holds, field, message in claims if not holds)
    if errors:
        raise ProfileInvalid(errors=errors)
    return profile
