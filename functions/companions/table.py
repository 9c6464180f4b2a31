"""The companions table: one row per companion."""

import re

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.companions.rules import CompanionState, Credential, Gender, Profile, Service, Tier
from functions.shared.table import JsonAttribute, Row, find, keep

_ID = re.compile(r"(acc|cmp)_[A-Za-z0-9_]{1,60}")
"""An account's id, or the speaking id of a seeded companion; anything else is not looked up."""


class CompanionsRow(Row):
    class Meta:
        table_name = "companions"


class ProfileRow(CompanionsRow, discriminator="companion_profile"):
    companion_id = UnicodeAttribute()
    name = UnicodeAttribute()
    city = UnicodeAttribute()
    gender = UnicodeAttribute()
    birth_year = NumberAttribute()
    tier = UnicodeAttribute()
    languages: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    serves: JsonAttribute[tuple[Service, ...]] = JsonAttribute(tuple[Service, ...])
    rating_hundredths = NumberAttribute(null=True)
    completed_visits = NumberAttribute()
    cases_by_department: JsonAttribute[dict[str, int]] = JsonAttribute(dict[str, int])
    intro = UnicodeAttribute()
    credentials: JsonAttribute[tuple[Credential, ...]] = JsonAttribute(tuple[Credential, ...])
    state = UnicodeAttribute()

    def to_profile(self) -> Profile:
        return Profile(
            companion_id=self.companion_id,
            name=self.name,
            city=self.city,
            gender=Gender(self.gender),
            birth_year=int(self.birth_year),
            tier=Tier(self.tier),
            languages=self.languages,
            serves=self.serves,
            rating_hundredths=None if self.rating_hundredths is None else int(self.rating_hundredths),
            completed_visits=int(self.completed_visits),
            cases_by_department=self.cases_by_department,
            intro=self.intro,
            credentials=self.credentials,
            state=CompanionState(self.state),
        )


def _key(companion_id: str) -> tuple[str, str]:
    return f"COMPANION#{companion_id}", "PROFILE"


def profile_row(profile: Profile) -> ProfileRow:
    return ProfileRow(
        *_key(profile.companion_id),
        companion_id=profile.companion_id,
        name=profile.name,
        city=profile.city,
        gender=profile.gender,
        birth_year=profile.birth_year,
        tier=profile.tier,
        languages=profile.languages,
        serves=profile.serves,
        rating_hundredths=profile.rating_hundredths,
        completed_visits=profile.completed_visits,
        cases_by_department=dict(profile.cases_by_department),
        intro=profile.intro,
        credentials=profile.credentials,
        state=profile.state,
    )


def find_profile_row(companion_id: str) -> ProfileRow | None:
    return find(ProfileRow, *_key(companion_id))


def kept_profile(companion_id: str) -> Profile | None:
    if not _ID.fullmatch(companion_id):
        return None
    row = keep(ProfileRow, *_key(companion_id))
    return row.to_profile() if row else None
