"""Arithmetic that can be shown and evaluated: one tree gives the symbols, the numbers and the value.

>>> n, f, p, s = Symbol("n", 28), Symbol("f", 5), Symbol("p", 2), Symbol("s", 1)
>>> size = floor(n - f + 2 * p, s) + 1
>>> size.text(), size.text(numbers=True), size.value
('⌊(n − f + 2p)/s⌋ + 1', '⌊(28 − 5 + 2·2)/1⌋ + 1', 28)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUM, PRODUCT, ATOM = 1, 2, 3  # how tightly an expression holds together
Rounding = Literal["floor", "ceil", ""]
_MARKS = {"floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉"), "": ("", "")}
_LATEX_MARKS = {
    "floor": (r"\left\lfloor ", r" \right\rfloor"),
    "ceil": (r"\left\lceil ", r" \right\rceil"),
    "": ("", ""),
}


class SymbolicExpression:
    """A number that knows how it comes about."""

    level = ATOM
    value: int = 0

    def text(self, *, numbers: bool = False) -> str:
        """In plain text: with symbols, or with their numbers."""
        raise NotImplementedError  # pragma: no cover - every expression defines it

    def latex(self, *, numbers: bool = False) -> str:
        """In LaTeX's mathematics."""
        raise NotImplementedError  # pragma: no cover - every expression defines it

    def __add__(self, other: SymbolicExpression | int) -> SymbolicSum:
        return SymbolicSum([(1, self), (1, as_expression(other))])

    def __radd__(self, other: int) -> SymbolicSum:
        return as_expression(other) + self

    def __sub__(self, other: SymbolicExpression | int) -> SymbolicSum:
        return SymbolicSum([(1, self), (-1, as_expression(other))])

    def __mul__(self, other: SymbolicExpression | int) -> Product:
        return Product([self, as_expression(other)])

    def __rmul__(self, other: int) -> Product:
        return as_expression(other) * self

    def _within(self, level: int, text: str) -> str:
        """Text of this expression as a part of one that holds more tightly."""
        return f"({text})" if self.level < level else text


class Number(SymbolicExpression):
    """A number that is the same for all layers of a kind."""

    def __init__(self, value: int) -> None:
        self.value = value

    def text(self, *, numbers: bool = False) -> str:
        del numbers
        return f"{self.value:,}"

    def latex(self, *, numbers: bool = False) -> str:
        return self.text(numbers=numbers).replace(",", "{,}")


class Symbol(SymbolicExpression):
    """A quantity of this layer: ``n``, ``c_in``, ``outputs``; ``parts`` is what its number is made of, as a product."""

    def __init__(self, name: str, value: int | Sequence[int]) -> None:
        self.name = name
        self.parts = (value,) if isinstance(value, int) else tuple(value)
        self.value = 1
        for part in self.parts:
            self.value *= part
        shown = [part for part in self.parts if part != 1] or [1]
        self._numbers = [f"{part:,}" if part >= 0 else f"(−{-part:,})" for part in shown]

    def text(self, *, numbers: bool = False) -> str:
        return "·".join(self._numbers) if numbers else self.name

    def latex(self, *, numbers: bool = False) -> str:
        if numbers:
            return r" \cdot ".join(self._numbers).replace(",", "{,}").replace("−", "-")
        stem, _, index = self.name.partition("_")
        return f"{_latex_word(stem)}_{{{_latex_word(index)}}}" if index else _latex_word(stem)


def _latex_word(word: str) -> str:
    return word if len(word) == 1 else rf"\text{{{word}}}"


class SymbolicSum(SymbolicExpression):
    """a + b − c."""

    level = SUM

    def __init__(self, terms: Iterable[tuple[int, SymbolicExpression]]) -> None:
        self.terms: list[tuple[int, SymbolicExpression]] = []
        for sign, term in terms:
            inner = term.terms if isinstance(term, SymbolicSum) and sign > 0 else [(1, term)]
            self.terms += [(sign * own, part) for own, part in inner]
        self.value = sum(sign * term.value for sign, term in self.terms)

    def text(self, *, numbers: bool = False) -> str:
        return self._joined([(sign, term, term.text(numbers=numbers)) for sign, term in self.terms], "−")

    def latex(self, *, numbers: bool = False) -> str:
        return self._joined([(sign, term, term.latex(numbers=numbers)) for sign, term in self.terms], "-")

    def _joined(self, parts: Sequence[tuple[int, SymbolicExpression, str]], minus: str) -> str:
        text = ""
        for sign, term, shown in parts:
            inner = term._within(PRODUCT, shown) if sign < 0 else shown  # noqa: SLF001 - its own kind
            text += f" {minus if sign < 0 else '+'} {inner}" if text else ("" if sign > 0 else minus) + inner
        return text


class Product(SymbolicExpression):
    """a·b·c; with ``cross`` the factors stand apart, as in 28·28·32 × 5·5·192."""

    level = PRODUCT
    cross = False

    def __init__(self, factors: Iterable[SymbolicExpression], *, cross: bool = False) -> None:
        self.cross = cross
        self.factors: list[SymbolicExpression] = []
        for factor in factors:
            joins = isinstance(factor, Product) and not cross and not factor.cross
            self.factors += factor.factors if isinstance(factor, Product) and joins else [factor]
        self.value = 1
        for factor in self.factors:
            self.value *= factor.value

    def text(self, *, numbers: bool = False) -> str:
        shown = [self._inner(factor, factor.text(numbers=numbers)) for factor in self.factors]
        if not numbers and _juxtaposed(self.factors):
            return "".join(shown)
        return (" × " if self.cross else "·").join(shown)

    def latex(self, *, numbers: bool = False) -> str:
        shown = [self._inner(factor, factor.latex(numbers=numbers)) for factor in self.factors]
        if not numbers and _juxtaposed(self.factors):
            return "".join(shown)
        return (r" \times " if self.cross else r" \cdot ").join(shown)

    def _inner(self, factor: SymbolicExpression, shown: str) -> str:
        return factor._within(PRODUCT, shown)  # noqa: SLF001 - its own kind


def _juxtaposed(factors: Sequence[SymbolicExpression]) -> bool:
    """Whether the factors are written without a sign between them: ``2p``."""
    if len(factors) != 2:  # noqa: PLR2004 - a number and a letter
        return False
    number, symbol = factors
    return isinstance(number, Number) and isinstance(symbol, Symbol) and len(symbol.name) == 1


class Quotient(SymbolicExpression):
    """a/b, rounded down or up, or exact where no rounding is named."""

    def __init__(self, numerator: SymbolicExpression, denominator: SymbolicExpression, rounding: Rounding) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.rounding: Rounding = rounding
        self.level = ATOM if rounding else PRODUCT
        self.value = (
            -(-numerator.value // denominator.value) if rounding == "ceil" else numerator.value // denominator.value
        )

    def text(self, *, numbers: bool = False) -> str:
        above = self.numerator._within(ATOM, self.numerator.text(numbers=numbers))  # noqa: SLF001 - its own kind
        below = self.denominator._within(ATOM, self.denominator.text(numbers=numbers))  # noqa: SLF001
        if numbers and "·" in below and not below.startswith("("):
            below = f"({below})"
        opening, closing = _MARKS[self.rounding]
        return f"{opening}{above}/{below}{closing}"

    def latex(self, *, numbers: bool = False) -> str:
        opening, closing = _LATEX_MARKS[self.rounding]
        above, below = self.numerator.latex(numbers=numbers), self.denominator.latex(numbers=numbers)
        return rf"{opening}\frac{{{above}}}{{{below}}}{closing}"


def as_expression(value: SymbolicExpression | int) -> SymbolicExpression:
    """A bare number as an expression."""
    return Number(value) if isinstance(value, int) else value


def floor(numerator: SymbolicExpression, denominator: SymbolicExpression) -> Quotient:
    """⌊a/b⌋."""
    return Quotient(numerator, denominator, "floor")


def ceil(numerator: SymbolicExpression, denominator: SymbolicExpression) -> Quotient:
    """⌈a/b⌉."""
    return Quotient(numerator, denominator, "ceil")


def exactly(numerator: SymbolicExpression, denominator: SymbolicExpression) -> Quotient:
    """a/b, where b divides a."""
    return Quotient(numerator, denominator, "")


def product(*factors: SymbolicExpression) -> SymbolicExpression:
    """The product of the factors; 1 for none."""
    return factors[0] if len(factors) == 1 else Product(factors) if factors else Number(1)


def cross(*factors: SymbolicExpression) -> SymbolicExpression:
    """The factors with × between them."""
    return Product(factors, cross=True)


def total(terms: Sequence[SymbolicExpression]) -> SymbolicExpression:
    """The sum of the terms; 0 for none."""
    return terms[0] if len(terms) == 1 else SymbolicSum([(1, term) for term in terms]) if terms else Number(0)
