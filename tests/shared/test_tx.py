"""One act, one transaction, one effect."""

from datetime import timedelta
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection

from functions.shared import clock, table
from functions.shared.config import config
from functions.shared.errors import Conflict, Unavailable
from functions.shared.events import Event, Timer
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Row, find
from functions.shared.tx import AlreadyDone, KeyReused, Marker, Reply, Requirement, StaleRead, Tx
from tests.harness.world import World


class NoteRow(Row):
    class Meta:
        table_name = "booking"

    text = UnicodeAttribute(null=True)
    amount_fen = FenAttribute(null=True)
    at = InstantAttribute(null=True)
    parts: JsonAttribute[list[int]] = JsonAttribute(list[int], null=True)


class Note(NoteRow, discriminator="note"):
    pass


class Noted(Event, frozen=True, kw_only=True, tag="test.noted"):
    note_id: str


class Taken(Conflict):
    code = "taken"


def tx(marker: Marker | None = None) -> Tx:
    return Tx("booking", now=clock.now(), correlation_id="cor", marker=marker)


def write_note(marker: Marker | None = None, *, text: str = "one", reply: Reply | None = None) -> Tx:
    act = tx(marker)
    act.insert(Note("N", "1", text=text), taken=Taken())
    act.emit(Noted(note_id="1"))
    act.reply = reply
    act.commit()
    return act


@pytest.mark.usefixtures("world")
class TestCommit:
    def test_rows_and_outbox_are_written_together(self) -> None:
        write_note()
        assert find(Note, "N", "1") is not None
        assert len(outbox()) == 1

    def test_a_taken_key_raises_its_own_problem_and_writes_nothing(self) -> None:
        write_note()
        with pytest.raises(Taken):
            write_note(text="two")
        assert find(Note, "N", "1").text == "one"  # type: ignore[union-attr]
        assert len(outbox()) == 1

    def test_a_row_that_changed_since_it_was_read_is_not_overwritten(self) -> None:
        write_note()
        first, second = find(Note, "N", "1"), find(Note, "N", "1")
        assert first and second
        for row in (first, second):
            row.text = "changed"
        act = tx()
        act.save(first)
        act.commit()
        late = tx()
        late.save(second)
        with pytest.raises(StaleRead):
            late.commit()

    def test_a_row_that_must_exist_is_checked_with_the_commit(self) -> None:
        def second() -> None:
            act = tx()
            act.require(Requirement("booking", "N", "1"), otherwise=Taken())
            act.insert(Note("N", "2"))
            act.commit()

        with pytest.raises(Taken):
            second()
        assert find(Note, "N", "2") is None
        write_note()
        second()
        assert find(Note, "N", "2") is not None

    def test_nothing_is_written_by_an_act_without_writes(self) -> None:
        tx(Marker("http#a", "k")).commit()
        assert tx(Marker("http#a", "k")).find_reply() is None

    def test_rows_round_trip_with_their_types(self) -> None:
        act = tx()
        act.insert(Note("N", "2", amount_fen=22_000, at=clock.now(), parts=[1, 2]))
        act.commit()
        row = find(Note, "N", "2")
        assert row and (row.amount_fen, row.at, row.parts) == (22_000, clock.now(), [1, 2])

    @pytest.mark.parametrize("amount", [1.5, True, "5", 10**12])
    def test_money_that_is_not_a_plausible_integer_is_refused(self, amount: Any) -> None:
        with pytest.raises((TypeError, ValueError)):
            tx().insert(Note("N", "3", amount_fen=amount))


@pytest.mark.usefixtures("world")
class TestExactlyOnce:
    MARKER = Marker("http#acc_1", "key-12345", "fp")

    def test_a_repeated_request_gets_the_first_answer(self) -> None:
        write_note(self.MARKER, reply=Reply(201, '{"id":"1"}'))
        with pytest.raises(AlreadyDone) as repeated:
            write_note(self.MARKER, reply=Reply(201, '{"id":"2"}'))
        assert repeated.value.reply == Reply(201, '{"id":"1"}')
        assert tx(self.MARKER).find_reply() == Reply(201, '{"id":"1"}')

    def test_the_same_key_with_another_body_is_refused(self) -> None:
        write_note(self.MARKER, reply=Reply(201, "{}"))
        changed = Marker(self.MARKER.scope, self.MARKER.key, "other")
        with pytest.raises(KeyReused):
            write_note(changed, reply=Reply(201, "{}"))
        with pytest.raises(KeyReused):
            tx(changed).find_reply()

    def test_a_commit_whose_answer_was_lost_and_is_sent_again_is_a_success(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = Connection._make_api_call
        sent: list[str] = []

        def commits_twice(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "TransactWriteItems":
                sent.append(operation)
                original(self, operation, arguments)  # the first answer never arrives; the SDK sends it again
            return original(self, operation, arguments)

        monkeypatch.setattr(Connection, "_make_api_call", commits_twice)
        write_note(self.MARKER, reply=Reply(201, "{}"))
        assert sent and find(Note, "N", "1") is not None
        assert len(outbox()) == 1

    def test_no_answer_at_all_is_told_as_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from botocore.exceptions import ReadTimeoutError

        def hangs(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
            raise ReadTimeoutError(endpoint_url="dynamodb")

        monkeypatch.setattr(Connection, "_make_api_call", hangs)
        with pytest.raises(Unavailable):
            write_note(self.MARKER)


def test_a_timer_is_named_by_what_it_is_for(world: World) -> None:
    due = clock.now() + timedelta(minutes=5)
    timer = Timer(room="booking", kind="hold_expires", subject="ord_01", due_at=due)
    act = tx()
    act.schedule(timer)
    act.schedule(timer)
    act.commit()
    world.deliver()
    assert list(world.timers) == [timer.id]
    assert len(timer.id) <= 64


def outbox() -> list[Any]:
    return list(
        table.connection().dispatch("Scan", {"TableName": config().table_name("outbox"), "ConsistentRead": True})[
            "Items"
        ]
    )
