"""Reading companions' profiles, and admitting those whom staff (today: the seed) have checked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from functions.booking.rules.conditions import CONDITION_TITLES, ConditionType
from functions.companions import rules
from functions.companions.actions import announcing
from functions.companions.rules import CompanionState, Credential, CredentialKind, Gender, Profile, Service, Tier
from functions.companions.rules import profiles as profile_rules
from functions.companions.rules.policy import Policy
from functions.companions.table import base, profiles
from functions.shared import audit, clock
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def find_profile(companion_id: str) -> Profile:
    """The companion in whatever state, up to a minute old; NotFound."""
    profile = profiles.kept_profile(companion_id)
    if profile is None:
        raise NotFound()
    return profile


def find_active_profile(companion_id: str) -> Profile:
    """The companion if clients may see them; to everybody else a suspended companion is NotFound."""
    profile = find_profile(companion_id)
    if not profile.is_active:
        raise NotFound()
    return profile


def put_companion(
    tx: Tx,
    *,
    id: str,
    name: str,
    city: str,
    gender: str,
    birth_year: int,
    tier: str,
    languages: Sequence[str],
    first_aid_certified: bool,
    serves: Sequence[Mapping[str, Any]],
    rating_hundredths: int | None,
    completed_visits: int,
    cases_by_department: Mapping[str, int],
    intro: str,
    credentials: Sequence[Mapping[str, Any]],
    specialties: Sequence[str] = (),
    verified_by: str = "stf_seed",
) -> Profile:
    """Admit or replace an active companion, in the shape of the seed; emits companion.activated when anything changed.

    The credentials count as verified by `verified_by`. Raises ProfileInvalid, CredentialsMissing; a claim of first aid
    without its credential is ProfileInvalid too.
    """
    today = clock.service_date(tx.now)
    held = tuple(_credential(**credential, verified_by=verified_by) for credential in credentials)
    profile = rules.checked(
        Profile(
            companion_id=id,
            name=name,
            city=city,
            gender=Gender(gender),
            birth_year=birth_year,
            tier=Tier(tier),
            languages=tuple(languages),
            serves=tuple(Service(entry["hospital_id"], tuple(entry["department_ids"])) for entry in serves),
            rating_hundredths=rating_hundredths,
            completed_visits=completed_visits,
            cases_by_department=dict(cases_by_department),
            intro=intro,
            credentials=held,
            state=rules.move(rules.certify(CompanionState.APPLIED, held, today), CompanionState.ACTIVE),
            specialties=tuple(ConditionType(each) for each in specialties),
        )
    )
    if first_aid_certified and not profile.is_first_aid_certified(today):
        raise rules.ProfileInvalid("声明了急救证，但没有通过核验的急救资质")
    before = profiles.find_profile_row(id)
    if before is None:
        announcing.admit(tx, profile)
    elif before.to_profile() != profile:
        announcing.enroll(tx, id)
        announcing.store(tx, before, profile)
        announcing.watch(tx, profile)
    return profile


def change_specialties(
    tx: Tx, *, companion_id: str, specialties: tuple[ConditionType, ...], reason: str, actor: str
) -> Profile:
    """Staff say what the companion is good at, in place of what was said before. NotFound, ProfileInvalid."""
    row = profiles.find_profile_row(companion_id)
    if row is None:
        raise NotFound()
    before = row.to_profile()
    profile = profile_rules.with_specialties(before, specialties)
    announcing.store(tx, row, profile)
    audit.record(
        tx,
        actor=actor,
        act="companion.specialties_changed",
        subject=companion_id,
        reason=reason,
        before=_titles(before.specialties),
        after=_titles(profile.specialties),
    )
    return profile


def read_own(companion_id: str) -> Profile:
    """The companion's profile as it is this moment; NotFound."""
    row = profiles.find_profile_row(companion_id)
    if row is None:
        raise NotFound()
    return row.to_profile()


def public_cases(profile: Profile) -> dict[str, int]:
    """How many visits of each department may be shown."""
    return profile_rules.shown_cases(profile, least=base.policy().cases_shown_from)


def put_policy(tx: Tx, policy: Policy) -> None:
    """The room's thresholds; processes follow within a minute."""
    row, before = base.PolicyRow("CONFIG", "policy", policy=policy), base.stored_policy()
    row.version = before.version if before else 0
    tx.save(row)


def _titles(specialties: Sequence[ConditionType]) -> str:
    return "、".join(CONDITION_TITLES[each] for each in specialties)


def _credential(
    *, kind: str, number_masked: str, issued_by: str, expires_on: date | str, verified_by: str
) -> Credential:
    until = date.fromisoformat(expires_on) if isinstance(expires_on, str) else expires_on
    return Credential(CredentialKind(kind), number_masked, issued_by, until, verified_by)
