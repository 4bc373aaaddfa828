"""Windows of an image, and the biases of attention within them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from archcost.pytorch.builders.base import Builder, Function, Inputs


class WindowPartition(Function):
    """(N, H, W, C) to (N·windows, positions, C)."""

    def __init__(self, window: tuple[int, ...]) -> None:
        super().__init__(window=window)
        self.window = window

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name, here and below
        for place, side in enumerate(self.window):
            input = torch.unflatten(input, 1 + 2 * place, (-1, side))  # noqa: A001
        last = input.dim() - 1
        windows = input.permute(0, *range(1, last, 2), *range(2, last, 2), last)
        return windows.reshape(-1, math.prod(self.window), windows.size(-1))


class WindowReverse(Function):
    """(N·windows, positions, C) to (N, H, W, C)."""

    def __init__(self, window: tuple[int, ...], sizes: tuple[int, ...]) -> None:
        super().__init__(window=window, sizes=sizes)
        self.window = window
        self.sizes = sizes

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        counts = [size // side for size, side in zip(self.sizes, self.window, strict=True)]
        windows = input.reshape(-1, *counts, *self.window, input.size(-1))
        dims = len(counts)
        order = [dim for place in range(1, dims + 1) for dim in (place, place + dims)]
        return windows.permute(0, *order, 2 * dims + 1).reshape(-1, *self.sizes, input.size(-1))


class RelativePositionBias(nn.Module):
    """For each head a bias for every pair of positions in a window, by their difference: from a table."""

    relative_position_index: Tensor

    def __init__(self, window: tuple[int, ...], num_heads: int | None) -> None:
        super().__init__()
        self.window = window
        rows = [2 * side - 1 for side in window]
        if num_heads is not None:
            self.relative_position_bias_table = nn.Parameter(torch.empty(math.prod(rows), num_heads))
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        places = torch.cartesian_prod(*map(torch.arange, window)).reshape(-1, len(window))
        difference = places[:, None] - places[None] + torch.tensor(window) - 1
        index = torch.zeros(difference.shape[:2], dtype=torch.int64)
        for place, row in enumerate(rows):
            index = index * row + difference[..., place]
        self.register_buffer("relative_position_index", index.flatten())

    def forward(self, table: Tensor | None = None) -> Tensor:
        rows = self.relative_position_bias_table if table is None else table.reshape(-1, table.size(-1))
        positions = math.prod(self.window)
        bias = rows[self.relative_position_index].reshape(positions, positions, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)

    def extra_repr(self) -> str:
        return f"window={self.window}"


def _each(size: Any, dims: int) -> tuple[int, ...]:
    """One size for all dims, or as many."""
    return size if isinstance(size, tuple) else (size,) * dims


def _partition(op: Any, inputs: Inputs) -> nn.Module:
    return WindowPartition(_each(op.window_size, len(inputs[0]) - 2))


def _reverse(op: Any, _: Inputs) -> nn.Module:
    sizes = _each(op.output_size, 2)
    return WindowReverse(_each(op.window_size, len(sizes)), sizes)


def _bias(op: Any, inputs: Inputs) -> nn.Module:
    return RelativePositionBias(_each(op.window_size, 2), None if inputs else op.num_heads)


BUILDERS: dict[str, Builder] = {
    "window_partition": _partition,
    "window_reverse": _reverse,
    "relative_position_bias": _bias,
}
