"""Subsidies and coupons: the one order in which they apply, and what holds whatever they are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules import discounts, pricing, shards, subsidies
from functions.booking.rules.coupons import Campaign, Coupon, CouponState, Terms
from functions.booking.rules.pricing import Insurance, LineItem, LineKind, Price
from functions.booking.rules.subsidies import (
    ApplicationDecided,
    ApplicationState,
    CapPeriod,
    Decision,
    Entitlement,
    EvidenceKind,
    NotAccepting,
    Programme,
    SameDecider,
)
from functions.shared.errors import Invalid

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
TODAY, YEAR_END = date(2026, 3, 2), date(2026, 12, 31)
ID_CARD = EvidenceKind("id_card", "身份证")


def priced(base_fen: int, premium_fen: int = 0) -> Price:
    lines = [LineItem(LineKind.PACKAGE, "deep", "深度陪诊", base_fen)]
    return pricing.price(lines, insurance=Insurance("ins", "安心险", premium_fen) if premium_fen else None)


def programme(id: str = "elder", **changed: Any) -> Programme:
    facts: dict[str, Any] = {
        "id": id,
        "name": "长者补贴",
        "summary": "60 岁以上",
        "evidence": (ID_CARD,),
        "percent_bp": None if "off_fen" in changed else 2_000,
        "off_fen": None,
        "cap_fen": 6_000,
        "cap_per": CapPeriod.ORDER,
        "budget_fen": 1_000_000,
        "valid_from": TODAY,
        "valid_until": YEAR_END,
    }
    return Programme(**facts | changed)


def entitled(of: Programme | None = None, *, left_fen: int = 1_000_000, used_in_year_fen: int = 0) -> Entitlement:
    of = of or programme()
    return Entitlement(f"grt_{of.id}", "pat_1", of, YEAR_END, used_in_year_fen, (left_fen,))


def coupon(id: str = "cpn_1", *, days: int = 30, state: CouponState = CouponState.UNUSED, **terms: Any) -> Coupon:
    facts: dict[str, Any] = {"name": "满200减30", "threshold_fen": 20_000}
    if "percent_bp" not in terms:
        facts["off_fen"] = 3_000
    return Coupon(id, "cmp_1", Terms(**facts | terms), state, NOW + timedelta(days=days))


def amounts(chosen: discounts.Chosen) -> list[tuple[LineKind, int]]:
    return [(each.kind, each.amount_fen) for each in chosen.discounts]


class TestOrderOfApplication:
    def test_subsidies_come_first_then_one_coupon_on_what_they_leave(self) -> None:
        chosen = discounts.choose(priced(34_000, 500), [entitled()], [coupon(percent_bp=1_000)])
        assert amounts(chosen) == [(LineKind.SUBSIDY, 6_000), (LineKind.COUPON, 2_800)]
        assert amounts(discounts.choose(priced(34_000), [entitled()], [coupon(percent_bp=1_000)])) == amounts(chosen)
        assert chosen.explained == (
            "长者补贴：补贴 20%，每单最多 ¥60.00，减 ¥60.00",
            "满200减30：满 ¥200.00 打 9 折，减 ¥28.00",
            "共减 ¥88.00",
        )

    def test_subsidies_follow_their_programmes_rank(self) -> None:
        late, early = programme("a", rank=2), programme("b", rank=1, off_fen=1_000, percent_bp=None)
        chosen = discounts.choose(priced(20_000), [entitled(late), entitled(early)], [])
        assert [each.programme_id for each in chosen.discounts] == ["b", "a"]
        assert chosen.amount_fen == 1_000 + 4_000

    def test_the_threshold_looks_at_the_price_before_subsidies_and_without_premium(self) -> None:
        big = entitled(programme(percent_bp=5_000, cap_fen=100_000))
        assert coupon().why_not(package_id="deep", city="110000", base_fen=20_000) is None
        assert amounts(discounts.choose(priced(20_000), [big], [coupon()])) == [
            (LineKind.SUBSIDY, 10_000),
            (LineKind.COUPON, 3_000),
        ]
        assert coupon().why_not(package_id="deep", city="110000", base_fen=18_000) == "还差 ¥20.00 可用"

    def test_a_programme_that_does_not_combine_stands_alone_where_that_is_more(self) -> None:
        alone = entitled(programme("alone", combinable=False, cap_fen=10_000, percent_bp=5_000))
        chosen = discounts.choose(priced(20_000), [entitled(), alone], [])
        assert [each.programme_id for each in chosen.discounts] == ["alone"]
        small = entitled(programme("small", combinable=False, off_fen=100))
        chosen = discounts.choose(priced(20_000), [entitled(), small], [])
        assert [each.programme_id for each in chosen.discounts] == ["elder"]

    def test_a_coupon_that_does_not_go_with_subsidies_replaces_them_where_that_is_more(self) -> None:
        big, small = coupon(off_fen=7_000, with_subsidy=False), coupon(off_fen=500, with_subsidy=False)
        assert amounts(discounts.choose(priced(34_000), [entitled()], [big])) == [(LineKind.COUPON, 7_000)]
        assert amounts(discounts.choose(priced(34_000), [entitled()], [small])) == [(LineKind.SUBSIDY, 6_000)]
        forced = discounts.choose(priced(34_000), [entitled()], [small], with_coupon=True)
        assert amounts(forced) == [(LineKind.COUPON, 500)]

    def test_of_equal_coupons_the_first_to_expire_is_used(self) -> None:
        chosen = discounts.choose(priced(34_000), [], [coupon("cpn_a", days=9), coupon("cpn_b", days=2)])
        assert chosen.coupon is not None and chosen.coupon.coupon_id == "cpn_b"

    def test_a_coupon_that_adds_nothing_is_kept(self) -> None:
        whole = entitled(programme(percent_bp=10_000, cap_fen=100_000))
        chosen = discounts.choose(priced(20_000), [whole], [coupon()])
        assert chosen.coupon is None and chosen.amount_fen == 19_999

    def test_one_fen_is_left_to_pay_unless_there_is_a_premium(self) -> None:
        whole = entitled(programme(percent_bp=10_000, cap_fen=100_000))
        for premium_fen, total_fen in ((0, 1), (500, 500)):
            gross = priced(20_000, premium_fen)
            chosen = discounts.choose(gross, [whole], [])
            assert pricing.discounted(gross, chosen.discounts).total_fen == total_fen


class TestEntitlement:
    def test_a_yearly_cap_gives_what_is_left_of_the_year(self) -> None:
        yearly = programme(cap_per=CapPeriod.YEAR, cap_fen=10_000)
        given_fen = [entitled(yearly, used_in_year_fen=used).amount_fen(34_000) for used in (0, 5_000, 10_000, 11_000)]
        assert given_fen == [6_800, 5_000, 0, 0]

    def test_a_budget_that_cannot_give_all_gives_nothing(self) -> None:
        assert entitled(left_fen=6_000).amount_fen(34_000) == 6_000
        assert entitled(left_fen=5_999).amount_fen(34_000) == 0

    @pytest.mark.parametrize(
        ("city", "visit_on", "why_not"),
        [
            ("110000", date(2026, 4, 1), None),
            ("310000", date(2026, 4, 1), "该城市不在补贴范围内"),
            ("110000", date(2026, 3, 1), "就诊日期不在补贴项目的有效期内"),
            ("110000", date(2027, 1, 1), "就诊日期不在补贴项目的有效期内"),
            ("110000", date(2026, 7, 1), "补贴资格在就诊日之前到期"),
        ],
    )
    def test_city_and_day_decide(self, city: str, visit_on: date, why_not: str | None) -> None:
        of = programme(cities=frozenset({"110000"}))
        assert Entitlement("g", "p", of, date(2026, 6, 30)).why_not(city=city, visit_on=visit_on) == why_not


class TestCoupon:
    @pytest.mark.parametrize(
        ("made", "why_not"),
        [
            (coupon(), None),
            (coupon(package_ids=frozenset({"basic"})), "不适用于所选套餐"),
            (coupon(cities=frozenset({"310000"})), "不适用于该城市"),
            (coupon(threshold_fen=50_000), "还差 ¥160.00 可用"),
            (coupon(state=CouponState.RESERVED), "已用于待付款的订单"),
            (coupon(state=CouponState.USED), "已使用"),
            (coupon(days=-1).at(NOW), "已过期"),
        ],
        ids=["usable", "package", "city", "threshold", "reserved", "used", "expired"],
    )
    def test_why_it_cannot_be_used(self, made: Coupon, why_not: str | None) -> None:
        assert made.why_not(package_id="deep", city="110000", base_fen=34_000) == why_not

    def test_a_reserved_coupon_does_not_expire(self) -> None:
        assert coupon(days=-1, state=CouponState.RESERVED).at(NOW).state is CouponState.RESERVED

    def test_rules_read_as_people_say_them(self) -> None:
        assert coupon().terms.rule_text == "满 ¥200.00 减 ¥30.00"
        assert (
            coupon(threshold_fen=0, percent_bp=1_500, cap_fen=5_000).terms.rule_text == "无门槛打 8.5 折，最多减 ¥50.00"
        )

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"percent_bp": 10_000}, "percent_bp"),
            ({"off_fen": 100, "percent_bp": 100}, "off_fen"),
            ({"off_fen": 0}, "off_fen"),
            ({"cap_fen": 100}, "cap_fen"),
            ({"threshold_fen": -1}, "threshold_fen"),
        ],
    )
    def test_bad_terms_are_refused(self, changed: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            coupon(**changed)
        assert field in {error.field for error in refused.value.errors}

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"stock": 0}, "stock"),
            ({"per_client": 0}, "per_client"),
            ({"claim_until": NOW}, "claim_until"),
            ({"valid_days": 0}, "valid_days"),
            ({"shards": 17}, "shards"),
        ],
    )
    def test_a_bad_campaign_is_refused(self, changed: dict[str, Any], field: str) -> None:
        facts: dict[str, Any] = {
            "id": "cmp_1",
            "terms": coupon().terms,
            "summary": "x",
            "stock": 1,
            "per_client": 1,
            "claim_from": NOW,
            "claim_until": NOW + timedelta(days=1),
            "valid_days": 1,
        }
        with pytest.raises(Invalid) as refused:
            Campaign(**facts | changed)
        assert [error.field for error in refused.value.errors] == [field]


class TestApplication:
    def test_two_rejections_are_final_and_nothing_else_moves(self) -> None:
        state = subsidies.decided_state(ApplicationState.SUBMITTED, approved=False)
        state = subsidies.move(state, ApplicationState.APPEALED)
        state = subsidies.decided_state(state, approved=False)
        assert state is ApplicationState.FINALLY_REJECTED
        for done in (ApplicationState.FINALLY_REJECTED, ApplicationState.APPROVED):
            for to in ApplicationState:
                with pytest.raises(ApplicationDecided):
                    subsidies.move(done, to)

    def test_another_member_of_staff_decides_the_appeal(self) -> None:
        decisions = (Decision("stf_1", NOW, False, "x", None),)
        with pytest.raises(SameDecider):
            subsidies.check_decision(decisions, staff_id="stf_1")
        subsidies.check_decision(decisions, staff_id="stf_2")

    def test_an_appeal_has_its_days(self) -> None:
        decisions = (Decision("stf_1", NOW, False, "x", None),)
        assert subsidies.appeal_ends_at(programme(appeal_days=15), decisions) == NOW + timedelta(days=15)
        assert subsidies.appeal_ends_at(programme(), ()) is None

    @pytest.mark.parametrize("kinds", [[], ["id_card", "other"], ["other"]])
    def test_each_kind_of_evidence_is_shown_and_no_other(self, kinds: list[str]) -> None:
        with pytest.raises(Invalid):
            subsidies.check_apply(programme(), age=70, kinds=kinds, now=NOW)

    def test_age_and_season_are_checked_when_applying(self) -> None:
        subsidies.check_apply(programme(min_age=60), age=60, kinds=["id_card", "id_card"], now=NOW)
        with pytest.raises(Invalid):
            subsidies.check_apply(programme(min_age=60), age=59, kinds=["id_card"], now=NOW)
        with pytest.raises(NotAccepting):
            subsidies.check_apply(programme(accepting=False), age=60, kinds=["id_card"], now=NOW)
        with pytest.raises(NotAccepting):
            subsidies.check_apply(programme(), age=60, kinds=["id_card"], now=NOW + timedelta(days=400))

    @pytest.mark.parametrize(
        ("approved", "until", "fine"),
        [
            (True, TODAY, True),
            (True, YEAR_END, True),
            (True, date(2027, 1, 1), False),
            (True, date(2026, 3, 1), False),
            (True, None, False),
            (False, None, True),
            (False, YEAR_END, False),
        ],
    )
    def test_an_approval_says_until_when(self, approved: bool, until: date | None, fine: bool) -> None:
        if fine:
            subsidies.check_valid_until(programme(), until, approved=approved, today=TODAY)
        else:
            with pytest.raises(Invalid):
                subsidies.check_valid_until(programme(), until, approved=approved, today=TODAY)

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"percent_bp": None}, "percent_bp"),
            ({"off_fen": 1, "percent_bp": 1}, "percent_bp"),
            ({"percent_bp": 10_001}, "percent_bp"),
            ({"cap_fen": 0}, "cap_fen"),
            ({"budget_fen": 0}, "budget_fen"),
            ({"valid_until": date(2026, 3, 1)}, "valid_until"),
            ({"evidence": ()}, "evidence"),
            ({"evidence": (ID_CARD, ID_CARD)}, "evidence"),
            ({"min_age": 121}, "min_age"),
            ({"shards": 0}, "shards"),
            ({"appeal_days": -1}, "appeal_days"),
        ],
    )
    def test_a_bad_programme_is_refused(self, changed: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            programme(**changed)
        assert [error.field for error in refused.value.errors] == [field]


# whatever they are ----------------------------------------------------------------------------------------------------
fen = st.integers(1, 200_000)


@st.composite
def entitlements(draw: st.DrawFn) -> list[Entitlement]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        percent = draw(st.booleans())
        of = programme(
            f"p{number}",
            percent_bp=draw(st.integers(1, 10_000)) if percent else None,
            off_fen=None if percent else draw(fen),
            cap_fen=draw(fen),
            cap_per=draw(st.sampled_from(CapPeriod)),
            rank=draw(st.integers(0, 3)),
            combinable=draw(st.booleans()),
        )
        found.append(
            entitled(of, left_fen=draw(st.integers(0, 200_000)), used_in_year_fen=draw(st.integers(0, 200_000)))
        )
    return found


@st.composite
def coupons(draw: st.DrawFn) -> list[Coupon]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        terms: dict[str, Any] = (
            {"percent_bp": draw(st.integers(1, 9_999))} if draw(st.booleans()) else {"off_fen": draw(fen)}
        )
        found.append(coupon(f"cpn_{number}", with_subsidy=draw(st.booleans()), **terms))
    return found


prices = st.builds(priced, st.integers(1, 300_000), st.integers(0, 2_000))


@given(prices, entitlements(), coupons())
def test_what_is_paid_covers_the_premium_and_is_at_least_one_fen(
    gross: Price, entitled_to: list[Entitlement], held: list[Coupon]
) -> None:
    chosen = discounts.choose(gross, entitled_to, held)
    reduced = pricing.discounted(gross, chosen.discounts)
    assert max(1, gross.premium_fen) <= reduced.total_fen <= gross.total_fen
    assert sum(item.amount_fen for item in reduced.items) == reduced.total_fen
    assert reduced.gross_fen == gross.total_fen
    assert discounts.base_fen(reduced) == discounts.base_fen(gross)


@given(prices, entitlements(), coupons())
def test_the_rule_of_combining_is_kept(gross: Price, entitled_to: list[Entitlement], held: list[Coupon]) -> None:
    chosen = discounts.choose(gross, entitled_to, held)
    kinds = [each.kind for each in chosen.discounts]
    assert kinds == sorted(kinds, key=lambda kind: kind is LineKind.COUPON) and kinds.count(LineKind.COUPON) <= 1
    used = chosen.entitlements
    assert len(used) <= 1 or all(each.programme.combinable for each in used)
    assert chosen.coupon is None or not used or chosen.coupon.terms.with_subsidy
    for entitlement, taken in zip(used, chosen.discounts, strict=False):
        assert 0 < taken.amount_fen <= min(sum(entitlement.left_fen), entitlement.programme.cap_fen)


@given(prices, entitlements(), coupons())
def test_no_single_discount_would_have_been_better(
    gross: Price, entitled_to: list[Entitlement], held: list[Coupon]
) -> None:
    best = discounts.choose(gross, entitled_to, held).amount_fen
    singles = [discounts.apply(gross, [each], None) for each in entitled_to if not each.programme.combinable]
    singles += [discounts.apply(gross, [], each) for each in held]
    assert all(each.amount_fen <= best for each in singles)


@given(prices, entitlements(), coupons())
def test_the_split_accounts_for_every_fen(gross: Price, entitled_to: list[Entitlement], held: list[Coupon]) -> None:
    reduced = pricing.discounted(gross, discounts.choose(gross, entitled_to, held).discounts)
    split = pricing.split(reduced, 9_000)
    paid_out = split.share_fen + split.commission_fen + split.premium_fen
    assert paid_out == reduced.total_fen + sum(split.subsidies.values()) + split.coupon_fen


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=16), st.integers(1, 5_000), st.integers(0, 15))
def test_drawing_takes_exactly_the_amount_and_never_more_than_there_is(
    left: Sequence[int], amount: int, first: int
) -> None:
    draws = shards.draw(left, amount, first=first)
    if draws is None:
        assert sum(left) < amount
        return
    assert sum(each.amount for each in draws) == amount
    assert all(0 < each.amount <= left[each.shard] for each in draws)
    assert len({each.shard for each in draws}) == len(draws)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=16), st.integers(-5_000, 5_000))
def test_a_budget_grows_and_shrinks_by_exactly_the_change(left: Sequence[int], more: int) -> None:
    changes = shards.changes(left, more)
    if changes is None:
        assert sum(left) + more < 0
        return
    after = list(left)
    for each in changes:
        after[each.shard] += each.amount
    assert sum(after) == sum(left) + more and min(after) >= 0
