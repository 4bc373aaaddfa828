"""Functions that give tensors whose shape depends on values: what decides it, and what cannot be decided.

A shape that depends on the input's numbers is nobody's to know. What finds places (``where``, ``nonzero``) may run, as
long as the places only say where something is written; any other use of such a tensor is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from archcost.importers.torch.functions import VALUE_SHAPED
from archcost.importers.torch.recording_values import tensors_in
from archcost.importers.torch.shadows import MASKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.importers.torch.calls import Called

_HIDDEN = object()
_FINDERS = frozenset({"where", "nonzero"})


def deciding(call: Called) -> list[Tensor]:
    """The tensors whose values decide the shape of what a call gives, or of what it writes; mostly none."""
    name, _, args, kwargs = call
    if name in VALUE_SHAPED:
        return tensors_in((args[1:] if name == "masked_select" else args, kwargs))
    if name in ("getitem", "setitem"):
        return masks(call)
    if name == "where":
        return tensors_in((args, kwargs)) if len(args) + len(kwargs) == 1 else []
    if name == "one_hot":
        classes = args[1] if len(args) > 1 else kwargs.get("num_classes", -1)
        return tensors_in((args[:1], kwargs)) if classes == -1 else []
    if name == "repeat_interleave" and kwargs.get("output_size") is None:
        repeats = kwargs.get("repeats")
        return tensors_in((args if repeats is None and len(args) == 1 else args[1:], repeats))
    return tensors_in((args[1:], kwargs)) if name == "tensor_split" else []


def masks(call: Called) -> list[Tensor]:
    """The masks among the indices of a call that takes a part or writes one."""
    return [tensor for tensor in tensors_in(call.args[1]) if tensor.dtype in MASKS]


class Unsettled:
    """The tensors of a run whose shape depends on the input's numbers, and what gave them."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[Tensor, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def __contains__(self, tensor: Tensor) -> bool:
        return id(tensor) in self._found

    def hidden(self, leaf: Any) -> Any:
        """A tensor of unknown shape as nothing that a recording needs; all else as it is."""
        return _HIDDEN if isinstance(leaf, Tensor) and leaf in self else leaf

    def cause(self, tensors: Iterable[Tensor]) -> str:
        """What gave the first of these tensors that is unsettled; empty if none is."""
        return next((self._found[id(tensor)][1] for tensor in tensors if tensor in self), "")

    def places(self, call: Called, words: str) -> Tensor | tuple[Tensor, ...] | None:
        """The places that a call would find, for want of numbers none; None if the call finds no places."""
        if call.name not in _FINDERS:
            return None
        (mask,) = tensors_in((call.args, call.kwargs))
        rank = max(mask.ndim, 1)
        each = call.name == "where" or call.kwargs.get("as_tuple", False)
        shape = (0,) if each else (0, rank)
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - as torch's notes on extending it have it
            found = [torch.empty(shape, dtype=torch.int64, device=mask.device) for _ in range(rank if each else 1)]
        self._found |= {id(tensor): (tensor, words) for tensor in found}
        return tuple(found) if each else found[0]
