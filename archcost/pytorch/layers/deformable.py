"""Convolutions whose taps are moved."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name that it has in most programs
from torch import nn


class DeformConv2d(nn.Module):
    """The deformable convolution of torchvision: samples at moved places, and a plain convolution over them."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        settings = (kernel_size, stride, padding, dilation)
        pairs = [setting if isinstance(setting, tuple) else (setting, setting) for setting in settings]
        self.kernel_size, self.stride, self.padding, self.dilation = pairs
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *self.kernel_size))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        n, channels, height, width = x.shape
        rows, columns = offset.shape[2:]
        taps = math.prod(self.kernel_size)
        groups = n * (offset.size(1) // (2 * taps))
        grid = self.grid(offset.reshape(groups, *self.kernel_size, 2, rows, columns), (height, width))
        split = x.reshape(groups, -1, height, width)
        grid = grid.reshape(groups, taps, rows * columns, 2)
        sampled = F.grid_sample(split, grid, align_corners=False)
        if mask is not None:
            sampled = sampled * mask.reshape(groups, 1, taps, rows * columns)
        sampled = sampled.reshape(n, channels, taps, rows * columns)
        weight = self.weight.reshape(*self.weight.shape[:2], taps, 1)
        return F.conv2d(sampled, weight, self.bias, groups=self.groups).reshape(n, -1, rows, columns)

    def grid(self, offset: torch.Tensor, sizes: tuple[int, int]) -> torch.Tensor:
        """Where the taps stand, from -1 to 1 along each dim of the input; the horizontal place comes first."""
        down, right = offset.unbind(3)
        down = self.moved(down, sizes[0], 0)
        right = self.moved(right, sizes[1], 1)
        return torch.stack((right, down), -1)

    def moved(self, offset: torch.Tensor, size: int, dim: int) -> torch.Tensor:
        """Places along one dim: (2 * place + 1) / size - 1, with the offset in the place."""
        size = int(size)  # a tensor in a trace
        scale, first = 2 / size, (1 - 2 * self.padding[dim]) / size - 1
        kernel, count = self.kernel_size[dim], offset.size(3 + dim)
        places = self.line(first, scale * self.dilation[dim], kernel, offset)[:, None]
        places = places + self.line(0, scale * self.stride[dim], count, offset)
        return offset * scale + places.reshape((kernel, 1, count, 1) if dim == 0 else (1, kernel, 1, count))

    @staticmethod
    def line(start: float, step: float, count: int, like: torch.Tensor) -> torch.Tensor:
        """start, start + step …: as many as count, of the dtype and on the device of another tensor."""
        return torch.linspace(start, start + step * (count - 1), count, dtype=like.dtype, device=like.device)
