"""The function mode under which a model runs once: every call of a torch function is passed on and noted.

What a run cannot know is not guessed: where Python reads a number that depends on the input, or needs a shape that
does, the run is stopped with the place. Where it depends on weights or chance alone, a run with numbers may have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._ops import HigherOrderOperator
from torch.overrides import TorchFunctionMode

from archcost.errors import UsageError
from archcost.importers.torch.calls import Called
from archcost.importers.torch.functions import QUIET, name_of, reads
from archcost.importers.torch.recording_values import Ground, tensors_in
from archcost.importers.torch.recurrences import Recurrences
from archcost.importers.torch.shadows import ON_THE_CPU, REFUSED
from archcost.importers.torch.value_shapes import Unsettled, deciding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.torch.shadows import Shadows
    from archcost.importers.torch.tape import Tape

_NARROW_ON_META = frozenset({"grouped_mm", "_grouped_mm"})  # torch has them in half of the width alone
_GRADIENTS = (torch.autograd.grad, Tensor.backward)
_MOVES = frozenset({"cpu", "cuda"})


class NumbersNeededError(UsageError):
    """A run on the meta device needs a number that is not known there; the message says which, and where."""


class CallRecorder(TorchFunctionMode):
    """Notes all calls of a run on a tape; ``stopped`` is the error that ended it, whatever the model made of it.

    ``remarks`` are what the run took for true of its input.

    With ``shadows`` the run is on the meta device, and numbers are known from them alone.
    """

    def __init__(self, tape: Tape, shadows: Shadows | None) -> None:
        super().__init__()
        self.stopped: UsageError | None = None
        self.remarks: dict[str, None] = {}
        self._tape, self._shadows = tape, shadows
        self._unsettled = Unsettled()
        self._recurrences = Recurrences(tape.macs)

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Pass a function on and note it."""
        if function in _GRADIENTS:
            raise self._refused(f"the gradients that `{function.__name__}` takes at {self._tape.where()} are not seen")
        name = name_of(function)
        if self._shadows is not None and name in ON_THE_CPU:
            return ON_THE_CPU[name]
        if name in QUIET and not self._unsettled:
            return function(*args, **(kwargs or {}))
        call = Called(name, function, args, kwargs or {})
        if isinstance(function, HigherOrderOperator):
            raise self._refused(f"`{name}` at {self._tape.where()} runs functions that it is given, which are not seen")
        if self._unsettled:
            self._refuse_unsettled(call)
        if name in QUIET:
            return call.run()
        if self._shadows is not None:
            if name in _MOVES:
                return args[0]
            call = self._shadows.onto_meta(call)
        return self._read(call) if reads(function) else self._passed(call)

    def _passed(self, call: Called) -> Any:
        deciders = deciding(call)
        if call.name == "setitem":
            return self._write_somewhere(call) if self._is_somewhere(call, deciders) else self._run(call, deciders)
        if deciders and not self._known(deciders, f"the shape of what `{call.name}` gives"):
            return self._find_nothing(call)
        return self._run(call, deciders)

    def settle(self, outputs: Sequence[Tensor]) -> None:
        """Stop if the shape of an output depends on the input's numbers."""
        words = self._unsettled.cause(outputs)
        if words:
            self._refused(words)

    def _run(self, call: Called, deciders: Sequence[Tensor]) -> Any:
        """Run and note a call whose shapes are known."""
        before = self._tape.before(call)
        if self._tape.values.unseen:
            raise self._refused(f"what `{_transform(before.tensors)}` makes at {self._tape.where()} is not seen")
        if self._shadows is None:
            found = self._flat(call, call.run())
            self._tape.after(call, before, found)
            return found
        found = self._flat(call, self._run_on_meta(call, self._shadows, deciders))
        outcome = self._tape.after(call, before, found)
        counted = self._tape.macs()
        self._shadows.follow(call, *outcome)
        self._tape.skip(self._tape.macs() - counted)
        return found

    def _flat(self, call: Called, found: Any) -> Any:
        """What a call gives, if it has a shape: nested tensors are lists of tensors, each with its own."""
        if any(tensor.is_nested for tensor in tensors_in(found)):
            raise self._refused(f"the nested tensor that `{call.name}` makes at {self._tape.where()} has no shape")
        return found

    def _run_on_meta(self, call: Called, shadows: Shadows, deciders: Sequence[Tensor]) -> Any:
        """What a call gives on the meta device; where torch cannot say it there, what it gives on shadows."""
        if call.name in _NARROW_ON_META:
            return _narrowed(call)
        recurrence = self._recurrences.run(call)
        if recurrence is not None:
            self._tape.skip(-recurrence.macs)
            return recurrence.given
        if deciders and call.name in ("getitem", "setitem"):
            return shadows.without_masks(call).run()
        known = shadows.known(tensors_in(call.arguments))
        if deciders and known:
            return shadows.seen(shadows.computed(call))
        try:
            return call.run()
        except REFUSED:
            return shadows.seen(shadows.computed(call)) if known else shadows.settled(call).run()

    def _find_nothing(self, call: Called) -> Any:
        """What stands for a result whose shape depends on the input's numbers, where that may be of no consequence."""
        words = f"the shape of what `{call.name}` gives at {self._tape.where()} depends on the input's numbers"
        places = self._unsettled.places(call, words)
        if places is None:
            raise self._refused(words)
        return places

    def _is_somewhere(self, call: Called, deciders: Sequence[Tensor]) -> bool:
        """Whether the places that a call writes at are not known."""
        masked = bool(deciders) and self._shadows is not None and not self._shadows.known(deciders)
        return masked or bool(self._unsettled.cause(tensors_in(call.args[1])))

    def _write_somewhere(self, call: Called) -> None:
        """Note that a tensor is written into at places that are not known; its shape stays."""
        before = self._tape.before(call.changed(self._unsettled.hidden))
        outcome = self._tape.after(call, before, None)
        if self._shadows is not None:
            self._shadows.forget(outcome.written)

    def _read(self, call: Called) -> Any:
        """A number of Python's, if the run can know it."""
        tensors = tensors_in(call.arguments)
        if not self._known(tensors, f"the number that `{call.name}` reads"):
            raise self._refused(
                f"the number that `{call.name}` reads at {self._tape.where()} depends on the input's numbers"
            )
        return call.run() if self._shadows is None else self._shadows.computed(call)

    def _known(self, tensors: Sequence[Tensor], what: str) -> bool:
        """Whether the values of tensors are known; False if they depend on the input.

        Raises NumbersNeededError if they depend on weights or chance, and this is a run without numbers.
        """
        ground = self._tape.values.ground(tensors)
        if self._shadows is not None and self._shadows.known(tensors):
            ground &= Ground.GIVEN
        elif ground == Ground.INPUT:
            return False
        elif self._shadows is not None:
            self.stopped = self.stopped or NumbersNeededError(f"{what} at {self._tape.where()}")
            raise self.stopped
        if ground == Ground.GIVEN:
            self.remarks[f"{what} at {self._tape.where()} is that of the whole numbers that the input was given"] = None
        return True

    def _refuse_unsettled(self, call: Called) -> None:
        """Refuse whatever is done with tensors of unknown shapes, but writing at places that they name."""
        if call.name == "setitem" and not self._unsettled.cause(tensors_in((call.args[0], call.args[2]))):
            return
        words = self._unsettled.cause(tensors_in(call.arguments))
        if words:
            raise self._refused(words)

    def _refused(self, words: str) -> UsageError:
        self.stopped = self.stopped or UsageError(words)
        return self.stopped


def _transform(tensors: Sequence[Tensor]) -> str:
    """What has wrapped one of the tensors."""
    functorch = torch._C._functorch  # noqa: SLF001 - torch has no other name for it
    return "torch.func.grad" if any(map(functorch.is_gradtrackingtensor, tensors)) else "torch.vmap"


def _narrowed(call: Called) -> Any:
    """What a call gives, by its shapes and dtypes, that the meta device has for bfloat16 alone."""

    def narrow(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not leaf.is_floating_point():
            return leaf
        return torch.empty_strided(leaf.shape, leaf.stride(), dtype=torch.bfloat16, device=leaf.device)

    found: Tensor = call.changed(narrow).run()
    return found.to(tensors_in(call.args)[0].dtype)
