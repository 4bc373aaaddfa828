"""What the values of a recording depend on: whether they vary, and which parameters and buffers are in them.

A value varies if it depends on an input of the model, or holds a product that the counter counted. All others are
static: they are the same in every run, and are made into steps only where somebody uses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.torch.functions import SHAPE_ONLY
from archcost.importers.torch.recorded import Origin, Ref
from archcost.importers.torch.rules.base import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.torch.recorded import Argument, Recording, TorchCall

# Functions that take a shape, but no data, from tensors after the first; those that take none at all are SHAPE_ONLY.
_SHAPE_OF_SECOND = frozenset(["expand_as", "view_as", "reshape_as", "type_as", "to", "resize_as"])
# Functions whose result is their first argument, or a part of it, in another shape.
_VIEWS = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "swapaxes",
        "swapdims",
        "movedim",
        "moveaxis",
        "t",
        "T",
        "mT",
        "squeeze",
        "unsqueeze",
        "expand",
        "expand_as",
        "broadcast_to",
        "view_as",
        "reshape_as",
        "getitem",
        "narrow",
        "select",
        "chunk",
        "split",
        "unbind",
        "tensor_split",
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "long",
        "type_as",
    ]
)


class Dependence(NamedTuple):
    """What a value depends on. Of one that varies, parameters and buffers are not told."""

    varies: bool
    parameters: tuple[int, ...] = ()  # values of the recording, in the order in which they were read
    buffered: bool = False  # whether it is a buffer, or a view of one

    @property
    def constant(self) -> bool:
        """Whether it is the same in every run, and nothing that the model saves."""
        return not self.varies and not self.parameters and not self.buffered


_LEAVES = {
    Origin.INPUT: Dependence(varies=True),
    Origin.BUFFER: Dependence(varies=False, buffered=True),
    Origin.CONSTANT: Dependence(varies=False),
}


class Dependences:
    """What each value of a recording depends on, which call made it, and which call that is not dead reads it last."""

    def __init__(self, recording: Recording) -> None:
        self._values = recording.values
        self.of: list[Dependence] = [Dependence(varies=False)] * len(recording.values)
        self.makers: dict[int, int] = {}  # by value, the index of the call that made it
        self.parameters: dict[int, int] = {}  # those that a call takes, and the index of the first that does
        for value in recording.values:
            if value.origin is Origin.PARAMETER:
                self.of[value.number] = Dependence(varies=False, parameters=(value.number,))
            elif value.origin in _LEAVES:
                self.of[value.number] = _LEAVES[value.origin]
        for index, call in enumerate(recording.calls):
            self._follow(index, call)
        self.last_read = dict.fromkeys(recording.outputs, len(recording.calls))  # by value; past all calls for outputs
        self.alive: set[int] = set()  # indices of calls that an output needs, or that count by themselves
        for index in range(len(recording.calls) - 1, -1, -1):
            self._look_back(index, recording.calls[index])

    def _follow(self, index: int, call: TorchCall) -> None:
        arguments = list(refs((call.args, call.kwargs)))
        for value in arguments:
            if self._values[value].origin is Origin.PARAMETER:
                self.parameters.setdefault(value, index)
        found = self._result(call, [self.of[value] for value in data_of(call)])
        for value in call.outputs:
            if value not in arguments:
                self.makers[value] = index
                self.of[value] = found

    def _look_back(self, index: int, call: TorchCall) -> None:
        """Note what a call reads, if it is alive: all calls after it have been looked at."""
        arguments = list(refs((call.args, call.kwargs)))
        counts = bool(call.macs) or call.function not in FREE or not self.parameters.keys().isdisjoint(arguments)
        if counts or not self.last_read.keys().isdisjoint(call.outputs):
            self.alive.add(index)
            for value in arguments:
                self.last_read.setdefault(value, index)

    def _result(self, call: TorchCall, given: list[Dependence]) -> Dependence:
        if call.macs or call.function not in FREE or any(each.varies for each in given):
            varies = any(each.varies for each in given) or bool(call.macs) or bool(given)
            return Dependence(varies=varies)
        parameters = tuple(dict.fromkeys([value for each in given for value in each.parameters]))
        return Dependence(varies=False, parameters=parameters, buffered=self._is_view(call, given))

    def _is_view(self, call: TorchCall, given: list[Dependence]) -> bool:
        """Whether a call gives a view of a buffer, in its dtype."""
        if call.function not in _VIEWS or len(given) != 1 or not given[0].buffered or not call.args:
            return False
        (source, *_) = refs(call.args)
        return all(self._values[value].dtype == self._values[source].dtype for value in call.outputs)


def refs(argument: Argument) -> Iterator[int]:
    """The values among arguments, nested ones too, in their order."""
    if isinstance(argument, Ref):
        yield argument.value
    elif isinstance(argument, slice):
        yield from refs((argument.start, argument.stop, argument.step))
    elif isinstance(argument, dict):
        yield from refs(tuple(argument.values()))
    elif isinstance(argument, (tuple, list)):
        for item in argument:
            yield from refs(item)


def data_of(call: TorchCall) -> list[int]:
    """The values whose data a call takes; of some functions, an argument only gives its shape or dtype."""
    args, kwargs = call.args, call.kwargs
    if call.function in SHAPE_ONLY:
        args, kwargs = args[1:], {name: value for name, value in kwargs.items() if name != "input"}
    elif call.function in _SHAPE_OF_SECOND:
        args, kwargs = args[:1], {name: value for name, value in kwargs.items() if name == "input"}
    return list(dict.fromkeys(refs((args, kwargs))))
