"""Normalisation over the batch, over each instance, over groups of channels or over the last dims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops import fields
from archcost.ops.axes import axes, require
from archcost.ops.base import BIAS, SCALE, Check, Inputs, Op, Outputs, SpatialOp
from archcost.ops.dtypes import floating
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import flag, indices, integers, number, size
from archcost.ops.reach import pointwise, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_FAMILY = "Normalisation"
_ROLES = {"weight": SCALE, "bias": BIAS}  # γ and β


class _ChannelNorm(SpatialOp, family=_FAMILY, roles=_ROLES):
    """Attributes, weights and buffers of the norms with one mean and variance per channel."""

    inferred = "num_features"
    integer_buffers = ("num_batches_tracked",)

    eps: float = number(default=1e-5, minimum=0)
    momentum: float | None = number(default=0.1, minimum=0, nullable=True)

    reach = pointwise  # the statistics are not followed

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": inputs[0][1:2], "bias": inputs[0][1:2]} if self.affine else {}

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        channels = inputs[0][1:2]
        if not self.track_running_stats:
            return {}
        return {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (2 if self.track_running_stats else 4)

    affine: bool
    track_running_stats: bool


class _BatchNorm(_ChannelNorm):
    """y = γ·(x - μ) / √(σ² + ε) + β with μ, σ² per channel; no MACs.

    Input and output (N, C, *spatial). FLOPs are counted for inference. With running statistics the norm is one product
    and one sum, 2 FLOPs per element. Without them (`track_running_stats: false`) μ and σ² come from the input, 4 FLOPs
    per element. Work per channel is not counted.
    """

    affine: bool = flag(default=True)
    track_running_stats: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, _, *sizes = inputs[0]
        if not self.track_running_stats:
            check(n * numel(sizes) > 1, "one value per channel has no variance, got an input of {}", inputs[0])
        return inputs


class BatchNorm1d(_BatchNorm, kind="batch_norm1d", ndim=1):
    __doc__ = _BatchNorm.__doc__


BatchNorm1d.min_rank = 2
BatchNorm1d.layout = "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm, kind="batch_norm2d", ndim=2):
    __doc__ = _BatchNorm.__doc__


class BatchNorm3d(_BatchNorm, kind="batch_norm3d", ndim=3):
    __doc__ = _BatchNorm.__doc__


class _InstanceNorm(_ChannelNorm):
    """y = γ·(x - μ) / √(σ² + ε) + β with μ, σ² per sample and channel; no MACs.

    Input and output (N, C, *spatial). FLOPs: 4 per element for the statistics and the norm, or 2 if inference uses
    running statistics (`track_running_stats: true`). Work per channel is not counted.
    """

    affine: bool = flag(default=False)
    track_running_stats: bool = flag(default=False)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        if not self.track_running_stats:
            check(numel(inputs[0][2:]) > 1, "one value per channel has no variance, got an input of {}", inputs[0])
        return inputs


class InstanceNorm1d(_InstanceNorm, kind="instance_norm1d", ndim=1):
    __doc__ = _InstanceNorm.__doc__


class InstanceNorm2d(_InstanceNorm, kind="instance_norm2d", ndim=2):
    __doc__ = _InstanceNorm.__doc__


class InstanceNorm3d(_InstanceNorm, kind="instance_norm3d", ndim=3):
    __doc__ = _InstanceNorm.__doc__


class _LastDimsNorm(Op, family=_FAMILY, min_rank=1, channels=-1, roles=_ROLES, main="normalized_shape"):
    """A norm over the last dims: all of `normalized_shape`, or only the last dim when it is null."""

    inferred = "normalized_shape"
    reach = pointwise  # the statistics are not followed

    normalized_shape: Shape | None = integers(
        default=None,
        minimum=1,
        scalar="list",
        symbol="features",
        doc="the sizes of the dims that are normalised; null: the last dim",
    )

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        wanted = self.normalized_shape
        if wanted is not None:
            given = inputs[0][-len(wanted) :]
            require(len(given) == len(wanted) > 0, "normalized_shape {} does not fit an input of {}", wanted, inputs[0])
            for before, after in zip(given, wanted, strict=True):
                check(
                    before == after,
                    "normalized_shape {} does not match the last dims of the input {}",
                    wanted,
                    inputs[0],
                    help="leave normalized_shape out to normalise the last dim",
                )
        return inputs

    def last_dims(self, inputs: Inputs) -> Shape:
        """The sizes that are normalised together."""
        return inputs[0][-1:] if self.normalized_shape is None else self.normalized_shape


class LayerNorm(_LastDimsNorm, kind="layer_norm"):
    """y = γ·(x - μ) / √(σ² + ε) + β with μ, σ² over the last dims; no MACs.

    Input and output of any shape. FLOPs: 5 per element, 4 with `elementwise_affine: false`. Work per row is not
    counted.
    """

    eps: float = number(default=1e-5, minimum=0)
    elementwise_affine: bool = flag(default=True)
    bias: bool = flag(default=True, doc="whether there is a β; needs elementwise_affine")

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        shape = self.last_dims(inputs)
        if not self.elementwise_affine:
            return {}
        return {"weight": shape, "bias": shape} if self.bias else {"weight": shape}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (5 if self.elementwise_affine else 4)


class RMSNorm(_LastDimsNorm, kind="rms_norm", work=Work.DIVISION):
    """y = γ·x / √(mean(x²) + ε) with the mean over the last dims; no MACs.

    Input and output of any shape. FLOPs: 4 per element (square, sum, two products), 3 with `elementwise_affine: false`.
    Work per row is not counted. `eps: null` is the machine epsilon of the dtype.
    """

    eps: float | None = number(default=None, minimum=0)
    elementwise_affine: bool = flag(default=True)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": self.last_dims(inputs)} if self.elementwise_affine else {}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (4 if self.elementwise_affine else 3)


class GroupNorm(Op, kind="group_norm", family=_FAMILY, min_rank=2, layout="(N, C, *)", channels=1, roles=_ROLES):
    """y = γ·(x - μ) / √(σ² + ε) + β with μ, σ² per sample and group of channels; no MACs.

    Input and output (N, C, *). FLOPs: 5 per element, 4 with `affine: false`. Work per group is not counted.
    """

    inferred = "num_channels"
    reach = pointwise  # the statistics are not followed

    num_groups: Dim = size()
    eps: float = number(default=1e-5, minimum=0)
    affine: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, channels, *sizes = inputs[0]
        check(
            channels % self.num_groups == 0, "{} channels cannot be divided into {} groups", channels, self.num_groups
        )
        count = n * channels // self.num_groups * numel(sizes)
        check(count > 1, "one value per group has no variance, got an input of {}", inputs[0])
        return inputs

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": inputs[0][1:2], "bias": inputs[0][1:2]} if self.affine else {}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (5 if self.affine else 4)


class LocalResponseNorm(
    Op, kind="local_response_norm", family=_FAMILY, min_rank=3, layout="(N, C, *)", channels=1, work=Work.DIVISION
):
    """y = x / (k + α/n · Σ x²)^β, the sum over n neighbouring channels; no MACs.

    Input and output (N, C, *); n is `size`. FLOPs: n + 4 per element (square, n - 1 sums, scale, offset, power and
    division). Neighbours beyond the first and last channel count as well.
    """

    size: Dim = fields.size(symbol="n", doc="the number of neighbouring channels in the sum")
    alpha: float = number(default=1e-4)
    beta: float = number(default=0.75)
    k: float = number(default=1.0)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(dtypes[0])

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (self.size + 4)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        neighbours = window(1, kernel=self.size, padding=self.size // 2)
        return ((window(0), neighbours, *map(window, range(2, len(inputs[0])))),)


class Normalize(Op, kind="normalize", family=_FAMILY, work=Work.DIVISION, written=WrittenAs.FUNCTION):
    """y = x / max(‖x‖, ε) with the p-norm over `dim`, (Σ|x|ᵖ)^(1/p); 3 FLOPs per element, no MACs.

    The 3 FLOPs are a power, a sum and a quotient. The root of each norm is not counted.
    """

    torch_name = "F.normalize"

    p: float = number(default=2.0)
    dim: tuple[int, ...] = indices(default=1, scalar="list", doc="one dim or several")
    eps: float = number(default=1e-12, minimum=0)

    reach = pointwise  # the norm is not followed

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axes(self.dim, len(inputs[0]))
        return inputs

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 3 * numel(outputs[0])
