"""Figures of verdicts as text: exact or in few digits, and never equal to look at when they are not."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.figures import BYTES, METRICS, TIME
from archcost.quantities import format_bytes, format_count, format_nanoseconds

if TYPE_CHECKING:
    from archcost.budget.verdict import Total

LABELS = {**{name: row.label for name, row in METRICS.items()}, "output": "output shape", "layers": "layers"}
UNITS = {name: row.unit for name, row in METRICS.items() if row.unit in (BYTES, TIME)}
_MAX_DECIMALS = 6


def amount(value: int, metric: str, *, exact: bool = True) -> str:
    """A figure with its unit: to the unit, or in few digits."""
    if UNITS.get(metric) == TIME:
        return format_nanoseconds(value)
    if metric in UNITS:
        return f"{value:,} B" if exact else format_bytes(value)
    return f"{value:,}" if exact else format_count(value)


def pair(one: int, other: int, metric: str) -> tuple[str, str]:
    """Two figures in few digits, or exactly where they would look equal and are not."""
    texts = amount(one, metric, exact=False), amount(other, metric, exact=False)
    if one == other or texts[0] != texts[1]:
        return texts
    if UNITS.get(metric) == TIME:
        return f"{one:,} ns", f"{other:,} ns"
    return amount(one, metric), amount(other, metric)


def signed(value: int, metric: str, *, exact: bool = True) -> str:
    """A difference with its sign (a true minus)."""
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return sign + (amount(abs(value), metric, exact=exact) if value else "0")


def percent(share: Fraction | None, beyond: Fraction | None = None) -> str:
    """A share in percent with one decimal, or as many as tell it from the limit that it is beyond; empty for none."""
    if share is None:
        return ""
    decimals = 1
    while decimals < _MAX_DECIMALS and beyond is not None and share != beyond:
        if _rounded(share, decimals) != _rounded(beyond, decimals):
            break
        decimals += 1
    value = _rounded(share, decimals)
    if not value and share:
        return f"<0.{'0' * (decimals - 1)}1%"
    whole, rest = divmod(abs(value), 10**decimals)
    return f"{'−' if value < 0 else ''}{whole:,}.{rest:0{decimals}d}%"


def _rounded(share: Fraction, decimals: int) -> int:
    """Percent in units of the last decimal, half up."""
    scale: int = 100 * 10**decimals
    scaled = abs(share) * scale
    value = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return -value if share < 0 else value


def total_change(metric: str, total: Total) -> str:
    """``params 60,000 → 61,000 (+1.7%)``."""
    before = total.baseline or 0
    share = Fraction(total.delta, before) if before else None
    sign = "+" if total.delta > 0 else ""
    shown = f" ({sign}{percent(share)})" if share is not None else ""
    old, new = pair(before, total.figure, metric)
    return f"{LABELS[metric]} {old} → {new}{shown}"
