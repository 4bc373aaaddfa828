"""Tensors that are layers of their own, what multiplies or drops whole tensors, and what nobody has written."""

from __future__ import annotations

import torch
from torch import nn


class LearntTensor(nn.Module):
    """A tensor that is learnt, such as a class token or position embedding."""

    def __init__(self, shape: tuple[int, ...], *, requires_grad: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape), requires_grad=requires_grad)
        nn.init.normal_(self.weight, std=0.02)

    def forward(self) -> torch.Tensor:
        return self.weight


class SavedTensor(nn.Module):
    """A tensor that is saved but not learnt; zeros until something is loaded."""

    values: torch.Tensor

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(shape, dtype=dtype))

    def forward(self) -> torch.Tensor:
        return self.values


class ConstantTensor(nn.Module):
    """A tensor that holds one value everywhere, of the module's own dtype unless one is given."""

    place: torch.Tensor

    def __init__(self, shape: tuple[int, ...], value: float = 0.0, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.value = value
        self.dtype = dtype
        self.register_buffer("place", torch.zeros(0), persistent=False)  # where the module is

    def forward(self) -> torch.Tensor:
        return self.place.new_full(self.shape, self.value, dtype=self.dtype)


class LayerScale(nn.Module):
    """A learnt factor for each channel; `dim` counts from the last dim, -1."""

    def __init__(self, num_channels: int, dim: int, init_value: float = 1e-06) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((num_channels, *[1] * (-1 - dim)), init_value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


class StochasticDepth(nn.Module):
    """In training the input, or each of its samples (mode="row"), is zeroed with probability p; the rest is scaled."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        samples = x.size(0) if self.mode == "row" else 1
        kept = x.new_empty((samples, *[1] * (x.dim() - 1))).bernoulli_(1 - self.p)
        return x * (kept if self.p == 1 else kept.div_(1 - self.p))


class NotWritten(nn.Module):
    """A layer that the spec only declares: put your own in its place. It has as many params and buffers as declared."""

    def __init__(
        self,
        name: str,
        output: tuple[tuple[int, ...], ...],
        params: int = 0,
        macs: int | None = None,
        flops: int | None = None,
        buffers: int = 0,
    ) -> None:
        super().__init__()
        self.name = name
        self.output = output
        self.macs = macs
        self.flops = flops
        if params:
            self.declared = nn.Parameter(torch.zeros(params))
        if buffers:
            self.register_buffer("kept", torch.zeros(buffers))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        shapes = [tuple(x.shape) for x in inputs]
        raise NotImplementedError(f"write {self.name}: inputs of {shapes}, outputs of {self.output}")
