"""Polynomials in one variable with exact rational coefficients: found from values, evaluated, and written.

>>> squares = interpolated([(1, 1), (2, 3), (3, 6), (4, 10), (5, 15)], most=2)
>>> squares.text("n"), squares.at(100)
('(n² + n)/2', Fraction(5050, 1))
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from archcost.tex import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[int | Fraction, int]  # a value of the variable, and that of the figure

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Polynomial(NamedTuple):
    """Σ cᵢ·xⁱ, with the coefficients from the constant on; the last one is not 0, and 0 itself has none."""

    coefficients: tuple[Fraction, ...]

    @property
    def degree(self) -> int:
        """The highest power; 0 for a constant."""
        return max(len(self.coefficients) - 1, 0)

    def at(self, x: int | Fraction) -> Fraction:
        """The value at x."""
        value = Fraction(0)
        for coefficient in reversed(self.coefficients):
            value = value * x + coefficient
        return value

    def text(self, name: str) -> str:
        """In plain text, the highest power first, over the common denominator: ``(3·n² + n)/2``."""
        terms, denominator = self._whole_terms()
        shown = _joined([(number, _term(number, power, name)) for number, power in terms], "−")
        if denominator == 1:
            return shown
        return f"({shown})/{denominator:,}" if len(terms) > 1 else f"{shown}/{denominator:,}"

    def latex(self, name: str) -> str:
        """In LaTeX's mathematics."""
        terms, denominator = self._whole_terms()
        letter = name if len(name) == 1 and name.isascii() and name.isalpha() else rf"\text{{{spelled(name)}}}"
        shown = _joined([(number, _latex_term(number, power, letter)) for number, power in terms], "-")
        return shown if denominator == 1 else rf"\frac{{{shown}}}{{{_latex_number(denominator)}}}"

    def _whole_terms(self) -> tuple[list[tuple[int, int]], int]:
        """Whole coefficients with their powers, those of 0 left out, and what all of them are divided by."""
        denominator = lcm(*[one.denominator for one in self.coefficients])
        whole = [int(one * denominator) for one in self.coefficients]
        return [(number, power) for power, number in enumerate(whole) if number][::-1] or [(0, 0)], denominator


def interpolated(points: Sequence[Point], most: int) -> Polynomial | None:
    """The polynomial of the lowest degree through all points, by Newton's divided differences; None beyond ``most``.

    Every point that is not needed to determine it has been a check that it passed.
    """
    places = [x for x, _ in points]
    column = [Fraction(y) for _, y in points]
    newton = []  # coefficients of 1, (x − x₀), (x − x₀)·(x − x₁) …
    for order in range(1, len(points) + 1):
        newton.append(column[0])
        column = [
            (after - before) / (places[place + order] - places[place])
            for place, (before, after) in enumerate(pairwise(column))
        ]
        if not any(column):
            break
    if len(newton) > most + 1:
        return None
    return _expanded(newton, places)


def _expanded(newton: Sequence[Fraction], places: Sequence[int | Fraction]) -> Polynomial:
    """Newton's form as Σ cᵢ·xⁱ, by Horner's rule: p becomes p·(x − xᵢ) + cᵢ."""
    found: list[Fraction] = []
    for place in range(len(newton) - 1, -1, -1):
        shifted = [Fraction(0), *found]
        scaled = [*(one * places[place] for one in found), Fraction(0)]
        found = [high - low for high, low in zip(shifted, scaled, strict=True)]
        found[0] += newton[place]
    while found and not found[-1]:
        found.pop()
    return Polynomial(tuple(found))


def _joined(terms: Sequence[tuple[int, str]], minus: str) -> str:
    first, *others = terms
    text = (minus if first[0] < 0 else "") + first[1]
    return text + "".join([f" {minus if number < 0 else '+'} {shown}" for number, shown in others])


def _term(number: int, power: int, name: str) -> str:
    """``3·n²`` without its sign."""
    if not power:
        return f"{abs(number):,}"
    raised = name if power == 1 else name + str(power).translate(_SUPERSCRIPTS)
    return raised if abs(number) == 1 else f"{abs(number):,}·{raised}"


def _latex_term(number: int, power: int, letter: str) -> str:
    if not power:
        return _latex_number(abs(number))
    raised = letter if power == 1 else f"{letter}^{{{power}}}"
    return raised if abs(number) == 1 else rf"{_latex_number(abs(number))} \cdot {raised}"


def _latex_number(number: int) -> str:
    return f"{number:,}".replace(",", "{,}")
