"""What one node does to memory in inference, in closed form for the ops and inputs that are most common.

The forms say what the rules say, without the time to load and run them; a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import larger, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.graph.model import new, tensor_bytes
from archcost.ops.facets import Keeps, Work, row_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.graph.model import Signature
    from archcost.ops.base import Op

FRESH = -1
INDEX_BYTES = 8  # int64, of a maximum's place


class Profile(NamedTuple):
    """``rise``: the most bytes beyond the inputs while the node runs; what its outputs keep, and whose they are.

    Every output is a view of input ``sources[k]``, or, where that is negative, on new storage ``-1 - sources[k]`` of
    ``sizes`` bytes.
    """

    rise: int
    sources: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[tuple[int, ...] | None, ...]  # of each output; None: contiguous


CONTIGUOUS = (None,)  # the strides of a single output
ONE_FRESH = (FRESH,)  # the source of a single output that is no view
_SHARED = Profile(0, (0,), (), CONTIGUOUS)


def plain_profile(signature: Signature) -> Profile | None:
    """The profile of an op on contiguous inputs, all different, if there is a closed form for it."""
    op = signature.op
    if op.work is Work.UNCHANGED:
        return _SHARED
    scratch = row_of(SCRATCH, op)
    extra = scratch(signature) if scratch else _elementwise(op)
    if extra is None:
        return None
    size = output_bytes(signature)
    return new(Profile, (size + extra, ONE_FRESH, (size,), CONTIGUOUS))


def _elementwise(op: Op) -> int | None:
    """Nothing, unless it works in place or allocates more than its output."""
    return None if op.keeps is Keeps.OTHER or getattr(op, "inplace", False) else 0


def output_bytes(signature: Signature) -> int:
    """Bytes of the first output."""
    return tensor_bytes(signature.outputs[0])


def _none(_: Signature) -> int:
    return 0


def _of_two(signature: Signature) -> int | None:
    return 0 if len(signature.inputs) <= 2 else None  # noqa: PLR2004 - more leave sums on the way


def _conv(signature: Signature) -> int | None:
    """Nothing, unless the padding takes a copy of the input."""
    op: Any = signature.op
    return 0 if op.padding_mode == "zeros" and op.padding != "same" else None


def _batch_norm(signature: Signature) -> int | None:
    op: Any = signature.op
    return 0 if op.track_running_stats else None


def _indices(signature: Signature) -> int | None:
    if len(signature.outputs) > 1:
        return None
    return numel(signature.outputs[0].shape) * INDEX_BYTES


def _rows(signature: Signature) -> int:
    """Mean and variance of every row."""
    op: Any = signature.op
    shape, dtype = signature.inputs[0]
    rows: int = numel(shape) // numel(op.last_dims((shape,)))
    return 2 * rows * DTYPE_BYTES[dtype]


def _groups(signature: Signature) -> int:
    """Mean and variance of every group."""
    op: Any = signature.op
    shape, dtype = signature.inputs[0]
    groups: int = op.num_groups
    return 2 * shape[0] * groups * DTYPE_BYTES[dtype]


def _response(signature: Signature) -> int:
    """Squares and their padded copy, or three tensors on the way to the divisor."""
    op: Any = signature.op
    shape, dtype = signature.inputs[0]
    wide = (numel(shape) // shape[1]) * (shape[1] + op.size - 1) * DTYPE_BYTES[dtype]
    return larger(wide, 2 * output_bytes(signature))


SCRATCH: dict[str, Callable[[Signature], int | None]] = {  # beyond the one output; None: not in closed form
    **dict.fromkeys(
        (
            *(
                "linear",
                "functional_linear",
                "embedding",
                "constant",
                "layer_scale",
                "sum",
                "mean",
                "max",
                "min",
                "argmax",
                "var",
                "norm",
            ),
            *("cumsum", "concat", "stack", "pad", "roll", "flip", "tile", "index_select", "gather"),
        ),
        _none,
    ),
    **dict.fromkeys(("add", "sub", "mul", "div"), _of_two),
    **dict.fromkeys(("conv", "functional_conv"), _conv),
    **dict.fromkeys(("conv_transpose", "functional_conv_transpose"), _none),
    "batch_norm": _batch_norm,
    "layer_norm": _rows,
    "group_norm": _groups,
    "local_response_norm": _response,
    **dict.fromkeys(("avg_pool", "adaptive_avg_pool"), _none),
    **dict.fromkeys(("max_pool2d", "max_pool3d", "adaptive_max_pool"), _indices),
}
