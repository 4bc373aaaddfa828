"""Two runs of a model become one recording: what differs between them follows the batch, as times · batch + plus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Argument, ModuleCall, Opaque, Recording, Ref, TorchCall, TorchValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Size
    from archcost.importers.torch.recording_run import RecordedRun


class DifferentError(Exception):
    """Two runs are not alike; the text says where."""


def alone(run: RecordedRun, remarks: Sequence[str]) -> Recording:
    """A recording of one run, for want of a second."""
    words = run.remarks + [f"recorded at batch {run.batch} alone: {remark}" for remark in remarks]
    batches = (run.batch,)
    return Recording(
        run.values, run.calls, run.modules, run.inputs, run.outputs, run.parameters, run.macs, batches, run.dtype, words
    )


def merged(first: RecordedRun, second: RecordedRun) -> Recording:
    """A recording of two runs. Raises DifferentError if they are not alike, call by call and value by value."""
    merge = _Merge(first.batch, second.batch)
    calls = [merge.call(one, two) for one, two in zip(first.calls, second.calls, strict=False)]  # they say where
    _alike("calls", len(first.calls), len(second.calls))
    values = [merge.value(one, two) for one, two in zip(first.values, second.values, strict=False)]
    _alike("values", len(first.values), len(second.values))
    _alike("module calls", [_module(each) for each in first.modules], [_module(each) for each in second.modules])
    _alike("inputs", first.inputs, second.inputs)
    _alike("outputs", first.outputs, second.outputs)
    batches = (first.batch, second.batch)
    macs = merge.size(first.macs, second.macs)
    return Recording(
        values,
        calls,
        first.modules,
        first.inputs,
        first.outputs,
        first.parameters,
        macs,
        batches,
        first.dtype,
        first.remarks,
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

    def size(self, one: Size, two: Size) -> Size:
        """A number that is the same, or follows the batch."""
        if one == two:
            return one
        assert isinstance(one, int)
        assert isinstance(two, int)
        times, rest = divmod(two - one, self.second - self.first)
        if rest:
            raise DifferentError(f"{one} becomes {two}")
        return Batched(times, one - times * self.first)

    def value(self, one: TorchValue, two: TorchValue) -> TorchValue:
        """A value of both runs."""
        same = (one.origin, one.name, one.dtype, len(one.shape)) == (two.origin, two.name, two.dtype, len(two.shape))
        if not same:
            raise DifferentError(f"a value is {one.dtype} {list(one.shape)} and {two.dtype} {list(two.shape)}")
        shape = tuple([self.size(left, right) for left, right in zip(one.shape, two.shape, strict=True)])
        return TorchValue(one.number, shape, one.dtype, one.origin, one.name)

    def call(self, one: TorchCall, two: TorchCall) -> TorchCall:
        """A call of both runs."""
        if (one.function, one.module, one.outputs) != (two.function, two.module, two.outputs):
            raise DifferentError(f"{one.function} ({one.place}) and {two.function} ({two.place})")
        try:
            args, kwargs = self.argument(one.args, two.args), self.argument(one.kwargs, two.kwargs)
        except DifferentError as error:
            raise DifferentError(f"{error}, of {one.function} ({one.place})") from None
        macs = self.size(one.macs, two.macs)
        return replace(one, args=args, kwargs=kwargs, macs=macs)

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
