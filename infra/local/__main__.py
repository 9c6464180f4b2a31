"""`python -m infra.local up|down|reset|demo|logs|…`: what the Makefile calls. Each failure is one sentence."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import emulator, stack
from infra.local.layout import ROOT, STAGE, Layout
from infra.local.processes import StackError
from infra.stacks import DeployError


def main() -> int:
    parser = argparse.ArgumentParser(prog="make", description="The local stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("up", up),
        ("down", down),
        ("reset", reset),
        ("demo", demo),
        ("logs", logs),
        ("ledger-check", prove),
    ):
        command = commands.add_parser(name)
        command.set_defaults(run=what)
        if what is logs:
            command.add_argument("name", nargs="?", default="", help="a function, for example booking_events")
        if what is demo:
            command.add_argument("name", nargs="?", default="order", help="the story: order or remedies")
    chosen = parser.parse_args()
    try:
        chosen.run(Layout.of_make_up(), *([chosen.name] if "name" in chosen else []))
    except (StackError, DeployError) as error:
        print(f"\n{chosen.command} failed: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"\n{chosen.command} failed: the emulator refused: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def up(layout: Layout) -> None:
    """Start, deploy, seed, play one order, stay up. Harmless while it already runs."""
    began = time.monotonic()
    layout.folder.mkdir(exist_ok=True)
    with step("emulator") as note:
        fresh = emulator.start(layout, keep_state=True)
        note("started" if fresh else "runs already")
    with step("package") as note:
        note(run_module("infra.synth", "--stage", STAGE, quiet=True))
    with step("deploy") as note:
        emulator.wait(layout)
        deployed = stack.deploy(layout)
        note("changed" if deployed.changed else "unchanged")
    with ThreadPoolExecutor(1) as pool:
        warming = pool.submit(stack.warm, layout) if fresh or deployed.changed else None
        with step("stand-ins") as note:
            note("started" if stack.start_standins(layout) else "run already")
            stack.wait_for_standins(layout)
        with step("seed") as note:
            note(run_module("infra.local.seeding", quiet=True))
        with step("warm up") as note:
            if warming:
                warming.result()
    with step("one order"):
        print()
        run_module("infra.local.demo")
    _tell_urls(layout, time.monotonic() - began)


def down(layout: Layout) -> None:
    """End what `up` started; its state is kept."""
    with step("stop") as note:
        note(", ".join(stack.stop(layout)) or "nothing ran")
    shutil.rmtree(emulator.temporary_folder(layout), ignore_errors=True)


def reset(layout: Layout) -> None:
    """End everything and forget it."""
    down(layout)
    with step("forget"):
        for name in ("state", "standins", "log"):
            shutil.rmtree(layout.folder / name, ignore_errors=True)
        layout.stack_file.unlink(missing_ok=True)


def demo(layout: Layout, name: str = "order") -> None:
    """Play a story on the stack that runs."""
    _must_run(layout)
    run_module("infra.local.demo", name)


def prove(layout: Layout) -> None:
    """Prove the ledger of the stack that runs; the culprits are named."""
    _must_run(layout)
    os.environ.update(layout.credentials, STAGE=STAGE)
    from functions.settlement import ledger_check

    if ledger_check.main():
        raise StackError("the ledger does not hold")


def logs(layout: Layout, name: str) -> None:
    """The functions' logs (one function's, if named), then what comes, until Ctrl-C."""
    _must_run(layout)
    client = layout.clients("logs")
    prefix = f"/aws/lambda/zhenban-{STAGE}-"
    groups = [group["logGroupName"] for group in client.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]]
    wanted = [group for group in groups if not name or group == prefix + name]
    if not wanted:
        raise StackError(f"there is no function {name}; there are: {', '.join(g.removeprefix(prefix) for g in groups)}")
    since = 0
    while True:
        lines = [
            (event["timestamp"], group.removeprefix(prefix), event["message"].rstrip())
            for group in wanted
            for event in client.filter_log_events(logGroupName=group, startTime=since)["events"]
            if not event["message"].startswith(("START ", "END ", "REPORT "))
        ]
        for timestamp, function, message in sorted(lines):
            print(f"{function:18} {message}")
            since = max(since, timestamp + 1)
        time.sleep(1)


@contextmanager
def step(name: str) -> Iterator:  # type: ignore[type-arg]
    """Print the step's name, what it noted, and how long it took."""
    notes: list[str] = []
    print(f"▸ {name} …", end=" ", flush=True)
    began = time.monotonic()
    yield notes.append
    print(f"{'; '.join(filter(None, notes))} ({time.monotonic() - began:.1f} s)", flush=True)


def run_module(name: str, *arguments: str, quiet: bool = False) -> str:
    """Run one of the repository's own commands; its last line if `quiet`. StackError with that line if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments], cwd=ROOT, capture_output=quiet, text=True, check=False
    )
    lines = ((done.stderr or "") + (done.stdout or "")).strip().splitlines() or [""]
    if done.returncode:
        raise StackError(lines[-1] if quiet else f"{name} ended with {done.returncode}")
    return lines[-1]


def _must_run(layout: Layout) -> None:
    stack.facts(layout)
    if emulator.process(layout).pid is None:
        raise StackError("the local stack is down; start it with: make up")


def _tell_urls(layout: Layout, seconds: float) -> None:
    facts = stack.facts(layout)
    print(f"\nup after {seconds:.0f} s, and staying up (make down ends it)")
    for name, url in (
        ("API", facts["api_url"]),
        ("docs page", f"{facts['api_url']}/docs"),
        ("live channel", facts["live_url"]),
        ("WeChat stand-in", facts["standins"]["wechat"]),
        ("WeChat Pay stand-in", facts["standins"]["pay"]),
        ("insurer stand-in", facts["standins"]["insurer"]),
    ):
        print(f"  {name:20} {url}")


if __name__ == "__main__":
    sys.exit(main())
