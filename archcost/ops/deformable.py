"""Deformable convolutions: where the kernel samples the input depends on the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel, window_size
from archcost.ops.conv import OwnWeight
from archcost.ops.facets import WrittenAs
from archcost.ops.fields import spatial
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.base import Check, Inputs, Outputs
    from archcost.ops.reach import Reading

_MASKED = 3  # input, offset, mask
_BILINEAR = 7  # FLOPs of a value between four others


class DeformConv2d(
    OwnWeight, kind="deform_conv2d", ndim=2, min_inputs=2, max_inputs=3, written=WrittenAs.OWN, fused_in="torchvision"
):
    """A convolution that samples its input at offsets; MACs = output positions × weights, as for conv2d, without bias.

    Input (N, C, H, W), offset (N, 2·G·k·k, H_out, W_out) and, in version 2, mask (N, G·k·k, H_out, W_out). G groups of
    channels have offsets of their own. For each kernel element, input channel and output position a value is sampled
    bilinearly between 4 elements. FLOPs beyond the MACs: 7 per sampled value (4 products, 3 sums; computing the
    interpolation weights is not counted), 8 with a mask, and 1 per output element for the bias.
    """

    input_names = ("input", "offset", "mask")

    padding: tuple[int, ...] = spatial(default=0, minimum=0, symbol="p")
    dilation: tuple[int, ...] = spatial(default=1, symbol="d", unless=1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, channels, *sizes = inputs[0]
        self.check_groups(channels, self.out_channels, check)
        padding = [2 * pad for pad in self.padding]
        out = tuple(map(window_size, sizes, self.kernel_size, self.stride, padding, self.dilation))
        taps, given = numel(self.kernel_size), inputs[1][1]
        check(
            given % (2 * taps) == 0,
            "{} channels of the offset are not a multiple of 2 · {} kernel elements",
            given,
            taps,
        )
        check(channels * 2 * taps % given == 0, "{} channels cannot be divided into the groups of the offset", channels)
        for name, shape, width in zip(self.input_names[1:], inputs[1:], (given, given // 2), strict=False):
            wanted = (n, width, *out)
            fits = True
            for a, b in zip(shape, wanted, strict=True):
                fits = fits & (a == b)
            check(fits, "the {} must be {}, got {}", name, wanted, shape)
        return ((n, self.out_channels, *out),)

    def sampled(self, inputs: Inputs, outputs: Outputs) -> Shape:
        """The number of sampled values: samples × channels × kernel elements × output positions."""
        n, _, *positions = outputs[0]
        return (n, inputs[0][1], *self.kernel_size, *positions)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        each = _BILINEAR + (len(inputs) == _MASKED)
        return numel(self.sampled(inputs, outputs)) * each + numel(outputs[0]) * self.bias

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        own = (window(0), ALL, window(2), window(3))
        return ((window(0), ALL, ALL, ALL), *[own] * (len(inputs) - 1))  # an offset may lead anywhere
