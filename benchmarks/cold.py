"""First request of a fresh process: ours, the same code as plain `chalice package` ships it, and a bare handler.

Plain means both what its zip holds and how its template runs it: one handler without CAPABILITY, so every room is
loaded. `plain_one_room` is the plain zip told its room, to show what packaging alone gives.

Whole processes are timed, from start to the first answer, in turn: one round measures each of the four once. A process
sees only its package, may not write bytecode (nor can Lambda), and finds AWS on loopback. Files are in the page cache.
Ratios are of processor time: a start waits for next to nothing here, and other work on the machine changes it least.
The ratio by the clock stands beside it.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.fake_aws import FakeAws
from benchmarks.first_events import FirstEvent
from benchmarks.stats import Ratio, ratio

_CHILD = Path(__file__).with_name("first_request.py")
BARE = (
    'import json\n\n\ndef handler(event, context):\n    return {"statusCode": 200, "body": json.dumps({"ok": True})}\n'
)
DEADLINE_S = 60
_TIMES = ("cpu_ms", "wall_ms", "import_ms", "request_ms")


class ColdStartFailed(Exception):
    """A first request did not come out as it should, so that its time would mean nothing."""


@dataclass(frozen=True)
class Run:
    """One process from start to its first answer."""

    wall_ms: float
    cpu_ms: float
    import_ms: float
    request_ms: float
    status: int


@dataclass
class ColdStart:
    """All rounds of one capability."""

    capability: str
    calls: list[str] = field(default_factory=list)
    """AWS calls of ours, by operation."""
    ours: list[Run] = field(default_factory=list)
    plain: list[Run] = field(default_factory=list)
    plain_one_room: list[Run] = field(default_factory=list)
    bare: list[Run] = field(default_factory=list)

    @property
    def of_plain(self) -> Ratio:
        return ratio(_cpu(self.ours), _cpu(self.plain))

    @property
    def of_plain_one_room(self) -> Ratio:
        return ratio(_cpu(self.ours), _cpu(self.plain_one_room))

    @property
    def of_bare(self) -> Ratio:
        return ratio(_cpu(self.ours), _cpu(self.bare))

    def as_json(self) -> dict[str, Any]:
        """Ratios, and medians in milliseconds for orientation."""
        return {
            "plain": self.of_plain.as_json(),
            "plain_one_room": self.of_plain_one_room.as_json(),
            "plain_wall": ratio(_wall(self.ours), _wall(self.plain)).as_json(),
            "bare": self.of_bare.as_json(),
            **{name: round(median(getattr(run, name) for run in self.ours), 1) for name in _TIMES},
            "status": self.ours[0].status,
            "calls": self.calls,
        }


def _wall(runs: Iterable[Run]) -> list[float]:
    return [run.wall_ms for run in runs]


def _cpu(runs: Iterable[Run]) -> list[float]:
    return [run.cpu_ms for run in runs]


def measure(
    events: Iterable[FirstEvent], *, ours: Path, plain: Path, bare: Path, aws: FakeAws, rounds: int
) -> Iterator[ColdStart]:
    """Each capability in turn. `ours`, `plain` and `bare` are unzipped packages. Raises ColdStartFailed."""
    (bare / "bare.py").write_text(BARE, encoding="utf-8")
    for event in events:
        result = ColdStart(event.capability)
        all_rooms = _environment(aws)
        one_room = all_rooms | {"CAPABILITY": event.capability}
        starts = (
            (result.ours, ours, event.handler, one_room),
            (result.plain, plain, event.handler, all_rooms),
            (result.plain_one_room, plain, event.handler, one_room),
            (result.bare, bare, "bare.handler", one_room),
        )
        for _ in range(rounds):
            for runs, package, handler, environment in starts:
                run = _run(package, handler, event.event, environment)
                if run.status != event.status and runs is not result.bare:
                    raise ColdStartFailed(f"{event.capability}: status {run.status}, not {event.status}")
                runs.append(run)
                calls = aws.take_calls()
                if runs is result.ours:
                    result.calls = calls
        yield result


def _environment(aws: FakeAws) -> dict[str, str]:
    """What the template gives every function, with AWS on loopback."""
    return {
        "PATH": os.environ["PATH"],
        "STAGE": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BUS_NAME": "zhenban-bench",
        "KMS_KEY_ID": "alias/zhenban-bench",
        "LOG_LEVEL": "ERROR",
        "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",
    }


def _run(package: Path, handler: str, event: Mapping[str, Any], environment: dict[str, str]) -> Run:
    command = [sys.executable, "-I", "-S", "-B", str(_CHILD), str(package), handler]
    begun, cpu = time.perf_counter(), _children_cpu_s()
    done = subprocess.run(
        command,
        input=json.dumps(event).encode(),
        env=environment,
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
    )
    wall_ms, cpu_ms = (time.perf_counter() - begun) * 1000, (_children_cpu_s() - cpu) * 1000
    if done.returncode:
        lines = done.stderr.decode().strip().splitlines() or ["no output"]
        raise ColdStartFailed(f"{handler} in {package.name}: {lines[-1]}")
    report = json.loads(done.stdout.decode().strip().splitlines()[-1])
    return Run(wall_ms, cpu_ms, **report)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
