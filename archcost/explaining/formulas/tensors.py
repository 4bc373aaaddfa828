"""Arithmetic between tensors, and what joins them, takes them apart or lays them out anew."""

from __future__ import annotations

from archcost.explaining.expressions import Symbol, ceil, cross, exactly, product, total
from archcost.explaining.formulas.base import Formula, Formulas, Size, Subject, dim_name, nothing, times


def _sized(subject: Subject, dim: int, formula: object, output: int = 0) -> Size:
    shape = subject.outputs[output]
    return Size(dim_name(dim, len(shape)), output, dim, formula)  # type: ignore[arg-type]


def elementwise(subject: Subject) -> Formulas:
    """FLOPs: one less than the operands, for each output."""
    return Formulas(other=times(max(1, len(subject.inputs) - 1), subject.output_count))


def matmul(subject: Subject) -> Formulas:
    """MACs: outputs × the size that is summed over."""
    return Formulas(macs=cross(subject.output_count, Symbol("k", subject.inputs[0][-1])))


def mean(subject: Subject) -> Formulas:
    """FLOPs: the sums, and one division for each output: as many as inputs."""
    return Formulas(other=subject.input_count)


def logsumexp(subject: Subject) -> Formulas:
    """FLOPs: an exponential and a sum for each input, but that the last sum of an output is its logarithm."""
    return Formulas(other=times(2, subject.input_count))


def reduction(subject: Subject) -> Formulas:
    """FLOPs: inputs − outputs."""
    return Formulas(other=subject.input_count - subject.output_count)


def concat(subject: Subject) -> Formulas:
    """The sizes along the dim add up."""
    dim = subject.op.dim % len(subject.outputs[0])
    parts = [Symbol(f"n_{k}", shape[dim]) for k, shape in enumerate(subject.inputs, 1)]
    return Formulas(sizes=(_sized(subject, dim, total(parts)),))


def stack(subject: Subject) -> Formulas:
    """A new dim, as long as there are inputs."""
    dim = subject.op.dim % len(subject.outputs[0])
    return Formulas(sizes=(_sized(subject, dim, Symbol("inputs", len(subject.inputs))),))


def chunk(subject: Subject) -> Formulas:
    """⌈n/chunks⌉ each, the last one what is left."""
    dim = subject.op.dim % len(subject.inputs[0])
    n = Symbol("n", subject.inputs[0][dim])
    each = ceil(n, Symbol("chunks", subject.op.chunks))
    *others, last = range(len(subject.outputs))
    sizes = [_sized(subject, dim, each, k) for k in others]
    left = n - len(others) * each if others else each
    return Formulas(sizes=(*sizes, _sized(subject, dim, left, last)))


def slice_(subject: Subject) -> Formulas:
    """⌈(end − start)/step⌉, both counted from the beginning."""
    op = subject.op
    dim = op.dim % len(subject.inputs[0])
    start, end, step = slice(op.start, op.end, op.step).indices(subject.inputs[0][dim])
    length = Symbol("end", end) - Symbol("start", start)
    return Formulas(sizes=(_sized(subject, dim, ceil(length, Symbol("step", step)) if step > 1 else length),))


def pad(subject: Subject) -> Formulas:
    """Before + n + after."""
    shape, pairs = subject.inputs[0], subject.op.pad
    sizes = []
    for k in range(len(pairs) // 2):
        dim = len(shape) - 1 - k
        before, after = Symbol("before", pairs[2 * k]), Symbol("after", pairs[2 * k + 1])
        sizes.append(_sized(subject, dim, before + Symbol("n", shape[dim]) + after))
    return Formulas(sizes=tuple(reversed(sizes)))


def flatten(subject: Subject) -> Formulas:
    """The sizes of the dims are multiplied."""
    rank = len(subject.inputs[0])
    if not rank:
        return Formulas()
    start, end = subject.op.start_dim % rank, subject.op.end_dim % rank
    sizes = [Symbol(f"n_{dim}", subject.inputs[0][dim]) for dim in range(start, end + 1)]
    return Formulas(sizes=(_sized(subject, start, product(*sizes)),))


def pixel_shuffle(subject: Subject) -> Formulas:
    """c/r² channels, h·r rows, w·r columns."""
    *_, channels, height, width = subject.inputs[0]
    rank, r = len(subject.inputs[0]), Symbol("r", subject.op.upscale_factor)
    return Formulas(
        sizes=(
            Size("channels", 0, rank - 3, exactly(Symbol("c", channels), r * r)),
            Size("height", 0, rank - 2, Symbol("h", height) * r),
            Size("width", 0, rank - 1, Symbol("w", width) * r),
        )
    )


def pixel_unshuffle(subject: Subject) -> Formulas:
    """c·r² channels, h/r rows, w/r columns."""
    *_, channels, height, width = subject.inputs[0]
    rank, r = len(subject.inputs[0]), Symbol("r", subject.op.downscale_factor)
    return Formulas(
        sizes=(
            Size("channels", 0, rank - 3, product(Symbol("c", channels), r, r)),
            Size("height", 0, rank - 2, exactly(Symbol("h", height), r)),
            Size("width", 0, rank - 1, exactly(Symbol("w", width), r)),
        )
    )


_NOTHING = (
    *("unflatten", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "expand"),
    *("split", "roll", "channel_shuffle"),
)
TENSORS: dict[str, Formula] = {
    **dict.fromkeys(_NOTHING, nothing),
    **dict.fromkeys(("add", "sub", "mul", "div"), elementwise),
    **dict.fromkeys(("sum", "max"), reduction),
    "matmul": matmul,
    "mean": mean,
    "logsumexp": logsumexp,
    "concat": concat,
    "stack": stack,
    "chunk": chunk,
    "slice": slice_,
    "pad": pad,
    "flatten": flatten,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
}
