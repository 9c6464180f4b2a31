"""Request units by DynamoDB's rules, from items in wire form (`{"pk": {"S": "a"}}`). Pure.

No local engine reports them right, so they are computed. Sources: the developer guide's "DynamoDB item sizes and
formats", "Read and write operations", "Managing capacity for transactions" and "Global secondary indexes"; where the
guide is silent, what others measured against the real service (paritysuite/dynamodb-conformance issues 27 and 149,
nubo-db/dynoxide pull requests 177, 188 and 195, 2026):

- a put or an update costs the larger of the item before and after; a delete the item before; nothing costs less than 1
- a refused condition costs as much as the write would have; a condition check is a write of the item as it is
- in a transaction the table's part doubles, the indexes' part does not
- an index is charged for the change to its entry: 0 if the entry stays the same, one write of the larger entry if it
  changes in place, a delete and a put (rounded separately) if its key changes

One assumption: a cancelled transaction is charged in full. The service does not report what it charges for it.
"""

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Value = Mapping[str, Any]
Item = Mapping[str, Value]

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
_CONTAINER_BYTES = 3
_ELEMENT_BYTES = 1


@dataclass(frozen=True)
class Units:
    """Read and write request units of one call; eventually consistent reads make halves."""

    read: float = 0.0
    write: float = 0.0

    def __add__(self, other: "Units") -> "Units":
        return Units(self.read + other.read, self.write + other.write)


@dataclass(frozen=True)
class Index:
    """A global secondary index: its key attributes and what it projects (None is everything)."""

    name: str
    key: tuple[str, ...]
    projected: frozenset[str] | None = None


@dataclass(frozen=True)
class Table:
    """What of a table matters for its cost."""

    key: tuple[str, ...]
    indexes: tuple[Index, ...] = field(default=())


def item_size(item: Item) -> int:
    """Bytes of names and values, with the overhead of lists and maps."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Value) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return number_size(content)
        case "B":
            return _binary_size(content)
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(_value_size({kind[0]: element}) for element in content)
        case "L":
            return _CONTAINER_BYTES + sum(_ELEMENT_BYTES + _value_size(element) for element in content)
        case "M":
            return _CONTAINER_BYTES + len(content) * _ELEMENT_BYTES + item_size(content)
    raise ValueError(f"{kind} is no DynamoDB type")


def _binary_size(content: bytes | str) -> int:
    return len(base64.b64decode(content) if isinstance(content, str) else content)


def number_size(text: str) -> int:
    """One byte, one per two significant digits on each side of the point, one more below zero."""
    number = Decimal(text)
    if not number:
        return 1 + 1
    whole, _, fraction = f"{number.copy_abs():f}".partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    whole = whole if fraction else whole.rstrip("0")
    fraction = fraction if whole else fraction.lstrip("0")
    return 1 + math.ceil(len(whole) / 2) + math.ceil(len(fraction) / 2) + (number < 0)


def read_units(size: int, *, consistent: bool = True, transaction: bool = False) -> Units:
    """Reading `size` bytes as one: an item by key (0 if it is missing), or all that one query looked at."""
    whole = max(1, math.ceil(size / READ_UNIT_BYTES))
    return Units(read=whole * (2 if transaction else 1 if consistent else 0.5))


def query_units(sizes: Iterable[int], *, consistent: bool = True) -> Units:
    """A query: the sizes of everything it looked at, also what a filter then hid, are added before rounding."""
    return read_units(sum(sizes), consistent=consistent)


def write_units(table: Table, before: Item | None, after: Item | None, *, transaction: bool = False) -> Units:
    """One write that turned `before` into `after` (None: no item); a condition check has the same item twice."""
    charged = _write(max(item_size(before or {}), item_size(after or {})))
    indexes = sum(_index_write(table, index, before, after) for index in table.indexes)
    return Units(write=charged * (2 if transaction else 1) + indexes)


def refused_write_units(before: Item | None, proposed: Item | None, *, transaction: bool = False) -> Units:
    """A write whose condition failed: nothing changed, no index was touched, the table's part is charged."""
    return write_units(Table(key=()), before, proposed, transaction=transaction)


def _write(size: int) -> int:
    return max(1, math.ceil(size / WRITE_UNIT_BYTES))


def _index_write(table: Table, index: Index, before: Item | None, after: Item | None) -> int:
    old, new = (index_entry(table, index, item) for item in (before, after))
    if old == new:
        return 0
    if old is None or new is None:
        return _write(item_size(old or new or {}))
    if any(old[name] != new[name] for name in index.key):
        return _write(item_size(old)) + _write(item_size(new))
    return _write(max(item_size(old), item_size(new)))


def index_entry(table: Table, index: Index, item: Item | None) -> dict[str, Value] | None:
    """What the index stores of `item`; None if the item lacks one of the index's key attributes."""
    if item is None or not all(name in item for name in index.key):
        return None
    if index.projected is None:
        return dict(item)
    kept = {*table.key, *index.key, *index.projected}
    return {name: value for name, value in item.items() if name in kept}
