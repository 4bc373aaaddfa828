"""Nodes that compute with known numbers alone: what exporters write around shapes, evaluated at each batch size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archcost.importers.onnx import arrangements
from archcost.importers.onnx.numbers import GREATEST, NotKnownError, Numbers, broadcast, spread, typed
from archcost.importers.onnx.tensors import MAX_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.importers.onnx.graph import OnnxNode
    from archcost.importers.onnx.tensors import Number


def evaluated(node: OnnxNode, inputs: Sequence[Numbers | None]) -> tuple[Numbers, ...]:
    """The outputs of a node; raises NotKnownError for what is not evaluated, and for numbers that it refuses."""
    function = _FUNCTIONS.get(node.op)
    if function is None:
        raise NotKnownError
    try:
        found = function(node, inputs)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        raise NotKnownError from None
    outputs = found if type(found) is tuple else (found,)
    checked = tuple([each for each in outputs if isinstance(each, Numbers)])
    for each in checked:
        if len(each.data) > MAX_READ or len(each.data) != math.prod(each.shape):
            raise NotKnownError
        if any(abs(number) > GREATEST for number in each.data if isinstance(number, int)):
            raise NotKnownError
    return checked


def _divide(a: Number, b: Number) -> Number:
    """A quotient; of whole numbers it is cut off towards 0."""
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


_MOST_DIGITS = 2.0**64


def _power(a: Number, b: Number) -> Number:
    if abs(a) > _MOST_DIGITS or abs(b) > 64:  # noqa: PLR2004 - bits of a number
        raise NotKnownError
    return a**b


_ELEMENTWISE: dict[str, Callable[..., Number]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": _divide,
    "Mod": lambda a, b: a % b,
    "Pow": _power,
    "Min": min,
    "Max": max,
    "Neg": lambda a: -a,
    "Abs": abs,
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Round": round,
    "Sqrt": math.sqrt,
    "Where": lambda condition, a, b: a if condition else b,
}
_TRUTHS: dict[str, Callable[..., bool]] = {
    "Equal": lambda a, b: a == b,
    "Less": lambda a, b: a < b,
    "LessOrEqual": lambda a, b: a <= b,
    "Greater": lambda a, b: a > b,
    "GreaterOrEqual": lambda a, b: a >= b,
    "And": lambda a, b: bool(a) and bool(b),
    "Or": lambda a, b: bool(a) or bool(b),
    "Not": lambda a: not a,
}


def _elementwise(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    given = [each for each in inputs if each is not None]
    shape = broadcast([each.shape for each in given])
    columns = [spread(each, shape) for each in given]
    if node.op in _TRUTHS:
        return Numbers(shape, tuple([int(_TRUTHS[node.op](*each)) for each in zip(*columns, strict=True)]), "bool")
    dtype = given[-1].dtype
    values = [_ELEMENTWISE[node.op](*each) for each in zip(*columns, strict=True)]
    return typed(Numbers(shape, tuple(values), dtype))


_FUNCTIONS: dict[str, Callable[[OnnxNode, Sequence[Numbers | None]], Numbers | tuple[Numbers, ...]]] = {
    **dict.fromkeys((*_ELEMENTWISE, *_TRUTHS), _elementwise),
    **dict.fromkeys(arrangements.REDUCED, arrangements.reduced),
    **dict.fromkeys(("Cast", "CastLike"), arrangements.cast),
    **dict.fromkeys(("Identity", "Dropout"), arrangements.same),
    "Gather": arrangements.gather,
    "Concat": arrangements.concat,
    "Slice": arrangements.sliced,
    "Squeeze": arrangements.squeeze,
    "Unsqueeze": arrangements.unsqueeze,
    "Reshape": arrangements.reshape,
    "Expand": arrangements.expand,
    "ConstantOfShape": arrangements.filled,
    "Range": arrangements.ranged,
    "Transpose": arrangements.transposed,
    "Split": arrangements.split,
    "Constant": arrangements.constant,
}
