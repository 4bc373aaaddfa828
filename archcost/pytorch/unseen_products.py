"""Products that torch's counter reads as 0: what they cost by formula, from the shapes of one run.

The counter has formulas for products of matrices alone: a product with a vector is none to it, nor are products that
torch does in a kernel of its own. What it does count of such a function is never counted again.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import shape_at
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.experts import GROUPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.importers.torch.recorded import TorchCall, TorchValue

_EXPERTS = "grouped products of experts, which torch's counter reads as 0: rows × elements of a matrix"
_VECTORS = "products with a vector, which torch's counter reads as 0: elements of the result × terms of each"
_WINDOWS = "deformable convolutions, which torch's counter reads as 0: elements of the result × those of a window"
_GRIDS = "sampling grids, which torch's counter reads as 0: elements of the grid × columns of a matrix"

# By function, the argument whose last dim is summed over, if the call names no other.
_SUMMED = dict.fromkeys(("matmul", "mv", "dot", "vdot", "linalg_matmul", "linalg_vecdot", "inner", "linear"), 0)
_SUMMED |= {"addmv": 1}
_WEIGHT_OF_WINDOWS = {"deform_conv2d": 1}  # by function, the argument that is the weight


class Unseen(NamedTuple):
    """MACs that the counter does not see, and what they are."""

    macs: int
    what: str = ""


def unseen_products(call: TorchCall, values: Sequence[TorchValue]) -> Unseen:
    """The MACs of a call that torch's counter reads as 0, by formula; 0 of one that it counts, or that has none."""
    if call.macs:
        return Unseen(0)
    if call.function in GROUPED:
        rows, matrices = _shape(call, values, 0), _shape(call, values, 1)
        return Unseen(prod(rows) * matrices[-1], _EXPERTS)
    given = prod(shape_at(values[call.outputs[0]].shape, 1)) if call.outputs else 0
    if call.function in _SUMMED:
        taken = _shape(call, values, _SUMMED[call.function])
        dim = call.kwargs.get("dim", -1)
        return Unseen(given * taken[dim if isinstance(dim, int) else -1], _VECTORS) if taken else Unseen(0)
    if call.function == "affine_grid":  # a matrix of 2×3 gives the two coordinates of a place, one of 3×4 three
        return Unseen(given * _shape(call, values, 0)[-1], _GRIDS)
    if call.function in _WEIGHT_OF_WINDOWS:
        return Unseen(given * prod(_shape(call, values, _WEIGHT_OF_WINDOWS[call.function])[1:]), _WINDOWS)
    return Unseen(0)


def _shape(call: TorchCall, values: Sequence[TorchValue], place: int) -> Shape:
    """The shape of a tensor that a call takes, by its place; empty of what is none."""
    taken = [*call.args, *call.kwargs.values()][place]
    return shape_at(values[taken.value].shape, 1) if isinstance(taken, Ref) else ()
