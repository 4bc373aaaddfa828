"""One run of a model: it is made, called once under the recorder, and what there is after the call is looked at."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils.flop_counter import FlopCounterMode

from archcost.errors import UsageError, suggestion
from archcost.importers.torch.calls import changed
from archcost.importers.torch.chance import Chance, seeded
from archcost.importers.torch.foreign import Foreign
from archcost.importers.torch.module_calls import ModuleCalls
from archcost.importers.torch.plain_attention import plain_attention
from archcost.importers.torch.recorded import Inputs
from archcost.importers.torch.recorder import CallRecorder, NumbersNeededError
from archcost.importers.torch.recording_values import Values, dtype_name, is_measured, tensors_in
from archcost.importers.torch.shadows import Shadows
from archcost.importers.torch.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.importers.torch.recorded import InputMaker, ModuleCall, TorchCall, TorchValue

_OTHER_INPUT = "`--input SHAPE` gives another input"


class Subject(NamedTuple):
    """What is recorded: how it is made, what it takes, how messages call it, and the module to stop after."""

    make: Callable[[], nn.Module]
    inputs: InputMaker
    training: bool
    title: str
    until: str


class FailedError(UsageError):
    """The model, or torch below it, has raised an error."""


@dataclass(slots=True)
class RecordedRun:
    """What one run has left, at one batch size; the fields are those of a recording.

    ``drawn``: it has drawn numbers by chance, which it may have followed.
    """

    batch: int
    values: list[TorchValue]
    calls: list[TorchCall]
    modules: list[ModuleCall]
    inputs: list[int]
    outputs: list[int]
    parameters: dict[str, int]
    macs: int
    dtype: str
    remarks: list[str]
    drawn: bool


def run_once(subject: Subject, batch: int, device: torch.device, seed: int = 0) -> RecordedRun:
    """Make the model on a device and call it once, with ``seed`` for what the call draws by chance.

    Where the call makes parameters, it is the next call that counts: the first has prepared the model. Raises
    NumbersNeededError if a number is wanted that the meta device lacks, FailedError if the model fails, and UsageError
    if what it does cannot be known.
    """
    with seeded(0):
        with torch.device(device):
            model = subject.make().train(subject.training)
        made = Inputs(*subject.inputs(batch, device))
        args, kwargs = changed((made.args, made.kwargs), lambda leaf: _on(device, leaf))
        _prepare(subject, model, args, kwargs, device)
        prepared = Inputs(args, kwargs, made.names)
        before = _parameters(model)
        with seeded(seed):
            run = _recorded(subject, model, prepared, batch, device)
            if run.parameters.keys() == before.keys():
                return run
            model.requires_grad_(requires_grad=False)
            again = _recorded(subject, model, prepared, batch, device)
            if again.parameters.keys() == run.parameters.keys():
                return again
    words = f"{subject.title} cannot be recorded: each call of it makes new parameters"
    raise UsageError(words, "make them once, in a callable of your own: `package.module:callable`")


def _recorded(subject: Subject, model: nn.Module, made: Inputs, batch: int, device: torch.device) -> RecordedRun:
    paths = [path for path, _ in model.named_modules()]
    if subject.until not in paths:
        help_text = suggestion(subject.until, paths, "modules")
        raise UsageError(f"{subject.title} has no module '{subject.until}'", help_text)
    values, modules = Values(model), ModuleCalls(model, subject.until)
    args, kwargs, names = made
    tensors = tensors_in((args, kwargs))
    inputs = [values.input(each, name) for each, name in zip(tensors, names, strict=True)]
    counter = FlopCounterMode(display=False)
    tape = Tape(values, modules, counter)
    recorder = CallRecorder(tape, _shadows(subject, batch, tensors) if device.type == "meta" else None)
    chance = Chance()
    try:
        with Foreign(subject.title, "run"), _surroundings(device), counter, modules.noted(), recorder:
            result = model(*args, **kwargs)
    except UsageError as error:
        if (recorder.stopped or modules.elsewhere) is None and modules.reached is None:
            raise FailedError(error.message, _OTHER_INPUT) from None
        result = modules.reached
    drawn = chance.drawn()
    _refuse(subject, recorder.stopped or modules.elsewhere)
    if subject.until and modules.reached is None:
        raise UsageError(f"{subject.title} does not run its module '{subject.until}'")
    outputs = _outputs(subject, recorder, values, result)
    missed = tape.unaccounted()
    if missed:
        raise UsageError(f"{subject.title} multiplies where recording does not see it: {missed:,} MACs")
    dtype = _dtype(model, args, kwargs)
    return RecordedRun(
        batch,
        values.found,
        tape.calls,
        modules.calls,
        inputs,
        outputs,
        _parameters(model),
        tape.macs(),
        dtype,
        list(recorder.remarks),
        drawn,
    )


def _parameters(model: nn.Module) -> dict[str, int]:
    """The elements of each parameter, by its path; 0 of those that are not made yet."""
    return {path: 0 if is_lazy(each) else each.numel() for path, each in model.named_parameters()}


def _shadows(subject: Subject, batch: int, tensors: Sequence[Tensor]) -> Shadows:
    """Shadows for a run; those of inputs of whole numbers are the numbers of the example."""
    shadows = Shadows()
    if any(not is_measured(each) for each in tensors):
        example = Inputs(*subject.inputs(batch, torch.device("cpu")))
        for tensor, numbers in zip(tensors, tensors_in((example.args, example.kwargs)), strict=True):
            if not is_measured(tensor) and not numbers.is_meta:
                shadows.give(tensor, numbers)
    return shadows


def _refuse(subject: Subject, stopped: UsageError | None) -> None:
    """Raise the error that ended a run, also if the model has caught it."""
    if isinstance(stopped, NumbersNeededError):
        raise stopped
    if stopped is not None:
        raise UsageError(f"{subject.title} cannot be recorded: {stopped.message}", stopped.help)


def _outputs(subject: Subject, recorder: CallRecorder, values: Values, result: Any) -> list[int]:
    """The values that a model gives, each once."""
    found = tensors_in(result)
    if not found:
        raise UsageError(f"{subject.title} gives no tensor, but {type(result).__name__}")
    recorder.settle(found)
    _refuse(subject, recorder.stopped)
    outputs: list[int] = []
    for tensor in found:
        number = values.known(tensor)
        if number is None:
            raise UsageError(f"{subject.title} gives a tensor that no function made which recording can see")
        outputs.append(number)
    return list(dict.fromkeys(outputs))


def _on(device: torch.device, leaf: Any) -> Any:
    """A tensor on a device; what is no tensor as it is."""
    return leaf.to(device) if isinstance(leaf, Tensor) and leaf.device.type != device.type else leaf


def _prepare(subject: Subject, model: nn.Module, args: Any, kwargs: dict[str, Any], device: torch.device) -> None:
    """Switch gradients off; lazy parameters are made by a run of their own."""
    elsewhere = {each.device.type for each in (*model.parameters(), *model.buffers())} - {device.type}
    if elsewhere:
        raise ValueError(f"the model is made on {', '.join(elsewhere)}, and not on the device of the context")
    if any(is_lazy(parameter) for parameter in model.parameters()):
        with Foreign(subject.title, "run"), _surroundings(device):
            model(*args, **kwargs)
    model.requires_grad_(requires_grad=False)


@contextlib.contextmanager
def _surroundings(device: torch.device) -> Iterator[None]:
    """What every run stands in: no gradients, attention as products of matrices, new tensors on the device."""
    with torch.no_grad(), plain_attention(), torch.device(device):
        yield


def _dtype(model: nn.Module, args: Any, kwargs: dict[str, Any]) -> str:
    """The dtype of a model: that of its first parameter, or input, that is of floating point."""
    for tensor in (*model.parameters(), *tensors_in((args, kwargs))):
        if tensor.is_floating_point():
            return dtype_name(tensor.dtype)
    return "float32"
