"""A number that many orders count down at once, spread over several rows (a budget in fen, a stock of coupons).

One row takes one transaction at a time; several take several. What is asked for may come out of more than one shard, so
that nothing is left lying in a shard that is too small for anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.shared.money import allocate

MAX_SHARDS = 16


@dataclass(frozen=True)
class Draw:
    """So much out of one shard: fen of a budget, coupons of a stock."""

    shard: int
    amount: int


def draw(left: Sequence[int], amount: int, *, first: int) -> tuple[Draw, ...] | None:
    """Where to take `amount` (1 or more) from, shard after shard beginning with `first`; None if all hold less.

    A shard that holds the whole amount is preferred, so that as a rule an order writes to one.
    """
    if amount <= 0:
        raise ValueError("nothing to draw")
    if sum(left) < amount:
        return None
    turn = [(first + step) % len(left) for step in range(len(left))]
    for shard in turn:
        if left[shard] >= amount:
            return (Draw(shard, amount),)
    draws, missing = [], amount
    for shard in turn:
        part = min(missing, left[shard])
        if part > 0:
            draws.append(Draw(shard, part))
            missing -= part
    return tuple(draws)


def spread(total: int, shards: int) -> list[int]:
    """`total` in as many nearly equal parts."""
    return allocate(total, [1] * shards)


def changes(left: Sequence[int], more: int) -> tuple[Draw, ...] | None:
    """What each shard gains when the whole grows by `more`, loses (negative) when it shrinks.

    None if less is left than is to go.
    """
    if more >= 0:
        return tuple(Draw(shard, part) for shard, part in enumerate(spread(more, len(left))) if part)
    draws = draw(left, -more, first=0)
    return None if draws is None else tuple(Draw(each.shard, -each.amount) for each in draws)
