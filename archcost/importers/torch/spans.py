"""The calls within one call of a module, with what goes in and what comes out: for rules that see a module whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archcost.importers.torch.dependence import refs
from archcost.importers.torch.recorded import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.torch.dependence import Dependences
    from archcost.importers.torch.recorded import ModuleCall, Recording, TorchCall


@dataclass(slots=True)
class Span:
    """The calls of one module call and of those within it, and of others right before it.

    ``inputs`` are the values from outside that vary, in the order in which they are read, ``outputs`` those that
    something outside reads, and ``parameters`` all that are given to a call; all are values of the recording. ``value``
    gives the value of the form for one of the recording.
    """

    number: int
    recording: Recording
    start: int
    end: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    value: Callable[[int], int]

    @property
    def module(self) -> ModuleCall:
        """The module call."""
        return self.recording.modules[self.number]

    @property
    def calls(self) -> list[TorchCall]:
        """Its function calls."""
        return self.recording.calls[self.start : self.end]


def span_of(recording: Recording, known: Dependences, number: int, start: int, value: Callable[[int], int]) -> Span:
    """The span of a module call, and of all that is called before it from ``start`` on."""
    end = start
    while end < len(recording.calls) and not _is_within(recording, recording.calls[end].module, number):
        end += 1
    while end < len(recording.calls) and _is_within(recording, recording.calls[end].module, number):
        end += 1
    inputs: dict[int, None] = {}
    outputs: dict[int, None] = {}
    parameters: dict[int, None] = {}
    for call in recording.calls[start:end]:
        for each in refs((call.args, call.kwargs)):
            if recording.values[each].origin is Origin.PARAMETER:
                parameters[each] = None
            elif known.of[each].varies and not start <= known.makers.get(each, -1) < end:
                inputs[each] = None
        outputs.update(dict.fromkeys([each for each in call.outputs if known.last_read.get(each, -1) >= end]))
    return Span(number, recording, start, end, tuple(inputs), tuple(outputs), tuple(parameters), value)


def _is_within(recording: Recording, module: int, number: int) -> bool:
    """Whether a module call is another one, or is made within it."""
    while module > number:
        module = recording.modules[module].parent
    return module == number
