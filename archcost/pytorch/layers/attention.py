"""What attention needs beside its products: windows, the places of positions, and caches."""

from __future__ import annotations

import math

import torch
from torch import nn


class RotaryEmbedding(nn.Module):
    """The first features of a position turned in pairs: pair k at position l by the angle l * base ** (-2k / D)."""

    def __init__(self, rotary_dim: int, base: float = 10000.0, *, interleaved: bool = False) -> None:
        super().__init__()
        self.rotary_dim = rotary_dim
        self.base = base
        self.interleaved = interleaved

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        cos, sin = self.tables(x)
        pairs = x[..., : self.rotary_dim]
        half = self.rotary_dim // 2
        if self.interleaved:
            a, b = pairs[..., ::2], pairs[..., 1::2]
        else:
            a, b = pairs[..., :half], pairs[..., half:]
        turned = [a * cos - b * sin, b * cos + a * sin]
        if self.interleaved:
            turned = [torch.stack(turned, -1).flatten(-2)]
        if self.rotary_dim < x.size(-1):
            turned.append(x[..., self.rotary_dim :])
        return torch.cat(turned, -1) if len(turned) > 1 else turned[0]

    def tables(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The cos and sin of every angle, positions by pairs, of the dtype and on the device of another tensor."""
        exponents = torch.arange(0, self.rotary_dim, 2, dtype=torch.float32, device=like.device) / -self.rotary_dim
        frequencies = self.base**exponents
        positions = torch.arange(like.size(-2), dtype=torch.float32, device=like.device)
        angles = positions[:, None] * frequencies
        return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


class KvCache(nn.Module):
    """The keys or values of earlier positions, then those of the input; `cached` is what the step before returned.

    Until it is set, zeros of `length` positions stand for it; of a `window`, what the input's first position sees. It
    belongs to one sequence, so that it is not saved.
    """

    def __init__(self, length: int = 0, dim: int = -2, window: int | None = None) -> None:
        super().__init__()
        self.length = length
        self.dim = dim
        self.window = window
        self.cached: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self.length if self.cached is None else self.cached.size(self.dim)
        if self.window is not None and seen >= self.window:
            seen = self.window - 1
        if seen == 0:
            return x
        if self.cached is not None:
            cached = self.cached.narrow(self.dim, self.cached.size(self.dim) - seen, seen)
        else:
            shape = list(x.shape)
            shape[self.dim] = seen
            cached = x.new_zeros(shape)
        return torch.cat((cached, x), dim=self.dim)


class WindowPartition(nn.Module):
    """(N, H, W, C) to (N * windows, positions, C)."""

    def __init__(self, window_size: int | tuple[int, ...]) -> None:
        super().__init__()
        self.window_size = window_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dims = x.dim() - 2
        sides = self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * dims
        for place, side in enumerate(sides):
            x = torch.unflatten(x, 1 + 2 * place, (-1, side))
        x = x.permute(0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2), 2 * dims + 1)
        return x.reshape(-1, math.prod(sides), x.size(-1))


class WindowReverse(nn.Module):
    """(N * windows, positions, C) to (N, H, W, C); one number for `output_size` is a square."""

    def __init__(self, window_size: int | tuple[int, ...], output_size: int | tuple[int, ...]) -> None:
        super().__init__()
        self.window_size = window_size
        self.output_size = output_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sizes = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,) * 2
        dims = len(sizes)
        sides = self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * dims
        counts = [size // side for size, side in zip(sizes, sides, strict=True)]
        windows = x.reshape(-1, *counts, *sides, x.size(-1))
        order = [dim for place in range(1, dims + 1) for dim in (place, place + dims)]
        return windows.permute(0, *order, 2 * dims + 1).reshape(-1, *sizes, x.size(-1))


class RelativePositionBias(nn.Module):
    """A bias for each head and pair of positions, by their difference: from a learnt table, or from one given."""

    relative_position_index: torch.Tensor

    def __init__(self, window_size: int | tuple[int, ...], num_heads: int | None = None) -> None:
        super().__init__()
        self.sides = window_size if isinstance(window_size, tuple) else (window_size, window_size)
        rows = [2 * side - 1 for side in self.sides]
        if num_heads is not None:
            self.relative_position_bias_table = nn.Parameter(torch.empty(math.prod(rows), num_heads))
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        places = torch.cartesian_prod(*map(torch.arange, self.sides)).reshape(-1, len(self.sides))
        difference = places[:, None] - places[None] + torch.tensor(self.sides) - 1
        index = torch.zeros(difference.shape[:2], dtype=torch.int64)
        for place, row in enumerate(rows):
            index = index * row + difference[..., place]
        self.register_buffer("relative_position_index", index.flatten())

    def forward(self, table: torch.Tensor | None = None) -> torch.Tensor:
        rows = self.relative_position_bias_table if table is None else table.reshape(-1, table.size(-1))
        positions = math.prod(self.sides)
        bias = rows[self.relative_position_index].reshape(positions, positions, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)
