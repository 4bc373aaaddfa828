"""What a recording has: calls, values by identity, modules by their paths, and two batch sizes in one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Opaque, Origin, Ref
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import (
    call_of,
    functions,
    images,
    module_of,
    recorded,
    value_named,
)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.conv(x)), inplace=True)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block())
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(x).mean((2, 3)))


def test_a_model_is_recorded_call_by_call() -> None:
    recording = recorded(Net, 3, 6, 6)
    assert functions(recording) == ["conv2d", "batch_norm", "relu", "mean", "linear"]
    assert [module_of(recording, call) for call in recording.calls] == [
        "blocks.0.conv",
        "blocks.0.norm",
        "blocks.0",
        "",
        "head",
    ]
    conv = call_of(recording, "conv2d")
    weight = value_named(recording, "blocks.0.conv.weight")
    assert (conv.args[1], weight.origin, weight.shape) == (Ref(weight.number), Origin.PARAMETER, (8, 3, 3, 3))
    assert conv.macs == Batched(6 * 6 * 8 * 3 * 3 * 3)
    assert recording.macs == Batched(6 * 6 * 8 * 3 * 3 * 3 + 8 * 10)
    assert recording.batch_sizes == (1, 6)
    assert recording.parameters == {
        "blocks.0.conv.weight": 8 * 3 * 3 * 3,
        "blocks.0.norm.weight": 8,
        "blocks.0.norm.bias": 8,
        "head.weight": 10 * 8,
        "head.bias": 10,
    }
    assert value_named(recording, "blocks.0.norm.running_mean").origin is Origin.BUFFER
    (x,), (y,) = recording.inputs, recording.outputs
    assert (recording.values[x].shape, recording.values[x].name) == ((Batched(1), 3, 6, 6), "x")
    assert recording.values[y].shape == (Batched(1), 10)
    assert (recording.dtype, recording.remarks) == ("float32", [])


def test_the_tree_of_modules_has_paths_classes_and_the_module_around() -> None:
    recording = recorded(Net, 3, 6, 6)
    rows = [(each.path, each.kind, each.parent, each.number) for each in recording.modules]
    assert rows == [
        ("", "Net", -1, 0),
        ("blocks", "Sequential", 0, 0),
        ("blocks.0", "Block", 1, 0),
        ("blocks.0.conv", "Conv2d", 2, 0),
        ("blocks.0.norm", "BatchNorm2d", 2, 0),
        ("head", "Linear", 0, 0),
    ]
    assert all(type(each.module).__name__ == each.kind for each in recording.modules)


def test_a_call_knows_the_line_of_the_model() -> None:
    place = call_of(recorded(Net, 3, 6, 6), "relu").place
    file, _, line = place.rpartition(":")
    assert file.endswith("test_recording.py")
    assert int(line) == Block.forward.__code__.co_firstlineno + 1


class Twice(nn.Module):
    """One module under two names, called twice, and within another."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


def test_a_shared_module_keeps_its_first_path_and_counts_its_calls() -> None:
    recording = recorded(Twice, 4)
    assert [(each.path, each.number) for each in recording.modules] == [("", 0), ("first", 0), ("first", 1)]
    one, two = recording.calls
    assert one.args[1] == two.args[1] == Ref(value_named(recording, "first.weight").number)
    assert recording.parameters == {"first.weight": 4 * 4, "first.bias": 4}
    assert recording.macs == Batched(2 * 4 * 4)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(ids))


def test_tied_weights_are_one_value() -> None:
    recording = record(Tied, images(5, dtype=torch.int64))
    assert recording.parameters == {"embed.weight": 10 * 4}
    assert call_of(recording, "embedding").args[1] == call_of(recording, "linear").args[1]


class Loose(nn.Module):
    """A module that no name leads to, and a call past the hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.loose = [nn.ReLU()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.loose[0](self.inner.forward(x))


def test_what_has_no_name_is_part_of_the_module_around_it() -> None:
    recording = recorded(Loose, 4)
    assert [each.path for each in recording.modules] == [""]
    assert [module_of(recording, call) for call in recording.calls] == ["", ""]


class Raising(nn.Module):
    """A module that fails, and a model that lives with it."""

    def __init__(self) -> None:
        super().__init__()
        self.bad = nn.Linear(7, 7)
        self.good = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        try:
            return self.bad(x)
        except RuntimeError:
            return self.good(x) + 1


def test_a_module_that_failed_is_left() -> None:
    recording = recorded(Raising, 4)
    assert [(call.function, module_of(recording, call)) for call in recording.calls] == [
        ("linear", "good"),
        ("add", ""),
    ]


@dataclass
class Found:
    logits: torch.Tensor
    more: dict[str, torch.Tensor]
    nothing: None = None


class Pair(OrderedDict[str, Any]):
    """As a ModelOutput of transformers is one."""


@pytest.mark.parametrize(
    ("give", "outputs"),
    [
        (lambda a, _: a, ["a"]),
        (lambda a, b: (a, [b]), ["a", "b"]),
        (lambda a, b: {"out": b, "aux": a}, ["b", "a"]),
        (lambda a, b: Pair(last=a, hidden=(a, b)), ["a", "b"]),
        (lambda a, b: Found(b, {"x": a}), ["b", "a"]),
        (lambda a, _: (a, None, 3, "text"), ["a"]),
    ],
)
def test_outputs_may_be_nested_and_each_stands_once(give: Any, outputs: list[str]) -> None:
    class Giving(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return give(x.exp(), x.tanh())

    recording = recorded(Giving, 4)
    made = {"a": call_of(recording, "exp").outputs[0], "b": call_of(recording, "tanh").outputs[0]}
    assert recording.outputs == [made[name] for name in outputs]


class Names(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = 2 - x
        y += 1
        y = y * 2 / 3
        y = y[:, 1:, None].mT.squeeze(-2)
        return (-y).abs() @ torch.ops.aten.relu.default(y).transpose(-1, -2)


def test_functions_have_the_names_that_rules_know() -> None:
    assert functions(recorded(Names, 4)) == [
        "rsub",
        "add",
        "mul",
        "div",
        "getitem",
        "mT",
        "squeeze",
        "neg",
        "abs",
        "relu",
        "transpose",
        "matmul",
    ]


def test_arguments_are_plain_values() -> None:
    class Arguments(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x[..., 1:3, None]
            return y.to(torch.float64).sum(dim=[1, -1], keepdim=True).contiguous(memory_format=torch.contiguous_format)

    recording = recorded(Arguments, 3, 4)
    x = Ref(recording.inputs[0])
    assert call_of(recording, "getitem").args == (x, (..., slice(1, 3, None), None))
    assert call_of(recording, "to").args[1] == "float64"
    assert call_of(recording, "sum").kwargs == {"dim": (1, -1), "keepdim": True}
    assert Opaque not in {type(argument) for call in recording.calls for argument in call.args}


class Nothing(nn.Module):
    """Work that is none: copies of what is there already, and dropout that is off."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.contiguous().to(torch.float32).cpu()
        assert y.is_contiguous()
        assert y.size(0)
        return self.dropout(y)


def test_what_changes_nothing_is_no_call_but_dropout_is() -> None:
    recording = recorded(Nothing, 4)
    assert functions(recording) == ["dropout"]
    assert recording.outputs == recording.inputs


class Sometimes(nn.Module):
    """``contiguous`` copies at other batches than 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(0, 1).contiguous().transpose(0, 1).exp()


def test_a_copy_that_follows_the_batch_is_no_other_path() -> None:
    recording = recorded(Sometimes, 4)
    assert functions(recording) == ["transpose", "transpose", "exp"]
    assert recording.batch_sizes == (1, 6)


def test_a_long_list_is_data_but_for_tensors() -> None:
    class Long(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x] * 1001 + [torch.tensor([[0.0] * 1001] * x.shape[0], device=x.device)], dim=1)

    recording = recorded(Long, 2)
    assert recording.batch_sizes == (1, 6)
    assert len(call_of(recording, "cat").args[0]) == 1001 + 1
    assert call_of(recording, "tensor").args == (Opaque("list", "its length follows the batch"),)
