"""Stand-ins for what a spec only declares: the right shapes, and nothing that would prove them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder, Inputs


class Declared(nn.Module):
    """A stand-in for what a spec only declares: zeros of the declared shapes, and as many params and buffers.

    The zeros are on the device and of the dtype of the first input; where there is none, of the module itself. Every
    output reads every input, so that a trace keeps what feeds the stand-in; no gradient passes. Put the real module in
    its place: ``network.set_submodule(path, module)``.
    """

    kept: Tensor
    place: Tensor

    def __init__(
        self, name: str, shapes: tuple[tuple[int, ...], ...], *, params: int = 0, buffers: int = 0, source: bool = False
    ) -> None:
        super().__init__()
        self.name, self.shapes = name, shapes
        if params:
            self.declared = nn.Parameter(torch.zeros(params))
        if buffers:
            self.register_buffer("kept", torch.zeros(buffers))
        if source:  # an empty tensor that goes where the module goes
            self.register_buffer("place", torch.zeros(0), persistent=False)

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        like = inputs[0] if inputs else self.place
        made = [like.new_zeros(shape) for shape in self.shapes]
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


def _custom(op: Any, inputs: Inputs) -> nn.Module:
    return Declared(op.name, op.output, params=op.declared_params, buffers=op.declared_buffers, source=not inputs)


BUILDERS: dict[str, Builder] = {"custom": _custom}
