"""What the tests of recording share: inputs, a recording of a class, and what is looked up in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Inputs, Origin, Ref
from archcost.importers.torch.recording import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from archcost.importers.torch.recorded import InputMaker, Recording, TorchCall, TorchValue


def images(*shape: int, dtype: torch.dtype = torch.float32, batched: bool = True) -> InputMaker:
    """One input ``x``, whose shape is that of one sample."""

    def make(batch: int, device: torch.device) -> Inputs:
        full = (batch, *shape) if batched else shape
        return Inputs((torch.zeros(full, dtype=dtype, device=device),), {}, ("x",))

    return make


def tokens(length: int) -> InputMaker:
    """Token ids by keyword, as models of transformers take them."""

    def make(batch: int, device: torch.device) -> Inputs:
        ids = torch.zeros((batch, length), dtype=torch.int64, device=device)
        return Inputs((), {"input_ids": ids}, ("input_ids",))

    return make


def recorded(make: Callable[[], nn.Module], *shape: int, **options: Any) -> Recording:
    """A recording of a model that takes one tensor of floating point."""
    return record(make, images(*shape), **options)


def functions(recording: Recording) -> list[str]:
    return [call.function for call in recording.calls]


def call_of(recording: Recording, function: str, number: int = 0) -> TorchCall:
    return [call for call in recording.calls if call.function == function][number]


def module_of(recording: Recording, call: TorchCall) -> str:
    return recording.modules[call.module].path


def value_named(recording: Recording, name: str) -> TorchValue:
    return next(value for value in recording.values if value.name == name)


def values_of(recording: Recording, origin: Origin) -> list[TorchValue]:
    return [value for value in recording.values if value.origin is origin]


def reached(recording: Recording, start: int) -> set[int]:
    """The values that are made of a value, by calls alone."""
    found = {start}
    for call in recording.calls:
        if found & {ref.value for ref in references((call.args, call.kwargs))}:
            found |= set(call.outputs)
    return found


def references(argument: Any) -> list[Ref]:
    """All references to values in nested arguments."""
    if isinstance(argument, Ref):
        return [argument]
    if isinstance(argument, dict):
        argument = list(argument.values())
    if isinstance(argument, slice):
        argument = [argument.start, argument.stop, argument.step]
    if isinstance(argument, list | tuple):
        return [ref for each in argument for ref in references(each)]
    return []


def total_at(recording: Recording, batch: int) -> int:
    """The recorded MACs at a batch size."""
    return recording.macs.at(batch) if isinstance(recording.macs, Batched) else recording.macs


def counted(make: Callable[[], nn.Module], inputs: InputMaker, batch: int, device: str = "meta") -> int:
    """MACs of the plain model, by torch's counter and nothing of ours."""
    there = torch.device(device)
    with there:
        model = make().eval().requires_grad_(requires_grad=False)
    args, kwargs, _ = inputs(batch, there)
    counter = FlopCounterMode(display=False)
    with there, torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(*args, **kwargs)
    return counter.get_total_flops() // 2
