"""An input never takes a name from a layer: blocks and paths stay as they are in the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

import archcost
from archcost.importers.committed import first_difference, inputs_of
from archcost.importers.input_names import name_in_model, names_in_spec

if TYPE_CHECKING:
    from torch import Tensor


class Pair(nn.Module):
    """Two layers, of which one is called as an input of a spec."""

    def __init__(self) -> None:
        super().__init__()
        self.input, self.output = nn.Linear(12, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.input(x).relu())


class Stages(nn.Module):
    """A step, a container and a parameter of the model are called as its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.meta = nn.Linear(12, 8)
        self.stages = nn.ModuleList([nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(3)])
        self.scale = nn.Parameter(torch.ones(8))

    def forward(self, meta: Tensor, stages: Tensor, scale: Tensor, mul: Tensor) -> Tensor:
        x = self.meta(meta) + stages
        for stage in self.stages:
            x = stage(x)
        return x * self.scale + scale * mul


def test_modules_and_tensors_keep_their_names() -> None:
    spec = archcost.import_model(Stages(), {"meta": "12", "stages": (8,), "scale": 8, "mul": 8})
    report = archcost.analyze(spec)
    assert list(report.graph.inputs) == ["given_meta", "given_stages", "given_scale", "mul"]
    paths = [layer.path for layer in report.layers if layer.params]
    assert paths == ["meta", "stages.0.0", "stages.1.0", "stages.2.0", "scale"]
    assert "repeat: 3" in spec.text
    assert [layer.path for layer in report.layers if layer.op == "mul"] == ["mul_1"]


def test_the_only_input_gives_way_as_well() -> None:
    report = archcost.analyze(archcost.import_model(Pair(), "12"))
    assert [layer.path for layer in report.layers] == ["input", "relu", "output"]
    assert list(report.graph.inputs) == ["given_input"]


@pytest.mark.parametrize("make", [Pair, Stages])
def test_what_a_spec_takes_is_what_the_model_takes(make: type[nn.Module]) -> None:
    asked = "12" if make is Pair else "meta=12 stages=8 scale=8 mul=8"
    before = archcost.analyze(archcost.import_model(make(), asked))
    assert first_difference(before, archcost.analyze(archcost.import_model(make(), inputs_of(before)))) == ""


@pytest.mark.parametrize(
    ("inputs", "taken", "names"),
    [
        (["x"], ["y"], ["x"]),
        (["x", "y"], ["y"], ["x", "given_y"]),
        (["y"], ["y", "given_y"], ["given_given_y"]),
    ],
)
def test_names_are_free_and_lead_back(inputs: list[str], taken: list[str], names: list[str]) -> None:
    assert names_in_spec(inputs, taken) == names
    assert [name_in_model(name, inputs) for name in names] == inputs
