"""The conversation of a visit (F12): sent once, checked before others see it, one order for everybody."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.accounts.events import ContentChecked
from functions.booking.events import OrderUnassigned, UnassignedReason
from functions.tracking.events import VisitCallEnded
from functions.tracking.rules import chat as rules
from functions.tracking.rules.chat import MessageState, Queued
from functions.tracking.rules.policy import Policy
from tests.harness.world import Person, Reply, World
from tests.tracking.makers import STARTS_AT, VisitScene, order_assigned, visit_scene
from tests.tracking.sockets_server import Sockets
from tests.tracking.test_live import follow

pytestmark = pytest.mark.feature("F12")
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20 + b"\xff\xd9"
MP3 = b"ID3" + b"\x00" * 60
_numbers = itertools.count(1)


@dataclass
class Chat:
    """The conversation of a visit, with a content check that says what the test wants."""

    visit: VisitScene
    verdicts: dict[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.visit.world

    def post(self, as_: Person, **body: Any) -> Reply:
        sent = {"message_id": f"message-{next(_numbers):04d}", "kind": "text"} | body
        return self.world.post(f"{self.visit.path}/messages", sent, as_=as_, key="")

    def say(self, as_: Person, text: str, **body: Any) -> str:
        reply = self.post(as_, text=text, **body)
        assert reply.status == 201, reply.body
        return str(reply.body["message_id"])

    def check(self, *verdicts: str) -> None:
        """The content check answers what it was asked so far, in this order (`pass` beyond)."""
        self.world.deliver()
        for number, event in enumerate(self.asked()):
            verdict = verdicts[number] if number < len(verdicts) else "pass"
            self.answer(event, verdict)

    def asked(self) -> list[str]:
        found = [event["subject"] for event in self.world.events("visit.message_written")]
        return [subject for subject in found if subject not in self.verdicts]

    def answer(self, subject: str, verdict: str) -> None:
        self.verdicts[subject] = verdict
        self.world.publish(ContentChecked(subject=subject, part="message", revision=1, verdict=verdict))
        self.world.deliver()

    def history(self, as_: Person, query: str = "") -> list[dict[str, Any]]:
        reply = self.world.get(f"{self.visit.path}/messages{query}", as_=as_)
        assert reply.status == 200, reply.body
        items: list[dict[str, Any]] = reply.body["items"]
        return items

    def texts(self, as_: Person) -> list[str]:
        return [each["text"] for each in self.history(as_) if each["text"]]

    def overview(self, as_: Person) -> dict[str, Any]:
        body: dict[str, Any] = self.world.get(f"{self.visit.path}/conversation", as_=as_).body
        return body

    def upload(self, as_: Person, content_type: str, content: bytes) -> str:
        leave = self.world.post(f"{self.visit.path}/message-uploads", {"content_type": content_type}, as_=as_, key="")
        assert leave.status == 201, leave.body
        self.world.upload(leave.body, content)
        return str(leave.body["file_id"])


@pytest.fixture
def chat(visit: VisitScene) -> Chat:
    visit.world.deliver()
    return Chat(visit)


class TestSending:
    def test_others_see_a_message_after_its_check_and_everybody_in_the_same_order(self, chat: Chat) -> None:
        client, companion = chat.visit.client, chat.visit.companion
        guest = chat.visit.guest("progress", "chat")
        chat.say(client, "我们已经在门诊楼门口")
        assert chat.texts(companion) == []
        chat.check()
        chat.say(companion, "我两分钟后到")
        chat.say(guest, "爸爸早上没吃降压药")
        chat.check()
        expected = ["我们已经在门诊楼门口", "我两分钟后到", "爸爸早上没吃降压药"]
        for person in (client, companion, guest):
            assert chat.texts(person) == expected
        entries = chat.history(client)
        assert [each["sequence"] for each in entries] == [1, 2, 3, 4]
        assert [each["sender"] for each in entries] == ["system", "client", "companion", "guest"]
        assert entries[0]["kind"] == "checklist"

    def test_what_is_sent_again_is_the_same_message(self, chat: Chat) -> None:
        body = {"message_id": "phone-0001", "text": "到了吗"}
        first = chat.post(chat.visit.client, **body)
        again = chat.post(chat.visit.client, **body)
        assert (first.status, first.body) == (again.status, again.body)
        chat.check()
        late = chat.post(chat.visit.client, **body)
        assert (late.body["state"], late.body["sequence"]) == ("published", 2)
        assert chat.texts(chat.visit.companion) == ["到了吗"]

    def test_an_id_belongs_to_one_message_of_its_sender(self, chat: Chat) -> None:
        chat.say(chat.visit.client, "到了吗", message_id="phone-0001")
        assert chat.post(chat.visit.client, message_id="phone-0001", text="别的话").code == "message_id_reused"
        chat.say(chat.visit.companion, "快了", message_id="phone-0001")
        chat.check()
        assert sorted(chat.texts(chat.visit.client)) == sorted(["到了吗", "快了"])

    def test_what_one_person_sends_keeps_its_order_whatever_the_check_takes(self, chat: Chat) -> None:
        for text in ("一", "二", "三"):
            chat.say(chat.visit.client, text)
        chat.world.deliver()
        first, second, third = chat.asked()
        chat.answer(third, "pass")
        chat.answer(second, "pass")
        assert chat.texts(chat.visit.companion) == []
        chat.answer(first, "pass")
        assert chat.texts(chat.visit.companion) == ["一", "二", "三"]

    def test_a_check_that_answers_twice_shows_a_message_once(self, chat: Chat) -> None:
        chat.say(chat.visit.client, "一")
        chat.world.deliver()
        (subject,) = chat.asked()
        for verdict in ("pass", "pass", "block"):
            chat.answer(subject, verdict)
        assert chat.texts(chat.visit.companion) == ["一"]

    def test_only_so_many_wait_for_their_check(self, chat: Chat) -> None:
        most = Policy().chat_unchecked
        for number in range(most):
            chat.say(chat.visit.client, f"第 {number} 条")
        assert chat.post(chat.visit.client, text="再来一条").code == "too_many_unchecked"
        chat.check()
        assert len(chat.texts(chat.visit.companion)) == most

    def test_it_closes_seven_days_after_the_visit_and_stays_readable(self, chat: Chat) -> None:
        chat.say(chat.visit.client, "谢谢")
        chat.check()
        chat.world.advance(minutes=60 * 24 * 7 + 60 * 6)
        chat.visit.renew()
        assert chat.post(chat.visit.client, text="还在吗").code == "conversation_closed"
        assert chat.texts(chat.visit.client) == ["谢谢"]
        assert chat.overview(chat.visit.client)["is_open"] is False


class TestChecking:
    def test_a_blocked_message_is_seen_by_nobody_and_its_sender_is_told(self, chat: Chat, sockets: Sockets) -> None:
        phone = follow(chat.visit, chat.visit.client)
        others = follow(chat.visit, chat.visit.companion)
        sent = chat.say(chat.visit.client, "加微信转账")
        chat.check("block")
        assert chat.texts(chat.visit.companion) == []
        (told,) = sockets.told(phone, "message.held")
        assert (told["message_id"], told["state"]) == (sent, "refused")
        assert sockets.told(others, "message.held") == []
        own = chat.world.get(f"{chat.visit.path}/messages/{sent}", as_=chat.visit.client)
        assert own.body["state"] == "refused"

    @pytest.mark.parametrize(("decision", "shown"), [("show", ["能便宜点吗"]), ("refuse", [])])
    def test_staff_decide_what_the_check_leaves_open(self, chat: Chat, decision: str, shown: list[str]) -> None:
        chat.say(chat.visit.client, "能便宜点吗")
        chat.say(chat.visit.client, "在吗")
        chat.check("review")
        assert chat.texts(chat.visit.companion) == ["在吗"]
        agent = chat.world.person("agent")
        (waiting,) = chat.world.get("/message-queue", as_=agent).body["items"]
        path = f"{chat.visit.path}/held-messages/{waiting['message_id']}"
        assert chat.world.get(path, as_=agent).body["text"] == "能便宜点吗"
        body = {"decision": decision, "reason": "按社区规范判断"}
        assert chat.world.post(f"{path}/decision", body, as_=agent).status == 200
        assert chat.world.post(f"{path}/decision", body, as_=agent).code == "message_not_waiting"
        assert chat.texts(chat.visit.companion) == ["在吗", *shown]
        assert chat.world.get("/message-queue", as_=agent).body["items"] == []

    def test_a_check_that_never_answers_ends_with_staff(self, chat: Chat) -> None:
        chat.say(chat.visit.client, "在吗")
        chat.world.deliver()
        chat.world.advance(minutes=3)
        chat.visit.renew()
        assert len(chat.world.get("/message-queue", as_=chat.world.person("agent")).body["items"]) == 1


class TestMedia:
    def test_a_picture_and_a_voice_are_sent_and_opened_by_a_short_link(self, chat: Chat) -> None:
        client, companion = chat.visit.client, chat.visit.companion
        picture = chat.upload(companion, "image/jpeg", JPEG)
        voice = chat.upload(client, "audio/mpeg", MP3)
        assert chat.post(companion, kind="picture", file_id=picture).status == 201
        said = {"kind": "voice", "file_id": voice, "duration_s": 12, "waveform": [3, 40, 100]}
        assert chat.post(client, **said).status == 201
        chat.check()
        _, shown, heard = chat.history(client)
        assert (shown["kind"], shown["media"]["content_type"]) == ("picture", "image/jpeg")
        assert (heard["media"]["duration_s"], heard["media"]["waveform"]) == (12, [3, 40, 100])
        link = chat.world.get(f"{chat.visit.path}/entries/{shown['sequence']}/media", as_=client)
        assert "X-Amz-Expires=300" in link.body["url"]
        assert chat.world.get(f"{chat.visit.path}/entries/1/media", as_=client).code == "message_not_found"

    def test_nobody_sends_what_another_one_uploaded_or_what_it_is_not(self, chat: Chat) -> None:
        client, companion = chat.visit.client, chat.visit.companion
        theirs = chat.upload(companion, "image/jpeg", JPEG)
        lie = chat.upload(client, "image/png", MP3)
        assert chat.post(client, kind="picture", file_id=theirs).code == "upload_missing"
        assert chat.post(client, kind="picture", file_id=lie).code == "upload_refused"


class TestRecall:
    def test_what_is_taken_back_is_gone_for_others_and_kept_as_evidence(self, chat: Chat) -> None:
        chat.say(chat.visit.companion, "发错了")
        chat.check()
        path = f"{chat.visit.path}/entries/2/recall"
        assert chat.world.post(path, as_=chat.visit.client).code == "message_not_found"
        recalled = chat.world.post(path, as_=chat.visit.companion)
        assert (recalled.body["kind"], recalled.body["recalls"], recalled.body["sequence"]) == ("recall", 2, 3)
        chat.world.deliver()
        _, gone, told = chat.history(chat.visit.client)
        assert (gone["is_recalled"], gone["text"], told["recalls"]) == (True, None, 2)
        access = {"reason": "处理客户投诉"}
        agent = chat.world.person("agent")
        seen = chat.world.post(f"{chat.visit.path}/chat-accesses", access, as_=agent, key="")
        assert [each["text"] for each in seen.body["items"]] == [None, "发错了", None]

    def test_not_after_two_minutes(self, chat: Chat) -> None:
        chat.say(chat.visit.companion, "发错了")
        chat.check()
        chat.world.advance(minutes=2, seconds=1)
        chat.visit.renew()
        reply = chat.world.post(f"{chat.visit.path}/entries/2/recall", as_=chat.visit.companion)
        assert reply.code == "too_late_to_recall"


class TestReading:
    def test_history_is_read_in_both_directions(self, chat: Chat) -> None:
        for number in range(2, 8):
            chat.say(chat.visit.client, str(number))
        chat.check()

        def numbers(query: str) -> list[int]:
            return [each["sequence"] for each in chat.history(chat.visit.companion, query)]

        assert numbers("?after_sequence=2&limit=3") == [3, 4, 5]
        assert numbers("?before_sequence=5&limit=2") == [3, 4]
        assert numbers("?limit=2") == [6, 7]
        assert numbers("?after_sequence=7") == []

    def test_unread_counts_what_others_said_and_marks_only_go_on(self, chat: Chat) -> None:
        client, companion = chat.visit.client, chat.visit.companion
        for text in ("一", "二", "三"):
            chat.say(client, text)
        chat.check()
        assert (chat.overview(companion)["unread"], chat.overview(client)["unread"]) == (3, 0)
        path = f"{chat.visit.path}/read-mark"
        for said, marked in ((3, 3), (2, 3), (99, 4)):
            assert chat.world.put(path, {"sequence": said}, as_=companion).body == {"sequence": marked}
        overview = chat.overview(client)
        marks = {each["party"]: each["sequence"] for each in overview["read_marks"]}
        assert (chat.overview(companion)["unread"], marks["companion"]) == (0, 4)

    def test_a_watcher_hears_each_entry_and_how_far_others_read(self, chat: Chat, sockets: Sockets) -> None:
        phone = follow(chat.visit, chat.visit.client)
        lacking = follow(chat.visit, chat.visit.guest("progress"))
        chat.say(chat.visit.companion, "到了")
        chat.check()
        chat.world.put(f"{chat.visit.path}/read-mark", {"sequence": 2}, as_=chat.visit.companion)
        chat.world.deliver()
        (told,) = sockets.told(phone, "message.published")
        assert (told["entry"]["text"], told["entry"]["sequence"]) == ("到了", 2)
        assert sockets.told(phone, "message.read")[-1]["sequence"] == 2
        assert sockets.told(lacking, "message.published") == []

    def test_who_is_away_is_told_of_the_first_unread_message_only(self, chat: Chat, sockets: Sockets) -> None:
        for text in ("一", "二"):
            chat.say(chat.visit.companion, text)
            chat.check()
        unseen = chat.world.events("visit.message_unseen")
        assert [each["account_id"] for each in unseen] == [chat.visit.client.subject]

    def test_cards_tell_of_milestones_and_calls(self, chat: Chat) -> None:
        chat.visit.walk("departed")
        chat.world.deliver()
        chat.world.publish(
            VisitCallEnded(
                visit_id=chat.visit.visit_id,
                order_id=chat.visit.order_id,
                call_id="cal_1",
                started_by="companion",
                outcome="ended",
                duration_s=65,
            )
        )
        chat.world.deliver()
        cards = [(each["kind"], each["card"]) for each in chat.history(chat.visit.client)[1:]]
        assert [(kind, card["title"]) for kind, card in cards] == [
            ("milestone", "陪诊师已出发"),
            ("call", "视频通话已结束"),
        ]
        assert cards[1][1]["duration_s"] == 65

    def test_another_companion_does_not_read_what_was_said_before(self, chat: Chat) -> None:
        chat.say(chat.visit.client, "只对第一位说的话")
        chat.check()
        visit, newcomer = chat.visit, chat.world.person("companion")
        chat.world.publish(
            OrderUnassigned(
                order_id=visit.order_id,
                client_id=visit.client.subject,
                companion_id=visit.companion.subject,
                reason=UnassignedReason.COMPANION_CANCELLED,
                starts_at=STARTS_AT,
                revision=1,
            )
        )
        event = order_assigned(
            order_id=visit.order_id,
            client_id=visit.client.subject,
            companion_id=newcomer.subject,
            patient_id=visit.patient_id,
            revision=2,
        )
        chat.world.publish(event)
        chat.world.deliver()
        chat.say(visit.client, "您好")
        chat.check()
        assert chat.texts(newcomer) == ["您好"]
        assert chat.texts(visit.client) == ["只对第一位说的话", "您好"]
        assert chat.world.get(f"{visit.path}/messages", as_=visit.companion).status == 404


BAD: Sequence[tuple[dict[str, Any], str]] = (
    ({"message_id": "short", "text": "好"}, "invalid_request"),
    ({"message_id": "white space here", "text": "好"}, "invalid_request"),
    ({"text": ""}, "invalid_request"),
    ({"text": "   "}, "invalid_request"),
    ({"text": "长" * 1001}, "invalid_request"),
    ({"kind": "text"}, "invalid_request"),
    ({"kind": "picture"}, "invalid_request"),
    ({"kind": "voice", "file_id": "fil_x"}, "invalid_request"),
    ({"kind": "voice", "file_id": "fil_x", "duration_s": 61}, "invalid_request"),
    ({"kind": "voice", "file_id": "fil_x", "duration_s": 1.5}, "invalid_request"),
    ({"kind": "voice", "file_id": "fil_x", "duration_s": 5, "waveform": [101]}, "invalid_request"),
    ({"kind": "picture", "file_id": "fil_x"}, "upload_missing"),
    ({"kind": "text", "text": "好", "file_id": "fil_x"}, "invalid_request"),
    ({"kind": "milestone", "text": "好"}, "invalid_request"),
    ({"text": "好", "sender": "companion"}, "invalid_request"),
)


class TestBadInput:
    @pytest.mark.parametrize(("body", "code"), BAD)
    def test_a_message_that_cannot_be_taken(self, chat: Chat, body: dict[str, Any], code: str) -> None:
        reply = chat.post(chat.visit.client, **body)
        assert reply.code == code, reply.body
        assert reply.status in (400, 409, 422)

    def test_strangers_and_guests_without_the_chat_are_kept_out(self, chat: Chat) -> None:
        other = visit_scene(chat.world)
        guest, agent = chat.visit.guest("progress"), chat.world.person("agent")
        for person, statuses in ((other.client, {404}), (other.companion, {404}), (guest, {403}), (agent, {403, 404})):
            assert chat.post(person, text="好").status in statuses
            assert chat.world.get(f"{chat.visit.path}/messages", as_=person).status in statuses
            assert chat.world.get(f"{chat.visit.path}/conversation", as_=person).status in statuses
            mark = chat.world.put(f"{chat.visit.path}/read-mark", {"sequence": 1}, as_=person)
            assert mark.status in statuses
        assert chat.world.post("/visits/vis_none/messages", {}, key="").status == 401
        chat.visit.revoke(guest)
        assert chat.post(guest, text="好").status == 403


names = st.sampled_from("abcdef")


class TestRules:
    @given(st.lists(names, unique=True, min_size=1), st.data())
    def test_the_order_sent_is_the_order_shown(self, sent: list[str], data: st.DataObject) -> None:
        """Whatever the order of the verdicts: all come out once, in the order sent."""
        queue: tuple[Queued, ...] = tuple(Queued(each) for each in sent)
        shown: list[str] = []
        for each in data.draw(st.permutations(sent)):
            ready, queue = rules.settled(queue, each, MessageState.PUBLISHED)
            shown += [one.message_id for one in ready]
        assert (shown, queue) == (sent, ())

    @given(st.integers(0, 50), st.integers(0, 99), st.integers(0, 50))
    def test_marks_go_on_and_not_beyond_the_end(self, read_to: int, said: int, latest: int) -> None:
        marked = rules.marked(read_to, said, latest)
        assert marked >= read_to
        assert marked <= max(read_to, latest)

    def test_an_unknown_verdict_is_for_a_person(self) -> None:
        assert rules.state_after("strange") is MessageState.WAITING
