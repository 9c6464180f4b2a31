"""Rows as all rooms use them."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from functions.shared.table import Row

_THREADS = 8


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_a_table_that_is_first_used_by_many_at_once_becomes_known_once() -> None:
    for turn in range(40):
        kind = type("Fresh", (Row,), {"Meta": type("Meta", (), {"table_name": f"fresh-{turn}"})})
        together = Barrier(_THREADS)

        def use(_: int, kind: type[Row] = kind, together: Barrier = together) -> object:
            together.wait()
            return kind._get_connection()

        with ThreadPoolExecutor(_THREADS) as pool:
            assert len(set(pool.map(use, range(_THREADS)))) == 1
