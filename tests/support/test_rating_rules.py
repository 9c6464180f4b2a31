"""Ratings: exact sums, whatever comes and goes, and one review that does not rule."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.support.rules.policy import Policy
from functions.support.rules.ratings import Rating, Scores

MARK = st.integers(1, 5)
SCORES = st.builds(Scores, MARK, MARK, MARK)


@given(st.lists(SCORES, max_size=30), st.data())
def test_sums_are_those_of_the_reviews_that_stand(given_scores: list[Scores], data: st.DataObject) -> None:
    rating = Rating()
    for scores in given_scores:
        rating = rating.with_(scores)
    leaving = data.draw(
        st.lists(st.sampled_from(range(len(given_scores))), unique=True) if given_scores else st.just([])
    )
    for index in leaving:
        rating = rating.without(given_scores[index])
    staying = [scores for index, scores in enumerate(given_scores) if index not in leaving]
    assert rating == Rating(
        len(staying),
        sum(each.professionalism for each in staying),
        sum(each.responsiveness for each in staying),
        sum(each.attitude for each in staying),
    )


@given(st.lists(SCORES, min_size=1, max_size=40), st.integers(100, 500), st.integers(0, 50))
def test_what_is_shown_is_the_weighed_mean_rounded_once(scores: list[Scores], prior: int, weight: int) -> None:
    rating = Rating()
    for each in scores:
        rating = rating.with_(each)
    shown = rating.shown_hundredths(Policy(prior_hundredths=prior, prior_weight=weight))
    exact = (Fraction(100 * sum(sum(each.marks) for each in scores), 3) + prior * weight) / (len(scores) + weight)
    assert shown is not None
    assert abs(shown - exact) <= Fraction(1, 2)
    assert 100 <= shown <= 500


def test_one_bad_review_does_not_rule() -> None:
    policy = Policy(prior_hundredths=460, prior_weight=8)
    worst, best = Rating().with_(Scores(1, 1, 1)), Rating().with_(Scores(5, 5, 5))
    assert worst.shown_hundredths(policy) == 420
    assert best.shown_hundredths(policy) == 464
    assert Rating().shown_hundredths(policy) is None


def test_a_dimensions_mean_is_plain() -> None:
    rating = Rating().with_(Scores(5, 4, 3)).with_(Scores(4, 4, 4))
    assert rating.mean_hundredths(rating.professionalism) == 450
    assert Rating().mean_hundredths(0) is None


@pytest.mark.parametrize("marks", [(0, 5, 5), (5, 6, 5), (5, 5, -1)])
def test_a_mark_is_one_to_five(marks: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        Scores(*marks)
