"""Money is integer fen. Shares are basis points (1 bp = 1/10,000). No float ever holds money."""

from collections.abc import Sequence

BP_WHOLE = 10_000
MAX_FEN = 10_000_000_00
"""¥10 million: more than any order or balance of one person; larger amounts are refused as mistakes."""


def fen(value: object) -> int:
    """`value` if it is an integer amount within ±`MAX_FEN`; bool, float and str are refused with TypeError."""
    if type(value) is not int:
        raise TypeError(f"money is integer fen, not {type(value).__name__}")
    if abs(value) > MAX_FEN:
        raise ValueError(f"{value} fen is beyond ±{MAX_FEN}")
    return value


def share(amount_fen: int, share_bp: int) -> int:
    """`share_bp` basis points of `amount_fen`, rounded towards zero: the fraction stays with who pays the share."""
    if not 0 <= share_bp <= BP_WHOLE:
        raise ValueError(f"{share_bp} bp is not between 0 and {BP_WHOLE}")
    part = abs(fen(amount_fen)) * share_bp // BP_WHOLE
    return part if amount_fen >= 0 else -part


def allocate(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Split `amount_fen` in proportion to `weights`; the parts sum to it exactly.

    The remainder rule of the whole product: each part is rounded down, then one fen each goes to the parts with
    the largest fraction, the earlier part first where fractions are equal.
    """
    total = sum(weights)
    if amount_fen < 0 or total <= 0 or min(weights) < 0:
        raise ValueError("allocate takes a non-negative amount and weights with a positive sum")
    parts = [fen(amount_fen) * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(amount_fen * weights[i] % total), i))
    for i in by_fraction[: amount_fen - sum(parts)]:
        parts[i] += 1
    return parts


def yuan(amount_fen: int) -> str:
    """`¥220.00`, `-¥0.05`: for people; the API carries fen."""
    sign = "-" if amount_fen < 0 else ""
    whole, cents = divmod(abs(amount_fen), 100)
    return f"{sign}¥{whole:,}.{cents:02d}"
