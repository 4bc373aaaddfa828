"""Transposed convolutions over 1, 2 or 3 spatial dimensions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.dims import decided, numel, transposed_window_size
from archcost.ops.conv import ConvBase, GivenKernel, OnKernel
from archcost.ops.facets import Work
from archcost.ops.fields import spatial
from archcost.ops.reach import ALL, transposed_window, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.base import Check, Inputs, Outputs
    from archcost.ops.conv import Sizes
    from archcost.ops.reach import Reading


def _output_padding_help(extra: int) -> str:
    """What output_padding is for: of the sizes that a stride leaves open it chooses one."""
    return f"leave it out, or write `stride: {extra + 1}`: it chooses among the sizes that a stride leaves open"


class _Transposed(OnKernel, work=Work.TRANSPOSED):
    """Transposed convolutions, which multiply each input position by all weights of its group, once."""

    stride: Sizes = spatial(default=1, symbol="s")
    padding: Sizes = spatial(default=0, minimum=0, symbol="p")
    output_padding: Sizes = spatial(default=0, minimum=0, symbol="o", unless=0)
    dilation: Sizes = spatial(default=1, symbol="d", unless=1)

    def validate(self, check: Check) -> None:
        for extra, step, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            check(
                (extra < step) | (extra < dilation),
                "output_padding {} must be smaller than stride {} or dilation {}",
                extra,
                step,
                dilation,
                help=partial(_output_padding_help, extra),
            )

    def spread(self, inputs: Inputs, out_channels: Dim) -> Outputs:
        """The output of so many channels: (n - 1)·s - 2p + d·(f - 1) + o + 1 positions in each spatial dim."""
        n, _, *sizes = inputs[0]
        _, _, *kernels = self.kernel(inputs)
        geometry = (kernels, self.stride, self.padding, self.output_padding, self.dilation)
        return ((n, out_channels, *map(transposed_window_size, sizes, *geometry)),)

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        n, _, *positions = inputs[0]
        return n * numel(positions) * numel(self.kernel(inputs))

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        _, _, *kernels = self.kernel(inputs)
        geometry = zip(kernels, self.stride, self.padding, self.dilation, strict=True)
        return ((window(0), ALL, *[transposed_window(dim, *sizes) for dim, sizes in enumerate(geometry, 2)]),)


class _ConvTranspose(_Transposed, ConvBase):
    """out = (n - 1)·s - 2p + d·(f - 1) + o + 1 per spatial dimension; MACs = input positions × weights, without bias.

    Input (N, C, *spatial), output (N, out_channels, *spatial). Every input position is multiplied by every weight once,
    whatever the stride. FLOPs beyond the MACs: 1 per output element for the bias.
    """

    def kernel(self, inputs: Inputs) -> Shape:
        return (inputs[0][1], self.out_channels // self.groups, *self.kernel_size)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        self.check_groups(inputs[0][1], self.out_channels, check)
        return self.spread(inputs, self.out_channels)


class _FunctionalConvTranspose(GivenKernel, _Transposed):
    """A transposed convolution on a given weight: MACs = input positions × elements of it, as for `conv_transpose`.

    Input (N, C, *spatial), weight (C, out_channels / groups, *kernel_size) and, if given, bias (out_channels), each
    from another layer; output (N, out_channels, *spatial). It has no params. FLOPs beyond the MACs: 1 per output
    element for the bias. A `conv_transpose` step of several inputs is one: `conv_transpose2d: {stride: 2}` with
    `from: [x, weight]`.
    """

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        weight = inputs[1]
        out_channels = weight[1] * self.groups
        self.check_channels(inputs, weight[0], out_channels, check)
        return self.spread(inputs, out_channels)

    def letters(self) -> tuple[str, ...]:
        return self.kernel_letters("c_in", "c_out" if decided(self.groups == 1) else "c_group")

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        channels = window(1) if decided(self.groups == 1) else ALL
        own = (ALL, channels, *(ALL,) * self.ndim), (window(1),)
        return (*super().reach(inputs, outputs, number), *own[: len(inputs) - 1])


class ConvTranspose1d(_ConvTranspose, kind="conv_transpose1d", ndim=1, on_weight="functional_conv_transpose1d"):
    __doc__ = _ConvTranspose.__doc__


class ConvTranspose2d(_ConvTranspose, kind="conv_transpose2d", ndim=2, on_weight="functional_conv_transpose2d"):
    __doc__ = _ConvTranspose.__doc__


class ConvTranspose3d(_ConvTranspose, kind="conv_transpose3d", ndim=3, on_weight="functional_conv_transpose3d"):
    __doc__ = _ConvTranspose.__doc__


class FunctionalConvTranspose1d(
    _FunctionalConvTranspose, kind="functional_conv_transpose1d", ndim=1, torch_name="F.conv_transpose1d"
):
    __doc__ = _FunctionalConvTranspose.__doc__


class FunctionalConvTranspose2d(
    _FunctionalConvTranspose, kind="functional_conv_transpose2d", ndim=2, torch_name="F.conv_transpose2d"
):
    __doc__ = _FunctionalConvTranspose.__doc__


class FunctionalConvTranspose3d(
    _FunctionalConvTranspose, kind="functional_conv_transpose3d", ndim=3, torch_name="F.conv_transpose3d"
):
    __doc__ = _FunctionalConvTranspose.__doc__
