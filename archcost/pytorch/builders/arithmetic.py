"""Arithmetic between tensors, products of matrices, and reductions."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from archcost.pytorch.builders.base import Builder, Function, Inputs, plain

if TYPE_CHECKING:
    from collections.abc import Callable


class Elementwise(Function):
    """A function of two operands, from the left over all inputs, or over one input and the number ``other``."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, other: float | None = None) -> None:
        super().__init__(**({} if other is None else {"other": other}))
        self.other = other

    def forward(self, *inputs: Tensor) -> Tensor:
        operands: tuple[Any, ...] = inputs if self.other is None else (*inputs, self.other)
        result: Tensor = reduce(self.function, operands)
        return result


class Add(Elementwise):
    function = staticmethod(torch.add)


class Sub(Elementwise):
    function = staticmethod(torch.sub)


class Mul(Elementwise):
    function = staticmethod(torch.mul)


class Div(Elementwise):
    function = staticmethod(torch.div)


class Matmul(Function):
    def forward(self, input: Tensor, other: Tensor) -> Tensor:  # noqa: A002 - torch's name, here and below
        return torch.matmul(input, other)


class PlainMatmul(Matmul):
    """torch.matmul of matrices only, batch dims made equal: fvcore counts the batch of the left operand."""

    def forward(self, input: Tensor, other: Tensor) -> Tensor:  # noqa: A002
        left = input.unsqueeze(0) if input.dim() == 1 else input
        right = other.unsqueeze(1) if other.dim() == 1 else other
        result = product(left, right)
        if other.dim() == 1:
            result = result.squeeze(-1)
        return result.squeeze(-1 if other.dim() == 1 else -2) if input.dim() == 1 else result


def product(left: Tensor, right: Tensor) -> Tensor:
    """The product of two batches of matrices, the batch dims broadcast before it."""
    batch: torch.Size = torch.broadcast_shapes(left.shape[:-2], right.shape[:-2])  # type: ignore[no-untyped-call]
    return torch.matmul(left.expand(*batch, *left.shape[-2:]), right.expand(*batch, *right.shape[-2:]))


class Sum(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.sum(input, **self.settings)


class Mean(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.mean(input, **self.settings)


class Max(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.amax(input, **self.settings)


def _reduction(function: type[Function]) -> Builder:
    def build(op: Any, _: Inputs) -> Function:
        return function(dim=() if op.dim is None else op.dim, keepdim=op.keepdim)

    return build


BUILDERS: dict[str, Builder] = {
    "add": plain(Add),
    "sub": plain(Sub),
    "mul": plain(Mul),
    "div": plain(Div),
    "matmul": plain(Matmul),
    "sum": _reduction(Sum),
    "mean": _reduction(Mean),
    "max": _reduction(Max),
}
VERIFYING: dict[str, Builder] = {"matmul": plain(PlainMatmul)}
