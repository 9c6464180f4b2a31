"""Tiers: the rules, what companions did lately, what changed, and the roster that the nightly review walks."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from functions.companions.rules.profiles import Tier
from functions.companions.rules.records import Record
from functions.companions.rules.tiers import TierReason, TierRules
from functions.companions.table.base import CompanionsRow, EnumAttribute, Key, partition, shard_of
from functions.companions.table.profiles import ProfileRow, profile_key
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, query_page

ROSTER_SHARDS = 16
_RULES: Key = ("CONFIG", "tier_rules")


class TierRulesRow(CompanionsRow, discriminator="companion_tier_rules"):
    rules: JsonAttribute[TierRules] = JsonAttribute(TierRules)


class RecordRow(CompanionsRow, discriminator="companion_record"):
    record: JsonAttribute[Record] = JsonAttribute(Record)


class TierChangeRow(CompanionsRow, discriminator="companion_tier_change"):
    tier_from: EnumAttribute[Tier] = EnumAttribute(Tier)
    tier_to: EnumAttribute[Tier] = EnumAttribute(Tier)
    reason: EnumAttribute[TierReason] = EnumAttribute(TierReason)
    told = UnicodeAttribute()
    """What the companion is told about it."""
    changed_at = InstantAttribute()


class RosterRow(CompanionsRow, discriminator="companion_roster"):
    """That there is such a companion, in one of a few partitions by id."""


class ReviewRow(CompanionsRow, discriminator="companion_review"):
    """How far the nightly review of one partition of the roster has come."""

    night: JsonAttribute[date] = JsonAttribute(date)
    after = UnicodeAttribute(null=True)
    done = BooleanAttribute(default=False)


def record_key(companion_id: str) -> Key:
    return (partition(companion_id), "RECORD")


def review_key(shard: int) -> Key:
    return (f"ROSTER_REVIEW#{shard}", "PROGRESS")


def rules_row(rules: TierRules) -> TierRulesRow:
    return TierRulesRow(*_RULES, rules=rules)


def tier_rules() -> TierRules:
    """The rules, up to a minute old."""
    row = keep(TierRulesRow, *_RULES)
    return row.rules if row else TierRules()


def stored_rules() -> TierRulesRow | None:
    return find(TierRulesRow, *_RULES)


def load(companion_id: str) -> tuple[ProfileRow | None, RecordRow | None]:
    """A companion's profile and record: one BatchGet."""
    keys = profile_key(companion_id), record_key(companion_id)
    rows = find_all(CompanionsRow, keys)
    profile, record = (rows.get(key) for key in keys)
    return (
        profile if isinstance(profile, ProfileRow) else None,
        record if isinstance(record, RecordRow) else None,
    )


def load_many(companion_ids: Iterable[str]) -> list[tuple[ProfileRow, RecordRow | None]]:
    """Profiles and records of those who exist, up to a second old: one BatchGet for every fifty."""
    wanted = list(companion_ids)
    keys = [key for each in wanted for key in (profile_key(each), record_key(each))]
    rows = find_all(CompanionsRow, keys, consistent=False)
    found = []
    for each in wanted:
        profile, record = rows.get(profile_key(each)), rows.get(record_key(each))
        if isinstance(profile, ProfileRow):
            found.append((profile, record if isinstance(record, RecordRow) else None))
    return found


def roster_row(companion_id: str) -> RosterRow:
    return RosterRow(f"ROSTER#{shard_of(companion_id, ROSTER_SHARDS)}", companion_id)


def roster_page(shard: int, *, limit: int, after: str | None) -> tuple[list[str], str | None]:
    """Companions of one partition by id, and where to go on."""
    rows, last = query_page(RosterRow, f"ROSTER#{shard}", limit=limit, after=after, consistent=False)
    return [row.sk for row in rows], last


def reviews() -> dict[int, ReviewRow]:
    """How far each partition's review has come: one BatchGet."""
    rows = find_all(ReviewRow, [review_key(shard) for shard in range(ROSTER_SHARDS)])
    return {shard: rows[review_key(shard)] for shard in range(ROSTER_SHARDS) if review_key(shard) in rows}


def change_row(
    companion_id: str, change_id: str, *, tier_from: Tier, tier_to: Tier, reason: TierReason, told: str, at: datetime
) -> TierChangeRow:
    return TierChangeRow(
        partition(companion_id),
        f"TIER#{change_id}",
        tier_from=tier_from,
        tier_to=tier_to,
        reason=reason,
        told=told,
        changed_at=at,
    )


def changes_of(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[TierChangeRow], str | None]:
    """A page of the companion's tier changes, newest first."""
    return query_page(
        TierChangeRow, partition(companion_id), prefix="TIER#", limit=limit, after=after, newest_first=True
    )
