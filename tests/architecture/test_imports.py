"""The import contracts of `.importlinter` hold, and each of them can be broken."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OFFENCES = {
    "Shared names no room": ("functions/shared/money.py", "from functions.booking import rules"),
    "A room knows of another only its actions, events and rules": (
        "functions/insurance/actions.py",
        "from functions.booking import table as tables",
    ),
    "Rules are pure": ("functions/hospitals/rules.py", "from functions.shared import tx"),
    "Routes and triggers only parse, call an action and shape": ("functions/hospitals/api.py", "import botocore"),
    "PynamoDB stays in tables": ("functions/hospitals/actions.py", "import pynamodb.models"),
    "Actions know nothing of HTTP": ("functions/hospitals/actions.py", "from functions.shared.http import Routes"),
    "Gateways know no store": ("functions/settlement/gateways/payments.py", "from functions.shared import table"),
}
"""For each contract a file, and an import in it that the contract forbids."""

_VERDICT = re.compile(r"^(.+?) (KEPT|BROKEN)\b", re.MULTILINE)


def _contracts(folder: Path) -> dict[str, bool]:
    """Whether each contract is kept by the `functions` under `folder`."""
    command: list[str | Path] = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    kept = {name: verdict == "KEPT" for name, verdict in _VERDICT.findall(done.stdout)}
    assert kept, done.stdout + done.stderr
    return kept


def _copy_of_the_house(folder: Path) -> None:
    shutil.copytree(ROOT / "functions", folder / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)


def test_every_contract_is_kept() -> None:
    kept = _contracts(ROOT)
    assert [name for name, is_kept in kept.items() if not is_kept] == []
    assert kept.keys() == OFFENCES.keys()


def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    _copy_of_the_house(tmp_path)
    for path, statement in OFFENCES.values():
        file = tmp_path / path if (tmp_path / path).exists() else (tmp_path / path).with_suffix("") / "__init__.py"
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{statement}\n", encoding="utf-8")
    assert [name for name, is_kept in _contracts(tmp_path).items() if is_kept] == []


def test_a_room_may_know_anothers_actions_events_and_rules(tmp_path: Path) -> None:
    _copy_of_the_house(tmp_path)
    file = tmp_path / "functions/insurance/triggers.py"
    statement = "from functions.booking import actions as a, events as e, rules as r"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{statement}\n", encoding="utf-8")
    assert [name for name, is_kept in _contracts(tmp_path).items() if not is_kept] == []
