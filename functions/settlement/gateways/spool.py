"""Two long lists, dealt into parts on disk so that each part fits into memory.

    with Spool(parts=64) as spool:
        for line in ours: spool.add_ours(line)
        for line in lines_of(bill): spool.add_theirs(line)
        for difference in spool.differences(tally): ...

Lambda's /tmp holds 512 MB unless more is asked for. A line takes about 120 bytes, so a day of a million payments takes
half of it, and a part holds some 30,000 lines.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeVar

import msgspec

from functions.settlement.rules.reconciliation import BillLine, Difference, OurLine, Tally, compare, part_of

_LineT = TypeVar("_LineT", BillLine, OurLine)
PARTS = 64
_BUFFER = 1 << 16


class Spool:
    """Open for writing until `differences` is called; its files go when the `with` ends."""

    def __init__(self, *, parts: int = PARTS) -> None:
        self._parts = parts
        self._folder = tempfile.TemporaryDirectory(prefix="reconciliation-")
        self._files: dict[str, list[BinaryIO]] = {side: self._open(side) for side in ("ours", "theirs")}
        self._encoder = msgspec.msgpack.Encoder()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for files in self._files.values():
            for file in files:
                file.close()
        self._folder.cleanup()

    def add_ours(self, line: OurLine) -> None:
        """One line of our books."""
        self._add("ours", line)

    def add_theirs(self, line: BillLine) -> None:
        """One line of the bill."""
        self._add("theirs", line)

    def differences(self, tally: Tally) -> Iterator[Difference]:
        """What does not agree, part by part; `tally` is complete when this ends."""
        for files in self._files.values():
            for file in files:
                file.flush()
        for part in range(self._parts):
            yield from compare(self._read("ours", part, OurLine), self._read("theirs", part, BillLine), tally)

    def _open(self, side: str) -> list[BinaryIO]:
        return [self._path(side, part).open("wb", buffering=_BUFFER) for part in range(self._parts)]

    def _path(self, side: str, part: int) -> Path:
        return Path(self._folder.name) / f"{side}-{part:03d}"

    def _add(self, side: str, line: BillLine | OurLine) -> None:
        content = self._encoder.encode(line)
        file = self._files[side][part_of(line.kind, line.number, self._parts)]
        file.write(len(content).to_bytes(4, "big") + content)

    def _read(self, side: str, part: int, type_: type[_LineT]) -> Iterator[_LineT]:
        decoder = msgspec.msgpack.Decoder(type_)
        with self._path(side, part).open("rb", buffering=_BUFFER) as file:
            while size := file.read(4):
                yield decoder.decode(file.read(int.from_bytes(size, "big")))
