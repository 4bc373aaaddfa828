"""How an op becomes a module: the class or function of its name in torch, with its attributes as arguments.

A name is no formula. What an argument is worth, PyTorch says; so agreement with the op is a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.ops.facets import WrittenAs
from archcost.ops.field_types import DtypeField
from archcost.pytorch.layers import attention, deformable, experts, state_space, tensors

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.ops.field_types import AttributeField

Inputs = tuple["Shape", ...]
Builder = Callable[[Any, Inputs], nn.Module]  # an op and the shapes of its inputs
CLASSES = (tensors, attention, experts, deformable, state_space, nn)
_FUNCTIONS = {"torch": torch, "torch.linalg": torch.linalg, "F": functional, "": Tensor}


class Function(nn.Module):
    """A torch function as a module: it has no tensors, its settings are the function's keyword arguments.

    It is looked up when it is called: counters put others in its place.
    """

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__()
        home, _, self.name = name.rpartition(".")
        self.home = home or ("torch" if hasattr(torch, self.name) else "")
        self.settings = settings

    @property
    def function(self) -> Callable[..., Any]:
        """The function of its name."""
        found: Callable[..., Any] = getattr(_FUNCTIONS[self.home], self.name)
        return found

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        result: Tensor | tuple[Tensor, ...] = self.function(*inputs, **self.settings)
        return result

    def extra_repr(self) -> str:
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return ", ".join([self.name, *settings])


def attributes(op: Any) -> dict[str, Any]:
    """The attributes of an op by name: they carry the names of torch's arguments."""
    return {name: _as_torch(getattr(op, name), field) for name, field in op.fields.items()}


def _as_torch(value: Any, field: AttributeField) -> Any:
    return getattr(torch, value) if isinstance(field, DtypeField) and value is not None else value


def arguments(op: Any, inputs: Inputs) -> dict[str, Any]:
    """The attributes, and the channels of the input where torch's class takes them and nothing else is said."""
    found = attributes(op)
    if op.inferred and found.get(op.inferred) is None:
        found[op.inferred] = inputs[0][op.channels]
    return found


def made_by(module: Callable[..., nn.Module]) -> Builder:
    """A builder that calls one class for an op, instead of that of its name."""
    return lambda op, inputs: module(**arguments(op, inputs))


def acting_by(module: Callable[..., nn.Module]) -> Builder:
    """A builder that gives a class the name of torch's function, and the attributes that are not null."""

    def build(op: Any, _: Inputs) -> nn.Module:
        given = {name: value for name, value in attributes(op).items() if value is not None}
        return module(op.torch_name, **given)

    return build


def build(op: Any, inputs: Inputs) -> nn.Module:
    """What torch, or :mod:`archcost.pytorch.layers`, has under an op's name."""
    if op.written is WrittenAs.FUNCTION:
        return _function(op, inputs)
    module = next((getattr(place, op.torch_name) for place in CLASSES if hasattr(place, op.torch_name)), None)
    if module is None:
        raise LookupError(f"torch.nn has no {op.torch_name}")
    return made_by(module)(op, inputs)


_function = acting_by(Function)
