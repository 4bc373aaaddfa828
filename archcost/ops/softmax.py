"""Activations along one dim: softmax and its variants, and the gated linear unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.axes import axis, replace_dim
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.facets import Keeps, Work
from archcost.ops.fields import index
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from archcost.dims import Dim
    from archcost.ops.reach import Reading


class _Softmax(Op, family="Activation", work=Work.SOFTMAX, keeps=Keeps.RESULT):
    """What softmax, softmin and log_softmax share."""

    dim: int = index(doc="the dim along which the results sum to 1")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axis(self.dim, len(inputs[0]))
        return inputs

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 3 * numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return _all_along(self.dim, len(inputs[0]))


def _all_along(dim: int, rank: int) -> tuple[Reading, ...]:
    """Every element reads all positions along one dim, and its own along the others."""
    place = axis(dim, rank)
    return (tuple([ALL if at == place else window(at) for at in range(rank)]),)


class Softmax(_Softmax, kind="softmax"):
    """eˣ / Σ eˣ along `dim`; no MACs.

    FLOPs: 3 per element (exponential, sum, quotient); the subtraction of the maximum for stability is not counted.
    """


class Softmin(_Softmax, kind="softmin", keeps=Keeps.OTHER):
    """e⁻ˣ / Σ e⁻ˣ along `dim`; no MACs.

    FLOPs: 3 per element (exponential, sum, quotient); the change of sign and the subtraction of the minimum for
    stability are not counted.
    """


class LogSoftmax(_Softmax, kind="log_softmax"):
    """x - log Σ eˣ along `dim`; no MACs.

    FLOPs: 3 per element (exponential, sum, difference); the logarithm per row and the subtraction of the maximum for
    stability are not counted.
    """


class Softmax2d(Op, kind="softmax2d", family="Activation", min_rank=3, max_rank=4, layout="(N, C, H, W) or (C, H, W)"):
    """eˣ / Σ eˣ over the channels of (N, C, H, W) or (C, H, W), at each position; no MACs.

    FLOPs: 3 per element (exponential, sum, quotient); the subtraction of the maximum for stability is not counted.
    """

    work = Work.SOFTMAX
    keeps = Keeps.RESULT
    channels = -3

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 3 * numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return _all_along(-3, len(inputs[0]))


class GLU(Op, kind="glu", family="Activation", min_rank=1, main="dim"):
    """a·sigmoid(b), where a and b are the halves of the input along `dim`; no MACs.

    Output: the input's shape with half the size at `dim`. FLOPs: 4 per output element (sigmoid 3, product 1).
    """

    dim: int = index(default=-1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        check(
            shape[place] % 2 == 0, "dim {} has the odd size {} and cannot be divided into halves", place, shape[place]
        )
        return (replace_dim(shape, place, shape[place] // 2),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 4 * numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        place = axis(self.dim, rank)
        halves = window(place, kernel=2, dilation=outputs[0][place])
        return (tuple([halves if at == place else window(at) for at in range(rank)]),)
