"""The tape: the calls of a run in order, the values between them, and what each of them cost by torch's counter.

Operators that no function of Python has called (those of scripted functions and of C++ extensions) are calls as well.
The counter adds what they cost after them, so their MACs are the difference to the next call.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from archcost.importers.torch.functions import RANDOM, spelling_of, writes_by_name
from archcost.importers.torch.places import is_operator, place
from archcost.importers.torch.recorded import Argument, Opaque, Origin, Ref, TorchCall
from archcost.importers.torch.recording_values import Ground, tensors_in
from archcost.importers.torch.shadows import dependencies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.utils.flop_counter import FlopCounterMode

    from archcost.importers.torch.calls import Called
    from archcost.importers.torch.module_calls import ModuleCalls
    from archcost.importers.torch.recording_values import Values

# They give what they take: whether it is copied for that may follow the batch, and is of no consequence.
_SAME = frozenset({"contiguous"})
_OPERATORS = frozenset({"matmul", "mul", "add"})  # that counters see as functions and not as operators


class Before(NamedTuple):
    """What is to be known of a call before it runs."""

    tensors: list[Tensor]
    versions: list[int]
    args: tuple[Argument, ...]
    kwargs: dict[str, Argument]
    ground: Ground
    macs: int


class CallEffect(NamedTuple):
    """The tensors that a call has given, and those that it has written into."""

    given: list[Tensor]
    written: list[Tensor]


class Tape:
    """The calls of a run, and its values by the identity of tensors."""

    def __init__(self, values: Values, modules: ModuleCalls, counter: FlopCounterMode) -> None:
        self.values, self.modules = values, modules
        self.calls: list[TorchCall] = []
        self._counter = counter
        self.missed = ""  # the place of the first call before which MACs were counted in no call
        self._total = 0  # of all calls' MACs
        self._skipped = 0
        self._operator: TorchCall | None = None  # the last call, if it is one of an operator

    def macs(self) -> int:
        """What torch's counter has counted, in MACs."""
        return self._counter.get_total_flops() // 2 - self._skipped

    def unaccounted(self) -> int:
        """MACs that the counter has counted outside of all calls: what recording did not see."""
        self._claim()
        return self.macs() - self._total

    def skip(self, macs: int) -> None:
        """Leave out MACs that were counted in no call of the model; negative: add what a call has beyond the count."""
        self._skipped += macs

    def where(self) -> str:
        """``net.py:12, module layer1.0``."""
        path = self.modules.calls[self.modules.current].path
        return ", ".join([part for part in (place(), path and f"module {path}") if part])

    def before(self, call: Called) -> Before:
        """Look at a call before it runs."""
        tensors = tensors_in(call.arguments)
        args, kwargs = self.values.argument(call.args), self.values.argument(call.kwargs)
        ground = self.values.ground(tensors_in(dependencies(call))) | (Ground.WEIGHTS if call.name in RANDOM else 0)
        self._claim()
        macs = self.macs()
        if macs > self._total:
            self.missed = self.missed or self.where()
        return Before(tensors, [_version(each) for each in tensors], args, kwargs, ground, macs)

    def after(self, call: Called, before: Before, found: Any) -> CallEffect:
        """Note a call that has run."""
        if call.name == "set_data":
            self.values.same(before.tensors[0], self.values.number(before.tensors[1]))
            return CallEffect(before.tensors[:1], before.tensors[:1])
        given = tensors_in(found)
        writes = self._written(call, before, given)
        outcome = CallEffect(given or writes, writes)
        if not outcome.given:
            return outcome
        read = {id(each) for each in before.tensors}
        if call.name in _SAME:
            self.values.same(given[0], self.values.number(before.tensors[0]))
            return outcome
        macs = self.macs() - before.macs
        new = [each for each in outcome.given if id(each) not in read and self.values.known(each) is None]
        outputs = self._numbered(outcome.given, [*new, *writes], before.ground)
        if new or writes or macs or "dropout" in call.name:
            self._add(call, before, outputs, macs, in_place=bool(writes))
            self._write_bases(writes, read, before.ground)
        return outcome

    def _add(self, call: Called, before: Before, outputs: tuple[int, ...], macs: int, *, in_place: bool) -> None:
        module = self.modules.current
        spelled = self._spelled(call)
        noted = TorchCall(
            call.name, before.args, before.kwargs, outputs, module, macs, in_place, place=place(), spelled=spelled
        )
        self.calls.append(noted)
        self._total += macs
        self._operator = noted if isinstance(call.function, torch._ops.OpOverload) else None  # noqa: SLF001 - no other name

    def _spelled(self, call: Called) -> str:
        """The name by which a tool can put a function in the place of torch's; empty where it cannot.

        It cannot for a function that the module has kept as an attribute. Nobody does for operators other than ``@``.
        """
        if call.name in _OPERATORS and is_operator():
            return "torch.Tensor.__matmul__" if call.name == "matmul" else ""
        for kept in vars(self.modules.calls[self.modules.current].module).values():
            if (kept.func if isinstance(kept, partial) else kept) is call.function:
                return ""
        return spelling_of(call.function)

    def _numbered(self, given: Sequence[Tensor], new: Sequence[Tensor], ground: Ground) -> tuple[int, ...]:
        made = {id(each): self.values.add(each, Origin.RESULT, ground=ground) for each in new}
        return tuple([made[id(each)] if id(each) in made else self.values.number(each) for each in given])

    def _written(self, call: Called, before: Before, given: Sequence[Tensor]) -> list[Tensor]:
        """The arguments that a call has written into and gives, or all if it gives none.

        What it writes beside (the statistics of a norm) is state, which no result of this run is made of.
        """
        if call.name == "setitem":  # what is written may be a view of what it is written into, and change with it
            return before.tensors[:1]
        returned = {id(each) for each in given}
        pairs = zip(before.tensors, before.versions, strict=True)
        found = {id(each): each for each, version in pairs if version != _version(each)}
        if writes_by_name(call.function) and before.tensors:
            target = before.tensors[0]  # under inference mode it has no version; else all that share its memory have it
            found = {id(target): target}
        return [each for identity, each in found.items() if identity in returned or not given]

    def _write_bases(self, written: Sequence[Tensor], read: set[int], ground: Ground) -> None:
        """What is written into a view is written into the tensor that it shows a part of."""
        for view in written:
            base = None if view.is_inference() else view._base  # noqa: SLF001 - torch has no other name for it
            number = None if base is None else self.values.known(base)
            if base is None or number is None or id(base) in read:
                continue
            args = (Ref(number), Opaque("view", "what the view shows"), Ref(self.values.number(view)))
            output = self.values.add(base, Origin.RESULT, ground=ground | self.values.grounds[number])
            self.calls.append(
                TorchCall(
                    "setitem", args, {}, (output,), self.modules.current, 0, in_place=True, place=self.calls[-1].place
                )
            )

    def _claim(self) -> None:
        """Give an operator what the counter added after it."""
        if self._operator is not None:
            more = self.macs() - self._total
            assert isinstance(self._operator.macs, int)
            self._operator.macs += more
            self._total += more


def _version(tensor: Tensor) -> int:
    try:
        return tensor._version  # noqa: SLF001 - torch has no other name for it
    except RuntimeError:  # it was made under inference mode
        return 0
