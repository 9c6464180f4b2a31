"""What the room stores."""

import json

import pytest

from functions.care import actions, table
from functions.care.rules import Policy, ReportContent, ReportExists
from functions.shared import aws, clock, crypto
from functions.shared.config import config
from functions.shared.crypto import Unreadable
from functions.shared.table import forget_kept
from functions.shared.tx import Tx
from tests.care.makers import submit
from tests.tracking.makers import VisitScene


def tx() -> Tx:
    return Tx("care", now=clock.now(), correlation_id="test")


def content() -> ReportContent:
    return ReportContent(medical_advice="多休息", medicines=[], next_visit=None, summary="顺利")


@pytest.mark.feature("F14")
class TestReport:
    def test_what_it_says_is_nowhere_in_the_open_nor_in_the_answer_kept_for_replay(self, ended: VisitScene) -> None:
        submit(ended)
        ended.world.deliver()
        names = [config().table_name(room) for room in ("care", "tracking", "outbox")]
        stored = [aws.client("dynamodb").scan(TableName=name)["Items"] for name in names]
        assert "REPORT" in {row["sk"]["S"] for row in stored[0]}
        seen = json.dumps([stored, ended.world.delivered], ensure_ascii=False)
        assert not any(secret in seen for secret in ("低盐", "阿莫西林", "复查"))

    def test_only_the_patients_key_in_this_room_opens_it(self, ended: VisitScene) -> None:
        submit(ended)
        row = table.find_report_row(ended.visit_id)
        assert row is not None
        assert row.patient_id == ended.patient_id
        other = crypto.new_key(room="care", owner_id="pat_other")
        with pytest.raises(Unreadable):
            other.decrypt("report", row.sealed_content)

    def test_of_two_submissions_at_once_one_is_refused(self, ended: VisitScene) -> None:
        acts = [tx(), tx()]
        for act in acts:
            actions.submit_report(act, visit_id=ended.visit_id, companion_id=ended.companion.subject, content=content())
        acts[0].commit()
        with pytest.raises(ReportExists):
            acts[1].commit()


def test_a_stored_policy_replaces_the_default(ended: VisitScene) -> None:
    for seconds in (60, 120):
        act = tx()
        actions.put_policy(act, policy=Policy(report_due_s=seconds))
        act.commit()
        forget_kept()
        assert table.policy() == Policy(report_due_s=seconds)
