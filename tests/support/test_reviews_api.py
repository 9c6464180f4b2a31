"""Reviews through the API (F16): once, checked, exact, answered, taken down."""

from typing import Any

import pytest

from functions.companions.rules.profiles import Profile
from functions.shared import clock, ids
from functions.shared.caller import Role
from functions.support import actions
from functions.support.events import CompanionRated
from tests.accounts.makers import COMPANION, commit
from tests.companions.makers import profile_of, put, put_city_and_hospital
from tests.harness.world import World
from tests.support.makers import KIND_WORDS, MARKS, Office, Visited

pytest_plugins = ["tests.standins.fixtures"]


@pytest.mark.feature("F16")
def test_a_checked_review_is_seen_by_everybody_and_counts(office: Office) -> None:
    visit = office.completed()
    reply = visit.review()
    assert (reply.status, reply.body["state"], reply.body["state_title"]) == (201, "checking", "审核中")
    assert visit.read().body["state"] == "published"
    public = office.public(visit.companion)
    assert public["rating"] == {
        "count": 1,
        "shown_hundredths": 461,
        "professionalism_hundredths": 500,
        "responsiveness_hundredths": 400,
        "attitude_hundredths": 500,
    }
    (line,) = public["items"]
    assert (line["text"], line["scores"]) == (KIND_WORDS, MARKS)
    assert visit.client.subject not in str(public)
    assert visit.order_id not in str(public)


@pytest.mark.feature("F16")
@pytest.mark.feature("B17")
def test_words_wait_for_the_check_and_bad_ones_are_never_seen(office: Office, texts: dict[str, str]) -> None:
    risky, doubtful = office.completed(), office.completed()
    risky.review(texts["risky"])
    assert risky.read().body["state"] == "blocked"
    doubtful.review(texts["review"])
    assert doubtful.read().body["state"] == "waiting"
    assert office.public(risky.companion)["items"] == office.public(doubtful.companion)["items"] == []
    (waiting,) = office.queue()
    assert (waiting["review_id"], waiting["why"]) == (doubtful.review_id, "content_check")
    assert office.decide(doubtful.review_id, "publish").body["state"] == "published"
    assert office.queue() == []
    assert office.public(doubtful.companion)["rating"]["count"] == 1


def test_a_check_that_never_answers_ends_with_a_person(office: Office) -> None:
    office.world.rooms = ("support",)
    visit = office.completed()
    visit.review()
    office.world.advance(minutes=9)
    assert visit.read().body["state"] == "checking"
    office.world.advance(minutes=2)
    assert visit.read().body["state"] == "waiting"
    assert [each["why"] for each in office.queue()] == ["check_unanswered"]


def test_marks_without_words_need_no_check(office: Office) -> None:
    office.world.rooms = ("support",)
    visit = office.completed()
    assert visit.review("").body["state"] == "published"
    assert office.public(visit.companion)["rating"]["count"] == 1


@pytest.mark.feature("F16")
def test_once_per_order_and_within_fifteen_days(office: Office) -> None:
    visit, late = office.completed(), office.completed()
    visit.review()
    again = visit.review("再写一次")
    assert (again.status, again.body["code"]) == (409, "review_exists")
    office.world.advance(days=15, seconds=1)
    late.client = office.world.renewed(late.client, "client")
    assert late.review().body["code"] == "review_window_closed"


@pytest.mark.feature("F16")
def test_a_change_within_a_day_replaces_what_counted(office: Office) -> None:
    visit = office.completed()
    visit.review()
    version = visit.read().body["version"]
    assert visit.edit("晚到了十分钟。", version=version - 1).status == 412
    assert visit.edit("晚到了十分钟。", version=version, attitude=2).status == 200
    public = office.public(visit.companion)
    assert public["rating"]["count"] == 1
    assert public["items"][0]["scores"]["attitude"] == 2
    assert public["items"][0]["edited_at"] is not None
    office.world.advance(days=1, seconds=1)
    refused = visit.edit("再改。", version=visit.read().body["version"])
    assert (refused.status, refused.body["code"]) == (409, "review_not_editable")


def test_the_check_of_earlier_words_says_nothing_about_later_ones(office: Office) -> None:
    office.world.rooms = ("support",)
    visit = office.completed()
    visit.review()
    visit.edit("改过的文字。", version=visit.read().body["version"])
    commit(
        "support", lambda tx: actions.check(tx, review_id=visit.review_id, part="review", revision=1, verdict="pass")
    )
    assert visit.read().body["state"] == "checking"
    commit(
        "support", lambda tx: actions.check(tx, review_id=visit.review_id, part="review", revision=2, verdict="pass")
    )
    assert visit.read().body["state"] == "published"


def _passed(visit: Visited, *, revision: int) -> None:
    words: dict[str, Any] = {"review_id": visit.review_id, "part": "review", "revision": revision}
    commit("support", lambda tx: actions.check(tx, **words, verdict="pass"))


@pytest.mark.feature("F16")
def test_the_companion_answers_once(office: Office, texts: dict[str, str]) -> None:
    visit = office.completed()
    visit.review()
    assert visit.answer().status == 201
    assert office.public(visit.companion)["items"][0]["answer"].startswith("谢谢")
    assert visit.answer("再说一句").body["code"] == "answer_exists"
    other = office.completed()
    other.review()
    assert other.answer(texts["risky"]).status == 201
    assert office.public(other.companion)["items"][0]["answer"] is None
    assert other.read().body["answer"] is None


@pytest.mark.feature("F16")
def test_others_report_and_staff_hide_and_restore(office: Office) -> None:
    visit = office.completed()
    visit.review()
    reporter = office.somebody(Role.CLIENT)
    path = f"/reviews/{visit.review_id}/reports"
    assert office.world.post(path, {"reason": "privacy", "note": "写了病情"}, as_=reporter).status == 201
    again = office.world.post(path, {"reason": "privacy"}, as_=reporter)
    assert (again.status, again.body["code"]) == (409, "already_reported")
    assert office.public(visit.companion)["rating"]["count"] == 1
    assert [each["why"] for each in office.queue()] == ["reported"]
    seen = office.world.get(f"/reviews/{visit.review_id}", as_=office.agent()).body
    assert [each["reason_title"] for each in seen["reports"]] == ["泄露隐私"]
    office.decide(visit.review_id, "hide", "写出了就诊人的病情")
    assert office.queue() == []
    hidden = visit.read().body
    assert (hidden["state"], hidden["staff_reason"]) == ("hidden", "写出了就诊人的病情")
    assert office.public(visit.companion) == {
        "rating": {
            "count": 0,
            "shown_hundredths": None,
            "professionalism_hundredths": None,
            "responsiveness_hundredths": None,
            "attitude_hundredths": None,
        },
        "items": [],
        "next_cursor": None,
    }
    office.decide(visit.review_id, "publish", "申诉成立")
    assert office.public(visit.companion)["rating"]["count"] == 1
    assert office.decide(visit.review_id, "block").body["code"] == "nothing_to_decide"


def test_a_reported_review_may_stand(office: Office) -> None:
    visit = office.completed()
    visit.review()
    office.world.post(f"/reviews/{visit.review_id}/reports", {"reason": "false"}, as_=visit.companion)
    assert office.decide(visit.review_id, "publish").body["state"] == "published"
    assert office.queue() == []
    assert office.public(visit.companion)["rating"]["count"] == 1


def test_a_companions_reviews_come_newest_first_in_pages(office: Office) -> None:
    companion = office.somebody(Role.COMPANION)
    for number in range(3):
        office.completed(companion).review(f"第{number}次，都很好。")
        office.world.advance(minutes=1)
    first = office.world.get(f"/companions/{companion.subject}/reviews?limit=2").body
    rest = office.world.get(f"/companions/{companion.subject}/reviews?limit=2&cursor={first['next_cursor']}").body
    assert [each["text"][:3] for each in first["items"] + rest["items"]] == ["第2次", "第1次", "第0次"]


@pytest.mark.feature("F16")
def test_a_companions_mark_for_the_client_is_for_staff_alone(office: Office) -> None:
    visit = office.completed()
    path = f"/orders/{visit.order_id}/cooperation"
    assert office.world.post(path, {"score": 2, "note": "临时改了医院"}, as_=visit.companion).status == 201
    again = office.world.post(path, {"score": 5}, as_=visit.companion)
    assert (again.status, again.body["code"]) == (409, "cooperation_rated")
    listed = f"/clients/{visit.client.subject}/cooperation"
    assert [each["score"] for each in office.world.get(listed, as_=office.agent()).body["items"]] == [2]
    assert office.world.get(listed, as_=visit.client).status == 403


@pytest.mark.feature("F27")
def test_reviews_reach_the_profile_in_order(office: Office) -> None:
    put_city_and_hospital()
    put(rating_hundredths=None)
    office.world.rooms = ("companions",)
    rated = CompanionRated(companion_id=COMPANION, sequence=2, count=2, rating_hundredths=470)
    office.world.publish(rated)
    office.world.publish(CompanionRated(companion_id=COMPANION, sequence=1, count=1, rating_hundredths=300))
    profile: Profile = profile_of(COMPANION)
    assert profile.rating_hundredths == 470


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (MARKS | {"text": "x" * 1001}, 400, "invalid_request"),
        (MARKS | {"attitude": 6}, 400, "invalid_request"),
        (MARKS | {"attitude": 0}, 400, "invalid_request"),
        (MARKS | {"attitude": 4.5}, 400, "invalid_request"),
        (MARKS | {"stars": 5}, 400, "invalid_request"),
        ({"professionalism": 5}, 400, "invalid_request"),
    ],
)
def test_a_bad_review_is_refused_and_changes_nothing(
    office: Office, body: dict[str, Any], status: int, code: str
) -> None:
    visit = office.completed()
    reply = office.world.post(visit.path, body, as_=visit.client)
    assert (reply.status, reply.body["code"]) == (status, code)
    assert visit.read().body["state"] == "invited"


def test_strangers_are_told_that_there_is_nothing(office: Office, world: World) -> None:
    visit = office.completed()
    stranger = office.somebody(Role.CLIENT)
    assert world.post(visit.path, MARKS, as_=None).status == 401
    assert world.post(visit.path, MARKS, as_=visit.companion).status == 403
    assert world.post(visit.path, MARKS, as_=stranger).status == 404
    assert world.post(f"/orders/{ids.new('ord', clock.now())}/review", MARKS, as_=visit.client).status == 404
    assert visit.read(as_=stranger).status == 404
    assert visit.read(as_=visit.companion).status == 404
    other = office.somebody(Role.COMPANION)
    visit.review()
    assert world.post(f"/reviews/{visit.review_id}/answer", {"text": "谢谢"}, as_=other).status == 404
    assert world.post(f"/orders/{visit.order_id}/cooperation", {"score": 5}, as_=other).status == 404
    assert world.post("/reviews/nonsense/reports", {"reason": "other"}, as_=other).status == 404
