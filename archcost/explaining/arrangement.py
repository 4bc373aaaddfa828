"""The order that a reader expects: whole tensors by their names, outputs × taps, and short names for what has none."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from archcost.explaining.expressions import (
    Number,
    Product,
    Quotient,
    Symbol,
    SymbolicExpression,
    SymbolicSum,
    cross,
    product,
)
from archcost.explaining.layouts import BATCH, input_dims, is_image
from archcost.explaining.symbols import is_named, listed, symbol_ranks, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.explaining.symbols import Symbols
    from archcost.ops.base import Op

_PLACES, _REST, _SUMS = 2, 5, 6  # ranks, in which whole tensors and the batch come before places
TENSORS = ("outputs", "inputs")


class Arrangement(NamedTuple):
    """How the terms of an op's counts are written.

    ``ranks`` order the factors of a product by their names. ``runs`` are factors that have one name together: a tensor
    whose sizes have none of their own, or the dims that a star stands for. ``wholes`` are the tensors that are written
    by their sizes, images and outputs that have the inputs' own: what multiplies one of them stands behind a ×.
    ``given`` are the sizes of each input: elements of one tensor have no ×.
    """

    ranks: Mapping[str, int] | None  # None: factors stay as they come
    runs: tuple[tuple[str, tuple[str, ...]], ...]
    wholes: tuple[Counter[str], ...]
    given: tuple[Counter[str], ...] = ()

    @classmethod
    def of(cls, op: Op, inputs: tuple[Symbols, ...], outputs: tuple[Symbols, ...]) -> Arrangement:
        """The arrangement for an op and its tensors, all in symbols."""
        runs, wholes = [], []
        image = bool(inputs) and is_image(input_dims(op, 0, len(inputs[0])))
        given = tuple([Counter([size.key for size in shape]) for shape in inputs])
        own = {key for shape in given for key in shape}
        for name, shape in (("outputs", outputs[0]), *[("inputs", shape) for shape in inputs[:1]]):
            if all(map(is_named, shape)):
                if image or (name == "outputs" and all(size.key in own for size in shape)):
                    wholes.append(Counter([size.key for size in shape if not _is_one_batch(size)]))
            else:
                runs.append((name, tuple([size.key for size in shape])))
        for shape in (*inputs, *listed(op)):
            starred = [size for size in shape if word_of(size)]
            runs += [(word_of(starred[0]), tuple([size.key for size in starred]))] if starred else []
        runs.sort(key=lambda run: -len(run[1]))
        return cls(symbol_ranks(op, inputs), tuple(runs), tuple(wholes), given)

    def of_term(self, term: SymbolicExpression) -> SymbolicExpression:
        """An expression in this order."""
        if isinstance(term, SymbolicSum):
            first = next((place for place, (sign, _) in enumerate(term.terms) if sign > 0), 0)  # no minus in front
            terms = [term.terms[first], *term.terms[:first], *term.terms[first + 1 :]]
            return SymbolicSum([(sign, self.of_term(inner)) for sign, inner in terms])
        if isinstance(term, Quotient):
            return Quotient(self.of_term(term.numerator), self.of_term(term.denominator), term.rounding)
        return self._of_product(term.factors if isinstance(term, Product) else [term])

    def _of_product(self, factors: Sequence[SymbolicExpression]) -> SymbolicExpression:
        numbers = [factor for factor in factors if isinstance(factor, Number)]
        named = self._with_runs([factor for factor in factors if not isinstance(factor, Number)])
        rest = [factor if isinstance(factor, Symbol) else self.of_term(factor) for factor in named]
        rest = [factor for factor in rest if not _is_one_batch(factor)]
        if self.ranks is not None:
            rest.sort(key=self._rank)
        left, right = self._split(rest)
        if not rest:
            return product(*numbers)
        return cross(product(*numbers, *left), product(*right)) if left and right else product(*numbers, *rest)

    def _with_runs(self, factors: list[SymbolicExpression]) -> list[SymbolicExpression]:
        """The factors, with one symbol for those in a row that have a name together."""
        keys = [factor.key for factor in factors]
        for name, run in self.runs:
            for start in range(len(factors) - len(run) + 1):
                if run and tuple(keys[start : start + len(run)]) == run:
                    inside = factors[start : start + len(run)]
                    whole = Symbol(name, [size.value for size in inside])
                    others = self._with_runs(factors[:start]), self._with_runs(factors[start + len(run) :])
                    return [*others[0], whole, *others[1]]
        return factors

    def _split(self, factors: list[SymbolicExpression]) -> tuple[list[SymbolicExpression], list[SymbolicExpression]]:
        """The factors before and after the ×; nothing before it where none is written."""
        first = factors[0] if factors else None
        if isinstance(first, Symbol) and first.name in TENSORS:
            return [first], factors[1:]
        for whole in self.wholes:
            left: list[SymbolicExpression] = []
            right: list[SymbolicExpression] = []
            missing = Counter(whole)
            for factor in factors:
                chosen = right if not missing[factor.key] else left
                missing[factor.key] -= chosen is left
                chosen.append(factor)
            if whole and not missing.total():
                return left, right
        if any(Counter([factor.key for factor in factors]) <= shape for shape in self.given):
            return [], factors
        places = [factor for factor in factors if self._rank(factor) <= _PLACES]
        return places, [factor for factor in factors if self._rank(factor) > _PLACES]

    def _rank(self, factor: SymbolicExpression) -> int:
        if isinstance(factor, Quotient):
            return self._rank(factor.numerator)
        if isinstance(factor, Symbol):
            return _REST if self.ranks is None else self.ranks.get(factor.name, _REST)
        return _SUMS


def _is_one_batch(factor: SymbolicExpression) -> bool:
    return isinstance(factor, Symbol) and factor.name == BATCH and factor.value == 1


def with_short_names(formula: SymbolicExpression) -> SymbolicExpression:
    """The formula with ``n``, or ``n_1``, ``n_2`` …, for the sizes that have no names of their own."""
    found = dict.fromkeys([symbol.name for symbol in symbols_in(formula) if not is_named(symbol)])
    names = {name: f"n_{number}" if len(found) > 1 else "n" for number, name in enumerate(found, 1)}
    return renamed(formula, names)


def symbols_in(formula: SymbolicExpression) -> Iterator[Symbol]:
    """The symbols in the order in which they are read."""
    if isinstance(formula, Symbol):
        yield formula
    for part in _parts(formula):
        yield from symbols_in(part)


def _parts(formula: SymbolicExpression) -> Sequence[SymbolicExpression]:
    if isinstance(formula, SymbolicSum):
        return [term for _, term in formula.terms]
    if isinstance(formula, Product):
        return formula.factors
    return [formula.numerator, formula.denominator] if isinstance(formula, Quotient) else []


def renamed(formula: SymbolicExpression, names: Mapping[str, str]) -> SymbolicExpression:
    """The formula with other names for some symbols."""
    if isinstance(formula, Symbol):
        return Symbol(names[formula.name], formula.parts) if formula.name in names else formula
    if isinstance(formula, SymbolicSum):
        return SymbolicSum([(sign, renamed(term, names)) for sign, term in formula.terms])
    if isinstance(formula, Product):
        return Product([renamed(factor, names) for factor in formula.factors], cross=formula.cross)
    if isinstance(formula, Quotient):
        return Quotient(renamed(formula.numerator, names), renamed(formula.denominator, names), formula.rounding)
    return formula
