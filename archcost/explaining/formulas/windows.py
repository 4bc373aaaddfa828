"""Convolutions, their transposes, and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explaining.expressions import (
    Number,
    Symbol,
    SymbolicExpression,
    ceil,
    cross,
    exactly,
    floor,
    product,
    total,
)
from archcost.explaining.formulas.base import (
    AXES,
    NOTHING,
    Formula,
    Formulas,
    Size,
    Subject,
    axis_names,
    batched,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def kernel(sizes: Sequence[int]) -> list[Symbol]:
    """``f·f``, or ``f_h·f_w`` where the sizes differ."""
    if len(set(sizes)) == 1:
        return [Symbol("f", size) for size in sizes]
    return [Symbol(f"f_{letter}", size) for letter, size in zip(AXES[len(sizes)], sizes, strict=True)]


def positions(sizes: Sequence[int], suffix: str = "") -> list[Symbol]:
    """``h·w``."""
    return [Symbol(letter + suffix, size) for letter, size in zip(AXES[len(sizes)], sizes, strict=True)]


def window_span(n: int, f: int, padding: int, d: int) -> SymbolicExpression:
    """N − f + 2p, with gaps n − d·(f − 1) − 1 + 2p; ``padding`` is that of both sides."""
    p = 2 * Symbol("p", padding // 2) if padding % 2 == 0 else Symbol("p_both", padding)
    if d == 1:
        return Symbol("n", n) - Symbol("f", f) + p
    return Symbol("n", n) - Symbol("d", d) * (Symbol("f", f) - 1) - 1 + p


def window_size(n: int, f: int, s: int, padding: int, d: int) -> SymbolicExpression:
    """⌊(n − f + 2p)/s⌋ + 1."""
    return floor(window_span(n, f, padding, d), Symbol("s", s)) + 1


def _sizes(formulas: Sequence[SymbolicExpression], notes: Sequence[str] = ()) -> tuple[Size, ...]:
    names = axis_names(len(formulas))
    told = [*notes, *[""] * (len(formulas) - len(notes))]
    return tuple([Size(names[k], 0, k + 2, formula, told[k]) for k, formula in enumerate(formulas)])


def _grouped(channels: int, groups: int, name: str) -> SymbolicExpression:
    """The channels that each filter of a group meets."""
    whole = Symbol(name, channels)
    return whole if groups == 1 else exactly(whole, Symbol("g", groups))


def convolution(subject: Subject) -> Formulas:
    """MACs: output positions × filter elements; params: filter elements and biases."""
    op = subject.op
    batch, channels, *before = subject.inputs[0]
    _, _, *after = subject.outputs[0]
    geometry = zip(before, op.kernel_size, op.stride, op.total_padding(), op.dilation, strict=True)
    out = Symbol("c_out", op.out_channels)
    taps = kernel(op.kernel_size)
    incoming = _grouped(channels, op.groups, "c_in")
    outputs = batched(batch, *positions(after), out)
    weights = product(*taps, incoming, out)
    return Formulas(
        sizes=_sizes([window_size(*sizes) for sizes in geometry]),
        params=weights + out if op.bias else weights,
        macs=cross(outputs, product(*taps, incoming)),
        other=outputs if op.bias else NOTHING,
    )


def transposed(subject: Subject) -> Formulas:
    """MACs: input positions × filter elements; the size undoes that of a convolution."""
    op = subject.op
    batch, channels, *before = subject.inputs[0]
    _, _, *after = subject.outputs[0]
    geometry = zip(before, op.kernel_size, op.stride, op.padding, op.output_padding, op.dilation, strict=True)
    incoming, out = Symbol("c_in", channels), Symbol("c_out", op.out_channels)
    taps = kernel(op.kernel_size)
    outgoing = _grouped(op.out_channels, op.groups, "c_out")
    weights = product(*taps, incoming, outgoing)
    return Formulas(
        sizes=_sizes([_transposed_size(*sizes) for sizes in geometry]),
        params=weights + out if op.bias else weights,
        macs=cross(batched(batch, *positions(before, "_in"), incoming), product(*taps, outgoing)),
        other=batched(batch, *positions(after), out) if op.bias else NOTHING,
    )


def _transposed_size(n: int, f: int, s: int, p: int, extra: int, d: int) -> SymbolicExpression:
    """(n − 1)·s − 2p + f, with gaps d·(f − 1) + 1 for f, and o at the end."""
    span = Symbol("f", f) if d == 1 else Symbol("d", d) * (Symbol("f", f) - 1) + 1
    size = (Symbol("n", n) - 1) * Symbol("s", s) - 2 * Symbol("p", p) + span
    return size + Symbol("o", extra) if extra else size


def _pool_sizes(subject: Subject) -> tuple[Size, ...]:
    op = subject.op
    formulas: list[SymbolicExpression] = []
    notes = []
    stride = op.stride or op.kernel_size
    for n, f, s, p, d in zip(subject.inputs[0][2:], op.kernel_size, stride, op.padding, op.gaps(), strict=True):
        note = ""
        if op.ceil_mode:
            formula = ceil(window_span(n, f, 2 * p, d), Symbol("s", s)) + 1
            if (formula.value - 1) * s >= n + p:
                formula -= 1
                note = "the last window would start in the padding"
        else:
            formula = floor(window_span(n, f, 2 * p, d), Symbol("s", s)) + 1
        formulas.append(formula)
        notes.append(note)
    return _sizes(formulas, notes)


def max_pool(subject: Subject) -> Formulas:
    """FLOPs: one comparison less than the window has elements, for each output."""
    window = product(*kernel(subject.op.kernel_size))
    return Formulas(sizes=_pool_sizes(subject), other=cross(subject.output_count, window - 1))


def avg_pool(subject: Subject) -> Formulas:
    """FLOPs: the sums and the division over the window, for each output."""
    window = product(*kernel(subject.op.kernel_size))
    return Formulas(sizes=_pool_sizes(subject), other=cross(subject.output_count, window))


def adaptive_avg_pool(subject: Subject) -> Formulas:
    """FLOPs: every input summed once, every output divided once."""
    return Formulas(other=total([subject.input_count, subject.output_count]))


def adaptive_max_pool(subject: Subject) -> Formulas:
    """FLOPs: every input compared once."""
    return Formulas(other=subject.input_count)


def upsample(subject: Subject) -> Formulas:
    """FLOPs: the products and sums over the taps, for each output; the size is ⌊n·factor⌋ where a factor is given."""
    from fractions import Fraction

    op = subject.op
    ndim = len(subject.inputs[0]) - 2
    taps = {"linear": 2, "bilinear": 4, "trilinear": 8, "bicubic": 16}.get(op.mode, 0)
    sizes: tuple[Size, ...] = ()
    if op.scale_factor is not None:
        factors = op.scale_factor if isinstance(op.scale_factor, tuple) else (op.scale_factor,) * ndim
        formulas: list[SymbolicExpression] = []
        for n, factor in zip(subject.inputs[0][2:], factors, strict=True):
            ratio = Fraction(repr(factor))
            above = Symbol("n", n) * Number(ratio.numerator)
            formulas.append(above if ratio.denominator == 1 else floor(above, Number(ratio.denominator)))
        sizes = _sizes(formulas)
    work = (Number(2) * Symbol("taps", taps) - 1) if taps else NOTHING
    return Formulas(sizes=sizes, other=cross(subject.output_count, work) if taps else NOTHING)


def grid_sample(subject: Subject) -> Formulas:
    """FLOPs: the products and sums over the taps, for each output."""
    taps = {"bilinear": 2 ** (len(subject.inputs[0]) - 2), "bicubic": 16}.get(subject.op.mode, 0)
    work = (Number(2) * Symbol("taps", taps) - 1) if taps else NOTHING
    return Formulas(other=cross(subject.output_count, work) if taps else NOTHING)


def _each_ndim(kind: str, formula: Formula) -> dict[str, Formula]:
    return {f"{kind}{ndim}d": formula for ndim in AXES}


WINDOWS: dict[str, Formula] = {
    **_each_ndim("conv", convolution),
    **_each_ndim("conv_transpose", transposed),
    **_each_ndim("max_pool", max_pool),
    **_each_ndim("avg_pool", avg_pool),
    **_each_ndim("adaptive_avg_pool", adaptive_avg_pool),
    **_each_ndim("adaptive_max_pool", adaptive_max_pool),
    "upsample": upsample,
    "grid_sample": grid_sample,
}
