"""Complaints: every stage ends, nothing is decided against the records, nobody gets more than they paid (F17)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.support.rules import complaint_problems as refused
from functions.support.rules import complaints as rules
from functions.support.rules.complaints import Act, Category, ComplaintState, Facts, Outcome, Remedy, Step, Verdict
from functions.support.rules.policy import ComplaintPolicy, Measure, VerdictRule

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
POLICY = ComplaintPolicy()


def facts(
    *,
    arrived_s: int | None = 0,
    report_s: int | None = 0,
    total_fen: int = 30_000,
    has_ended: bool = True,
) -> Facts:
    """Seconds after the appointment, and after the report was due."""
    due_at = START + timedelta(hours=4)
    return Facts(
        starts_at=START,
        ended_at=START + timedelta(hours=3) if has_ended else None,
        arrived_at=None if arrived_s is None else START + timedelta(seconds=arrived_s),
        report_at=None if report_s is None else due_at + timedelta(seconds=report_s),
        report_due_at=due_at if has_ended else None,
        total_fen=total_fen,
    )


def judged(
    category: Category,
    known: Facts,
    *,
    now: datetime,
    wanted: Remedy = Remedy.REFUND,
    contested: bool = False,
    policy: ComplaintPolicy = POLICY,
) -> Verdict | None:
    """What the rules say."""
    return rules.verdict_by_rule(category, known, wanted=wanted, contested=contested, now=now, policy=policy)


def reachable(state: ComplaintState) -> set[ComplaintState]:
    found, fresh = {state}, [state]
    while fresh:
        here = fresh.pop()
        for after in {after for (before, _), after in rules.MOVES.items() if before is here} - found:
            found.add(after)
            fresh.append(after)
    return found


def test_every_state_is_reached_and_reaches_the_end() -> None:
    assert reachable(ComplaintState.FILED) == set(ComplaintState)
    for state in ComplaintState:
        assert ComplaintState.CLOSED in reachable(state)
    assert reachable(ComplaintState.CLOSED) == {ComplaintState.CLOSED}


@given(st.lists(st.sampled_from(Step), max_size=25))
@settings(max_examples=60)
def test_no_steps_lead_out_of_the_table(steps: list[Step]) -> None:
    state = ComplaintState.FILED
    for step in steps:
        try:
            after = rules.move(state, step)
        except refused.IllegalStep:
            assert (state, step) not in rules.MOVES
            continue
        assert after is rules.MOVES[state, step]
        assert state is not ComplaintState.CLOSED
        state = after


@pytest.mark.parametrize("state", ComplaintState)
@pytest.mark.parametrize("outcome", [None, *Outcome])
@pytest.mark.parametrize("is_ahead", [False, True])
def test_every_complaint_has_something_that_follows(
    state: ComplaintState, outcome: Outcome | None, is_ahead: bool
) -> None:
    act = rules.next_act(state, is_ahead=is_ahead, outcome=outcome)
    assert (act is Act.RELEASE) == (state is ComplaintState.CLOSED)
    assert act.endswith("_soon") == (is_ahead and act.startswith(("ask_companion", "ask_agent")))


def test_somebody_is_next_until_it_is_closed() -> None:
    assert [state for state in ComplaintState if rules.NEXT_ACTOR[state] is rules.Actor.NOBODY] == [
        ComplaintState.CLOSED
    ]


def test_a_deadline_is_never_early() -> None:
    at = START + timedelta(microseconds=7)
    assert rules.deadline(at, 3600) == START + timedelta(hours=1, seconds=1)


def test_every_word_that_is_shown_has_a_title() -> None:
    assert set(rules.STATE_TITLES) == set(ComplaintState) == set(rules.NEXT_ACTOR)
    assert set(rules.CATEGORY_TITLES) == set(Category)
    assert {rule.category for rule in POLICY.verdicts} <= set(Category)


@pytest.mark.parametrize(
    ("category", "known", "refund_fen"),
    [
        (Category.COMPANION_ABSENT, facts(arrived_s=None), 30_000),
        (Category.COMPANION_ABSENT, facts(arrived_s=0), None),
        (Category.COMPANION_ABSENT, facts(arrived_s=5 * 3600), None),
        (Category.LATE_ARRIVAL, facts(arrived_s=30 * 60 - 1), None),
        (Category.LATE_ARRIVAL, facts(arrived_s=30 * 60), 3_000),
        (Category.LATE_ARRIVAL, facts(arrived_s=60 * 60), 9_000),
        (Category.LATE_ARRIVAL, facts(arrived_s=-600), None),
        (Category.LATE_ARRIVAL, facts(arrived_s=None), None),
        (Category.REPORT_LATE, facts(report_s=24 * 3600 - 1), None),
        (Category.REPORT_LATE, facts(report_s=24 * 3600), 3_000),
        (Category.REPORT_LATE, facts(report_s=None), 3_000),
        (Category.REPORT_LATE, facts(report_s=None, has_ended=False), None),
        (Category.COMPANION_ABSENT, facts(arrived_s=None, has_ended=False), 30_000),
        (Category.SERVICE, facts(arrived_s=None, report_s=None), None),
        (Category.LATE_ARRIVAL, facts(arrived_s=60 * 60, total_fen=3), None),
    ],
)
def test_only_what_the_records_say_is_decided_by_rule(category: Category, known: Facts, refund_fen: int | None) -> None:
    now = START + timedelta(days=3)
    verdict = judged(category, known, now=now)
    assert (verdict and verdict.refund_fen) == refund_fen
    assert verdict is None or verdict.outcome is Outcome.REFUND
    assert judged(category, known, now=now, contested=True) is None


@pytest.mark.parametrize(
    ("category", "known", "outcome"),
    [
        (Category.COMPANION_ABSENT, facts(arrived_s=None, has_ended=False), Outcome.CANCEL),
        (Category.COMPANION_ABSENT, facts(arrived_s=0, has_ended=False), None),
        (Category.LATE_ARRIVAL, facts(arrived_s=60 * 60, has_ended=False), None),
        (Category.SERVICE, facts(arrived_s=None, has_ended=False), None),
    ],
)
def test_a_visit_ahead_is_cancelled_by_rule_only_when_nobody_came(
    category: Category, known: Facts, outcome: Outcome | None
) -> None:
    now = START + timedelta(hours=3)
    verdict = judged(category, known, now=now, wanted=Remedy.CANCEL)
    assert (verdict and verdict.outcome) == outcome
    assert judged(category, known, now=now, wanted=Remedy.REASSIGN) is None, "who else would come needs a person"


_RULES = st.builds(
    VerdictRule,
    category=st.sampled_from([each.value for each in Category]),
    measure=st.sampled_from(Measure),
    at_least_s=st.integers(1, 10**6),
    refund_bp=st.integers(1, 10_000),
    reason=st.just("按规则退款"),
)
_SECONDS = st.none() | st.integers(-(10**5), 10**6)


@given(
    st.lists(_RULES, max_size=8),
    st.sampled_from(Category),
    st.builds(facts, arrived_s=_SECONDS, report_s=_SECONDS, total_fen=st.integers(0, 10**7), has_ended=st.booleans()),
    st.integers(0, 10**6),
)
@settings(max_examples=80)
def test_a_verdict_is_the_best_of_the_rules_that_hold_and_never_more_than_the_price(
    table: list[VerdictRule], category: Category, known: Facts, later_s: int
) -> None:
    policy, now = ComplaintPolicy(verdicts=tuple(table)), START + timedelta(seconds=later_s)
    verdict = judged(category, known, now=now, policy=policy)
    amounts = [
        known.total_fen * rule.refund_bp // 10_000
        for rule in table
        if rule.category == category and (known.measure_s(rule.measure, now) or 0) >= rule.at_least_s
    ]
    assert (verdict.refund_fen if verdict else 0) == max(amounts, default=0) <= known.total_fen


@pytest.mark.parametrize(
    ("completed_days_ago", "remedy", "problem"),
    [
        (0, Remedy.REFUND, None),
        (7, Remedy.REFUND, None),
        (8, Remedy.REFUND, refused.NotComplainable),
        (0, Remedy.CANCEL, refused.RemedyNotPossible),
        (0, Remedy.REASSIGN, refused.RemedyNotPossible),
    ],
)
def test_complaints_are_filed_within_a_week_of_the_visit(
    completed_days_ago: int, remedy: Remedy, problem: type[Exception] | None
) -> None:
    completed_at = START - timedelta(days=completed_days_ago)
    try:
        rules.require_complainable(completed_at=completed_at, remedy=remedy, now=START, policy=POLICY)
    except (refused.NotComplainable, refused.RemedyNotPossible) as raised:
        assert type(raised) is problem
    else:
        assert problem is None


@given(st.sampled_from(Outcome), st.none() | st.integers(-10, 200), st.integers(1, 100))
@settings(max_examples=80)
def test_an_agent_gives_back_at_most_what_was_paid(outcome: Outcome, refund_fen: int | None, total_fen: int) -> None:
    is_fine = refund_fen is None or (outcome is Outcome.REFUND and 0 < refund_fen <= total_fen)
    try:
        given_fen = rules.checked_refund_fen(outcome, refund_fen, total_fen=total_fen)
    except refused.RefundOutOfRange:
        assert not is_fine
    else:
        assert is_fine
        assert given_fen == ((refund_fen or total_fen) if outcome is Outcome.REFUND else 0)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("is_ahead", [False, True])
def test_what_is_over_is_neither_cancelled_nor_done_by_another(outcome: Outcome, is_ahead: bool) -> None:
    needs_ahead = outcome in (Outcome.CANCEL, Outcome.REASSIGN)
    try:
        rules.require_outcome(outcome, is_ahead=is_ahead)
    except refused.RemedyNotPossible:
        assert needs_ahead
        assert not is_ahead
    else:
        assert is_ahead or not needs_ahead


@pytest.mark.parametrize("remedy", Remedy)
def test_a_visit_ahead_is_cancelled_or_reassigned(remedy: Remedy) -> None:
    if remedy is Remedy.REFUND:
        with pytest.raises(refused.RemedyNotPossible):
            rules.require_possible_ahead(remedy)
    else:
        rules.require_possible_ahead(remedy)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(("at", "is_named"), [(None, True), (START, True), (START + timedelta(days=1), False)])
def test_somebody_else_comes_at_no_time_that_the_client_did_not_name(
    outcome: Outcome, at: datetime | None, is_named: bool
) -> None:
    if at is None or (outcome is Outcome.REASSIGN and is_named):
        rules.require_named(at, outcome, named=[START])
    else:
        with pytest.raises(refused.TimeNotNamed):
            rules.require_named(at, outcome, named=[START])


@pytest.mark.parametrize(
    ("taken_by", "earlier", "problem"),
    [
        ("a", None, None),
        ("a", "b", None),
        (None, None, refused.NotTaken),
        ("b", None, refused.OtherAgentDecides),
        ("a", "a", refused.OtherAgentDecides),
    ],
)
def test_who_took_it_decides_and_nobody_twice(
    taken_by: str | None, earlier: str | None, problem: type[Exception] | None
) -> None:
    try:
        rules.require_agent("a", taken_by=taken_by, earlier_decider=earlier)
    except (refused.NotTaken, refused.OtherAgentDecides) as raised:
        assert type(raised) is problem
    else:
        assert problem is None


@pytest.mark.parametrize("wrong", [{"window_days": 0}, {"agent_most": 0}, {"watch_s": -1}])
def test_a_window_is_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not positive"):
        ComplaintPolicy(**wrong)  # type: ignore[arg-type]
