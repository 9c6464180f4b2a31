"""Starts ministack (1.5.33) with four of its habits changed. Runs in ministack's own virtual environment.

- It looks for due schedules every ten seconds; a person who watches an order being played should not wait ten seconds
  for each of its timers, so here it looks every second.
- It keeps how far each stream was read but not the stream itself: after a restart it would skip as many new records as
  were read before. Here every stream starts anew with the process.
- It starts a process for every call that finds none free, so that a burst of fifty events is fifty processes. Here the
  fifth call of a function waits for one of four. (No function of ours calls itself, which could wait for ever.)
- It unpacks the code for every process. Here all processes of the same code share one copy, which none may change.
"""

import hashlib
import os
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.core import lambda_runtime  # type: ignore[import-not-found]
from ministack.services import lambda_svc, scheduler  # type: ignore[import-not-found]

WORKERS = 4
_acquire = lambda_svc.acquire_worker
_unpacking = threading.Lock()


def acquire_worker(*arguments: Any, **options: Any) -> Any:
    """A process of the function, when one of its four is free."""
    while True:
        worker, reason = _acquire(*arguments, **{**options, "max_concurrency": WORKERS})
        if worker is not None:
            return worker, reason
        time.sleep(0.01)


class SharedCopy(zipfile.ZipFile):
    """A package that is unpacked once, beside the folders of the processes, and linked to from there."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        folder = Path(path)
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        shared = folder.parents[1] / f"code-{digest[:16]}"
        with _unpacking:
            if not shared.exists():
                fresh = shared.with_suffix(".new")
                super().extractall(fresh)
                fresh.rename(shared)
        folder.rmdir()
        os.symlink(shared, folder)


scheduler._SCHEDULE_TICK_INTERVAL = 1
lambda_svc._restore_esm_positions = lambda store, positions: None
lambda_svc.acquire_worker = acquire_worker
lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedCopy})
main()
