"""The product keeps the house's rules, and each rule can find an offence."""

from pathlib import Path

import pytest

from tests.architecture import house_rules
from tests.architecture.house_rules import CHECKS, Check, Module

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = [
    Module.read(ROOT, file)
    for top in ("app.py", "functions", "infra", "benchmarks")
    for file in ([ROOT / top] if (ROOT / top).is_file() else sorted((ROOT / top).rglob("*.py")))
    if "__pycache__" not in file.parts
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_product_keeps_the_rule(check: Check) -> None:
    offences = [f"{module.path}:{offence}" for module in PRODUCT for offence in check(module)]
    assert offences == []


OFFENCES = [
    (house_rules.files_fit_in_the_head, "x = 1\n" * 441),
    (house_rules.functions_fit_a_screen, "def f():\n" + "    x = 1\n" * 70),
    (house_rules.time_comes_from_the_clock, "from datetime import datetime\nnow = datetime.now()\n"),
    (house_rules.time_comes_from_the_clock, "import time\nstamp = time.time()\n"),
    (house_rules.time_comes_from_the_clock, "from datetime import date\ntoday = date.today()\n"),
    (house_rules.money_is_never_a_float, "def pay(total_fen: float) -> None: ...\n"),
    (house_rules.money_is_never_a_float, "class Row:\n    total_fen: float | None = None\n"),
    (house_rules.money_is_never_a_float, "total_fen = NumberAttribute()\n"),
    (house_rules.money_is_never_a_float, "share_fen = int(total_fen * 0.9)\n"),
    (house_rules.money_is_never_a_float, "half_fen = total_fen / 2\n"),
    (house_rules.money_is_never_a_float, "order.half_fen /= 2\n"),
    (house_rules.money_is_never_a_float, "pay(total_fen=220.0)\n"),
    (house_rules.only_edges_catch_everything, "def f():\n    try: ...\n    except Exception: ...\n"),
    (house_rules.only_edges_catch_everything, "def f():\n    try: ...\n    except (ValueError, BaseException): ...\n"),
    (house_rules.only_edges_catch_everything, "def f():\n    try: ...\n    except: ...\n"),
    (house_rules.nothing_is_left_to_do, "x = 1  # TODO later\n"),
    (house_rules.other_rooms_are_only_read, "from functions.care import actions as care\ncare.submit(tx, x=1)\n"),
    (house_rules.other_rooms_are_only_read, "from functions.care.actions import submit\nsubmit(call.tx)\n"),
    (
        house_rules.other_rooms_are_only_read,
        "def f():\n    from functions.care import actions\n    actions.submit(tx=tx)\n",
    ),
]


@pytest.mark.parametrize(
    ("check", "snippet"), OFFENCES, ids=[f"{check.__name__}-{n}" for n, (check, _) in enumerate(OFFENCES)]
)
def test_an_offence_is_found(check: Check, snippet: str) -> None:
    assert list(check(Module("functions/booking/rules.py", snippet))) != []


LAWFUL = [
    (house_rules.files_fit_in_the_head, "x = 1\n" * 400),
    (house_rules.functions_fit_a_screen, "def f():\n" + "    x = 1\n" * 69),
    (house_rules.time_comes_from_the_clock, "from functions.shared import clock\nnow = clock.now()\n"),
    (house_rules.money_is_never_a_float, "total_fen: int = base_fen + allocate(extra_fen, [w / 2])[0]\n"),
    (house_rules.only_edges_catch_everything, "def f():\n    try: ...\n    except ValueError: ...\n"),
    (
        house_rules.only_edges_catch_everything,
        "def f():\n    try: ...\n    except Exception:\n        count()\n        raise\n",
    ),
    (house_rules.nothing_is_left_to_do, 'title = "TODO"\n'),
    (house_rules.other_rooms_are_only_read, "from functions.care import actions as care\ncare.find_report(order_id)\n"),
    (house_rules.other_rooms_are_only_read, "from functions.booking import actions\nactions.place_order(tx)\n"),
]


@pytest.mark.parametrize(
    ("check", "snippet"), LAWFUL, ids=[f"{check.__name__}-{n}" for n, (check, _) in enumerate(LAWFUL)]
)
def test_what_is_lawful_is_not_found(check: Check, snippet: str) -> None:
    assert list(check(Module("functions/booking/rules.py", snippet))) == []


def test_each_rule_is_shown_to_find_something() -> None:
    assert {check for check, _ in OFFENCES} == set(CHECKS)


def test_the_documented_edges_exist() -> None:
    for path, name in house_rules.EDGES:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
