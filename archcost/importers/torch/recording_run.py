"""One run of a model as recordings have it: its calls, values and figures, or the reason why they are not all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.importers.torch.recording_values import dtype_name, tensors_in
from archcost.importers.torch.running import elements, run_model

if TYPE_CHECKING:
    import torch

    from archcost.importers.torch.recorded import ModuleCall, TorchCall, TorchValue
    from archcost.importers.torch.running import ModelRun, Subject


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
    """Make the model on a device and call it once; raises as run_model, and UsageError if not all of it is seen."""
    run = run_model(subject, batch, device, seed)
    outputs = _outputs(subject, run)
    missed = run.tape.unaccounted()
    if missed:
        where = f"before {run.tape.missed}" if run.tape.missed else "at its end"
        raise UsageError(
            f"{subject.title} multiplies where recording does not see it, {where}: {missed:,} MACs",
            "call what multiplies there by modules or functions of torch, or end before it with `--until MODULE`",
        )
    return RecordedRun(
        batch,
        run.values.found,
        run.tape.calls,
        run.modules.calls,
        run.inputs,
        outputs,
        elements(run.model),
        run.tape.macs(),
        _dtype(run),
        run.remarks,
        run.drawn,
    )


def _outputs(subject: Subject, run: ModelRun) -> list[int]:
    """The values that a model gives, each once."""
    found = tensors_in(run.result)
    if not found:
        hint = "tensors are found in what is given back: one, or lists, dicts and dataclasses of them"
        raise UsageError(f"{subject.title} gives no tensor, but {type(run.result).__name__}", hint)
    outputs: list[int] = []
    for tensor in found:
        number = run.values.known(tensor)
        if number is None:
            raise UsageError(f"{subject.title} gives a tensor that no function made which recording can see")
        outputs.append(number)
    return list(dict.fromkeys(outputs))


def _dtype(run: ModelRun) -> str:
    """The dtype of a model: that of its first parameter, or input, that is of floating point."""
    for tensor in (*run.model.parameters(), *run.tensors):
        if tensor.is_floating_point():
            return dtype_name(tensor.dtype)
    return "float32"
