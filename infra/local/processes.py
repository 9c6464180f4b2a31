"""Long-running processes by pid file. Nothing is ever ended by its name."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class StackError(Exception):
    """Something of the local stack does not work; the message is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Process:
    """A process that outlives the command that started it. `folder` holds `<name>.pid` and `log/<name>.log`."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log" / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its id if it runs. A number that the system has since given to somebody else does not count."""
        try:
            noted = json.loads(self._pid_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return int(noted["pid"]) if noted["started"] == _started_at(noted["pid"]) != "" else None

    def start(self, command: Sequence[str | Path], *, environment: Mapping[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C at the terminal leaves it running."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )
        note = {"pid": started.pid, "started": _started_at(started.pid)}
        self._pid_file.write_text(json.dumps(note), encoding="utf-8")

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Until `is_ready`; StackError with the end of its log if it dies or does not get there."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.pid is None:
                raise StackError(f"{self.name} ended at its start, see {self.log}: {self._last_words()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} was not ready after {seconds:.0f} s, see {self.log}")
            time.sleep(0.1)

    def stop(self, *, seconds: float = 20) -> bool:
        """End it and what it started; False if it did not run."""
        pid = self.pid
        self._pid_file.unlink(missing_ok=True)
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while _started_at(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        return True

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"


def _started_at(pid: int) -> str:
    """When the process began, as the system tells it; empty if there is none or it is a zombie."""
    _reap(pid)
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else began.strip()


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
