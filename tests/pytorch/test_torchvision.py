"""The cover of the zoo against PyTorch, and against torchvision's own models where it has them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torchvision import models

import archcost
from archcost.importers.torch.targets import named_target
from archcost.pytorch.against import compare
from archcost.pytorch.counters import count_by_fvcore
from archcost.pytorch.tracing import traceable
from tests.conventions.networks import PLAIN_NAMES, torchvision_model
from tests.cover import some
from tests.pytorch.support import RECURRENT
from tests.shared import zoo_report

if TYPE_CHECKING:
    from archcost.spec.model import Spec

FVCORE_PRINTS = {"resnet152": 11_558_835_200, "torchvision_googlenet": 1_504_878_688}
BUILT_FOR = {"vit_h_14": {"resolution": 224}}  # without its weights, which are for 518


def torchvision_name(name: str) -> str | None:
    """The name that a model of the zoo has in torchvision, if it has one; test_detectors.py has the detectors."""
    plain = PLAIN_NAMES.get(name, name)
    return plain if plain in models.list_models(exclude=models.list_models(models.detection)) else None


@cache
def exact_figures() -> dict[tuple[str, str], dict[str, str]]:
    """By model and input shape: weights for other resolutions have rows of their own."""
    with (Path(__file__).parent.parent / "data" / "torchvision_exact.csv").open(encoding="utf-8") as file:
        return {(row["model"], row["input_shape"]): row for row in csv.DictReader(file)}


@pytest.mark.few
def test_model(zoo_model: str, zoo_spec: Spec) -> None:
    """What torchvision has is as large as there, anything else may have fewer layers."""
    other = torchvision_name(zoo_model)
    spec = archcost.load(zoo_model) if other else zoo_spec
    params = BUILT_FOR.get(zoo_model)
    verification = archcost.verify(spec, params=params, against=f"torchvision:{other}" if other else None)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    totals = verification.totals
    assert totals["params"] == totals["measured_params"]
    assert totals["macs"] == totals["torch_macs"]
    assert totals["fvcore_macs"] == verification.covered("fvcore")
    assert set(verification.uncovered("fvcore")) <= set(RECURRENT)
    assert verification.notes == ()
    if other is None:
        return
    against = verification.against
    assert against is not None
    assert (against.other_params, against.other_macs) == (totals["params"], totals["macs"])
    report = archcost.analyze(zoo_model, params=params) if params else zoo_report(zoo_model)
    row = exact_figures()[other, "x".join(map(str, report.inputs["input"]))]
    assert int(row["macs_recount"]) == totals["macs"]
    assert int(row["params_recount"]) in (totals["params"], against.other_params + against.unused_params)
    if fvcore_sees_all(report, other):
        assert fvcore_total(other, report.inputs["input"]) == verification.fvcore_total


@pytest.mark.parametrize("name", some(FVCORE_PRINTS, ["torchvision_googlenet"]))
def test_what_fvcore_has_printed(name: str) -> None:
    assert archcost.verify(name).fvcore_total == FVCORE_PRINTS[name]


def fvcore_sees_all(report: archcost.Report, name: str) -> bool:
    """It does not see into torch's attention, and only follows models that return a tensor."""
    attention = {"multihead_attention", "matmul"}
    return name in models.list_models(models) and not attention & {layer.op for layer in report.layers}


def fvcore_total(name: str, shape: tuple[int, ...]) -> int:
    """What fvcore says of torchvision's own model, norms and pools included."""
    model = torchvision_model(name).eval()
    with traceable():
        (seen,) = count_by_fvcore(model, (torch.zeros(shape, device="meta"),), [""])
    return sum(seen.operators.values())


@pytest.mark.parametrize("name", ["torchvision_googlenet", "inception_v3"])
def test_auxiliary_heads(name: str) -> None:
    """The parts that exist only while training, too: torchvision's metadata counts their params."""
    target = torchvision_name(name)
    report = archcost.analyze(name, training=True)
    against, mismatches = compare(report, f"torchvision:{target}", 0)
    assert [str(mismatch) for mismatch in mismatches] == []
    with torch.device("meta"):
        model = named_target(f"torchvision:{target}").make()
    assert against.other_params == sum(p.numel() for p in model.parameters())
    assert all(pair.ok for pair in against.pairs)
    assert not against.unused
