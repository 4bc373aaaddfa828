"""Convolutions over 1, 2 or 3 spatial dimensions, and what transposed ones share with them."""

from __future__ import annotations

from functools import partial
from math import gcd
from typing import TYPE_CHECKING

from archcost.dims import decided, numel, window_size
from archcost.ops.axes import check_reach
from archcost.ops.base import Check, Inputs, Outputs, SpatialOp
from archcost.ops.fields import choice, flag, size, spatial
from archcost.ops.given_weight import GivenWeight
from archcost.ops.reach import ALL, window, windows

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

Sizes = tuple[int, ...]
_MOST_GROUPS = 4096  # that are tried for a help
_SHOWN_GROUPS = 3


def _groups_help(channels: int, out_channels: int, groups: int) -> str:
    """The numbers of groups next to the one that is given that divide what comes in and what comes out."""
    common = gcd(channels, out_channels)
    fitting = [count for count in range(1, min(common, _MOST_GROUPS) + 1) if common % count == 0]
    nearest = sorted(sorted(fitting, key=lambda count: abs(count - groups))[:_SHOWN_GROUPS])
    others = f"as {', '.join(map(str, nearest))} would" if common > 1 else "which no number but 1 does"
    return f"`groups` must divide {channels} and {out_channels}, {others}"


def same_help(kernel_size: Sizes, stride: Sizes, dilation: Sizes) -> str:
    """What pads as PyTorch's networks do, and, where it differs, what pads as TensorFlow's `same`: more at the end."""
    reaches = [d * (k - 1) for d, k in zip(dilation, kernel_size, strict=True)]
    halves = [reach // 2 for reach in reaches]
    totals = [max(reach + 1 - step, 0) for reach, step in zip(reaches, stride, strict=True)]
    sides = [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
    padding = halves[0] if len(set(halves)) == 1 else halves
    usual = f"write `padding: {padding}`, as PyTorch networks do"
    if sides == [half for half in reversed(halves) for _ in range(2)]:
        return usual
    return (
        f"{usual}; TensorFlow's same pads more at the end: put `pad: {{pad: {sides}}}` before it and leave padding out"
    )


class OnKernel(SpatialOp, family="Convolution"):
    """What all convolutions share: a kernel, whoever has it."""

    groups: Dim

    def check_groups(self, channels: Dim, out_channels: Dim, check: Check) -> None:
        """The groups divide the channels that come in, and those that come out."""
        for count, what in ((channels, "input"), (out_channels, "output")):
            message = "{} {} channels cannot be divided into {} groups"
            hint = partial(_groups_help, channels, out_channels, self.groups)
            check(count % self.groups == 0, message, count, what, self.groups, help=hint)

    def kernel(self, inputs: Inputs) -> Shape:
        """The shape of the weight: the channels that it goes by first, and its size in each spatial dim last."""
        raise NotImplementedError  # pragma: no cover - every convolution defines it


class ConvBase(OnKernel):
    """Convolutions and transposed ones that have a weight of their own."""

    inferred = "in_channels"

    out_channels: Dim = size(symbol="c_out")
    kernel_size: Sizes = spatial(symbol="f")
    stride: Sizes = spatial(default=1, symbol="s")
    groups: Dim = size(default=1, symbol="g", unless=1)
    bias: bool = flag(default=True)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": self.kernel(inputs)} | ({"bias": (self.out_channels,)} if self.bias else {})

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * self.bias


class ForwardConv(OnKernel):
    """Convolutions that compute each output position from all weights of its group, once."""

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        n, _, *positions = outputs[0]
        return n * numel(positions) * numel(self.kernel(inputs))


class OwnWeight(ForwardConv, ConvBase):
    """Forward convolutions that have a weight of their own: (c_out, c_in / groups, *kernel_size)."""

    def kernel(self, inputs: Inputs) -> Shape:
        return (self.out_channels, inputs[0][1] // self.groups, *self.kernel_size)


class _Padded(ForwardConv):
    """Convolutions over a padded input, whoever has their weight."""

    stride: Sizes = spatial(default=1, symbol="s")
    padding: Sizes | str = spatial(default=0, minimum=0, words=("same", "valid"), symbol="p")
    dilation: Sizes = spatial(default=1, symbol="d", unless=1)
    padding_mode = "zeros"

    def validate(self, check: Check) -> None:
        if self.padding == "same":
            for step in self.stride:
                check(step == 1, "padding 'same' needs stride 1, got stride {}", self.stride, help=self.strided_help)

    def strided_help(self) -> str:
        """What pads where the stride is not 1."""
        return "give `padding` as numbers: half of the kernel, as PyTorch networks do"

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, _, *sizes = inputs[0]
        out_channels, _, *kernels = self.kernel(inputs)
        padding = self.total_padding(tuple(kernels))
        out = tuple(map(window_size, sizes, kernels, self.stride, padding, self.dilation))
        for before, after, pad, kernel, dilation in zip(sizes, out, padding, kernels, self.dilation, strict=True):
            check(
                after > 0,
                "a kernel that spans {} does not fit into a padded input of {}",
                dilation * (kernel - 1) + 1,
                before + pad,
                help="use more padding, a smaller kernel, or fewer stride-2 steps before it",
            )
            check_reach(self.padding_mode, before, pad // 2, pad - pad // 2, check)
        return ((n, out_channels, *out),)

    def total_padding(self, kernel_size: Sizes) -> Sizes:
        """Zeros added per spatial dimension, both sides together."""
        if isinstance(self.padding, str):
            if self.padding == "valid":
                return (0,) * self.ndim
            return tuple([d * (k - 1) for d, k in zip(self.dilation, kernel_size, strict=True)])
        return tuple([2 * pad for pad in self.padding])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        _, _, *kernels = self.kernel(inputs)
        before = tuple([padding // 2 for padding in self.total_padding(tuple(kernels))])
        return ((window(0), ALL, *windows(tuple(kernels), self.stride, before, self.dilation)),)


class _Conv(_Padded, OwnWeight):
    """out = ⌊(n + 2p - d·(f - 1) - 1) / s⌋ + 1 per spatial dimension; MACs = output positions × weights, without bias.

    Products with the zero padding count. Input (N, C, *spatial), output (N, out_channels, *spatial). `padding: same`
    pads d·(f - 1) in total and needs stride 1. FLOPs beyond the MACs: 1 per output element for the bias.
    """

    padding_mode: str = choice("zeros", "reflect", "replicate", "circular", default="zeros")

    def strided_help(self) -> str:
        return same_help(self.kernel_size, self.stride, self.dilation)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        self.check_groups(inputs[0][1], self.out_channels, check)
        return super().infer(inputs, check)


class Conv1d(_Conv, kind="conv1d", ndim=1, on_weight="functional_conv1d"):
    __doc__ = _Conv.__doc__


class Conv2d(_Conv, kind="conv2d", ndim=2, on_weight="functional_conv2d"):
    __doc__ = _Conv.__doc__


class Conv3d(_Conv, kind="conv3d", ndim=3, on_weight="functional_conv3d"):
    __doc__ = _Conv.__doc__


class GivenKernel(GivenWeight, OnKernel):
    """Convolutions and transposed convolutions whose kernel is an output of another layer."""

    groups: Dim = size(default=1, symbol="g", unless=1)

    def kernel(self, inputs: Inputs) -> Shape:
        return inputs[1]

    def check_channels(self, inputs: Inputs, taken: Dim, given: Dim, check: Check) -> None:
        """The weight takes the channels of the input, groups divide what it takes and gives, a bias fits the latter."""
        channels = inputs[0][1]
        check(channels == taken, "the weight {} is for {} input channels, not {}", inputs[1], taken, channels)
        self.check_groups(taken, given, check)
        self.check_bias(inputs, given, "output channels", check)

    def kernel_letters(self, first: str, second: str) -> tuple[str, ...]:
        """The dims of the inputs as formulas call them, with those of the channels of the weight."""
        places = ", ".join([f"f_{letter}" for letter in "zhw"[3 - self.ndim :]])
        return (self.layout, f"({first}, {second}, {places})", "(c_out)")


class _FunctionalConv(GivenKernel, _Padded):
    """A convolution on a given weight: MACs = output positions × elements of the weight, as for `conv`.

    Input (N, C, *spatial), weight (out_channels, C / groups, *kernel_size) and, if given, bias (out_channels), each
    from another layer; output (N, out_channels, *spatial). It has no params. FLOPs beyond the MACs: 1 per output
    element for the bias. A `conv` step of several inputs is one: `conv2d: {padding: 1}` with `from: [x, weight]`.
    """

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        weight = inputs[1]
        self.check_channels(inputs, weight[1] * self.groups, weight[0], check)
        return super().infer(inputs, check)

    def letters(self) -> tuple[str, ...]:
        return self.kernel_letters("c_out", "c_in" if decided(self.groups == 1) else "c_group")

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        own = (window(1), *(ALL,) * (self.ndim + 1)), (window(1),)
        return (*super().reach(inputs, outputs, number), *own[: len(inputs) - 1])


class FunctionalConv1d(_FunctionalConv, kind="functional_conv1d", ndim=1, torch_name="F.conv1d"):
    __doc__ = _FunctionalConv.__doc__


class FunctionalConv2d(_FunctionalConv, kind="functional_conv2d", ndim=2, torch_name="F.conv2d"):
    __doc__ = _FunctionalConv.__doc__


class FunctionalConv3d(_FunctionalConv, kind="functional_conv3d", ndim=3, torch_name="F.conv3d"):
    __doc__ = _FunctionalConv.__doc__
