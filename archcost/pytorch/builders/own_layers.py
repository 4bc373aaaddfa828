"""Layers of :mod:`archcost.pytorch.layers` that take more than attributes, or run where tensors have no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from archcost.pytorch.builders.base import made_by
from archcost.pytorch.layers import attention, experts, tensors

if TYPE_CHECKING:
    from torch import nn

    from archcost.pytorch.builders.base import Builder, Inputs


class Declared(tensors.NotWritten):
    """A stand-in for what a spec only declares: zeros of the declared shapes, and as many params and buffers.

    The zeros are on the device and of the dtype of the first input; where there is none, of the module itself. Every
    output reads every input, so that a trace keeps what feeds the stand-in; no gradient passes. Put the real module in
    its place: ``network.set_submodule(path, module)``.
    """

    place: Tensor

    def __init__(
        self, name: str, output: tuple[tuple[int, ...], ...], *, params: int = 0, buffers: int = 0, source: bool = False
    ) -> None:
        super().__init__(name, output, params=params, buffers=buffers)
        if source:  # an empty tensor that goes where the module goes
            self.register_buffer("place", torch.zeros(0), persistent=False)

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        like = inputs[0] if inputs else self.place
        made = [like.new_zeros(shape) for shape in self.output]
        for tensor in made:
            for x in inputs:
                _depend(tensor, x)
        return made[0] if len(made) == 1 else tuple(made)

    def extra_repr(self) -> str:
        return f"{self.name}: declared, not written"


def _depend(zeros: Tensor, x: Tensor) -> None:
    """Let a trace see that zeros depend on a tensor, whatever it holds; no other tensor is made, and no gradient."""
    if x.numel():
        first = zeros[(0,) * zeros.dim()]
        first.copy_(x.detach()[(0,) * x.dim()])
        first.zero_()


class MixtureOfExperts(experts.MixtureOfExperts):
    """The same for fake tensors, which have no numbers either, on any device."""

    def counts(self, chosen: Tensor) -> list[int]:
        return self.even_counts(chosen) if isinstance(chosen, FakeTensor) else super().counts(chosen)


def _custom(op: Any, inputs: Inputs) -> nn.Module:
    return Declared(op.name, op.output, params=op.declared_params, buffers=op.declared_buffers, source=not inputs)


def _layer_scale(op: Any, inputs: Inputs) -> nn.Module:
    channels, *after = inputs[0][op.dim :]
    return tensors.LayerScale(channels, -1 - len(after), op.init_value)


def _relative_position_bias(op: Any, inputs: Inputs) -> nn.Module:
    return attention.RelativePositionBias(op.window_size, None if inputs else op.num_heads)


BUILDERS: dict[str, Builder] = {
    "custom": _custom,
    "layer_scale": _layer_scale,
    "mixture_of_experts": made_by(MixtureOfExperts),
    "relative_position_bias": _relative_position_bias,
}
