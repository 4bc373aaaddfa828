"""Recurrent layers without numbers: torch runs them step by step, operator by operator, so that long ones take long.

A step reads the state that the step before has left, and does the same products. So a sequence of one step and one of
two say what any costs, and the second has the form of the result. Calls that are alike in shapes are run once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from archcost.importers.torch.calls import changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.torch.calls import Called

_LAYERS = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
_ARGUMENTS = 9  # input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
_HAS_BIASES = 3  # its place; packed sequences have weights there
_RUN = 2  # steps


class Recurrence(NamedTuple):
    """What a recurrent call gives, and all its MACs."""

    given: tuple[Tensor, ...]
    macs: int


class Recurrences:
    """The recurrent calls of a run over more steps than need be run; ``counted`` says what torch has counted so far."""

    def __init__(self, counted: Callable[[], int]) -> None:
        self._counted = counted
        self._known: dict[str, Recurrence] = {}

    def run(self, call: Called) -> Recurrence | None:
        """What a call gives, and what it costs beyond what torch counts now; None if it is no long recurrence."""
        if not _is_long(call):
            return None
        at_start = self._counted()
        key = str((call.name, changed(call.args, _form)))
        if key not in self._known:
            self._known[key] = self._in_two_steps(call)
        given, macs = self._known[key]
        fresh = [torch.empty_strided(each.shape, each.stride(), dtype=each.dtype, device=each.device) for each in given]
        return Recurrence(tuple(fresh), macs - (self._counted() - at_start))

    def _in_two_steps(self, call: Called) -> Recurrence:
        at_start = self._counted()
        _cut(call, 1).run()
        one = self._counted() - at_start
        result, *states = _cut(call, _RUN).run()
        more = self._counted() - at_start - 2 * one  # of each step after the first
        shape, dim = [*result.shape], _steps_dim(call)
        shape[dim] = call.args[0].shape[dim]
        layout = sorted(range(result.ndim), key=result.stride, reverse=True)
        full = torch.empty_permuted(shape, layout, dtype=result.dtype, device=result.device)
        return Recurrence((full, *states), one + (shape[dim] - 1) * more)


def _is_long(call: Called) -> bool:
    if call.name not in _LAYERS or len(call.args) < _ARGUMENTS or not isinstance(call.args[_HAS_BIASES], bool):
        return False
    shape = call.args[0].shape
    return len(shape) > _steps_dim(call) and shape[_steps_dim(call)] > _RUN


def _steps_dim(call: Called) -> int:
    return 1 if call.args[_ARGUMENTS - 1] else 0  # batch first


def _cut(call: Called, steps: int) -> Called:
    return call._replace(args=(call.args[0].narrow(_steps_dim(call), 0, steps), *call.args[1:]))


def _form(leaf: Any) -> Any:
    return (leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf
