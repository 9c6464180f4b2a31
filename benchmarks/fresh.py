"""A measurement in a process of its own, so that what it takes of memory is nobody else's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_STATUS = Path("/proc/self/status")
_CODE = "import json; from benchmarks.{module} import {function} as run; print(json.dumps(run(**{options!r})))"


def measured(module: str, function: str, **options: Any) -> dict[str, Any]:
    """What a function of a benchmark answers in a fresh interpreter; options and answer are plain values."""
    code = _CODE.format(module=module, function=function, options=options)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, cwd=_ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def peak_mb() -> float:
    """The most memory that this process has held so far.

    Linux is asked for the program's own peak: `getrusage` tells of a child what its parent held when it was started.
    """
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS counts bytes
