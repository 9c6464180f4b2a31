"""Changing a companion's profile, telling the other rooms, and watching over its credentials' last days."""

from datetime import date, datetime, time, timedelta

from functions.companions.events import CompanionActivated, CompanionSuspended, Serves
from functions.companions.rules import Profile, credentials
from functions.companions.table import base, tiers
from functions.companions.table.profiles import ProfileRow, profile_row
from functions.shared import clock
from functions.shared.events import Timer
from functions.shared.tx import Tx

ROOM = "companions"
_WARNINGS_AT = time(9)
"""Nobody wants to be told of a certificate at midnight."""


def admit(tx: Tx, profile: Profile) -> None:
    """A new companion: on the roster, known to the other rooms, their credentials watched."""
    row = profile_row(profile)
    enroll(tx, profile.companion_id)
    store(tx, row, profile)
    watch(tx, profile)


def enroll(tx: Tx, companion_id: str) -> None:
    """Put the companion on the roster of the nightly review; once is enough."""
    tx.update(tiers.roster_row(companion_id), [])


def store(tx: Tx, row: ProfileRow, profile: Profile, *, aloud: bool = True) -> None:
    """Save `profile` in `row`; `aloud`, the other rooms are told what follows for them.

    They hear of an active profile in whole, and of a suspension when it begins.
    """
    was_active = row.version == 0 or row.to_profile().is_active
    row.put(profile)
    if aloud and (profile.is_active or was_active):
        row.sequence = int(row.sequence) + 1
        row.announced_visits = profile.completed_visits
        if profile.is_active:
            tx.emit(_activated(profile, sequence=row.sequence, today=clock.service_date(tx.now)))
        else:
            reason = profile.suspended_for[-1]
            tx.emit(CompanionSuspended(companion_id=profile.companion_id, sequence=row.sequence, reason=reason))
    tx.save(row)


def watch(tx: Tx, profile: Profile) -> None:
    """Come back when the next credential is to be warned of, or has expired."""
    ends = [credential.expires_on for credential in profile.credentials if credential.verified_by]
    today = clock.service_date(tx.now)
    day = credentials.next_check(ends, today=today, warn_days=base.policy().warn_days)
    if day is None:
        return
    expires = any(day == end + timedelta(days=1) for end in ends)
    due_at = _china(day, time(0) if expires else _WARNINGS_AT)
    tx.schedule(Timer(room=ROOM, kind="credential_check", subject=profile.companion_id, due_at=due_at))


def _china(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=clock.CHINA)


def _activated(profile: Profile, *, sequence: int, today: date) -> CompanionActivated:
    return CompanionActivated(
        companion_id=profile.companion_id,
        sequence=sequence,
        display_name=profile.name,
        city=profile.city,
        tier=profile.tier,
        gender=profile.gender,
        languages=profile.languages,
        first_aid_certified=profile.is_first_aid_certified(today),
        serves=tuple(
            Serves(hospital_id=service.hospital_id, department_ids=service.department_ids) for service in profile.serves
        ),
        rating_hundredths=profile.rating_hundredths,
        completed_visits=profile.completed_visits,
        cases_by_department=dict(profile.cases_by_department),
        specialties=profile.specialties,
    )
