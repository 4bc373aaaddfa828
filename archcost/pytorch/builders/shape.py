"""Ops that move, join or take parts of tensors: torch functions, as modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from archcost.pytorch.builders.base import Builder, Function, Inputs, plain


class Concat(Function):
    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, **self.settings)


class Stack(Function):
    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.stack(inputs, **self.settings)


class Chunk(Function):
    def forward(self, input: Tensor) -> tuple[Tensor, ...]:  # noqa: A002 - torch's name, here and below
        return torch.chunk(input, **self.settings)


class Split(Function):
    def forward(self, input: Tensor) -> tuple[Tensor, ...]:  # noqa: A002
        return torch.split(input, **self.settings)


class Slice(Function):
    """input[start:end:step] along one dim."""

    def __init__(self, dim: int, start: int | None, end: int | None, step: int) -> None:
        super().__init__(dim=dim, start=start, end=end, step=step)
        self.dim = dim
        self.range = slice(start, end, step)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        index = [slice(None)] * input.dim()
        index[self.dim] = self.range
        return input[tuple(index)]


class Reshape(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.reshape(input, **self.settings)


class Permute(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.permute(input, **self.settings)


class Transpose(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.transpose(input, **self.settings)


class Squeeze(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.squeeze(input, **self.settings)


class Unsqueeze(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.unsqueeze(input, **self.settings)


class Expand(Function):
    """The input repeated along its dims of size 1, as a view."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__(sizes=sizes)
        self.sizes = sizes

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return input.expand(self.sizes)


class Pad(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return functional.pad(input, **self.settings)


class Roll(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.roll(input, **self.settings)


def _squeeze(op: Any, _: Inputs) -> Function:
    return Squeeze() if op.dim is None else Squeeze(dim=op.dim)


def _roll(op: Any, _: Inputs) -> Function:
    return Roll(shifts=op.shifts) if op.dims is None else Roll(shifts=op.shifts, dims=op.dims)


BUILDERS: dict[str, Builder] = {
    "concat": plain(Concat),
    "stack": plain(Stack),
    "chunk": plain(Chunk),
    "split": plain(Split),
    "slice": plain(Slice),
    "reshape": plain(Reshape),
    "permute": plain(Permute),
    "transpose": plain(Transpose),
    "squeeze": _squeeze,
    "unsqueeze": plain(Unsqueeze),
    "expand": plain(Expand),
    "pad": plain(Pad),
    "roll": _roll,
}
