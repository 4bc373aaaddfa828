"""What all builders share: an op's attributes as keyword arguments, and torch functions as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from archcost.dims import Shape

Inputs = tuple["Shape", ...]
Builder = Callable[[Any, Inputs], nn.Module]  # an op and the shapes of its inputs


def attributes(op: Any) -> dict[str, Any]:
    """The attributes of an op by name: they carry the names of torch's arguments."""
    return {name: getattr(op, name) for name in op.fields}


def plain(module: Callable[..., nn.Module]) -> Builder:
    """A builder that passes the op's attributes on."""
    return lambda op, _: module(**attributes(op))


def sized(module: Callable[..., nn.Module], dim: int) -> Builder:
    """A builder that passes the first input's size at ``dim`` as the first argument, then the op's attributes."""
    return lambda op, inputs: module(inputs[0][dim], **attributes(op))


class Function(nn.Module):
    """A torch function as a module: it has no tensors, its settings are the function's keyword arguments."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = settings

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())
