"""Ops that change the resolution by interpolation, or by moving channels into space and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import numel, scaled
from archcost.ops.axes import require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.facets import Keeps, Work, WrittenAs
from archcost.ops.fields import choice, flag, integers, numbers, size
from archcost.ops.reach import ALL, View, interpolated, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading, Steps

_FAMILY = "Resampling"
_RANKS = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}
_TAPS = {"nearest": 0, "nearest-exact": 0, "linear": 2, "bilinear": 4, "trilinear": 8, "bicubic": 16}


_MAX_FACTOR = 10**6
_PLANE = 2  # spatial dimensions


class Upsample(Op, kind="upsample", family=_FAMILY, min_rank=3, max_rank=5, layout="(N, C, *spatial)", channels=1):
    """out = `size`, or ⌊n · scale_factor⌋ per spatial dimension, by interpolation; no MACs.

    Input (N, C, *spatial) with 1 to 3 spatial dimensions. FLOPs per output element: 2·taps - 1 for the elements (taps)
    that it is interpolated from, that is 3 for linear, 7 for bilinear, 15 for trilinear and 31 for bicubic; 0 for
    nearest. Computing the interpolation weights is not counted.
    """

    size: Dim | Shape | None = integers(
        default=None, minimum=1, scalar="keep", doc="one number for all spatial dims, or one for each"
    )
    scale_factor: float | tuple[float, ...] | None = numbers(default=None, minimum=0)
    mode: str = choice(*_TAPS, default="nearest")
    align_corners: bool | None = flag(default=None)

    def validate(self, check: Check) -> None:
        require(
            (self.size is None) != (self.scale_factor is None),
            "upsample needs either 'size' or 'scale_factor', not both",
        )
        require(
            self.align_corners is None or self.mode in _RANKS,
            "align_corners needs a linear or cubic mode, got {}",
            self.mode,
        )
        factors = self.scale_factor if isinstance(self.scale_factor, tuple) else (self.scale_factor,)
        check(0 not in factors, "scale_factor must be above 0")
        require(all((factor or 1) <= _MAX_FACTOR for factor in factors), "scale_factor is more than {:,}", _MAX_FACTOR)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        rank = _RANKS.get(self.mode, len(shape))
        require(len(shape) == rank, "mode {} takes an input of {} dims, got {}", self.mode, rank, shape)
        spatial = len(shape) - 2
        if self.size is None:
            return ((*shape[:2], *map(scaled, shape[2:], _each(self.scale_factor, spatial))),)
        return ((*shape[:2], *_each(self.size, spatial)),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        taps = _TAPS[self.mode]
        return numel(outputs[0]) * (2 * self.named("taps", taps) - 1) if taps else 0

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        spatial = len(inputs[0]) - 2
        factors = _each(self.scale_factor, spatial)
        sizes = zip(inputs[0][2:], outputs[0][2:], factors, strict=True)
        return ((window(0), window(1), *[self._steps(dim, *each) for dim, each in enumerate(sizes, 2)]),)

    def _steps(self, dim: int, before: int, after: int, factor: float | None) -> Steps | None:
        """The neighbours that an output position lies between."""
        from fractions import Fraction

        if before == 1:
            return ALL
        step = Fraction(before, after) if factor is None else 1 / Fraction(repr(factor))
        if self.mode == "nearest":
            return interpolated(dim, step, Fraction(0), (0, 0))
        if self.mode == "nearest-exact":
            return interpolated(dim, step, step / 2, (0, 0))
        taps = (-1, 2) if self.mode == "bicubic" else (0, 1)
        if self.align_corners:
            return interpolated(dim, Fraction(before - 1, max(after - 1, 1)), Fraction(0), taps)
        return interpolated(dim, step, (step - 1) / 2, taps)


def _each(given: Any, spatial: int) -> tuple[Any, ...]:
    """One number for each spatial dimension, from one for all or as many."""
    each = given if isinstance(given, tuple) else (given,) * spatial
    require(len(each) == spatial, "{} numbers are given for the {} spatial dimensions", len(each), spatial)
    return each


class GridSample(Op, kind="grid_sample", family=_FAMILY, min_inputs=2, max_inputs=2, min_rank=4, max_rank=5):
    """out[n, :, p] = the input at the place grid[n, p], by interpolation; no MACs.

    Input (N, C, H, W), grid (N, H_out, W_out, 2), output (N, C, H_out, W_out), or one spatial dimension more with 3
    numbers a place. Places go from -1 to 1 along each dimension, the last of the input first. FLOPs per output element:
    2·taps - 1, that is 7 for bilinear (15 in three dimensions) and 31 for bicubic; 0 for nearest. The weights of the
    taps and the scaling of places are not counted.
    """

    written = WrittenAs.FUNCTION
    keeps = Keeps.OTHER
    torch_name = "F.grid_sample"
    input_names = ("input", "grid")

    mode: str = choice("bilinear", "nearest", "bicubic", default="bilinear")
    padding_mode: str = choice("zeros", "border", "reflection", default="zeros", doc="what is read outside the input")
    align_corners: bool = flag(default=False, doc="-1 and 1 are the centres of the outermost elements, not their edges")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        image, grid = inputs
        spatial = len(image) - 2
        require(len(image) == len(grid), "the grid {} has not as many dims as the input {}", grid, image)
        require(self.mode != "bicubic" or spatial == _PLANE, "mode bicubic takes an input of 4 dims, got {}", image)
        check(grid[-1] == spatial, "a place in the input {} takes {} numbers, but the grid is {}", image, spatial, grid)
        check(grid[0] == image[0], "the batch of the grid {} is not that of the input {}", grid, image)
        return ((*image[:2], *grid[1:-1]),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        taps = {"nearest": 0, "bilinear": 2 ** (len(inputs[0]) - 2), "bicubic": 16}[self.mode]
        return numel(outputs[0]) * (2 * self.named("taps", taps) - 1) if taps else 0

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        spatial = range(2, len(inputs[0]))
        return (window(0), window(1), *[ALL for _ in spatial]), (window(0), *map(window, spatial), ALL)


class PixelShuffle(Op, kind="pixel_shuffle", family=_FAMILY, min_rank=3, layout="(*, C, H, W)", channels=-3):
    """(*, C·r², H, W) → (*, C, H·r, W·r): channels are rearranged into space; no MACs, no FLOPs."""

    upscale_factor: Dim = size(symbol="r")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        *batch, channels, height, width = inputs[0]
        factor = self.upscale_factor
        area = factor * factor
        check(channels % area == 0, "{} channels cannot be divided into squares of {} × {}", channels, factor, factor)
        return ((*batch, channels // area, height * factor, width * factor),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        *batch, channels, height, width = inputs[0]
        factor, b = self.upscale_factor, len(batch)
        split = (*batch, channels // factor**2, factor, factor, height, width)
        return (View(split, (*range(b + 1), b + 3, b + 1, b + 4, b + 2)),)


class PixelUnshuffle(Op, kind="pixel_unshuffle", family=_FAMILY, min_rank=3, layout="(*, C, H, W)", channels=-3):
    """(*, C, H·r, W·r) → (*, C·r², H, W): space is rearranged into channels; no MACs, no FLOPs."""

    downscale_factor: Dim = size(symbol="r")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        *batch, channels, height, width = inputs[0]
        factor = self.downscale_factor
        fits = (height % factor == 0) & (width % factor == 0)
        check(fits, "{} × {} cannot be divided into squares of {} × {}", height, width, factor, factor)
        return ((*batch, channels * factor * factor, height // factor, width // factor),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        *batch, channels, height, width = inputs[0]
        factor, b = self.downscale_factor, len(batch)
        split = (*batch, channels, height // factor, factor, width // factor, factor)
        return (View(split, (*range(b + 1), b + 2, b + 4, b + 1, b + 3)),)


class ChannelShuffle(Op, kind="channel_shuffle", family="Shape", min_rank=3, layout="(N, C, *)", channels=1):
    """Channels are viewed as (g, C/g) and transposed to (C/g, g), which mixes the groups; no MACs, no FLOPs."""

    work = Work.RESAMPLE
    written = WrittenAs.MODULE
    keeps = Keeps.NOTHING

    groups: Dim = size()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        channels = inputs[0][1]
        check(channels % self.groups == 0, "{} channels cannot be divided into {} groups", channels, self.groups)
        return inputs

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, channels, *rest = inputs[0]
        split = (n, self.groups, channels // self.groups, *rest)
        return (View(split, (0, 2, 1, *range(3, len(split)))),)
