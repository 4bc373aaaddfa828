"""Comparison: what a change costs and where it arises, and models beside each other."""

from __future__ import annotations

from archcost.comparing.comparison import (
    Change,
    Comparison,
    Difference,
    compare,
    difference,
    rank,
    smallest,
    telling_metrics,
)

__all__ = [
    "Change",
    "Comparison",
    "Difference",
    "compare",
    "difference",
    "rank",
    "smallest",
    "telling_metrics",
]
