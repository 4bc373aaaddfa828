"""Sources under the settings of an analysis: inputs, a batch, training; and specs of one batch alone."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost
from archcost.errors import UsageError
from archcost.importers.committed import inputs_of
from archcost.settings import THE_ONLY, InputShape
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "archcost_settings_of_sources"


class Branching(nn.Module):
    """At batch 1 it has another path; in training it has another layer."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(8, 8, bias=False)
        self.two = nn.Linear(8, 4, bias=False)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.one(x)
        if self.training:
            return y, self.two(y)
        return y if len(x) == 1 else self.one(y)


@pytest.fixture
def source() -> Iterator[str]:
    module = ModuleType(NAME)
    module.Branching = Branching  # type: ignore[attr-defined]
    sys.modules[NAME] = module
    yield f"{NAME}:Branching"
    del sys.modules[NAME]


def test_a_source_of_batch_1_alone_takes_its_input_without_the_batch(source: str) -> None:
    report = archcost.analyze(source, inputs=(8,))
    assert report.totals.macs == 8 * 8
    assert report.graph.inputs["input"].shape == (1, 8)


def test_it_refuses_another_batch(source: str) -> None:
    with pytest.raises(UsageError, match="has no batch to be 7"):
        archcost.analyze(source, inputs=(8,), batch=7)


def test_a_source_is_recorded_in_training_for_an_analysis_of_training(source: str) -> None:
    report = archcost.analyze(source, inputs=(8,), batch=3, training=True)
    assert report.totals.macs == 3 * (8 * 8 + 8 * 4)


def test_a_spec_of_batch_1_alone_says_what_it_was_asked_with(source: str) -> None:
    spec = archcost.import_model(source, inputs=(8,))
    text = spec if isinstance(spec, str) else spec.text
    given = inputs_of(archcost.analyze(loads(text)))
    assert given == {THE_ONLY: InputShape((8,), "float32")}


@pytest.mark.parametrize(
    ("inputs", "refused"),
    [
        ("inputs: {a: {shape: [2, 8], batch: false}}", True),
        ("inputs: {a: {shape: [$batch, 8], batch: false}}", False),
        ("inputs: {a: [8], b: {shape: [2], batch: false}}", False),
    ],
)
def test_a_batch_is_refused_where_no_input_can_have_one(inputs: str, *, refused: bool) -> None:
    spec = loads(f"archcost: 1\nname: net\n{inputs}\nlayers: [{{relu, from: a}}]\n")
    assert archcost.analyze(spec, batch=1).totals.macs == 0
    if refused:
        with pytest.raises(UsageError, match="net has no batch to be 3"):
            archcost.analyze(spec, batch=3)
    else:
        assert archcost.analyze(spec, batch=3).batch == 3
