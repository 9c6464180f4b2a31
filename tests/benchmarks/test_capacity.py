"""DynamoDB's rules as worked cases: from the developer guide's own examples, and from measurements of the service."""

from typing import Any

import pytest

from benchmarks.capacity import (
    Index,
    Table,
    Units,
    index_entry,
    item_size,
    number_size,
    query_units,
    read_units,
    refused_write_units,
    write_units,
)

PLAIN = Table(key=("pk", "sk"))
BY_CLIENT = Index("by_client", ("client_id", "placed_at"))
INDEXED = Table(key=("pk", "sk"), indexes=(BY_CLIENT,))
KEYS_ONLY = Table(key=("pk", "sk"), indexes=(Index("by_client", ("client_id",), frozenset()),))


def sized(size: int, **attributes: str) -> dict[str, Any]:
    """An item of exactly `size` bytes."""
    item: dict[str, Any] = {"pk": {"S": "p"}, "sk": {"S": "s"}} | {
        name: {"S": text} for name, text in attributes.items()
    }
    rest = size - item_size(item) - len("x")
    assert rest >= 0
    return item | {"x": {"S": "-" * rest}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "abc"}, 3),
        ({"S": "陪诊"}, 6),
        ({"S": "𠮷"}, 4),
        ({"B": b"12345"}, 5),
        ({"B": "MTIzNDU="}, 5),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["1", "100"]}, 4),
        ({"BS": [b"ab", b"c"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "aa"}, {"S": "aa"}]}, 3 + 2 * 3),
        ({"M": {}}, 3),
        ({"M": {"k": {"S": "v"}}}, 3 + 1 + 1 + 1),
        ({"M": {"a": {"L": [{"NULL": True}]}}}, 3 + 1 + 1 + (3 + 1 + 1)),
    ],
)
def test_a_value_is_sized_by_its_type(value: dict[str, Any], size: int) -> None:
    assert item_size({"n": value}) == len("n") + size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 2),
        ("1", 2),
        ("27", 2),
        ("-27", 3),
        ("461", 3),
        ("100", 2),
        ("1000000", 2),
        ("1.50", 3),
        ("0.05", 2),
        ("12.34", 3),
        ("1234.5", 4),
        ("1E125", 2),
        ("1786461547", 6),
        ("9" * 38, 20),
        ("-" + "9" * 38, 21),
    ],
)
def test_a_number_is_sized_by_its_significant_digits(text: str, size: int) -> None:
    assert number_size(text) == size


def test_names_count_in_bytes() -> None:
    assert item_size({"名": {"S": "a"}}) == 3 + 1


@pytest.mark.parametrize(
    ("size", "options", "units"),
    [
        (0, {}, 1.0),
        (1, {}, 1.0),
        (4096, {}, 1.0),
        (4097, {}, 2.0),
        (8192, {}, 2.0),
        (0, {"consistent": False}, 0.5),
        (4096, {"consistent": False}, 0.5),
        (4097, {"consistent": False}, 1.0),
        (9000, {"consistent": False}, 1.5),
        (100, {"transaction": True}, 2.0),
        (5000, {"transaction": True}, 4.0),
    ],
)
def test_a_read_is_charged_by_four_kilobytes(size: int, options: dict[str, bool], units: float) -> None:
    assert read_units(size, **options) == Units(read=units)


@pytest.mark.parametrize(
    ("sizes", "consistent", "units"),
    [([], True, 1.0), ([], False, 0.5), ([100] * 40, True, 1.0), ([100] * 41, True, 2.0), ([1500, 6500], False, 1.0)],
)
def test_a_query_adds_up_before_it_rounds(sizes: list[int], consistent: bool, units: float) -> None:
    assert query_units(sizes, consistent=consistent) == Units(read=units)


@pytest.mark.parametrize(
    ("before", "after", "transaction", "units"),
    [
        (None, 100, False, 1),
        (None, 1024, False, 1),
        (None, 1025, False, 2),
        (None, 3100, True, 8),
        (3000, 100, False, 3),
        (100, 3000, False, 3),
        (3000, None, False, 3),
        (3000, None, True, 6),
        (None, None, False, 1),
        (1500, 1500, True, 4),
    ],
)
def test_a_write_is_charged_by_the_larger_of_before_and_after(
    before: int | None, after: int | None, transaction: bool, units: int
) -> None:
    old, new = (None if size is None else sized(size) for size in (before, after))
    assert write_units(PLAIN, old, new, transaction=transaction) == Units(write=units)


def test_a_refused_write_costs_the_table_but_no_index() -> None:
    stored = sized(300, client_id="c", placed_at="t")
    proposed = sized(3100, client_id="d", placed_at="t")
    assert refused_write_units(stored, proposed) == Units(write=4)
    assert refused_write_units(stored, proposed, transaction=True) == Units(write=8)


ENTRY = {"client_id": "c", "placed_at": "t"}


@pytest.mark.parametrize(
    ("table", "before", "after", "index_units"),
    [
        pytest.param(INDEXED, None, sized(200), 0, id="lacks the index's key"),
        pytest.param(INDEXED, None, sized(200, client_id="c"), 0, id="has half of the index's key"),
        pytest.param(INDEXED, None, sized(200, **ENTRY), 1, id="enters the index"),
        pytest.param(INDEXED, sized(200, **ENTRY), None, 1, id="is deleted"),
        pytest.param(INDEXED, sized(200, **ENTRY), sized(200), 1, id="leaves the index"),
        pytest.param(INDEXED, sized(200, **ENTRY), sized(200, **ENTRY), 0, id="stays the same"),
        pytest.param(INDEXED, sized(3000, **ENTRY), sized(100, **ENTRY), 3, id="shrinks in place"),
        pytest.param(INDEXED, sized(1517, **ENTRY), sized(1517, client_id="d", placed_at="t"), 4, id="moves"),
        pytest.param(KEYS_ONLY, sized(3000, **ENTRY), sized(100, **ENTRY), 0, id="changes what is not projected"),
    ],
)
def test_an_index_is_charged_for_the_change_to_its_entry(
    table: Table, before: dict[str, Any] | None, after: dict[str, Any] | None, index_units: int
) -> None:
    without = write_units(PLAIN, before, after)
    assert write_units(table, before, after) == Units(write=without.write + index_units)


def test_a_transaction_doubles_the_table_but_not_the_index() -> None:
    assert write_units(INDEXED, None, sized(200, **ENTRY), transaction=True) == Units(write=2 + 1)


def test_an_index_entry_holds_keys_and_projection() -> None:
    item = sized(200, client_id="c", name="n")
    index = Index("i", ("client_id",), frozenset({"name"}))
    assert index_entry(PLAIN, index, item) == {name: item[name] for name in ("pk", "sk", "client_id", "name")}
