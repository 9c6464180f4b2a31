"""Reading companions' profiles, and admitting those whom staff (today: the seed) have checked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from functions.companions import rules, table
from functions.companions.events import CompanionActivated, Serves
from functions.companions.rules import CompanionState, Credential, CredentialKind, Gender, Profile, Service, Tier
from functions.shared import clock
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

__all__ = ["Profile", "find_active_profile", "find_profile", "put_companion"]


def find_profile(companion_id: str) -> Profile:
    """The companion in whatever state, up to a minute old; NotFound."""
    profile = table.kept_profile(companion_id)
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
        )
    )
    if first_aid_certified and not profile.is_first_aid_certified(today):
        raise rules.ProfileInvalid("声明了急救证，但没有通过核验的急救资质")
    _save(tx, profile, today)
    return profile


def _save(tx: Tx, profile: Profile, today: date) -> None:
    before = table.find_profile_row(profile.companion_id)
    if before is not None and before.to_profile() == profile:
        return
    row = table.profile_row(profile)
    row.version = before.version if before else 0
    tx.save(row)
    tx.emit(
        CompanionActivated(
            companion_id=profile.companion_id,
            display_name=profile.name,
            city=profile.city,
            tier=profile.tier,
            gender=profile.gender,
            languages=profile.languages,
            first_aid_certified=profile.is_first_aid_certified(today),
            serves=tuple(
                Serves(hospital_id=service.hospital_id, department_ids=service.department_ids)
                for service in profile.serves
            ),
            rating_hundredths=profile.rating_hundredths,
            completed_visits=profile.completed_visits,
            cases_by_department=dict(profile.cases_by_department),
        )
    )


def _credential(
    *, kind: str, number_masked: str, issued_by: str, expires_on: date | str, verified_by: str
) -> Credential:
    until = date.fromisoformat(expires_on) if isinstance(expires_on, str) else expires_on
    return Credential(CredentialKind(kind), number_masked, issued_by, until, verified_by)
