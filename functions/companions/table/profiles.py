"""One row per companion: the profile, and what has been said of it."""

import re

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.booking.rules.conditions import ConditionType
from functions.companions.rules import CompanionState, Credential, Gender, Profile, Service, SuspensionReason, Tier
from functions.companions.rules.tiers import Override
from functions.companions.table.base import CompanionsRow, Key, partition
from functions.shared.table import JsonAttribute, find, keep

_ID = re.compile(r"(acc|cmp)_[A-Za-z0-9_]{1,60}")
"""An account's id, or the speaking id of a seeded companion; anything else is not looked up."""


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
    rating_sequence = NumberAttribute(default=0)
    """Number of the last news of the rating."""
    completed_visits = NumberAttribute()
    cases_by_department: JsonAttribute[dict[str, int]] = JsonAttribute(dict[str, int])
    intro = UnicodeAttribute()
    credentials: JsonAttribute[tuple[Credential, ...]] = JsonAttribute(tuple[Credential, ...])
    state = UnicodeAttribute()
    suspended_for: JsonAttribute[tuple[SuspensionReason, ...]] = JsonAttribute(
        tuple[SuspensionReason, ...], default=tuple
    )
    specialties: JsonAttribute[tuple[ConditionType, ...]] = JsonAttribute(tuple[ConditionType, ...], default=tuple)
    sequence = NumberAttribute(default=0)
    """Of the last thing that the other rooms were told."""
    announced_visits = NumberAttribute(default=0)
    """`completed_visits` as they were told it."""
    warned: JsonAttribute[dict[str, int]] = JsonAttribute(dict[str, int], default=dict)
    """The last warning of each credential's expiry, in days ahead, by `<kind>#<last day>`."""
    override: JsonAttribute[Override | None] = JsonAttribute(Override | None, null=True)

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
            suspended_for=self.suspended_for,
            specialties=self.specialties,
        )

    def put(self, profile: Profile) -> None:
        """Make the row say what `profile` says."""
        for name, value in profile_row(profile).attribute_values.items():
            if name in _OF_THE_PROFILE:
                setattr(self, name, value)


_OF_THE_PROFILE = frozenset(Profile.__dataclass_fields__)


def profile_key(companion_id: str) -> Key:
    return (partition(companion_id), "PROFILE")


def profile_row(profile: Profile) -> ProfileRow:
    return ProfileRow(
        *profile_key(profile.companion_id),
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
        suspended_for=profile.suspended_for,
        specialties=profile.specialties,
    )


def is_companion_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def find_profile_row(companion_id: str) -> ProfileRow | None:
    return find(ProfileRow, *profile_key(companion_id)) if is_companion_id(companion_id) else None


def kept_profile(companion_id: str) -> Profile | None:
    if not is_companion_id(companion_id):
        return None
    row = keep(ProfileRow, *profile_key(companion_id))
    return row.to_profile() if row else None
