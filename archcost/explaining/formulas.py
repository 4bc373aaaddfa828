"""The formulas of an op: its own rules, run on symbols and written as a reader expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import elements
from archcost.explaining.arrangement import Arrangement, renamed, symbols_in, with_short_names
from archcost.explaining.expressions import Number, OneFor, Symbol, SymbolicExpression, as_expression
from archcost.explaining.layouts import dim_label
from archcost.explaining.symbols import SIZES, counted_inputs, counted_outputs, symbolic_inputs, symbolic_op
from archcost.ops.base import unchecked

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.graph.model import Signature
    from archcost.ops.base import Op


class Size(NamedTuple):
    """How one size of an output comes about."""

    what: str
    output: int
    dim: int
    formula: SymbolicExpression

    @property
    def note(self) -> str:
        """What a reader would miss in the formula: why there is 1 less."""
        return "; ".join([symbol.name for symbol in symbols_in(self.formula) if isinstance(symbol, OneFor)])


class Formulas(NamedTuple):
    """Sizes of the outputs that are computed, params, MACs, and FLOPs beyond 2 × MACs."""

    sizes: tuple[Size, ...]
    params: SymbolicExpression
    macs: SymbolicExpression
    other: SymbolicExpression


def formulas_of(signature: Signature) -> Formulas:
    """The formulas of a node's op on its shapes."""
    return formulas(signature.op, signature.input_shapes, signature.output_shapes)


def formulas(op: Op, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Formulas:
    """The formulas of an op on its inputs, whose outputs are known."""
    view, given = symbolic_op(op), symbolic_inputs(op, inputs)
    inferred = view.infer(given, unchecked)
    sizes = [
        Size(dim_label(op, number, dim, len(shape), len(inputs[0]) if inputs else len(shape)), number, dim, _size(size))
        for number, shape in enumerate(inferred)
        for dim, size in enumerate(shape)
        if not isinstance(size, (int, Number, Symbol))
    ]
    read = counted_inputs(op, given, inferred)
    made = counted_outputs(op, given, inferred, outputs)
    arrangement = Arrangement.of(view, read, made)
    weights = sorted(view.weights(read).values(), key=lambda shape: len(shape) == 1)  # vectors last
    params = as_expression(elements(weights))
    return Formulas(
        tuple(sizes),
        with_short_names(arrangement._replace(wholes=()).of_term(params)),
        with_short_names(arrangement.of_term(as_expression(view.macs(read, made)))),
        with_short_names(arrangement.of_term(as_expression(view.flops(read, made)))),
    )


def _size(formula: SymbolicExpression) -> SymbolicExpression:
    """The formula of a size, in which a size of the input is n if there is just one."""
    plain = Arrangement(None, (), ()).of_term(formula)
    letters = {symbol.name for symbol in symbols_in(plain) if symbol.name in SIZES}
    return with_short_names(renamed(plain, dict.fromkeys(letters, "n") if len(letters) == 1 else {}))
