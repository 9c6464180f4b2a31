"""The seed's files, read once per process: a test gets a copy of what it asks for, to change as it likes."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SEED = Path(__file__).parents[2] / "infra" / "local" / "seed"


def seeded(name: str) -> list[dict[str, Any]]:
    """All entries of a seed file."""
    return deepcopy(_read(SEED / f"{name}.yaml"))


def seeded_one(name: str, id_: str) -> dict[str, Any]:
    """The entry of this id."""
    return deepcopy(next(row for row in _read(SEED / f"{name}.yaml") if row["id"] == id_))


@cache
def _read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return rows
