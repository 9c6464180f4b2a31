"""The three stand-ins started from one state directory."""

from datetime import UTC, datetime
from pathlib import Path

from infra.local.standins import insurer, pay, wechat
from infra.local.standins.journal import Journal
from infra.local.standins.keys import load_keys, make_keys
from infra.local.standins.serving import Running, serve


def now() -> datetime:
    return datetime.now(UTC)


def start(
    state_dir: Path, *, wechat_port: int = 0, pay_port: int = 0, insurer_port: int = 0, pace: pay.Pace | None = None
) -> dict[str, Running]:
    """Start all three on 127.0.0.1 (port 0 takes a free one) as `wechat`, `pay` and `insurer`.

    `state_dir` is a folder of the stack's own: beside it the insurer finds the API's address and its key, once they are
    there.
    """
    make_keys(state_dir)
    keys = load_keys(state_dir)
    wechat_journal = Journal(state_dir / "wechat.jsonl")
    desk = pay.Desk(Journal(state_dir / "pay.jsonl"), keys.pay, now, pace or pay.Pace())
    claims = insurer.Desk(Journal(state_dir / "insurer.jsonl"), keys.webhook_secret, now, state_dir.parent)
    return {
        "wechat": serve(wechat.create_app(wechat_journal, keys.wechat, now), wechat_port, wechat_journal.close),
        "pay": serve(pay.create_app(desk), pay_port, desk.close),
        "insurer": serve(insurer.create_app(claims), insurer_port, claims.close),
    }
