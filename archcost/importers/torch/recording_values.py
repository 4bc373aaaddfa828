"""The values of a run: tensors by identity, each with a number, and their place among arguments and results."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archcost.importers.torch.recorded import Argument, Opaque, Origin, Ref, TorchValue

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = frozenset({bool, int, float, str, type(None), type(Ellipsis), torch.dtype, torch.Size})  # without tensors
_LONGEST_LIST = 1000  # of numbers among arguments; longer ones are data


def tensors_in(found: Any) -> list[Tensor]:
    """The tensors in nested lists, dicts and dataclasses, in order."""
    tensors: list[Tensor] = []
    _collect(found, tensors)
    return tensors


def _collect(found: Any, tensors: list[Tensor]) -> None:
    if isinstance(found, Tensor):
        tensors.append(found)
    elif type(found) in _PLAIN:
        return
    elif isinstance(found, list | tuple):
        for each in found:
            _collect(each, tensors)
    elif isinstance(found, Mapping):
        for each in found.values():
            _collect(each, tensors)
    elif isinstance(found, slice):
        _collect((found.start, found.stop, found.step), tensors)
    elif is_dataclass(found) and not isinstance(found, type):
        for field in fields(found):
            _collect(getattr(found, field.name, None), tensors)


def is_measured(tensor: Tensor) -> bool:
    """Whether a tensor is of floating point: one of whole numbers names things, or counts them."""
    return tensor.is_floating_point() or tensor.is_complex()


def dtype_name(dtype: torch.dtype) -> str:
    """``float32``."""
    return str(dtype).removeprefix("torch.")


class Ground(IntFlag):
    """What the numbers of a value follow from; what follows from two grounds has both."""

    NOTHING = 0  # positions, masks: the same in each run
    GIVEN = 1  # an input of whole numbers: ids, which are those of the example
    WEIGHTS = 2  # weights, buffers, chance
    INPUT = GIVEN | WEIGHTS  # an input of floating point; or ids with weights


class Values:
    """Every tensor of a run by its identity; all are kept alive, so that no identity stands for two."""

    def __init__(self, model: nn.Module) -> None:
        self.found: list[TorchValue] = []
        self.grounds: list[Ground] = []  # by number
        self.unseen = Ground.NOTHING  # of what `torch.vmap` has split: what becomes of it is not seen
        self._numbers: dict[int, int] = {}
        self._kept: list[Tensor] = []
        self._names: dict[int, tuple[Origin, str]] = {}
        for path, buffer in model.named_buffers():
            self._names[id(buffer)] = Origin.BUFFER, path
        for path, parameter in model.named_parameters():
            self._names[id(parameter)] = Origin.PARAMETER, path

    def known(self, tensor: Tensor) -> int | None:
        """The number of a tensor that was seen before."""
        return self._numbers.get(id(tensor))

    def number(self, tensor: Tensor) -> int:
        """The number of a tensor; one that was never seen is a parameter, a buffer, a constant, or another's memory."""
        number = self._numbers.get(id(tensor))
        if number is not None:
            return number
        if id(tensor) in self._names:
            return self.add(tensor, *self._names[id(tensor)])
        if _is_split(tensor):
            ground = self.ground([torch._C._functorch.get_unwrapped(tensor)])  # noqa: SLF001 - as above
            self.unseen |= ground
            return self.add(tensor, Origin.CONSTANT, ground=ground)
        number = self._in_the_same_memory(tensor)
        if number is None:
            return self.add(tensor, Origin.CONSTANT)
        self.same(tensor, number)
        return number

    def _in_the_same_memory(self, tensor: Tensor) -> int | None:
        """The value that a tensor is another name of, as `nn.Parameter(x)` gives one, which is no function."""
        look = _look(tensor)
        found = [other for other in self._kept if _look(other) == look] if look else []
        return self._numbers[id(found[-1])] if found else None

    def add(self, tensor: Tensor, origin: Origin, name: str = "", ground: Ground = Ground.WEIGHTS) -> int:
        """A new value; a tensor that had one has the new one from here on."""
        number = len(self.found)
        self.found.append(TorchValue(number, tuple(tensor.shape), dtype_name(tensor.dtype), origin, name))
        self.grounds.append(ground)
        self.same(tensor, number)
        return number

    def input(self, tensor: Tensor, name: str) -> int:
        """A new value that an input is."""
        return self.add(tensor, Origin.INPUT, name, Ground.INPUT if is_measured(tensor) else Ground.GIVEN)

    def ground(self, tensors: Iterable[Tensor]) -> Ground:
        """What the numbers of tensors follow from."""
        ground = Ground.NOTHING
        for tensor in tensors:
            ground |= self.grounds[self.number(tensor)]
        return ground

    def same(self, tensor: Tensor, number: int) -> None:
        """A tensor that is a value which there is already."""
        self._kept.append(tensor)
        self._numbers[id(tensor)] = number

    def argument(self, found: Any) -> Argument:
        """An argument as recordings have it."""
        if isinstance(found, Tensor):
            return Ref(self.number(found))
        if isinstance(found, list | tuple) and (len(found) <= _LONGEST_LIST or tensors_in(found)):
            return tuple([self.argument(each) for each in found])
        if isinstance(found, dict):
            return {str(key): self.argument(each) for key, each in found.items()}
        if isinstance(found, slice):
            return slice(self.argument(found.start), self.argument(found.stop), self.argument(found.step))
        return _leaf(found)


def _is_split(tensor: Tensor) -> bool:
    """Whether a tensor is one that `torch.vmap` has split."""
    return torch._C._functorch.is_functorch_wrapped_tensor(tensor)  # noqa: SLF001 - torch has no other name


def _look(tensor: Tensor) -> tuple[Any, ...]:
    """The part of its memory that a tensor shows; empty if it has none of its own."""
    if tensor.layout != torch.strided or _is_split(tensor):
        return ()
    return tensor.untyped_storage(), tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype


def _leaf(found: Any) -> Argument:
    """What holds no tensor: a whole number also of another library, or a text that says what was there."""
    if isinstance(found, torch.dtype):
        return dtype_name(found)
    if type(found) in _PLAIN or isinstance(found, float | str):
        return found
    try:
        return operator.index(found)
    except (TypeError, NotImplementedError):  # the latter of objects of TorchScript
        kind = type(found)
        told = isinstance(found, torch.device | torch.memory_format | torch.layout)
        return Opaque(kind.__name__, str(found) if told else f"{kind.__module__}.{kind.__qualname__}")
