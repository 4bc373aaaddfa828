"""One run of somebody's model: it is made, called once under the recorder, and what it left is there to be looked at.

Whoever asks what a model does has it run here: an import, and a comparison of a spec with the model.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
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
from archcost.importers.torch.recording_values import Values, is_measured, tensors_in
from archcost.importers.torch.shadows import META, Shadows
from archcost.importers.torch.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.importers.torch.recorded import InputMaker

    Found = TypeVar("Found")

_OTHER_INPUT = "`--input SHAPE` gives another input, without the batch"
_WHOLE = "`--input NAME=SHAPE:int64` gives whole numbers, as an embedding takes them: `--input ids=128:int64`"
_OF_WHOLE = re.compile(r"scalar types: Long, Int|must be (?:long|int)", re.IGNORECASE)  # of places in a table
# Words of torch's errors, and of Python's, for an input of the wrong size, dtype or number.
_OF_INPUTS = re.compile(r"shape|size|dim|channel|dtype|scalar type|argument|index out of|out of range|broadcast|length")
# A convolution's error for an input with two batches: the dims that it takes with one, and the sizes behind both.
_WITH_BATCH = re.compile(r"(\d)D \(batched\) input .* got input of size: \[\d+, 1, ([\d, ]+)\]")
_MISSING = re.compile(r"missing \d+ required .*argument.*?: (.*?)(?: \(\S+:\d+\))?$")
# Words of such errors where a tensor was given, and something that holds tensors is wanted.
_OF_HOLDERS = re.compile(
    r"must be tuple of Tensors, not Tensor|invalid data type 'str'"
    r"|'Tensor' object has no attribute '(?:keys|items|values|get)'"
)
_ONE_EACH = (
    "each input is a tensor: wrap a model that takes lists or dicts of them in a module of your own, whose forward pass"
    " takes tensors, and import `package.module:callable`"
)
_SHOWN = 3  # arguments in a message
_SHOWN_MODULES = 8
_CPU = torch.device("cpu")
_MOST_NUMBERS = 1 << 30  # elements of parameters that are made with numbers


class Subject(NamedTuple):
    """What is run: how it is made, what it takes, how messages call it, and the module to stop after."""

    make: Callable[[], nn.Module]
    inputs: InputMaker
    training: bool
    title: str
    until: str = ""


class FailedError(UsageError):
    """The model, or torch below it, has raised an error: the ``cause``."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message, _way_out(message))
        self.cause = message.removeprefix(f"{title} cannot be run: ")


def _way_out(message: str) -> str:
    """What another input may mend: where the words are of one; empty elsewhere."""
    missing = _MISSING.search(message)
    if missing and "forward()" in message:
        names = re.findall(r"'(\w+)'", missing[1])[:_SHOWN]
        return f"give it by its name: `{' '.join([f'--input {name}=SHAPE' for name in names])}`"
    if _OF_HOLDERS.search(message):
        return _ONE_EACH
    if _OF_WHOLE.search(message):
        return _WHOLE
    batched = _WITH_BATCH.search(message)
    if batched and len(sizes := batched[2].split(", ")) + 1 == int(batched[1]):
        return f"leave the batch out: `--input {'x'.join(sizes)}`"
    return _OTHER_INPUT if _OF_INPUTS.search(message) else ""


class ModelRun(NamedTuple):
    """What one run has left: the model, its calls on the tape, the calls of its modules, inputs and result."""

    model: nn.Module
    values: Values
    modules: ModuleCalls
    tape: Tape
    inputs: list[int]
    tensors: list[Tensor]  # that it was called with, of the numbers ``inputs``
    result: Any
    remarks: list[str]
    drawn: bool  # whether numbers were drawn by chance


def run_model(subject: Subject, batch: int, device: torch.device, seed: int = 0) -> ModelRun:
    """Make the model on a device and call it once, with ``seed`` for what the call draws by chance.

    Where the call makes parameters, it is the next call that counts: the first has prepared the model.

    Raises NumbersNeededError if a number is wanted that the meta device lacks, FailedError if the model fails, and
    UsageError if what it does cannot be known.
    """
    with seeded(0):
        with torch.device(device):
            model = subject.make()
            with Foreign(subject.title, f"put in {'training' if subject.training else 'evaluation'}"):
                set_mode(model, training=subject.training)
        made = Inputs(*subject.inputs(batch, device))
        args, kwargs = changed((made.args, made.kwargs), lambda leaf: _on(device, leaf))
        _prepare(subject, model, args, kwargs, device)
        given = Inputs(args, kwargs, made.names)
        before = elements(model).keys()
        with seeded(seed):
            run = _run(subject, model, given, batch, device)
            after = elements(model).keys()
            if after == before:
                return run
            model.requires_grad_(requires_grad=False)
            run = _run(subject, model, given, batch, device)
            if elements(model).keys() == after:
                return run
    words = f"{subject.title} cannot be recorded: each call of it makes new parameters"
    raise UsageError(words, "make them once, in a callable of your own: `package.module:callable`")


def elements(model: nn.Module) -> dict[str, int]:
    """The elements of each parameter, by its path; 0 of those that are not made yet."""
    return {path: 0 if is_lazy(each) else each.numel() for path, each in model.named_parameters()}


def with_numbers_if_needed(subject: Subject, run: Callable[[torch.device], Found]) -> tuple[Found, str]:
    """What ``run`` finds on the meta device; or else on the CPU with random weights, and why.

    Raises UsageError for a model that is too large for that.
    """
    try:
        return run(META), ""
    except (NumbersNeededError, FailedError) as error:
        why = error.message
    _refuse_giants(subject, why)
    return run(_CPU), f"on the CPU, with random weights: without numbers, {why}"


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Put a model in training or evaluation; its norms over batches always evaluate, for one value has no variance."""
    with contextlib.suppress(NotImplementedError):  # an exported program has the mode that it was exported in
        model.train(training)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - what all of them derive from
            with contextlib.suppress(NotImplementedError):  # likewise
                module.eval()


def _run(subject: Subject, model: nn.Module, given: Inputs, batch: int, device: torch.device) -> ModelRun:
    paths = [path for path, _ in model.named_modules()]
    if subject.until not in paths:
        help_text = suggestion(subject.until, paths, "modules") or _children(model)
        raise UsageError(f"{subject.title} has no module '{subject.until}'", help_text)
    values = Values(model)
    modules = ModuleCalls(model, values.known, subject.until)
    tensors = tensors_in((given.args, given.kwargs))
    inputs = [values.input(each, name) for each, name in zip(tensors, given.names, strict=True)]
    counter = FlopCounterMode(display=False)
    tape = Tape(values, modules, counter)
    recorder = CallRecorder(tape, _shadows(subject, batch, tensors) if device.type == META.type else None)
    chance = Chance()
    try:
        with Foreign(subject.title, "run"), _surroundings(device), counter, modules.noted(), recorder:
            result = model(*given.args, **given.kwargs)
    except UsageError as error:
        if (recorder.stopped or modules.elsewhere) is None and modules.reached is None:
            raise FailedError(subject.title, error.message) from None
        result = modules.reached
    drawn = chance.drawn()
    before = modules.last_ended()
    _refuse(subject, recorder.stopped or modules.elsewhere, before)
    if subject.until and modules.reached is None:
        words = f"{subject.title} does not run its module '{subject.until}'"
        raise UsageError(words, f"name one that it runs, such as '{before}'" if before else "leave --until out")
    recorder.settle(tensors_in(result))
    _refuse(subject, recorder.stopped, before)
    return ModelRun(model, values, modules, tape, inputs, tensors, result, list(recorder.remarks), drawn)


def _children(model: nn.Module) -> str:
    """The first modules of a model, as a help."""
    names = [name for name, _ in model.named_children()]
    return f"its modules are {', '.join(names[:_SHOWN_MODULES])}{', …' * (len(names) > _SHOWN_MODULES)}"


def _shadows(subject: Subject, batch: int, tensors: Sequence[Tensor]) -> Shadows:
    """Shadows for a run; those of inputs of whole numbers are the numbers of the example."""
    shadows = Shadows()
    if any(not is_measured(each) for each in tensors):
        example = Inputs(*subject.inputs(batch, torch.device("cpu")))
        for tensor, numbers in zip(tensors, tensors_in((example.args, example.kwargs)), strict=True):
            if not is_measured(tensor) and not numbers.is_meta:
                shadows.give(tensor, numbers)
    return shadows


def _refuse(subject: Subject, stopped: UsageError | None, before: str) -> None:
    """Raise the error that ended a run, also if the model has caught it; ``before`` is the module that ran before."""
    if isinstance(stopped, NumbersNeededError):
        raise stopped
    if stopped is not None:
        way_out = f"`archcost import {subject.title} --until {before}` imports what runs before it"
        way_out = way_out if before else "no module ends before it, so `--until` has nothing to import"
        raise UsageError(f"{subject.title} cannot be recorded: {stopped.message}", way_out)


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
    checked = Distribution._validate_args  # noqa: SLF001 - it can be set by a public name, and not asked for
    Distribution.set_default_validate_args(False)  # a check reads the numbers of parameters
    try:
        with torch.no_grad(), plain_attention(), torch.device(device):
            yield
    finally:
        Distribution.set_default_validate_args(checked)


def _refuse_giants(subject: Subject, why: str) -> None:
    """Refuse to make a model with numbers that has too many of them."""
    with torch.device(META):
        model = subject.make()
    count = sum(elements(model).values())
    if count > _MOST_NUMBERS:
        words = f"{subject.title} cannot be run without numbers, and is too large for them"
        raise UsageError(f"{words} ({count:,} parameters): {why}", "take a model of the kind with fewer layers")
