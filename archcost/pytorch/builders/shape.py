"""Ops that join or take parts of tensors, where torch's function takes other arguments than the op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from archcost.pytorch.builders.base import Function, acting_by, made_by

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder


class Joining(Function):
    """A function of all inputs in one tuple."""

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return super().forward(inputs)  # type: ignore[arg-type]


class Slice(nn.Module):
    """input[start:end:step] along one dim."""

    def __init__(self, dim: int, start: int | None, end: int | None, step: int) -> None:
        super().__init__()
        self.dim = dim
        self.range = slice(start, end, step)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        index = [slice(None)] * input.dim()
        index[self.dim] = self.range
        return input[tuple(index)]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, {self.range}"


class Indexing(Function):
    """input[:, index]."""

    def forward(self, *inputs: Tensor) -> Tensor:
        values, index = inputs
        places: list[Any] = [slice(None)] * (self.settings["dim"] % values.dim())
        return values[(*places, index)]


class Gathering(Function):
    """torch.gather: the dim stands before the index."""

    def forward(self, *inputs: Tensor) -> Tensor:
        values, index = inputs
        result: Tensor = self.function(values, index=index, **self.settings)
        return result


BUILDERS: dict[str, Builder] = {
    "concat": acting_by(Joining),
    "stack": acting_by(Joining),
    "slice": made_by(Slice),
    "index_select": acting_by(Indexing),
    "gather": acting_by(Gathering),
    "expand": lambda op, _: Function("expand", size=op.sizes),
}
