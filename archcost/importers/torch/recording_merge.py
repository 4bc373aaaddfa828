"""Two runs of a model become one recording: what differs between them follows the batch, as times · batch + plus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import Batched, fitted, summed
from archcost.importers.torch.recorded import (
    Argument,
    ModuleCall,
    Opaque,
    Origin,
    Recording,
    Ref,
    TorchCall,
    TorchValue,
)
from archcost.importers.torch.rules.base import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Size
    from archcost.importers.torch.recording_run import RecordedRun


class UnseenError(Exception):
    """A run has used what no recorded call has made, although it is made of the input; the text says what."""


class DifferentError(Exception):
    """Two runs are not alike; the text says where."""


class CurvedError(DifferentError):
    """A number of the runs is no line in the batch; the text says which."""


class Merged(NamedTuple):
    """A recording of two runs; ``bent``: two do not show that each of its numbers is a line in the batch."""

    recording: Recording
    bent: bool


def alone(run: RecordedRun, remarks: Sequence[str]) -> Recording:
    """A recording of one run, for want of a second; the last remark says why."""
    *others, why = remarks
    words = [*run.remarks, *others, f"recorded at batch {run.batch} alone: {why}"]
    batches = (run.batch,)
    return Recording(
        run.values, run.calls, run.modules, run.inputs, run.outputs, run.parameters, run.macs, batches, run.dtype, words
    )


def merged(first: RecordedRun, second: RecordedRun) -> Merged:
    """A recording of two runs. Raises DifferentError if they are not alike, call by call and value by value.

    Two runs at the same batch size have to be the same.
    """
    merge = _Merge(first.batch, second.batch)
    calls = [merge.call(one, two) for one, two in zip(first.calls, second.calls, strict=False)]  # they say where
    if len(first.calls) != len(second.calls):
        raise DifferentError(f"{len(first.calls)} calls become {len(second.calls)}")
    values = [merge.value(one, two) for one, two in zip(first.values, second.values, strict=False)]
    _alike("values", len(first.values), len(second.values))
    _alike("module calls", [_module(each) for each in first.modules], [_module(each) for each in second.modules])
    _alike("inputs", first.inputs, second.inputs)
    _alike("outputs", first.outputs, second.outputs)
    batches = (first.batch, second.batch)
    recording = Recording(
        values,
        calls,
        first.modules,
        first.inputs,
        first.outputs,
        first.parameters,
        summed([call.macs for call in calls]),
        batches,
        first.dtype,
        first.remarks,
    )
    return Merged(recording, merge.bent)


def straight(first: RecordedRun, between: RecordedRun, found: Recording) -> None:
    """Hold what two runs have made of each number against a third run; raises CurvedError where it is no line."""
    again = merged(first, between).recording
    batches = ", ".join(map(str, sorted({*found.batch_sizes, between.batch})))
    for one, two in zip(found.calls, again.calls, strict=True):
        shapes = [
            [found.values[value].shape for value in one.outputs],
            [again.values[value].shape for value in two.outputs],
        ]
        if (one.args, one.kwargs, one.macs, shapes[0]) != (two.args, two.kwargs, two.macs, shapes[1]):
            raise CurvedError(f"{one.function} ({one.place}) is not in proportion to the batch, seen at {batches}")
    for left, right in zip(found.values, again.values, strict=True):
        if left.shape != right.shape:
            raise CurvedError(
                f"the size of {left.name or 'a tensor'} is not in proportion to the batch, seen at {batches}"
            )


def _module(call: ModuleCall) -> tuple[str, int, int]:
    return call.path, call.parent, call.number


def _alike(what: str, one: object, two: object) -> None:
    if one != two:
        raise DifferentError(f"its {what} are others")


def _list(one: tuple[Argument, ...], two: tuple[Argument, ...]) -> Opaque:
    """A list of numbers whose length follows the batch; of tensors, it is another path."""
    if any(isinstance(leaf, Ref) for leaf in _leaves((one, two))):
        raise DifferentError(f"{len(one)} tensors become {len(two)}")
    return Opaque("list", "its length follows the batch")


def _leaves(argument: Argument) -> list[Argument]:
    return [leaf for each in argument for leaf in _leaves(each)] if isinstance(argument, tuple) else [argument]


class _Merge:
    """What becomes of two numbers at two batch sizes."""

    def __init__(self, first: int, second: int) -> None:
        self.first, self.second = first, second
        self.bent = False  # whether any number has a part for each sample, and one beside

    def size(self, one: Size, two: Size) -> Size:
        """A number that is the same, or follows the batch."""
        assert isinstance(one, int)
        assert isinstance(two, int)
        try:
            size = fitted((one, two), (self.first, self.second))
        except ValueError as refusal:
            raise DifferentError(str(refusal)) from None
        self.bent |= isinstance(size, Batched) and size.plus != 0
        return size

    def value(self, one: TorchValue, two: TorchValue) -> TorchValue:
        """A value of both runs."""
        same = (one.origin, one.name, one.dtype, len(one.shape)) == (two.origin, two.name, two.dtype, len(two.shape))
        if not same:
            raise DifferentError(f"a value is {one.dtype} {list(one.shape)} and {two.dtype} {list(two.shape)}")
        shape = tuple([self.size(left, right) for left, right in zip(one.shape, two.shape, strict=True)])
        if one.origin is Origin.CONSTANT and one.shape != two.shape:
            words = f"a tensor of {list(one.shape)} that follows the batch is made where recording does not see it"
            raise UnseenError(words)
        return TorchValue(one.number, shape, one.dtype, one.origin, one.name)

    def call(self, one: TorchCall, two: TorchCall) -> TorchCall:
        """A call of both runs."""
        if (one.function, one.module, one.outputs) != (two.function, two.module, two.outputs):
            raise DifferentError(f"{one.function} ({one.place}) and {two.function} ({two.place})")
        try:
            args, kwargs = self.argument(one.args, two.args), self.argument(one.kwargs, two.kwargs)
        except DifferentError as error:
            raise DifferentError(f"{error}, of {one.function} ({one.place})") from None
        try:
            macs = self._macs(one, two)
        except DifferentError as error:
            raise DifferentError(f"{error}, the MACs of {one.function} ({one.place})") from None
        return replace(one, args=args, kwargs=kwargs, macs=macs)

    def _macs(self, one: TorchCall, two: TorchCall) -> Size:
        """The MACs of a call of both runs; none if the counter sees them at one batch size alone."""
        assert isinstance(one.macs, int)
        assert isinstance(two.macs, int)
        if one.function in UNSEEN and 0 in (one.macs, two.macs):
            return 0
        return self.size(one.macs, two.macs)

    def argument(self, one: Argument, two: Argument) -> Argument:
        """An argument of both runs; a number of floating point is that of the first, as no figure follows from it."""
        if type(one) is not type(two):
            raise DifferentError(f"{one} becomes {two}")
        if isinstance(one, dict):
            _alike("keywords", list(one), list(two))
            return {key: self.argument(value, two[key]) for key, value in one.items()}
        if isinstance(one, slice):
            parts = [(one.start, two.start), (one.stop, two.stop), (one.step, two.step)]
            return slice(*[self.argument(*part) for part in parts])
        if isinstance(one, tuple):
            if len(one) != len(two):
                return _list(one, two)
            return tuple([self.argument(left, right) for left, right in zip(one, two, strict=True)])
        return self._leaf(one, two)

    def _leaf(self, one: Argument, two: Argument) -> Argument:
        if isinstance(one, float | Opaque) or one == two:
            return one
        if type(one) is not int:
            raise DifferentError(f"{one} becomes {two}")
        return self.size(one, two)
