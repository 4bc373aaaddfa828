"""What is written in place is a new value, also of the tensors that a view shows a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from archcost.errors import UsageError
from archcost.importers.torch.recorded import Opaque, Origin, Ref
from tests.importers.torch.recording_support import call_of, functions, reached, recorded, values_of

if TYPE_CHECKING:
    from collections.abc import Callable


def module(forward: Callable[[torch.Tensor], Any]) -> type[nn.Module]:
    """A module without parameters, by its forward."""

    class Written(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return forward(x)

    return Written


def add_in_place(x: torch.Tensor) -> torch.Tensor:
    y = x.exp()
    y += 1
    return y


def out_argument(x: torch.Tensor) -> torch.Tensor:
    y = x.exp()
    torch.add(x, 1, out=y)
    return y


def inference_mode(x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return add_in_place(x)


@pytest.mark.parametrize(
    ("forward", "function"),
    [
        (add_in_place, "add"),
        (out_argument, "add"),
        (inference_mode, "add"),
        (lambda x: functional.relu(x.exp(), inplace=True), "relu"),
        (lambda x: functional.hardtanh_(x.exp()), "hardtanh"),
        (lambda x: x.exp().mul_(2), "mul"),
        (lambda x: torch.relu_(x.exp()), "relu"),
    ],
)
def test_a_write_gives_a_new_version(forward: Callable[[torch.Tensor], torch.Tensor], function: str) -> None:
    recording = recorded(module(forward), 4)
    exp, call = recording.calls
    assert (call.function, call.in_place, exp.in_place) == (function, True, False)
    assert call.outputs != exp.outputs
    assert recording.outputs == list(call.outputs)
    assert recording.values[call.outputs[0]].origin is Origin.RESULT


def test_an_item_that_is_set_is_a_call_that_gives_the_new_version() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = torch.zeros_like(x)
        y[:, 1:3] = x[:, :2]
        return y

    recording = recorded(module(forward), 4)
    zeros, part, item = recording.calls
    assert [each.function for each in recording.calls] == ["zeros_like", "getitem", "setitem"]
    assert item.args == (Ref(zeros.outputs[0]), (slice(None), slice(1, 3)), Ref(part.outputs[0]))
    assert recording.outputs == list(item.outputs)


def test_what_is_written_into_a_view_is_written_into_its_base() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = torch.zeros_like(x)
        y[:, 1:3].copy_(x[:, :2])
        return y

    recording = recorded(module(forward), 4)
    assert functions(recording) == ["zeros_like", "getitem", "getitem", "copy", "setitem"]
    item = recording.calls[-1]
    assert isinstance(item.args[1], Opaque)
    assert recording.outputs == list(item.outputs)
    assert recording.outputs[0] in reached(recording, recording.inputs[0])


def test_a_view_of_a_view_shows_the_same_tensor() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = x.exp()
        y.view(-1)[:2].zero_()
        return y

    recording = recorded(module(forward), 4)
    assert functions(recording) == ["exp", "view", "getitem", "zero", "setitem"]
    assert recording.calls[-1].args[0] == Ref(call_of(recording, "exp").outputs[0])
    assert recording.outputs == list(recording.calls[-1].outputs)


def test_statistics_of_a_norm_are_no_result() -> None:
    class Norm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            norm = self.norm  # which evaluates in any run, so that one value is enough for it
            norm.num_batches_tracked.add_(1)
            return nn.functional.batch_norm(
                x, norm.running_mean, norm.running_var, norm.weight, norm.bias, training=True
            )

    recording = recorded(Norm, 4, 5)
    norm = call_of(recording, "batch_norm")
    assert (len(norm.outputs), norm.in_place) == (1, False)
    assert len(values_of(recording, Origin.BUFFER)) == 3  # mean, variance, and the number of batches


def test_properties_are_functions_of_their_name() -> None:
    recording = recorded(module(lambda x: (x.mT @ x.data).H), 4)
    assert [call.function for call in recording.calls] == ["mT", "data", "matmul", "H"]


def as_parameter(x: torch.Tensor) -> torch.Tensor:
    return nn.Parameter(x.exp(), requires_grad=False) + 1


class Named(torch.Tensor):
    pass


def as_subclass(x: torch.Tensor) -> torch.Tensor:
    return x.exp().as_subclass(Named) + 1


def with_data_set(x: torch.Tensor) -> torch.Tensor:
    y = torch.zeros_like(x)
    y.data = x.exp()
    return y + 1


class Function(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
        return x.exp()


@pytest.mark.parametrize(
    "forward",
    [
        as_parameter,
        as_subclass,
        with_data_set,
        lambda x: Function.apply(x) + 1,
        lambda x: checkpoint(torch.exp, x, use_reentrant=False) + 1,
    ],
)
def test_another_name_of_a_tensor_is_the_same_value(forward: Callable[[torch.Tensor], torch.Tensor]) -> None:
    recording = recorded(module(forward), 4)
    assert functions(recording)[-2:] == ["exp", "add"]
    exp, add = recording.calls[-2:]
    assert add.args[0] == Ref(exp.outputs[0])
    assert recording.outputs[0] in reached(recording, recording.inputs[0])


def test_what_vmap_hides_is_refused() -> None:
    with pytest.raises(UsageError, match=r"what `torch.vmap` makes at .*test_recording_writes.py:\d+ is not seen"):
        recorded(module(lambda x: torch.vmap(lambda row: row.exp())(x) + 1), 4)
    recording = recorded(module(lambda x: torch.vmap(lambda row: row + 1)(torch.arange(4.0)) + x), 4)
    assert functions(recording) == ["arange", "add", "add"]


def test_iteration_is_unbind() -> None:
    recording = recorded(module(lambda x: sum(list(x.transpose(0, 1)))), 3)
    assert functions(recording) == ["transpose", "unbind", "add", "add", "add"]
    assert len(call_of(recording, "unbind").outputs) == 3


def test_a_write_that_the_meta_device_lacks_is_made_on_shadows() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        table = torch.arange(4.0, device=x.device)
        assert table.apply_(lambda number: number + 1) is table
        counts = torch.bincount(torch.tensor([1, 1, 3]))
        return x.exp() if (table + counts).tolist() == [1, 4, 3, 5] else x

    recording = recorded(module(forward), 4)
    assert functions(recording) == ["arange", "apply", "tensor", "bincount", "add", "exp"]
    assert call_of(recording, "add").args[0] == Ref(call_of(recording, "apply").outputs[0])
