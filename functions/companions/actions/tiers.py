"""Tiers: counting what they follow from, changing them, and explaining them (F27)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from functions.companions.actions import announcing
from functions.companions.actions.standing import find_row
from functions.companions.events import CompanionTierChanged, ComplaintsTooOften
from functions.companions.rules import profiles, quality
from functions.companions.rules import tiers as rules
from functions.companions.rules.profiles import CompanionState, Profile, SuspensionReason, Tier
from functions.companions.rules.records import Record
from functions.companions.rules.tiers import Change, Facts, Override, TierReason, TierRules
from functions.companions.table import base
from functions.companions.table import tiers as table
from functions.companions.table.profiles import ProfileRow
from functions.companions.table.tiers import RecordRow, TierChangeRow
from functions.shared import audit, clock, ids
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx


@dataclass(frozen=True)
class Standing:
    """Where a companion stands, and why."""

    tier: Tier
    share_bp: int
    """Their share of the price without premium."""
    facts: Facts
    window_days: int
    next_tier: Tier | None
    missing: tuple[str, ...]
    advice: str
    caution: str
    override: Override | None


@dataclass(frozen=True)
class Page:
    """Some companions of one partition of the roster: whom the night's review must change, and where it goes on."""

    shard: int
    night: date
    after: str | None
    following: str | None
    due: tuple[str, ...]


def count_visit(tx: Tx, *, companion_id: str, order_id: str) -> None:
    """One more completed visit, for the companion, the department and the tier: a read of the order, one BatchGet.

    The other rooms hear of it at once while the record is short or the tier changes, otherwise in the night.
    """
    from functions.booking.actions import find_order

    row, stored = table.load(companion_id)
    if row is None:
        return
    profile = profiles.with_visit(row.to_profile(), find_order(order_id).department_id)
    record = _recent(stored, tx.now).with_visit(clock.service_date(tx.now))
    aloud = profile.completed_visits <= base.policy().announce_each_below
    _settle(tx, row, profile, record, aloud=aloud)
    _save_record(tx, companion_id, stored, record)


def count_cancellation(tx: Tx, *, companion_id: str) -> None:
    """The companion gave up an order that they had taken, or did not confirm it."""
    row, stored = table.load(companion_id)
    if row is None:
        return
    record = _recent(stored, tx.now).with_cancellation(clock.service_date(tx.now))
    _settle(tx, row, row.to_profile(), record, aloud=False)
    _save_record(tx, companion_id, stored, record)


def count_complaint(tx: Tx, *, companion_id: str, upheld: bool) -> None:
    """A complaint has ended. Those that were upheld count for the tier, and suspend above a rate (F31)."""
    row, stored = table.load(companion_id)
    if row is None:
        return
    recent, today = _recent(stored, tx.now), clock.service_date(tx.now)
    record = recent.with_complaint(today) if upheld else recent.with_rejected(today)
    profile = row.to_profile()
    stopped = _stopped_for(tx, profile, record) if upheld else None
    _settle(tx, row, stopped or profile, record, aloud=stopped is not None)
    _save_record(tx, companion_id, stored, record)


def note_rectified(tx: Tx, *, companion_id: str) -> None:
    """What clients complained of until today was put right: the companion works again, and begins anew."""
    row, stored = table.load(companion_id)
    if row is None or SuspensionReason.COMPLAINTS not in row.suspended_for:
        return
    today = clock.service_date(tx.now)
    record = replace(_recent(stored, tx.now), rectified_on=today)
    profile = profiles.reinstate(row.to_profile(), SuspensionReason.COMPLAINTS, today)
    _settle(tx, row, profile, record, aloud=True)
    _save_record(tx, companion_id, stored, record)


def remove(tx: Tx, *, companion_id: str) -> None:
    """What clients complained of was not put right: the companion works here no more."""
    row = table.load(companion_id)[0]
    if row is None or SuspensionReason.COMPLAINTS not in row.suspended_for:
        return
    announcing.store(tx, row, profiles.removed(row.to_profile()), aloud=False)


def take_rating(tx: Tx, *, companion_id: str, sequence: int, rating_hundredths: int | None) -> None:
    """Another rating, for the profile, the matching and the tier; older news than the last changes nothing."""
    row, stored = table.load(companion_id)
    if row is None or sequence <= int(row.rating_sequence):
        return
    row.rating_sequence = sequence
    profile = replace(row.to_profile(), rating_hundredths=rating_hundredths)
    _settle(tx, row, profile, _recent(stored, tx.now), aloud=True)


def review(tx: Tx, *, companion_id: str) -> None:
    """What the night brings: time that made bad days old, an override that ended, visits not told of yet."""
    row, stored = table.load(companion_id)
    if row is not None:
        profile = row.to_profile()
        aloud = profile.completed_visits != row.announced_visits
        _settle(tx, row, profile, _recent(stored, tx.now), aloud=aloud)


def pages_to_review(night: date) -> Iterator[Page]:
    """The next pages of tonight's review, as many as one run takes on; none when the night's work is done.

    One BatchGet to see how far it came, then for each page a Query and a BatchGet for every fifty companions.
    """
    policy, progress = base.policy(), table.reviews()
    left = policy.review_pages_per_run
    for shard in range(table.ROSTER_SHARDS):
        row = progress.get(shard)
        begun = row is not None and row.night == night
        if row is not None and begun and row.done:
            continue
        after = row.after if row is not None and begun else None
        while left > 0:
            left -= 1
            companion_ids, following = table.roster_page(shard, limit=policy.review_page, after=after)
            due = tuple(
                row.companion_id for row, record in table.load_many(companion_ids) if _is_due(row, record, night)
            )
            yield Page(shard, night, after, following, due)
            if following is None:
                break
            after = following


def note_reviewed(tx: Tx, page: Page) -> None:
    """The page is done: the next run goes on behind it."""
    stored = table.reviews().get(page.shard)
    row = table.ReviewRow(
        *table.review_key(page.shard), night=page.night, after=page.following, done=page.following is None
    )
    row.version = stored.version if stored else 0
    tx.save(row)


def explain(*, companion_id: str, now: datetime) -> Standing:
    """The companion's tier in their own words. One BatchGet; rules and shares are kept by the process. NotFound."""
    row, stored = table.load(companion_id)
    if row is None:
        raise NotFound()
    tier_rules, profile = table.tier_rules(), row.to_profile()
    facts = _facts(profile, _recent(stored, now))
    above = rules.next_tier(profile.tier)
    return Standing(
        tier=profile.tier,
        share_bp=_share_bp(profile.tier),
        facts=facts,
        window_days=tier_rules.window_days,
        next_tier=above,
        missing=rules.unmet(above, facts, tier_rules) if above else (),
        advice=rules.advice(profile.tier, facts, tier_rules),
        caution=rules.caution(profile.tier, tier_rules),
        override=row.override,
    )


def list_changes(*, companion_id: str, limit: int, after: str | None) -> tuple[list[TierChangeRow], str | None]:
    """A page of the companion's tier changes, newest first, and where to go on: one Query."""
    rows, last = table.changes_of(companion_id, limit=limit, after=after)
    return list(rows), last


def override(tx: Tx, *, companion_id: str, tier: Tier, until: date, reason: str, actor: str) -> None:
    """Set the tier by hand until that day is over; then the one before comes back. NotFound, OverrideInvalid."""
    row, today = find_row(companion_id), clock.service_date(tx.now)
    before = row.to_profile()
    rules.check_override(tier, current=before.tier, until=until, today=today)
    earlier = row.override
    row.override = Override(
        tier=tier, tier_before=earlier.tier_before if earlier else before.tier, until=until, by=actor, reason=reason
    )
    told = f"由平台定为{rules.TIER_TITLES[tier]}，至 {until} 止。"
    _change(tx, row, before, Change(tier, TierReason.OVERRIDDEN), told)
    audit.record(
        tx, actor=actor, act="tier.overridden", subject=companion_id, reason=reason, before=before.tier, after=tier
    )


def read_rules() -> tuple[TierRules, int]:
    """The rules as they are this moment, and their version (0 while they are the defaults)."""
    row = table.stored_rules()
    return (row.rules, int(row.version)) if row else (TierRules(), 0)


def edit_rules(tx: Tx, tier_rules: TierRules, *, version: int, actor: str) -> int:
    """Other rules from the next evaluation on; the new version. TierRulesInvalid, PreconditionFailed."""
    before = table.stored_rules()
    if version != (int(before.version) if before else 0):
        raise PreconditionFailed()
    row = table.rules_row(rules.checked(tier_rules))
    row.version = version
    tx.save(row)
    audit.record(
        tx,
        actor=actor,
        act="tier_rules.edited",
        subject="tier_rules",
        before=repr(before.rules if before else TierRules()),
        after=repr(tier_rules),
    )
    return version + 1


def _settle(tx: Tx, row: ProfileRow, profile: Profile, record: Record, *, aloud: bool) -> None:
    """Save `profile` with the tier that it has earned."""
    facts, tier_rules = _facts(profile, record), table.tier_rules()
    today = clock.service_date(tx.now)
    change = _due(row, profile, facts, tier_rules, today)
    if row.override is not None and today > row.override.until:
        row.override = None
    if change is None:
        announcing.store(tx, row, profile, aloud=aloud)
    else:
        _change(tx, row, profile, change, rules.told_of(change, facts, tier_rules))


def _stopped_for(tx: Tx, profile: Profile, record: Record) -> Profile | None:
    """The profile suspended, if clients complain too often and it is not yet for that."""
    policy = base.policy()
    found = quality.quality_of(record, table.tier_rules(), policy)
    if not quality.is_too_often(found, policy) or SuspensionReason.COMPLAINTS in profile.suspended_for:
        return None
    if profile.state is CompanionState.REMOVED:
        return None
    audit.record(
        tx,
        actor="system",
        act="companion.suspended",
        subject=profile.companion_id,
        reason=SuspensionReason.COMPLAINTS,
        after=f"{found.window_days} 天内 {found.visits} 单，成立投诉 {found.upheld} 件",
    )
    tx.emit(
        ComplaintsTooOften(
            companion_id=profile.companion_id,
            upheld=found.upheld,
            rejected=found.rejected,
            visits=found.visits,
            window_days=found.window_days,
            rate_bp=found.rate_bp,
        )
    )
    return profiles.suspend(profile, SuspensionReason.COMPLAINTS)


def _change(tx: Tx, row: ProfileRow, profile: Profile, change: Change, told: str) -> None:
    tx.insert(
        table.change_row(
            profile.companion_id,
            ids.new("trc", tx.now),
            tier_from=profile.tier,
            tier_to=change.tier,
            reason=change.reason,
            told=told,
            at=tx.now,
        )
    )
    tx.emit(
        CompanionTierChanged(
            companion_id=profile.companion_id, tier_from=profile.tier, tier_to=change.tier, reason=change.reason
        )
    )
    announcing.store(tx, row, profiles.with_tier(profile, change.tier))


def _due(row: ProfileRow, profile: Profile, facts: Facts, tier_rules: TierRules, today: date) -> Change | None:
    override = row.override
    if override is None:
        return rules.decide(profile.tier, facts, tier_rules)
    if today <= override.until or override.tier_before is profile.tier:
        return None
    return Change(override.tier_before, TierReason.OVERRIDE_ENDED)


def _is_due(row: ProfileRow, stored: RecordRow | None, night: date) -> bool:
    profile, tier_rules = row.to_profile(), table.tier_rules()
    record = stored.record if stored else Record()
    facts = _facts(profile, record.within(night, window_days=tier_rules.window_days))
    ended = row.override is not None and night > row.override.until
    unsaid = profile.is_active and profile.completed_visits != row.announced_visits
    return ended or unsaid or _due(row, profile, facts, tier_rules, night) is not None


def _recent(stored: RecordRow | None, now: datetime) -> Record:
    record = stored.record if stored else Record()
    return record.within(clock.service_date(now), window_days=table.tier_rules().window_days)


def _save_record(tx: Tx, companion_id: str, stored: RecordRow | None, record: Record) -> None:
    row = stored or RecordRow(*table.record_key(companion_id))
    row.record = record
    tx.save(row)


def _facts(profile: Profile, record: Record) -> Facts:
    return Facts(
        completed_visits=profile.completed_visits,
        rating_hundredths=profile.rating_hundredths,
        window_visits=sum(record.visits.values()),
        complaints=sum(record.complaints.values()),
        cancellations=sum(record.cancellations.values()),
    )


def _share_bp(tier: Tier) -> int:
    from functions.booking.actions import share_of

    return share_of(tier)
