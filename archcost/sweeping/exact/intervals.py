"""A count that was estimated from uniform draws, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, lgamma, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIDENCE = 0.95
ENOUGH, TINY = 1e-15, 1e-300  # where the fraction ends, and instead of a zero in it


@dataclass(frozen=True, slots=True)
class Estimate:
    """``hits`` of ``draws`` uniform draws from ``among`` designs met what was asked; the count is not exact.

    ``low`` … ``high`` is the interval of Clopper and Pearson (Biometrika 26, 1934, 404-413): whatever the true count,
    an interval made in this way holds it with at least this ``confidence``.
    """

    value: int
    low: int
    high: int
    draws: int
    hits: int
    among: int
    confidence: float = CONFIDENCE

    def __str__(self) -> str:
        return (
            f"about {self.value:,}, an estimate from {self.draws:,} uniform draws among {self.among:,} designs, "
            f"not an exact count: between {self.low:,} and {self.high:,} at {self.confidence:.0%} confidence"
        )


def estimated(hits: int, draws: int, among: int, confidence: float = CONFIDENCE) -> Estimate:
    """The estimate of a count from uniform draws: among · hits / draws."""
    low, high = clopper_pearson(hits, draws, confidence)
    least, most = min(hits, 1), among - min(draws - hits, 1)  # a design that was drawn is there, whatever the chances
    return Estimate(
        value=among * hits // draws,
        low=min(max(int(low * among), least), most),
        high=max(min(ceil(high * among), most), least),
        draws=draws,
        hits=hits,
        among=among,
        confidence=confidence,
    )


def clopper_pearson(hits: int, draws: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The share p from where P(X ≥ hits) reaches (1 − confidence) / 2 to where P(X ≤ hits) falls to it.

    X is binomial in ``draws`` and p.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solved(lambda p: at_least(hits, draws, p), tail)
    high = 1.0 if hits == draws else _solved(lambda p: at_least(hits + 1, draws, p), 1 - tail)
    return low, high


def at_least(hits: int, draws: int, p: float) -> float:
    """P(X ≥ hits), 1 ≤ hits ≤ draws: the regularised incomplete beta function I_p(hits, draws − hits + 1)."""
    a, b = hits, draws - hits + 1
    if p * (a + b + 2) > a + 1:
        return 1 - _beta(b, a, 1 - p, p)
    return _beta(a, b, p, 1 - p)


def _beta(a: int, b: int, x: float, rest: float) -> float:
    """I_x(a, b) for x below its mean, by its continued fraction (Abramowitz and Stegun 26.5.8, from the front)."""
    if x <= 0:
        return 0.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or TINY)
    total = d
    for m in range(1, 100_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or TINY)
            c = 1 + term / c or TINY
            total *= c * d
        if abs(c * d - 1) < ENOUGH:
            break
    return front * total


def _solved(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of 0…1 reaches a target, by halving."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if rising(middle) >= target:
            high = middle
        else:
            low = middle
    return (low + high) / 2
