"""What a formula says of an op, and the symbols that formulas share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.explaining.expressions import Number, Product, Symbol, SymbolicExpression, product

if TYPE_CHECKING:
    from archcost.dims import Shape

NOTHING = Number(0)
AXES = {1: ("l",), 2: ("h", "w"), 3: ("z", "h", "w")}  # the letters of spatial sizes
_NAMES = {"l": "length", "z": "depth", "h": "height", "w": "width"}


class Subject(NamedTuple):
    """An op, and the shapes that go in and out."""

    op: Any
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]

    @property
    def output_count(self) -> Symbol:
        """The elements of the first output: ``outputs``, 1·64·28·28."""
        return Symbol("outputs", self.outputs[0])

    @property
    def input_count(self) -> Symbol:
        """The elements of the first input."""
        return Symbol("inputs", self.inputs[0])


class Size(NamedTuple):
    """How one size of an output comes about."""

    what: str
    output: int
    dim: int
    formula: SymbolicExpression
    note: str = ""


class Formulas(NamedTuple):
    """Sizes of the outputs, params, MACs, and FLOPs beyond 2 × MACs; what is not given is 0."""

    sizes: tuple[Size, ...] = ()
    params: SymbolicExpression = NOTHING
    macs: SymbolicExpression = NOTHING
    other: SymbolicExpression = NOTHING


Formula = Callable[[Subject], Formulas]


def axis_names(ndim: int) -> tuple[str, ...]:
    """``("height", "width")``."""
    return tuple([_NAMES[letter] for letter in AXES[ndim]])


def dim_name(dim: int, rank: int) -> str:
    """The name of a dim of (N, C, *spatial), or its number."""
    spatial = rank - 2
    if spatial in AXES and rank > 3:  # noqa: PLR2004 - of three dims the last may hold features
        return ("batch", "channels", *axis_names(spatial))[dim]
    return f"dim {dim}"


def batched(batch: int, *factors: SymbolicExpression) -> SymbolicExpression:
    """The factors, with the batch in front unless it is 1."""
    return product(*([Symbol("b", batch)] if batch != 1 else []), *factors)


def times(count: int, amount: SymbolicExpression) -> SymbolicExpression:
    """count·amount; just the amount for a count of 1."""
    if count == 1:
        return amount
    return Product([Number(count), amount]) if count else NOTHING


def per_output(count: int) -> Formula:
    """The formula of ops that do ``count`` FLOPs for every element of the output, and nothing else."""
    return lambda subject: Formulas(other=times(count, subject.output_count))


def nothing(subject: Subject) -> Formulas:
    """The formula of ops that compute nothing."""
    del subject
    return Formulas()
