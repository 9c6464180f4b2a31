"""What the insurer's claims desk promises to a test and to a person: each act, each way to go wrong, and its report."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from urllib3 import PoolManager

from infra.local.standins import insurer
from infra.local.standins.journal import Journal
from tests.standins.platform import CLAIM, PAYABLE_FEN, Platform, open_platform
from tests.standins.servers import Clock, Standin, eventually

pytest_plugins = ["tests.standins.fixtures"]

ACTS = ("acknowledge", "request-evidence", "decide", "pay")
PATHS = {
    "acknowledge": "acknowledgement",
    "request-evidence": "evidence-requests",
    "decide": "decision",
    "pay": "payment",
}


@pytest.fixture
def platform(tmp_path: Path, standin_clock: Clock) -> Iterator[Platform]:
    opened = open_platform(tmp_path, standin_clock)
    yield opened
    opened.stop()


def signed(standin: Standin, *, state: str = "submitted", step: int = 2) -> tuple[dict[str, str], str]:
    """Headers and body of our message about the claim."""
    told = {"claim_id": CLAIM, "policy_id": "pol_1", "order_id": "ord_1", "state": state, "step": step}
    body, at, message_id = json.dumps({"type": "claim.moved", "data": told}), datetime.now(UTC), f"msg_{step}"
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(standin.keys.webhook_secret).sign(message_id, at, body),
    }
    return headers, body


def tell(standin: Standin, *, state: str = "submitted", step: int = 2) -> None:
    """Our message reaches the insurer."""
    headers, body = signed(standin, state=state, step=step)
    answer = PoolManager(retries=False).request("POST", f"{standin.url}/webhooks", body=body, headers=headers)
    assert answer.status == 200


def known(standin: Standin) -> dict[str, Any]:
    """The claim as the desk knows it."""
    [claim] = standin.read("/_control/claims")["claims"]
    return dict(claim)


def do(standin: Standin, act: str, **body: Any) -> dict[str, Any]:
    return standin.control(f"claims/{CLAIM}/{act}", **body)


def statuses(done: dict[str, Any]) -> list[int | None]:
    return [answer["status"] for answer in done["answers"]]


def sent(platform: Platform, act: str) -> list[dict[str, Any]]:
    return [body for what, body in platform.said if what == PATHS[act]]


def ready_to(platform: Platform, act: str) -> None:
    """The claim is where this act is the next."""
    if act == "pay":
        platform.claim |= {"state": "approved", "approved_fen": 9_000}


def test_a_claim_that_it_is_told_of_is_looked_at(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    eventually(lambda: known(insurer_standin)["payable_fen"] == PAYABLE_FEN)
    claim = known(insurer_standin)
    assert (claim["state"], claim["step"], claim["amount_fen"], claim["acts"]) == ("submitted", 2, 30_000, [])


def test_what_it_is_shown_can_be_read(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    shown = insurer_standin.read(f"/_control/claims/{CLAIM}")
    assert (shown["request"], shown["status"]) == (f"GET /insurer/claims/{CLAIM}", 200)
    assert shown["body"] == platform.show()


def test_a_claim_that_it_was_not_told_of_is_unknown(insurer_standin: Standin, platform: Platform) -> None:
    status, answer = insurer_standin.call("POST", f"/_control/claims/{CLAIM}/acknowledge", {})
    assert (status, answer["code"]) == (404, "CLAIM_UNKNOWN")
    assert platform.said == []


def test_a_claim_is_settled_with_one_signing_in(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    steps = [do(insurer_standin, act) for act in ACTS]
    assert [statuses(step) for step in steps] == [[200], [200], [200], [200]]
    states = [step["answers"][0]["body"]["state"] for step in steps]
    assert states == ["under_review", "evidence_requested", "approved", "paid"]
    assert [body["amount_fen"] for act in ("decide", "pay") for body in sent(platform, act)] == [PAYABLE_FEN] * 2
    assert len({body["request_id"] for _, body in platform.said}) == len(ACTS)
    assert len(platform.tokens) == 1
    assert (known(insurer_standin)["state"], len(known(insurer_standin)["acts"])) == ("paid", 4)


def test_it_says_what_it_was_told_to_say(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    do(insurer_standin, "decide", decision="reject", reason="没有票据")
    do(insurer_standin, "decide", amount_fen=7_000, reason="复核后同意")
    do(insurer_standin, "pay", reference="工行 0042")
    rejection, approval = sent(platform, "decide")
    assert (rejection["reason"], "amount_fen" in rejection) == ("没有票据", False)
    assert (approval["decision"], approval["amount_fen"]) == ("approve", 7_000)
    assert (sent(platform, "pay")[0]["amount_fen"], sent(platform, "pay")[0]["reference"]) == (7_000, "工行 0042")


@pytest.mark.parametrize("act", ACTS)
def test_twice_is_one_request_sent_again(insurer_standin: Standin, platform: Platform, act: str) -> None:
    ready_to(platform, act)
    tell(insurer_standin)
    first, second = do(insurer_standin, act, fault="twice")["answers"]
    assert (first["status"], second) == (200, first)
    assert len(sent(platform, act)) == 2
    assert len(platform.claim["steps"]) == 3


@pytest.mark.parametrize("act", ACTS)
def test_wrongly_is_refused_before_and_after_the_right_one(
    insurer_standin: Standin, platform: Platform, act: str
) -> None:
    ready_to(platform, act)
    tell(insurer_standin)
    done = do(insurer_standin, act, fault="wrongly")
    assert statuses(done) == [400, 200, 409]
    numbers = [body["request_id"] for _, body in platform.said]
    assert numbers[0] != numbers[1] == numbers[2] == done["request_id"]


def test_a_rejection_goes_wrong_too(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    assert statuses(do(insurer_standin, "decide", decision="reject", fault="wrongly")) == [400, 200, 409]
    assert known(insurer_standin)["state"] == "rejected"


def test_late_is_promised_now_and_done_later(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    body = {"fault": "late", "delay_s": 0.3}
    status, promised = insurer_standin.call("POST", f"/_control/claims/{CLAIM}/acknowledge", body)
    assert (status, promised["is_done"], promised["answers"]) == (202, False, [])
    assert platform.said == []
    eventually(lambda: known(insurer_standin)["acts"][0]["is_done"])
    assert (statuses(known(insurer_standin)["acts"][0]), known(insurer_standin)["state"]) == ([200], "under_review")


def test_what_is_late_is_done_after_a_restart_under_its_number(
    insurer_standin: Standin, platform: Platform, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()

    def opened() -> insurer.Desk:
        journal, secret = Journal(folder / "insurer.jsonl"), insurer_standin.keys.webhook_secret
        return insurer.Desk(journal, secret, insurer_standin.clock, tmp_path)

    desk = opened()
    headers, body = signed(insurer_standin)
    desk.receive(headers, body.encode())
    promised = desk.act(CLAIM, "acknowledge", {}, fault=insurer.Fault.LATE, delay_s=60)
    desk.close()
    insurer_standin.clock.advance(timedelta(seconds=60))
    again = opened()
    eventually(lambda: again.acts()[0].is_done)
    assert [each["request_id"] for each in sent(platform, "acknowledge")] == [promised.request_id]
    again.close()


def test_a_token_is_renewed_before_it_ends(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    do(insurer_standin, "acknowledge")
    insurer_standin.clock.advance(timedelta(seconds=850))
    assert statuses(do(insurer_standin, "decide")) == [200]
    assert len(platform.tokens) == 2


def test_a_token_that_is_taken_no_more_is_renewed(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    do(insurer_standin, "acknowledge")
    eventually(lambda: known(insurer_standin)["state"] == "under_review")
    platform.tokens.append("another that the insurer does not know")
    assert statuses(do(insurer_standin, "decide")) == [200]


def test_an_api_that_is_down_is_reported(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    platform.stop()
    done = do(insurer_standin, "acknowledge")
    assert (done["is_done"], statuses(done)) == (True, [None])
    assert "没有应答" in done["answers"][0]["error"]
    assert "没有应答" in page(insurer_standin)


def test_an_api_that_is_too_slow_is_reported(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    platform.delay_s = 0.8
    assert "ReadTimeoutError" in do(insurer_standin, "acknowledge")["answers"][0]["error"]


def test_an_api_that_is_not_there_yet_is_reported(insurer_standin: Standin) -> None:
    tell(insurer_standin)
    assert "平台还没有部署" in do(insurer_standin, "acknowledge")["answers"][0]["error"]


def test_older_news_do_not_undo_newer(insurer_standin: Standin, platform: Platform) -> None:
    platform.claim |= {"state": "appealed", "steps": [1, 2, 3, 4, 5]}
    tell(insurer_standin, state="appealed", step=5)
    tell(insurer_standin, state="submitted", step=2)
    assert (known(insurer_standin)["state"], known(insurer_standin)["step"]) == ("appealed", 5)


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("dance", {}, 404),
        ("acknowledge", {"reason": "不相干"}, 400),
        ("acknowledge", {"fault": "rudely"}, 400),
        ("acknowledge", {"fault": "twice", "delay_s": 1}, 400),
        ("decide", {"decision": "maybe"}, 400),
        ("pay", {"amount_fen": "90"}, 400),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    insurer_standin: Standin, platform: Platform, act: str, body: dict[str, Any], status: int
) -> None:
    tell(insurer_standin)
    assert insurer_standin.call("POST", f"/_control/claims/{CLAIM}/{act}", body)[0] == status
    assert platform.said == []


def page(standin: Standin) -> str:
    return PoolManager().request("GET", f"{standin.url}/").data.decode()


def test_the_page_offers_what_can_be_done(insurer_standin: Standin, platform: Platform) -> None:
    tell(insurer_standin)
    eventually(lambda: "最多可赔" in page(insurer_standin))
    assert f'data-path="/_control/claims/{CLAIM}/acknowledge"' in page(insurer_standin)
    assert all(text in page(insurer_standin) for text in ("待受理", "意外受伤", "¥300.00", "¥200.00"))
    do(insurer_standin, "acknowledge", fault="wrongly")
    eventually(lambda: "要求补充材料" in page(insurer_standin))
    assert all(text in page(insurer_standin) for text in ("审核中", "不予赔付", "有意出错"))
    assert f'data-path="/_control/claims/{CLAIM}/acknowledge"' not in page(insurer_standin)
