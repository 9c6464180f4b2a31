"""A local stack of the tests' own: other ports, another account, its own folder, gone at the end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.local import emulator, stack
from infra.local.layout import ROOT, Layout


@dataclass(frozen=True)
class Stack:
    """The product deployed by its template, seeded, with stand-ins; every function under its own role."""

    layout: Layout
    facts: dict[str, Any]
    """What stack.json says."""

    @property
    def api_url(self) -> str:
        return str(self.facts["api_url"])

    @property
    def live_url(self) -> str:
        return str(self.facts["live_url"])

    @property
    def standins(self) -> dict[str, str]:
        """URL of `wechat`, `pay`, `insurer`."""
        return dict(self.facts["standins"])

    def client(self, service: str) -> Any:
        """A botocore client with the rights of the account's root."""
        return self.layout.clients(service)

    def run(self, module: str, *arguments: str) -> str:
        """One of the repository's commands (`infra.local.demo` …) against this stack; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.layout.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{module}: {done.stderr or done.stdout}"
        return done.stdout


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Package (unless unchanged), start, deploy, seed; end everything by its pid."""
    layout = Layout.of_tests(ROOT / ".local" / "test" / str(os.getpid()))
    layout.folder.mkdir(parents=True)
    try:
        emulator.start(layout, keep_state=False)
        subprocess.run([sys.executable, "-m", "infra.synth", "--stage", "local"], cwd=ROOT, check=True)
        emulator.wait(layout)
        stack.deploy(layout)
        stack.start_standins(layout)
        stack.wait_for_standins(layout)
        running = Stack(layout, stack.facts(layout))
        running.run("infra.local.seeding")
        stack.warm(layout)
        yield running
    finally:
        stack.stop(layout)
        shutil.rmtree(layout.folder, ignore_errors=True)
