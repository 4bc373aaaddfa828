"""Ops that choose elements: by truth values, by indices, or by their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import INDEX_DTYPE
from archcost.ops.arithmetic import Broadcasting
from archcost.ops.axes import axis, replace_dim, require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.dtypes import promoted
from archcost.ops.facets import Work
from archcost.ops.fields import flag, index, integer, number, size
from archcost.ops.reach import ALL, pointwise, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim
    from archcost.ops.reach import Reading, Steps

_FAMILY = "Shape"


def _anywhere(rank: int, place: int) -> tuple[Steps | None, ...]:
    """Every position along one dim, the own one along the others."""
    return tuple([ALL if dim == place else window(dim) for dim in range(rank)])


class Where(Broadcasting, kind="where", min_inputs=3, max_inputs=3, work=Work.MOVE):
    """a where the condition is true, else b, element by element; no MACs, no FLOPs: nothing is computed.

    Three inputs, which broadcast as in torch: the condition, of truth values (bool), then a and b.
    """

    torch_name = "torch.where"
    input_names = ("condition", "input", "other")
    mask_inputs = (0,)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted(inputs[1:], dtypes[1:])

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 0


class MaskedFill(Broadcasting, kind="masked_fill", min_inputs=2, max_inputs=2, work=Work.MOVE):
    """`value` where the mask is true, else x, element by element; no MACs, no FLOPs: nothing is computed.

    Two inputs, which broadcast as in torch: x, and the mask, of truth values (bool).
    """

    input_names = ("input", "mask")
    mask_inputs = (1,)

    value: float = number()

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return dtypes[0]

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 0


class _Triangle(Op, family=_FAMILY, min_rank=2, layout="(*, rows, columns)"):
    """One side of a diagonal of the last two dims, and zeros on the other."""

    diagonal: int = integer(default=0, doc="0: the main one; positive: above it")

    reach = pointwise


class Tril(_Triangle, kind="tril"):
    """The last two dims on and below a diagonal, and 0 above it; no MACs, no FLOPs."""


class Triu(_Triangle, kind="triu"):
    """The last two dims on and above a diagonal, and 0 below it; no MACs, no FLOPs."""


class _Indexed(Op, family=_FAMILY):
    """Elements of an input that an index names along a dim."""

    min_inputs = max_inputs = 2
    input_names = ("input", "index")
    index_inputs = (1,)

    dim: int = index()

    def indexed(self, inputs: Inputs) -> Dim:
        return inputs[0][axis(self.dim, len(inputs[0]))]


class IndexSelect(_Indexed, kind="index_select"):
    """out[…, i, …] = in[…, index[i], …]: the positions along `dim` that an index names; no MACs, no FLOPs.

    Two inputs: any tensor with that dim, and an index of whole numbers (int32 or int64). An index of several dims puts
    all of them in the place of `dim`, as `x[:, index]` does in torch.
    """

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape, chosen = inputs
        require(
            min(map(len, inputs)) > 0,
            "index_select takes an input and an index of 1 or more dims, got {} and {}",
            *inputs,
        )
        place = axis(self.dim, len(shape))
        return ((*shape[:place], *chosen, *shape[place + 1 :]),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        shape, chosen = inputs
        place = axis(self.dim, len(shape))
        more = len(chosen) - 1
        read = [window(dim + more * (dim > place)) if dim != place else ALL for dim in range(len(shape))]
        return tuple(read), tuple([window(place + dim) for dim in range(len(chosen))])


class Gather(_Indexed, kind="gather", min_rank=1):
    """out[i][j][k] = in[i][index[i][j][k]][k] for `dim: 1`: an element for each index; no MACs, no FLOPs.

    Two inputs of as many dims: any tensor, and an index of whole numbers (int64), whose shape the output has. Along
    other dims than `dim` the index may be smaller than the input.
    """

    index_dtypes = (INDEX_DTYPE,)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape, chosen = inputs
        require(len(shape) == len(chosen), "gather takes an index of as many dims as the input {}, got {}", *inputs)
        place = axis(self.dim, len(shape))
        for dim, (known, wanted) in enumerate(zip(shape, chosen, strict=True)):
            if dim != place:
                check(wanted <= known, "an index {} reads beyond dim {} of the input {}", chosen, dim, shape)
        return (chosen,)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        return _anywhere(rank, axis(self.dim, rank)), tuple(map(window, range(rank)))


class Topk(Op, kind="topk", family=_FAMILY, min_rank=1):
    """The `k` largest elements along `dim`, and their places (int64); no MACs, no FLOPs.

    Two outputs, `id.0` with the values and `id.1` with the places; a bare reference means the values. How many
    comparisons it takes depends on the algorithm: they are not counted, as for the choice of experts.
    """

    index_outputs = (1,)

    k: Dim = size(symbol="k")
    dim: int = index(default=-1)
    largest: bool = flag(default=True, doc="false: the smallest")
    sorted: bool = flag(default=True, doc="whether the results are in order")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        check(self.k <= shape[place], "topk of {} elements along dim {}, which has {}", self.k, place, shape[place])
        return (replace_dim(shape, place, self.k),) * 2

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        return (_anywhere(rank, axis(self.dim, rank)),)
