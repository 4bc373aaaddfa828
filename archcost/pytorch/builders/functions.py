"""Functions of single elements that torch.nn has no class for, and what acts on whole samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.pytorch.builders.base import Builder, Function, plain


class Clamp(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name, here and below
        return torch.clamp(input, **self.settings)


class Exp(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.exp(input)


class Sin(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.sin(input)


class Cos(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.cos(input)


class Sqrt(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.sqrt(input)


class Pow(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return torch.pow(input, **self.settings)


class Normalize(Function):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return functional.normalize(input, **self.settings)


class StochasticDepth(nn.Module):
    """In training all of the input, or each of its samples, is zeroed with probability p, and what stays is scaled."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        if not self.training or self.p == 0:
            return input
        samples = input.size(0) if self.mode == "row" else 1
        kept = input.new_empty((samples, *[1] * (input.dim() - 1))).bernoulli_(1 - self.p)
        return input * (kept if self.p == 1 else kept.div_(1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"


BUILDERS: dict[str, Builder] = {
    "clamp": plain(Clamp),
    "exp": plain(Exp),
    "sin": plain(Sin),
    "cos": plain(Cos),
    "sqrt": plain(Sqrt),
    "pow": plain(Pow),
    "normalize": plain(Normalize),
    "stochastic_depth": plain(StochasticDepth),
}
