"""torchvision's deformable convolution in functions of torch: sampled values, and a plain convolution over them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.pytorch.builders.base import Builder, Inputs, attributes

Pair = tuple[int, int]


class DeformConv2d(nn.Module):
    """Input, offset and mask to output; zeros outside of the input, as in torchvision."""

    bias: nn.Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        bias: bool,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *kernel_size))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.register_parameter("bias", nn.Parameter(torch.zeros(out_channels)) if bias else None)

    def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:  # noqa: A002 - torch's name
        n, channels, height, width = input.shape
        rows, columns = offset.shape[2:]
        taps = math.prod(self.kernel_size)
        groups = n * (offset.size(1) // (2 * taps))
        grid = self._grid(offset.reshape(groups, *self.kernel_size, 2, rows, columns), (height, width))
        split = input.reshape(groups, -1, height, width)
        grid = grid.reshape(groups, taps, rows * columns, 2)
        sampled = functional.grid_sample(split, grid, align_corners=False)
        if mask is not None:
            sampled = sampled * mask.reshape(groups, 1, taps, rows * columns)
        sampled = sampled.reshape(n, channels, taps, rows * columns)
        kernel = self.weight.reshape(*self.weight.shape[:2], taps, 1)
        return functional.conv2d(sampled, kernel, self.bias, groups=self.groups).reshape(n, -1, rows, columns)

    def _grid(self, offset: Tensor, sizes: Pair) -> Tensor:
        """Where the taps stand, from -1 to 1 along each dim of the input; the horizontal place comes first."""
        y, x = offset.unbind(3)
        y = self._moved(y, sizes[0], 0)
        x = self._moved(x, sizes[1], 1)
        return torch.stack((x, y), -1)

    def _moved(self, offset: Tensor, size: int, dim: int) -> Tensor:
        """(2·place + 1) / size - 1, with the offset in the place."""
        size = int(size)  # a tensor under a trace
        scale, first = 2 / size, (1 - 2 * self.padding[dim]) / size - 1
        kernel, count = self.kernel_size[dim], offset.size(3 + dim)
        table = self._line(first, scale * self.dilation[dim], kernel, offset)[:, None]
        table = table + self._line(0, scale * self.stride[dim], count, offset)
        return offset * scale + table.reshape((kernel, 1, count, 1) if dim == 0 else (1, kernel, 1, count))

    @staticmethod
    def _line(start: float, step: float, count: int, like: Tensor) -> Tensor:
        """start, start + step … of the dtype and device of another tensor."""
        return torch.linspace(start, start + step * (count - 1), count, dtype=like.dtype, device=like.device)


def _deform_conv2d(op: Any, inputs: Inputs) -> nn.Module:
    return DeformConv2d(inputs[0][1], **attributes(op))


BUILDERS: dict[str, Builder] = {"deform_conv2d": _deform_conv2d}
