"""Inputs that do not fit a step: the shape, or the op, that was meant."""

from __future__ import annotations

from math import isqrt, prod
from typing import TYPE_CHECKING

from archcost.ops import REGISTRY, OpError, apply
from archcost.spec.helps.inputs import COLOURS
from archcost.spec.helps.writing import step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.dims import Dim, Shape
    from archcost.ops.base import Op

_WORDS = {1: "channels, length", 2: "channels, height, width", 3: "channels, depth, height, width"}
_MATRIX, _IMAGE, _MAP = 2, 3, 4  # sizes of a shape; that of feature maps has the batch


def shape_help(op: Op, attributes: Mapping[str, object], shape: Shape, inputs: Mapping[str, Shape]) -> str:
    """A help line for an op that refuses the shape of its input; empty if nothing is known.

    ``inputs`` are the shapes that the spec declares, with the batch: the mistake may be there.
    """
    rank, least, most = len(shape), op.min_rank, op.max_rank
    name = next((name for name, declared in inputs.items() if declared == shape), "")
    sizes = shape[1:]
    if rank < least or (most is not None and rank > most):
        if name and most is not None and rank == most + 1 and _has_batch(sizes):
            return f"the shape has the batch in it: write {_declared(name, sizes[1:])}; `--batch` sets its size"
        other = _sibling(op, attributes, rank)
        is_image = name and rank < least and op.channels == 1 and (not other or len(set(sizes)) == 1 < len(sizes))
        return _image(name, sizes, op.ndim) if is_image else other
    if name and op.channels == 1 and len(sizes) == _IMAGE and sizes[-1] in COLOURS and sizes[0] not in COLOURS:
        channels_first = (sizes[-1], *sizes[:-1])
        if _takes(op, (shape[0], *channels_first)):
            return f"channels come first: write {_declared(name, channels_first)}"
    return ""


def _takes(op: Op, shape: Shape) -> bool:
    """Whether an op accepts an input of this shape."""
    try:
        apply(op, (shape,))
    except OpError:
        return False
    return True


def size_help(op: Op, stated: Dim, shape: Shape) -> str:
    """A help line for a size of the input that a step says and that is another: what stands in front of a head."""
    hint = f"leave {op.inferred} out: it follows from the input"
    if op.kind != "linear" or len(shape) != _MAP or any(type(size) is not int for size in (stated, *shape)):
        return hint
    flat = prod(shape[1:])
    if stated == flat:
        return f"{op.kind} works on the last dim: put `flatten` before it"
    if stated == shape[1]:
        return f"{op.kind} works on the last dim: put `adaptive_avg_pool2d: 1`, then `flatten` before it"
    return f"{hint}; {op.kind} works on the last dim, and behind a `flatten` that is {flat}"


def _has_batch(sizes: Shape) -> bool:
    """Whether the first of the declared sizes looks like a batch: it is 1, or an image's channels follow it."""
    return sizes[0] == 1 or sizes[1] in COLOURS


def _image(name: str, sizes: Shape, dims: int) -> str:
    """The shape that an op over images was meant to get, where some of its sizes are missing."""
    if len(sizes) == dims:
        full = (1, *sizes)
    elif len(sizes) == 1:
        side = isqrt(sizes[0])
        full = (1, *(side,) * dims) if dims == _MATRIX and side * side == sizes[0] else (3, *sizes * dims)
    else:
        return ""
    return f"write {_declared(name, full)}: {_WORDS[dims]}"


def _declared(name: str, sizes: Shape) -> str:
    text = "[" + ", ".join(map(str, sizes)) + "]"
    return f"`input: {text}`" if name == "input" else f"`{name}: {text}`"


def _sibling(op: Op, attributes: Mapping[str, object], rank: int) -> str:
    """The op of the same stem that takes an input of this rank."""
    for other in REGISTRY.values():
        if other.stem == op.stem and other is not type(op) and other.min_rank <= rank <= (other.max_rank or rank):
            return f"for an input of {rank} dims write `{step(other.kind, dict(attributes))}`"
    return ""
