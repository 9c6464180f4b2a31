"""Rectifications: who may inspect, how often it is extended, what the notice says; and flagged clients (F31, F28)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared.clock import CHINA
from functions.shared.errors import Problem
from functions.support.rules import clients, desk
from functions.support.rules import rectification as rules
from functions.support.rules.complaints import Category
from functions.support.rules.desk import Desk
from functions.support.rules.policy import ClientPolicy, RectificationPolicy
from functions.support.rules.rectification import Figures, Finding, RectificationState, Training

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
POLICY = RectificationPolicy()
WAITS = RectificationState.AWAITING_RE_INSPECTION
agents = st.sampled_from(["stf_a", "stf_b", "stf_c"])


@pytest.mark.feature("F31")
@given(
    st.sampled_from(RectificationState),
    st.sampled_from(Finding),
    st.none() | st.integers(1, 60),
    st.integers(0, 4),
    agents,
    st.sets(agents),
)
def test_an_inspection_ends_only_as_its_rules_say(
    state: RectificationState,
    finding: Finding,
    days: int | None,
    extensions: int,
    inspector_id: str,
    deciders: set[str],
) -> None:
    facts = {"days": days, "extensions": extensions, "inspector_id": inspector_id, "deciders": deciders}
    is_extended = finding is Finding.EXTENDED
    allowed = (
        state is WAITS
        and inspector_id not in deciders
        and (days is not None) == is_extended
        and not (is_extended and extensions >= POLICY.extensions_most)
    )
    if not allowed:
        with pytest.raises(Problem):
            rules.inspected(state, finding, policy=POLICY, **facts)  # type: ignore[arg-type]
        return
    after = rules.inspected(state, finding, policy=POLICY, **facts)  # type: ignore[arg-type]
    assert (after is RectificationState.ISSUED) == is_extended
    assert (after is RectificationState.LIFTED) == (finding is Finding.LIFTED)


@pytest.mark.feature("F31")
@given(st.lists(st.sampled_from(Category)))
def test_every_kind_of_complaint_has_its_measure_once(categories: list[Category]) -> None:
    measures = rules.measures_for(categories)
    assert len(measures) == len(set(measures)) == max(len(set(categories)), 1)


def test_articles_for_everybody_come_first_and_each_once() -> None:
    policy = RectificationPolicy(articles={"*": ("a", "b"), "service": ("b", "c")})
    assert rules.articles_for(["service", "service", "other"], policy) == ("a", "b", "c")


@given(st.text(alphabet="23456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=12, max_size=12), st.data())
def test_a_code_is_understood_however_it_is_copied(code: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from(["", " ", "-"])) + data.draw(st.sampled_from([letter, letter.lower()]))
        for letter in code
    )
    assert rules.as_typed(typed) == code


def test_codes_differ_and_have_no_letters_that_are_mistaken() -> None:
    codes = {rules.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert not set("".join(codes)) & set("01IO")


@pytest.mark.feature("F31")
def test_the_notice_says_why_what_and_until_when() -> None:
    text = rules.notice_text(
        number="01K",
        code="23456789ABCD",
        name="林玉兰",
        figures=Figures(upheld=2, visits=31, window_days=90, rate_bp=646),
        measures=("一。", "二。"),
        training=(Training(article_id="a", title="服务规范"),),
        due_at=datetime(2026, 11, 16, 9, 5, tzinfo=CHINA),
        issued_at=datetime(2026, 11, 2, 9, 5, tzinfo=CHINA),
    )
    assert "近 90 天内，您完成陪诊 31 单，成立的客户申诉 2 件，投诉率 6.46%" in text
    assert "1. 一。\n2. 二。\n" in text
    assert "1. 《服务规范》" in text
    assert "请于 2026 年 11 月 16 日 09:05 前" in text
    assert text.endswith("诊伴平台　2026 年 11 月 2 日\n验证码：23456789ABCD\n")


@pytest.mark.feature("F31")
@given(st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 9)), max_size=3), st.sets(agents))
def test_the_next_case_goes_to_a_free_desk_of_somebody_with_no_part_in_it(
    held: list[tuple[int, int | None]], without: set[str]
) -> None:
    desks = [
        Desk(f"stf_{letter}", holds, None if hours is None else NOW + timedelta(hours=hours))
        for letter, (holds, hours) in zip("abc", held, strict=False)
    ]
    chosen = desk.next_agent(desks, without=without, most=4)
    free = [each for each in desks if each.holds < 4 and each.agent_id not in without]
    assert (chosen is None) == (not free)
    if chosen:
        assert min(each.holds for each in free) == next(each.holds for each in free if each.agent_id == chosen)


@pytest.mark.feature("F28")
@given(st.lists(st.integers(0, 400), max_size=12))
def test_a_client_is_flagged_by_as_many_rejections_as_the_policy_says_and_old_ones_do_not_count(
    days_ago: list[int],
) -> None:
    policy = ClientPolicy()
    rejections = [NOW - timedelta(days=days) for days in days_ago]
    kept = clients.recent(rejections, now=NOW, policy=policy)
    assert len(kept) == sum(days < policy.window_days for days in days_ago)
    flag = clients.flag_by_rule(rejections, now=NOW, policy=policy)
    assert (flag is not None) == (len(kept) >= policy.flag_from)
    assert flag is None or (flag.by == "rule" and str(len(kept)) in flag.reason)
