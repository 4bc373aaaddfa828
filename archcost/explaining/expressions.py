"""Arithmetic that can be shown and evaluated: one tree gives the symbols, the numbers and the value.

An expression is a :data:`~archcost.dims.Dim`: the rules of ops run on it as they run on ints. Comparisons, remainders
and whatever Python decides by go by the value; ``+ - * //`` build the tree, and leave out what a reader would: factors
of 1, terms of 0, and terms that cancel.

>>> n, f, p, s = Symbol("n", 28), Symbol("f", 5), Symbol("p", 2), Symbol("s", 1)
>>> size = (n + 2 * p - (f - 1) - 1) // s + 1
>>> size.text(), size.text(numbers=True), size.value
('⌊(n + 2p − f)/s⌋ + 1', '⌊(28 + 2·2 − 5)/1⌋ + 1', 28)
"""

# long: the whole language of formulas, whose parts make one another

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
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

    @cached_property
    def key(self) -> str:
        """What is equal for expressions that say the same, whatever the order of terms and factors."""
        raise NotImplementedError  # pragma: no cover - every expression defines it

    def __add__(self, other: SymbolicExpression | float) -> SymbolicExpression:
        return summed([(1, self), (1, as_expression(other))])

    def __radd__(self, other: float) -> SymbolicExpression:
        return as_expression(other) + self

    def __sub__(self, other: SymbolicExpression | float) -> SymbolicExpression:
        return summed([(1, self), (-1, as_expression(other))])

    def __rsub__(self, other: float) -> SymbolicExpression:
        return as_expression(other) - self

    def __neg__(self) -> SymbolicExpression:
        return summed([(-1, self)])

    def __mul__(self, other: SymbolicExpression | float) -> SymbolicExpression:
        return multiplied([self, as_expression(other)])

    def __rmul__(self, other: float) -> SymbolicExpression:
        return as_expression(other) * self

    def __floordiv__(self, other: SymbolicExpression | int) -> SymbolicExpression:
        return divided(self, as_expression(other))

    def __rfloordiv__(self, other: int) -> SymbolicExpression:
        return as_expression(other) // self

    def __mod__(self, other: SymbolicExpression | int) -> int:
        return self.value % as_expression(other).value

    def __rmod__(self, other: int) -> int:
        return other % self.value

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, SymbolicExpression) else other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: SymbolicExpression | int) -> bool:
        return self.value < as_expression(other).value

    def __le__(self, other: SymbolicExpression | int) -> bool:
        return self.value <= as_expression(other).value

    def __gt__(self, other: SymbolicExpression | int) -> bool:
        return self.value > as_expression(other).value

    def __ge__(self, other: SymbolicExpression | int) -> bool:
        return self.value >= as_expression(other).value

    def decided(self) -> int:
        """The number, for what Python decides by."""
        return self.value

    __index__ = decided

    def one_less_if(self, condition: bool, reason: str) -> SymbolicExpression:  # noqa: FBT001 - see archcost.dims
        """1 less for a reason, which stands apart from other numbers."""
        return SymbolicSum([(1, self), (-1, OneFor(reason))]) if condition else self

    def _within(self, level: int, text: str) -> str:
        """Text of this expression as a part of one that holds more tightly."""
        return f"({text})" if self.level < level else text


class Number(SymbolicExpression):
    """A number without a name; a fraction only as a factor of what is rounded down."""

    def __init__(self, value: int | Fraction) -> None:
        self.value = value  # type: ignore[assignment]  # see above

    @cached_property
    def key(self) -> str:
        return str(self.value)

    def text(self, *, numbers: bool = False) -> str:
        del numbers
        return f"{self.value:,}" if isinstance(self.value, int) else f"{float(self.value)!r}"

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

    @cached_property
    def key(self) -> str:
        return f"{self.name}:{self.parts}"

    def text(self, *, numbers: bool = False) -> str:
        return "·".join(self._numbers) if numbers else self.name

    def latex(self, *, numbers: bool = False) -> str:
        if numbers:
            return r" \cdot ".join(self._numbers).replace(",", "{,}").replace("−", "-")
        stem, _, index = self.name.partition("_")
        return f"{_latex_word(stem)}_{{{_latex_word(index)}}}" if index else _latex_word(stem)


class OneFor(Symbol):
    """A 1 that is there for the reason which is its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, 1)

    def text(self, *, numbers: bool = False) -> str:
        del numbers
        return "1"

    def latex(self, *, numbers: bool = False) -> str:
        return self.text(numbers=numbers)


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

    @cached_property
    def key(self) -> str:
        return f"({' + '.join(sorted(f'{sign}·{term.key}' for sign, term in self.terms))})"

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

    @cached_property
    def key(self) -> str:
        return "·".join(sorted(factor.key for factor in self.factors))

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
        quotient = (
            -(-numerator.value // denominator.value) if rounding == "ceil" else numerator.value // denominator.value
        )
        self.value = int(quotient)  # of a fraction too

    @cached_property
    def key(self) -> str:
        return f"{self.rounding}({self.numerator.key}/{self.denominator.key})"

    def text(self, *, numbers: bool = False) -> str:
        opening, closing = _MARKS[self.rounding]
        if self.denominator.key == "1":
            return f"{opening}{self.numerator.text(numbers=numbers)}{closing}"
        above = self.numerator._within(ATOM, self.numerator.text(numbers=numbers))  # noqa: SLF001 - its own kind
        below = self.denominator._within(ATOM, self.denominator.text(numbers=numbers))  # noqa: SLF001
        if numbers and "·" in below and not below.startswith("("):
            below = f"({below})"
        return f"{opening}{above}/{below}{closing}"

    def latex(self, *, numbers: bool = False) -> str:
        opening, closing = _LATEX_MARKS[self.rounding]
        above, below = self.numerator.latex(numbers=numbers), self.denominator.latex(numbers=numbers)
        if self.denominator.key == "1":
            return f"{opening}{above}{closing}"
        return rf"{opening}\frac{{{above}}}{{{below}}}{closing}"


def as_expression(value: SymbolicExpression | float) -> SymbolicExpression:
    """A bare number as an expression."""
    if isinstance(value, SymbolicExpression):
        return value
    return Number(int(value) if value == int(value) else Fraction(repr(value)))


_ONE = Number(1)  # the product of no factors


def summed(terms: Iterable[tuple[int, SymbolicExpression]]) -> SymbolicExpression:
    """The sum of signed terms: equal ones taken together, the bare numbers as one at the end."""
    counts: dict[str, int] = {}
    cores: dict[str, SymbolicExpression] = {}
    for sign, term in terms:
        for inner_sign, inner in term.terms if isinstance(term, SymbolicSum) else [(1, term)]:
            count, factors = _count_and_factors(inner)
            core = product(*factors)
            key = cores.setdefault(core.key, core).key
            counts[key] = counts.get(key, 0) + sign * inner_sign * count
    bare = counts.pop(_ONE.key, 0)
    found = [(count, multiplied([Number(abs(count)), cores[key]])) for key, count in counts.items() if count]
    if bare or not found:
        found.append((bare, Number(abs(bare))))
    signed = [(-1 if count < 0 else 1, term) for count, term in found]
    return signed[0][1] if len(signed) == 1 and signed[0][0] > 0 else SymbolicSum(signed)


def multiplied(factors: Iterable[SymbolicExpression]) -> SymbolicExpression:
    """The product of factors: the bare numbers as one in front, none of 1."""
    count = 1
    found: list[SymbolicExpression] = []
    for factor in factors:
        own, inner = _count_and_factors(factor)
        count *= own
        found += inner
    if not found or not count:
        return Number(count)
    if count < 0:
        return SymbolicSum([(-1, multiplied([Number(-count), *found]))])
    return product(*found) if count == 1 else Product([Number(count), *found])


def _count_and_factors(term: SymbolicExpression) -> tuple[int, list[SymbolicExpression]]:
    """A term as a number times factors that are none."""
    if isinstance(term, SymbolicSum) and len(term.terms) == 1:
        ((sign, inner),) = term.terms
        count, factors = _count_and_factors(inner)
        return sign * count, factors
    count, rest = 1, []
    for factor in term.factors if isinstance(term, Product) and not term.cross else [term]:
        if isinstance(factor, Number):
            count *= factor.value
        else:
            rest.append(factor)
    return count, rest


def _is_negative(number: SymbolicExpression) -> bool:
    return isinstance(number, Number) and number.value < 0


def divided(numerator: SymbolicExpression, denominator: SymbolicExpression) -> SymbolicExpression:
    """⌊a/b⌋, written a/b where a product is divided without a rest; −⌊−a/b⌋ is ⌈a/b⌉."""
    negative = numerator.terms[0][0] < 0 if isinstance(numerator, SymbolicSum) else _is_negative(numerator)
    above = -numerator if negative else numerator
    if denominator.key == "1" and isinstance(above.value, int):
        return numerator
    if isinstance(above, Number) and isinstance(denominator, Number):
        return Number(numerator.value // denominator.value)
    exact = isinstance(above.value, int) and not isinstance(above, SymbolicSum)
    whole = exact and above.value % denominator.value == 0
    if negative:
        return -Quotient(above, denominator, "" if whole else "ceil")
    return Quotient(above, denominator, "" if whole else "floor")


def product(*factors: SymbolicExpression) -> SymbolicExpression:
    """The product of the factors; 1 for none."""
    return factors[0] if len(factors) == 1 else Product(factors) if factors else Number(1)


def cross(*factors: SymbolicExpression) -> SymbolicExpression:
    """The factors with × between them."""
    return Product(factors, cross=True)


def total(terms: Sequence[SymbolicExpression]) -> SymbolicExpression:
    """The sum of the terms; 0 for none."""
    return terms[0] if len(terms) == 1 else SymbolicSum([(1, term) for term in terms]) if terms else Number(0)
