"""Fixtures: the real stand-ins served over loopback, and a merchant's server that takes their notifications.

A test module asks for them with `pytest_plugins = ["tests.standins.fixtures"]`.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, request

from infra.local.standins import insurer, pay, wechat
from infra.local.standins.journal import Journal
from infra.local.standins.keys import load_keys, make_keys
from infra.local.standins.serving import serve
from tests.standins.servers import Clock, MerchantServer, Received, Standin

ANSWER_WITHIN_S = 0.5
FAST = pay.Pace(retry_scale=0.001, refund_delay_s=0.02)


@pytest.fixture(scope="session")
def standin_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with keys, made once because RSA keys take a while."""
    folder = tmp_path_factory.mktemp("standins")
    make_keys(folder)
    return folder


@pytest.fixture
def standin_clock() -> Clock:
    return Clock()


@pytest.fixture
def wechat_standin(standin_keys: Path, tmp_path: Path, standin_clock: Clock) -> Iterator[Standin]:
    keys = load_keys(standin_keys)
    journal = Journal(tmp_path / "wechat.jsonl")
    running = serve(wechat.create_app(journal, keys.wechat, standin_clock), 0, journal.close)
    yield Standin(running.url, keys, standin_keys, tmp_path, standin_clock)
    running.stop()


@pytest.fixture
def pay_standin(standin_keys: Path, tmp_path: Path, standin_clock: Clock) -> Iterator[Standin]:
    keys = load_keys(standin_keys)
    desk = pay.Desk(Journal(tmp_path / "pay.jsonl"), keys.pay, standin_clock, FAST)
    running = serve(pay.create_app(desk), 0, desk.close)
    yield Standin(running.url, keys, standin_keys, tmp_path, standin_clock)
    running.stop()


@pytest.fixture
def insurer_standin(standin_keys: Path, tmp_path: Path, standin_clock: Clock) -> Iterator[Standin]:
    keys = load_keys(standin_keys)
    desk = insurer.Desk(
        Journal(tmp_path / "insurer.jsonl"),
        keys.webhook_secret,
        standin_clock,
        tmp_path,
        answer_within_s=ANSWER_WITHIN_S,
    )
    running = serve(insurer.create_app(desk), 0, desk.close)
    yield Standin(running.url, keys, standin_keys, tmp_path, standin_clock)
    running.stop()


@pytest.fixture
def merchant_server() -> Iterator[MerchantServer]:
    app = Flask("merchant")
    received: list[Received] = []
    answers: list[int] = []
    lock = threading.Lock()

    @app.post("/notify")
    def notify() -> Response:
        with lock:
            received.append(Received(dict(request.headers.items()), request.get_data()))
            return Response(status=answers.pop(0) if answers else 204)

    running = serve(app)
    yield MerchantServer(f"{running.url}/notify", received, answers)
    running.stop()
