"""Who suits a visit, in which order, and why."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules import matching
from functions.booking.rules.conditions import CONDITION_TITLES, ConditionType
from functions.booking.rules.matching import Candidate, DayLoad, Emptied, Gender, Wanted, Weights
from functions.booking.rules.policy import Tier

WEIGHTS = Weights()


def candidate(companion_id: str = "acc_1", **changed: object) -> Candidate:
    facts: dict[str, object] = {
        "display_name": "林玉兰",
        "city": "110000",
        "tier": Tier.SENIOR,
        "gender": Gender.FEMALE,
        "languages": frozenset({"mandarin"}),
        "first_aid_certified": True,
        "rating_hundredths": 480,
        "completed_visits": 300,
        "cases": 100,
    }
    return Candidate(companion_id=companion_id, **facts | changed)  # type: ignore[arg-type]


def order_of(*candidates: Candidate, loads: dict[str, DayLoad] | None = None, seed: str = "quo_1") -> list[str]:
    ranked = matching.rank(candidates, loads=loads or {}, weights=WEIGHTS, seed=seed)
    return [entry.candidate.companion_id for entry in ranked]


candidates = st.lists(
    st.builds(
        Candidate,
        companion_id=st.integers(0, 999).map(lambda n: f"acc_{n:03d}"),
        display_name=st.just("x"),
        city=st.just("110000"),
        tier=st.sampled_from(Tier),
        gender=st.sampled_from(Gender),
        languages=st.frozensets(st.sampled_from(["mandarin", "cantonese", "english"]), min_size=1),
        first_aid_certified=st.booleans(),
        rating_hundredths=st.none() | st.integers(100, 500),
        completed_visits=st.integers(0, 2_000),
        cases=st.integers(0, 2_000),
        specialties=st.frozensets(st.sampled_from(ConditionType), max_size=5),
    ),
    max_size=15,
    unique_by=lambda each: each.companion_id,
)
wishes = st.builds(
    Wanted,
    gender=st.none() | st.sampled_from(Gender),
    language=st.none() | st.sampled_from(["mandarin", "cantonese", "english"]),
    first_aid=st.booleans(),
)


@pytest.mark.feature("F2")
class TestFilters:
    @given(candidates, wishes)
    def test_filters_are_hard_and_an_empty_list_names_one(self, pool: list[Candidate], wanted: Wanted) -> None:
        left, emptied = matching.narrow(pool, wanted)
        assert left == [each for each in pool if matching.meets(each, wanted)]
        assert (emptied is None) == bool(left)

    def test_the_condition_that_took_the_last_one_is_named(self) -> None:
        pool = [candidate("acc_1", gender=Gender.MALE), candidate("acc_2", first_aid_certified=False)]
        for wanted, emptied in (
            (Wanted(gender=Gender.MALE, language="english"), Emptied.LANGUAGE),
            (Wanted(language="english"), Emptied.LANGUAGE),
            (Wanted(gender=Gender.FEMALE, first_aid=True), Emptied.FIRST_AID),
        ):
            assert matching.narrow(pool, wanted) == ([], emptied)
        assert matching.narrow(pool[:1], Wanted(gender=Gender.FEMALE)) == ([], Emptied.GENDER)
        assert matching.narrow([], Wanted()) == ([], Emptied.DEPARTMENT)

    def test_every_reason_for_an_empty_list_is_explained(self) -> None:
        assert all(matching.EMPTIED_TITLES[each] for each in Emptied)


@pytest.mark.feature("F1")
class TestRanking:
    @given(candidates, st.randoms())
    def test_the_order_does_not_depend_on_the_order_of_the_input(self, pool: list[Candidate], random: object) -> None:
        shuffled = list(pool)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert order_of(*pool) == order_of(*shuffled)

    @given(candidates)
    def test_scores_are_within_bounds_and_places_are_strictly_rising(self, pool: list[Candidate]) -> None:
        ranked = matching.rank(pool, loads={}, weights=WEIGHTS, seed="quo_1")
        assert all(0 <= entry.score <= 1_000 for entry in ranked)
        assert all(one.place < two.place for one, two in itertools.pairwise(ranked))

    @pytest.mark.parametrize(
        "worse",
        [{"rating_hundredths": 430}, {"cases": 3}, {"tier": Tier.JUNIOR}, {"rating_hundredths": None}],
    )
    def test_rating_cases_and_tier_count(self, worse: dict[str, object]) -> None:
        assert order_of(candidate("acc_1", **worse), candidate("acc_2")) == ["acc_2", "acc_1"]

    def test_an_idle_day_and_being_there_already_count(self) -> None:
        pair = candidate("acc_1"), candidate("acc_2")
        assert order_of(*pair) == ["acc_1", "acc_2"]
        assert order_of(*pair, loads={"acc_1": DayLoad(visits=1)}) == ["acc_2", "acc_1"]
        loads = {"acc_1": DayLoad(visits=1), "acc_2": DayLoad(visits=1, same_campus=True)}
        assert order_of(*pair, loads=loads) == ["acc_2", "acc_1"]

    def test_reasons_are_said_in_chinese_and_only_when_they_hold(self) -> None:
        (best,) = matching.rank([candidate()], loads={}, weights=WEIGHTS, seed="quo_1")
        assert set(best.reasons) == {"评分 4.80", "陪过本科室 100 次", "高级陪诊师", "当天没有其他安排"}
        busy = candidate(rating_hundredths=400, cases=0, tier=Tier.JUNIOR)
        (plain,) = matching.rank([busy], loads={"acc_1": DayLoad(1, True)}, weights=WEIGHTS, seed="quo_1")
        assert plain.reasons == ("当天已在这个院区",)

    def test_newcomers_take_turns_and_sometimes_lead(self) -> None:
        newcomer = {"rating_hundredths": None, "completed_visits": 2, "cases": 1, "tier": Tier.JUNIOR}
        pool = [candidate("acc_old", rating_hundredths=450, cases=5, tier=Tier.JUNIOR)]
        pool += [candidate(f"acc_{n}", **newcomer) for n in range(3)]
        firsts = [order_of(*pool, seed=f"quo_{n}")[0] for n in range(100)]
        assert set(firsts) == {"acc_old", "acc_0", "acc_1", "acc_2"}

    def test_a_newcomer_never_passes_somebody_far_better(self) -> None:
        pool = [candidate("acc_new", rating_hundredths=None, completed_visits=0, cases=0), candidate("acc_old")]
        assert {order_of(*pool, seed=f"quo_{n}")[0] for n in range(100)} == {"acc_old"}

    def test_after_every_eight_others_comes_a_newcomer_another_one_for_every_quote(self) -> None:
        pool = [candidate(f"acc_old{n:02d}", rating_hundredths=490 - n) for n in range(24)]
        newcomer = {"rating_hundredths": None, "completed_visits": 0, "cases": 0, "tier": Tier.JUNIOR}
        pool += [candidate(f"acc_new{n:02d}", **newcomer) for n in range(40)]
        seen: set[str] = set()
        for n in range(200):
            first = order_of(*pool, seed=f"quo_{n}")[:20]
            new = [each for each in first if each.startswith("acc_new")]
            assert len(new) == 2 and not any(each.startswith("acc_new") for each in first[:7])
            seen |= set(new)
        assert len(seen) == 40, "everybody has their turn"

    def test_a_favourite_and_who_was_there_before_go_up_with_the_reason(self) -> None:
        pool = [candidate("acc_1", rating_hundredths=490), candidate("acc_2"), candidate("acc_3")]
        ranked = matching.rank(
            pool, loads={}, weights=WEIGHTS, seed="quo_1", favourites={"acc_2"}, known={"acc_3", "acc_2"}
        )
        assert [entry.candidate.companion_id for entry in ranked] == ["acc_2", "acc_3", "acc_1"]
        assert {"上次陪过这位就诊人", "您收藏的陪诊师"} <= set(ranked[0].reasons)

    @given(candidates)
    def test_the_index_sorts_by_standing_and_newcomers_never_stand_below_their_own(self, pool: list[Candidate]) -> None:
        for each in pool:
            own = matching.standing(each, WEIGHTS)
            drawn = {matching.index_standing(each, WEIGHTS, place="p", turn=turn) for turn in range(5)}
            assert 0 <= own <= min(drawn) and max(drawn) <= 1_000
            assert matching.is_newcomer(each.completed_visits, WEIGHTS) or drawn == {own}

    def test_newcomers_take_turns_in_the_index(self) -> None:
        new = [candidate(f"acc_{n}", completed_visits=0, rating_hundredths=None, cases=0) for n in range(20)]
        best = set()
        for turn in range(120):
            standings = {e.companion_id: matching.index_standing(e, WEIGHTS, place="p", turn=turn) for e in new}
            best.add(max(standings, key=standings.__getitem__))
        assert len(best) == 20


@pytest.mark.feature("F1")
class TestConditionTypes:
    def test_every_one_has_a_title_of_its_own(self) -> None:
        assert CONDITION_TITLES.keys() == set(ConditionType)
        assert len(set(CONDITION_TITLES.values())) == len(CONDITION_TITLES)

    def test_who_is_good_at_it_goes_up_and_says_so(self) -> None:
        plain = candidate("acc_1", rating_hundredths=490, specialties=frozenset({ConditionType.PRENATAL}))
        expert = candidate("acc_2", rating_hundredths=470, specialties=frozenset({ConditionType.ONCOLOGY_RECOVERY}))
        assert order_of(plain, expert) == ["acc_1", "acc_2"]
        ranked = matching.rank(
            [plain, expert],
            loads={},
            weights=WEIGHTS,
            seed="quo_1",
            condition_type=ConditionType.ONCOLOGY_RECOVERY,
        )
        assert [entry.candidate.companion_id for entry in ranked] == ["acc_2", "acc_1"]
        assert "擅长肿瘤术后陪诊" in ranked[0].reasons
        assert not any("擅长" in reason for reason in ranked[1].reasons)

    def test_a_specialty_does_not_outweigh_a_record(self) -> None:
        master = candidate("acc_1", rating_hundredths=495)
        expert = candidate(
            "acc_2", rating_hundredths=420, cases=2, specialties=frozenset({ConditionType.CHILD_VACCINATION})
        )
        ranked = matching.rank(
            [master, expert],
            loads={},
            weights=WEIGHTS,
            seed="quo_1",
            condition_type=ConditionType.CHILD_VACCINATION,
        )
        assert ranked[0].candidate is master

    @given(candidates, st.sampled_from(ConditionType))
    def test_nobody_is_left_out_for_a_specialty(self, pool: list[Candidate], condition_type: ConditionType) -> None:
        ranked = matching.rank(pool, loads={}, weights=WEIGHTS, seed="quo_1", condition_type=condition_type)
        assert {entry.candidate.companion_id for entry in ranked} == {each.companion_id for each in pool}
        assert all(0 <= entry.score <= 1_000 for entry in ranked)
        said = {entry.candidate.companion_id for entry in ranked if any("擅长" in each for each in entry.reasons)}
        assert said == {each.companion_id for each in pool if condition_type in each.specialties}

    @given(candidates, st.sampled_from(ConditionType))
    def test_without_a_condition_type_or_a_weight_specialties_count_for_nothing(
        self, pool: list[Candidate], condition_type: ConditionType
    ) -> None:
        def scores(of: list[Candidate], condition_type: ConditionType | None, weights: Weights) -> dict[str, int]:
            ranked = matching.rank(of, loads={}, weights=weights, seed="quo_1", condition_type=condition_type)
            return {entry.candidate.companion_id: entry.score for entry in ranked}

        unspecialised = scores([replace(each, specialties=frozenset()) for each in pool], None, WEIGHTS)
        assert scores(pool, None, WEIGHTS) == unspecialised
        assert scores(pool, condition_type, Weights(specialty=0)) == unspecialised


def test_weights_are_not_all_zero() -> None:
    with pytest.raises(ValueError, match="weights"):
        Weights(rating=0, cases=0, tier=0, idle=0, nearby=0, exploration=0)
    with pytest.raises(ValueError, match="weights"):
        Weights(rating=-1)
    with pytest.raises(ValueError, match="weights"):
        Weights(specialty=-1)
    with pytest.raises(ValueError, match="percent"):
        Weights(favourite_lift=101)
