"""The storages of all tensors that PyTorch's dispatcher gives out, as they come and go."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

if TYPE_CHECKING:
    from collections.abc import Sequence

ACTIVATIONS = "activations"  # what a storage is, unless it is said
_WANTED = 9  # the place of what says which gradients a batch norm is to make


class Event(NamedTuple):
    """A storage that comes (``bytes`` > 0) or goes, and the layer that ran."""

    storage: int
    bytes: int
    place: str


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not type it
    """Follows the storages of all tensors that ops give out; ``place`` is set by whoever knows which layer runs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch does not type it
        self.events: list[Event] = []
        self.kinds: dict[int, str] = {}
        self.place = ""
        self._numbers: dict[int, int] = {}  # by the id of the storage, while it is alive
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = _as_of_real_tensors(func, args, func(*args, **(kwargs or {})))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self.follow(tensor)
        return result

    def follow(self, tensor: Tensor, kind: str = ACTIVATIONS) -> int:
        """The number of the tensor's storage; from now on its end is noted as well."""
        storage = tensor.untyped_storage()
        number = self._numbers.get(id(storage))
        if number is None:
            number = self._numbers[id(storage)] = len(self.kinds)
            self.kinds[number] = kind
            self._sizes[number] = storage.nbytes()
            self.events.append(Event(number, storage.nbytes(), self.place))
            weakref.finalize(storage, self._gone, id(storage), number).atexit = False
        elif storage.nbytes() != self._sizes[number]:  # resized
            self.events.append(Event(number, storage.nbytes() - self._sizes[number], self.place))
            self._sizes[number] = storage.nbytes()
        return number

    def _gone(self, key: int, number: int) -> None:
        del self._numbers[key]
        self.events.append(Event(number, -self._sizes[number], self.place))


def _as_of_real_tensors(func: Any, args: Sequence[Any], result: Any) -> Any:
    """What the kernel of the CPU gives out, where the rule for fake tensors gives out more or less.

    A shuffle of one group is a copy. A batch norm makes no gradient of an input that needs none.
    """
    if func is torch.ops.aten.channel_shuffle.default and _shared(result, args[0]):
        return result.clone()
    if func is torch.ops.aten.native_batch_norm_backward.default and not args[_WANTED][0]:
        return (None, *result[1:])
    return result


def _shared(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors lie on one storage."""
    return id(a.untyped_storage()) == id(b.untyped_storage())
