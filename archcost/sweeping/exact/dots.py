"""Sums of products that are exact where int64 is too small for them."""

from __future__ import annotations

from operator import mul
from typing import Any

WORD_BITS, LIMB_BITS = 63, 20
ROWS = 1 << 22  # of which 2 · 20 bits each add up to 62 bits


def exact_dot(first: Any, second: Any) -> int:
    """Σ firstᵢ · secondᵢ of non-negative integers, in limbs of 20 bits where the sum could pass int64."""
    if any(column.dtype == object for column in (first, second)):
        return sum(map(mul, first.tolist(), second.tolist()))
    bits = [int(column.max(initial=0)).bit_length() for column in (first, second)]
    if sum(bits) + len(first).bit_length() <= WORD_BITS:
        return int(first @ second)
    total = 0
    for start in range(0, len(first), ROWS):
        ours, others = (
            [(column[start : start + ROWS] >> shift) & ((1 << LIMB_BITS) - 1) for shift in range(0, most, LIMB_BITS)]
            for column, most in zip((first, second), bits, strict=True)
        )
        for place, limb in enumerate(ours):
            for other_place, other in enumerate(others):
                total += int(limb @ other) << (LIMB_BITS * (place + other_place))
    return total
