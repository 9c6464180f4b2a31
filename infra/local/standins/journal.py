"""What a stand-in remembers: records by kind and key, and a log of what it received.

Everything is in memory and appended to one file of JSON lines, the last line of a record winning; the file is
rewritten without the superseded lines each time it is opened. Safe to use from several threads.
"""

import json
import os
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

Record = dict[str, Any]

LOG_KEPT: Final = 1000


class Journal:
    """One stand-in's memory in `path`; a last line that a crash left torn is ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._records: dict[str, dict[str, Record]] = {}
        self._log: deque[Record] = deque(maxlen=LOG_KEPT)
        if path.exists():
            self._load(path.read_text(encoding="utf-8"))
        self._compact()
        self._file = path.open("a", encoding="utf-8")

    def get(self, kind: str, key: str) -> Record | None:
        """A copy of one record, or None."""
        with self._lock:
            found = self._records.get(kind, {}).get(key)
            return dict(found) if found is not None else None

    def all(self, kind: str) -> list[Record]:
        """Copies of all records of a kind, in the order of their first writing."""
        with self._lock:
            return [dict(record) for record in self._records.get(kind, {}).values()]

    def put(self, kind: str, key: str, record: Record) -> None:
        """Write or replace one record."""
        with self._lock:
            self._records.setdefault(kind, {})[key] = dict(record)
            self._append({"kind": kind, "key": key, "record": record})

    def note(self, what: str, **details: Any) -> None:
        """Add a line to the log; `at` is the present instant in RFC 3339 UTC."""
        with self._lock:
            entry = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "what": what, **details}
            self._log.append(entry)
            self._append({"log": entry})

    def log(self) -> list[Record]:
        """The latest log lines, newest first."""
        with self._lock:
            return [dict(entry) for entry in reversed(self._log)]

    def close(self) -> None:
        """Stop writing; what is written is kept."""
        with self._lock:
            self._file.close()

    def _load(self, text: str) -> None:
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if "log" in entry:
                self._log.append(entry["log"])
            else:
                self._records.setdefault(entry["kind"], {})[entry["key"]] = entry["record"]

    def _compact(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            for kind, records in self._records.items():
                for key, record in records.items():
                    file.write(_line({"kind": kind, "key": key, "record": record}))
            for entry in self._log:
                file.write(_line({"log": entry}))
        os.replace(fresh, self._path)

    def _append(self, entry: Record) -> None:
        if not self._file.closed:
            self._file.write(_line(entry))
            self._file.flush()


def _line(entry: Record) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"
