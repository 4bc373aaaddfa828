"""Windows of an image and the places in them, turned features, products by named dims, and taps that move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explaining.expressions import Symbol, cross, exactly, product, total
from archcost.explaining.formulas.base import NOTHING, Formula, Formulas, Size, Subject, axis_names, batched, times
from archcost.explaining.formulas.windows import kernel, positions, window_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.explaining.expressions import SymbolicExpression

_MASKED = 3  # input, offset, mask
_BILINEAR = 7


def _windows(subject: Subject, sizes: Sequence[int]) -> tuple[list[Symbol], list[SymbolicExpression]]:
    """The sides of a window, and how many windows there are along each dim."""
    given = subject.op.window_size
    sides = kernel(given if isinstance(given, tuple) else (given,) * len(sizes))
    return sides, [exactly(whole, side) for whole, side in zip(positions(sizes), sides, strict=True)]


def window_partition(subject: Subject) -> Formulas:
    """Windows: the product of the sizes by those of a window; positions: its sizes multiplied."""
    n, *sizes, _ = subject.inputs[0]
    sides, counts = _windows(subject, sizes)
    return Formulas(sizes=(Size("windows", 0, 0, batched(n, *counts)), Size("positions", 0, 1, product(*sides))))


def window_reverse(subject: Subject) -> Formulas:
    """Samples: the windows by those that one sample has."""
    _, *sizes, _ = subject.outputs[0]
    _, counts = _windows(subject, sizes)
    return Formulas(sizes=(Size("batch", 0, 0, exactly(Symbol("windows", subject.inputs[0][0]), product(*counts))),))


def relative_position_bias(subject: Subject) -> Formulas:
    """Params: 2f − 1 differences along each dim, for each head; the output has all pairs of positions."""
    sides = kernel(subject.op.sides())
    rows = product(*[2 * side - 1 for side in sides])
    pairs = product(*sides)
    return Formulas(
        sizes=(Size("positions", 0, 2, pairs), Size("positions", 0, 3, pairs)),
        params=NOTHING if subject.inputs else product(rows, Symbol("heads", subject.op.num_heads)),
    )


def rotary_embedding(subject: Subject) -> Formulas:
    """FLOPs: two products and a sum for each element that is turned."""
    *places, features = subject.inputs[0]
    turned = Symbol("turned", subject.op.rotary_dim or features)
    return Formulas(other=times(3, product(Symbol("positions", tuple(places)), turned)))


def einsum(subject: Subject) -> Formulas:
    """MACs: outputs × the letters that both operands have and that are summed over; FLOPs: all other sums, products."""
    op, inputs = subject.op, subject.inputs
    contracted = op.contracted(inputs)
    sums = [
        Symbol(f"inputs_{place}", before) - Symbol(f"left_{place}", after)
        for place, (before, after) in enumerate(zip(inputs, op.summed(inputs), strict=True), 1)
        if before != after
    ]
    if contracted:
        return Formulas(macs=cross(subject.output_count, Symbol("k", tuple(contracted))), other=total(sums))
    return Formulas(other=total([*sums, *([subject.output_count] if len(inputs) > 1 else [])]))


def deform_conv2d(subject: Subject) -> Formulas:
    """MACs and params as those of a convolution; FLOPs: the values between four others, masks and biases."""
    op = subject.op
    batch, channels, *before = subject.inputs[0]
    _, _, *after = subject.outputs[0]
    padding = [2 * pad for pad in op.padding]
    geometry = zip(before, op.kernel_size, op.stride, padding, op.dilation, strict=True)
    whole, out = Symbol("c_in", channels), Symbol("c_out", op.out_channels)
    incoming = whole if op.groups == 1 else exactly(whole, Symbol("g", op.groups))
    taps, places = kernel(op.kernel_size), positions(after)
    outputs = batched(batch, *places, out)
    weights = product(*taps, incoming, out)
    each = _BILINEAR + (len(subject.inputs) == _MASKED)
    sampled = times(each, batched(batch, *places, *taps, whole))
    names = axis_names(len(before))
    return Formulas(
        sizes=tuple([Size(names[k], 0, k + 2, window_size(*sizes)) for k, sizes in enumerate(geometry)]),
        params=weights + out if op.bias else weights,
        macs=cross(outputs, product(*taps, incoming)),
        other=sampled + outputs if op.bias else sampled,
    )


PLACES: dict[str, Formula] = {
    "window_partition": window_partition,
    "window_reverse": window_reverse,
    "relative_position_bias": relative_position_bias,
    "rotary_embedding": rotary_embedding,
    "einsum": einsum,
    "deform_conv2d": deform_conv2d,
}
