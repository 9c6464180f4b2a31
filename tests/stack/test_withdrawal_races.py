"""Two hundred withdrawals at once against one balance: against the real transactions of the deployed stack (F26)."""

import secrets
from collections import Counter
from collections.abc import Callable

import pytest

from infra.local import demo_order
from infra.local.demo_stage import Answer, Stage, Story, expect
from infra.local.seeding import companion_numbers, companion_openid
from tests.stack.running import Stack
from tests.stack.test_races import all_at_once

COMPANION, NAME = "cmp_zeng_suhua", "曾素华"
EACH_FEN = 10_000
COVERED = 10
RACERS = 200
_TRIES = 40


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.mark.feature("F26")
def test_two_hundred_withdrawals_never_overdraw_one_balance(stage: Stage, stack: Stack) -> None:
    stack.run("tests.stack.rich_companion", COMPANION, str(EACH_FEN * COVERED + EACH_FEN - 1))
    token = demo_order.sign_in(stage, companion_openid(companion_numbers()[COMPANION]), "companion").token
    payee = expect(
        stage.api.request("POST", "/payees", {"channel": "wechat", "name": NAME}, token=token), 201, "绑定收款方式"
    )
    before = expect(stage.api.request("GET", "/earnings", token=token), 200, "收入")

    def withdraw() -> Callable[[], Answer]:
        key = secrets.token_hex(16)
        body = {"payee_id": payee["payee_id"], "amount_fen": EACH_FEN}

        def send() -> Answer:
            for _ in range(_TRIES):
                answer = stage.api.request("POST", "/withdrawals", body, token=token, key=key, quiet=True)
                if answer.code != "busy":
                    break
            return answer

        return send

    answers = all_at_once([withdraw() for _ in range(RACERS)])
    outcomes = Counter(answer.code or str(answer.status) for answer in answers)
    assert outcomes == {"201": COVERED, "insufficient_balance": RACERS - COVERED}
    after = expect(stage.api.request("GET", "/earnings", token=token), 200, "收入")
    assert before["available_fen"] - after["available_fen"] == EACH_FEN * COVERED
    assert after["withdrawing_fen"] - before["withdrawing_fen"] == EACH_FEN * COVERED
    assert after["available_fen"] == EACH_FEN - 1
