"""Batch sizes, the end of a run, devices, and code that no function of Python calls."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from archcost.errors import UsageError
from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Inputs, Origin
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import (
    call_of,
    functions,
    images,
    reached,
    recorded,
    value_named,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Simple(nn.Module):
    """A model whose forward is given; it has a parameter, a buffer and a tensor that is neither."""

    def __init__(self, forward: Callable[[Simple, torch.Tensor], Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("table", torch.arange(4))
        self.plain = torch.arange(4)
        self.given = forward

    def forward(self, x: torch.Tensor) -> Any:
        return self.given(self, x)


class Sizes(nn.Module):
    """Whole numbers that follow the batch, in arguments and in shapes."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        flat = x.reshape(batch * height, channels * width)
        more = torch.cat([flat, flat[:1]])
        return more.narrow(0, 0, batch)


def test_numbers_that_follow_the_batch_are_expressions_of_it() -> None:
    recording = recorded(Sizes, 3, 4, 5)
    assert call_of(recording, "reshape").args[1:] == (Batched(4), 15)
    assert recording.values[call_of(recording, "cat").outputs[0]].shape == (Batched(4, 1), 15)
    assert call_of(recording, "narrow").args[1:] == (0, 0, Batched(1))


class Folding(nn.Module):
    """It takes another path at batch 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.exp() if x.shape[0] == 1 else x.tanh().neg()


def test_the_path_of_batch_one_is_the_truth_there() -> None:
    recording = recorded(Folding, 4)
    assert (recording.batch_sizes, functions(recording)) == ((1,), ["exp"])
    (remark,) = recording.remarks
    assert remark.startswith("recorded at batch 1 alone: at batch 6, another path is taken: exp (")
    assert recording.larger is not None
    assert (recording.larger.batch_sizes, functions(recording.larger)) == ((2, 6), ["tanh", "neg"])


class Choosy(nn.Module):
    """It takes some batches alone."""

    def __init__(self, *batches: int) -> None:
        super().__init__()
        self.batches = batches

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] not in self.batches:
            raise ValueError("not my batch")
        return x.reshape(x.shape[0] * 2, 2)


@pytest.mark.parametrize(
    ("batches", "recorded_at", "remark"),
    [
        ((1, 2, 3, 6), (1, 6), ""),
        ((2, 6), (2, 6), "recorded at batches 2 and 6: at batch 1, .*ValueError: not my batch"),
        ((1,), (1,), "recorded at batch 1 alone: at batch 6, .*ValueError: not my batch"),
    ],
)
def test_batch_sizes_are_those_that_the_model_takes(
    batches: tuple[int, ...], recorded_at: tuple[int, ...], remark: str
) -> None:
    recording = recorded(lambda: Choosy(*batches), 4)
    assert recording.batch_sizes == recorded_at
    assert [bool(remark)] * bool(remark) == [bool(re.match(remark, each)) for each in recording.remarks]


def test_a_model_that_takes_no_batch_has_its_sizes_as_they_are() -> None:
    recording = record(Folding, images(4, 4, batched=False))
    assert recording.values[recording.inputs[0]].shape == (4, 4)
    assert recording.batch_sizes == (1, 6)


def test_a_run_may_end_with_a_module() -> None:
    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Sequential(nn.Linear(4, 3))
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return self.backbone(x).unique()
            except Exception:  # noqa: BLE001 - as models do it
                return x

    recording = recorded(Detector, 4, until="backbone")
    assert functions(recording) == ["linear"]
    assert recording.outputs == list(recording.calls[0].outputs)
    with pytest.raises(UsageError, match=r"has no module 'backbon'\n.*'backbone'"):
        recorded(Detector, 4, until="backbon")
    assert value_named(recording, "x").origin is Origin.INPUT


def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.mm(x * 2, weight) + 1


class Scripted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scripting is deprecated, and models have it
            self.scripted = torch.jit.script(product)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scripted(x.exp(), self.weight).tanh()


def test_a_scripted_function_is_recorded_by_its_operators() -> None:
    recording = recorded(Scripted, 4)
    assert functions(recording) == ["exp", "mul", "mm", "add", "tanh"]
    assert call_of(recording, "mm").macs == recording.macs == Batched(4 * 3)
    assert recording.outputs[0] in reached(recording, recording.inputs[0])


def test_inputs_are_moved_to_the_device_of_the_run() -> None:
    def on_cpu(batch: int, device: torch.device) -> Inputs:
        return Inputs((torch.ones(batch, 4),), {}, ("x",))

    with pytest.raises(UsageError, match="depends on the input's numbers"):
        record(lambda: Simple(lambda _, x: x if x.sum() > 0 else x + 1), on_cpu)


def test_a_model_is_made_on_the_device_of_the_context() -> None:
    with pytest.raises(ValueError, match="made on cpu, and not on the device of the context"):
        recorded(lambda: nn.Linear(4, 4, device="cpu"), 4)
