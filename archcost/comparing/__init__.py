"""Comparison: the cost of a change and the layers that cause it, and several models side by side."""

from __future__ import annotations

from archcost.comparing.comparison import (
    Change,
    Comparison,
    Difference,
    SideBySide,
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
    "SideBySide",
    "compare",
    "difference",
    "rank",
    "smallest",
    "telling_metrics",
]
