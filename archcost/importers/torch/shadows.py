"""Shadows: values that follow from no input and no weight, computed on the CPU beside a run that has no numbers.

A run on the meta device knows shapes alone. What a model makes of nothing (positions, masks, tables) is computed as
well, so that Python may read it: the run takes the branch that it takes in truth. What has no shadow cannot be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from archcost.importers.torch.calls import Called, changed
from archcost.importers.torch.functions import EMPTY, RANDOM, SHAPE_ONLY
from archcost.importers.torch.recording_values import tensors_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MASKS = (torch.bool, torch.uint8)  # dtypes of indices that say of each place whether it is taken
META = torch.device("meta")
_CPU = torch.device("cpu")
# What a tensor says of where it is: a model whose code asks takes the way that it takes where there are numbers. What
# it has made there is made on the meta device.
ON_THE_CPU: dict[str, Any] = {"device": _CPU, "is_meta": False, "is_cpu": True}
_MOST_ELEMENTS = 1 << 20  # of one shadow
REFUSED = (RuntimeError, TypeError, ValueError, IndexError)  # what torch's functions raise


def dependencies(call: Called) -> tuple[Any, ...]:
    """The arguments of a call on whose numbers its result depends."""
    return (call.args[1:], call.kwargs) if call.name in SHAPE_ONLY else call.arguments


class Shadows:
    """The shadows of tensors on the meta device, by identity; both are kept alive."""

    def __init__(self) -> None:
        self._pairs: dict[int, tuple[Tensor, Tensor]] = {}  # the tensor of the run, and its shadow
        self._twins: dict[int, Tensor] = {}  # of tensors with numbers that came into the run

    def known(self, tensors: Iterable[Tensor]) -> bool:
        """Whether all tensors have a shadow."""
        return all(id(tensor) in self._pairs for tensor in tensors)

    def twin(self, tensor: Tensor) -> Tensor:
        """The tensor on the meta device that stands for one with numbers; the latter is its shadow."""
        twin = self._twins.get(id(tensor))
        if twin is None:
            twin = torch.empty_strided(tuple(tensor.shape), tensor.stride(), dtype=tensor.dtype, device=META)
            self._twins[id(tensor)] = twin
            self._pairs[id(twin)] = twin, tensor
        return twin

    def give(self, tensor: Tensor, numbers: Tensor) -> None:
        """The numbers of an input on the meta device."""
        self._pairs[id(tensor)] = tensor, numbers

    def onto_meta(self, call: Called) -> Called:
        """A call with all tensors, and all devices, on the meta device."""

        def change(leaf: Any) -> Any:
            if isinstance(leaf, Tensor):
                return leaf if leaf.is_meta else self.twin(leaf)
            return META if isinstance(leaf, torch.device) or (call.name == "to" and isinstance(leaf, str)) else leaf

        named = call.name == "to" or any(isinstance(leaf, torch.device) for leaf in call.args)
        elsewhere = named or not all(tensor.is_meta for tensor in tensors_in(call.arguments))
        return _on(META, call.changed(change) if elsewhere else call)

    def computed(self, call: Called) -> Any:
        """What a call gives on shadows; a tensor without one, of which only the shape counts, is stood in for."""

        def change(leaf: Any) -> Any:
            if isinstance(leaf, Tensor):
                pair = self._pairs.get(id(leaf))
                return pair[1] if pair else torch.zeros((), dtype=leaf.dtype).expand(leaf.shape)
            return _CPU if isinstance(leaf, torch.device) else leaf

        with torch._C.DisableTorchFunction():  # noqa: SLF001 - as torch's notes on extending it have it
            found = _on(_CPU, call.changed(change)).run()
            return found.zero_() if call.name in EMPTY else found

    def follow(self, call: Called, given: Sequence[Tensor], written: Sequence[Tensor]) -> None:
        """Compute what a call has ``given`` on the CPU if all that it reads is known; else, forget what it wrote."""
        read = tensors_in(dependencies(call))
        small = sum([tensor.numel() for tensor in given]) <= _MOST_ELEMENTS
        if small and call.name not in RANDOM and self.known(read):
            try:
                found = tensors_in(self.computed(call)) or [self._pairs[id(each)][1] for each in written]
            except REFUSED:
                found = []
            if [(each.shape, each.dtype) for each in found] == [(each.shape, each.dtype) for each in given]:
                self._pairs |= {id(tensor): (tensor, shadow) for tensor, shadow in zip(given, found, strict=True)}
                return
        self.forget(written)

    def seen(self, found: Any) -> Any:
        """What was computed on shadows as the run is to see it: tensors on the meta device, arguments as themselves."""
        back = {id(shadow): tensor for tensor, shadow in self._pairs.values()}

        def change(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            return back[id(leaf)] if id(leaf) in back else self.twin(leaf)

        return changed(found, change)

    def settled(self, call: Called) -> Called:
        """A call with numbers for the single values that are known: sizes, bounds of slices."""

        def change(leaf: Any) -> Any:
            pair = self._pairs.get(id(leaf)) if isinstance(leaf, Tensor) and leaf.ndim == 0 else None
            return pair[1].item() if pair else leaf

        return call.changed(change)

    def without_masks(self, call: Called) -> Called:
        """A call that takes a part, with the places that its masks stand for, all of which are known."""
        index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
        found: list[Any] = []
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - as above
            for each in index:
                if isinstance(each, Tensor) and each.dtype in MASKS:
                    found += [self.twin(place) for place in self._pairs[id(each)][1].bool().nonzero(as_tuple=True)]
                else:
                    found.append(each)
        return call._replace(args=(call.args[0], tuple(found), *call.args[2:]))

    def forget(self, written: Iterable[Tensor]) -> None:
        """Drop the shadows of tensors, and all that share their memory."""
        for pair in [self._pairs[id(tensor)] for tensor in written if id(tensor) in self._pairs]:
            memory = _memory(pair[1])
            self._pairs = {each: other for each, other in self._pairs.items() if _memory(other[1]) != memory}


def _on(device: torch.device, call: Called) -> Called:
    """A call that names a device, on another one."""
    return call._replace(kwargs=call.kwargs | {"device": device}) if call.kwargs.get("device") is not None else call


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
