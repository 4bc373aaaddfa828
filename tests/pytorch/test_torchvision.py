"""The whole zoo against PyTorch, and against torchvision's own models where it has them."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import pytest
import torch
from torchvision import models

import archcost
from archcost import zoo
from archcost.pytorch.against import compare, load_target
from archcost.pytorch.counters import count_by_fvcore, fill_with_zeros

PLAIN_NAMES = {"torchvision_googlenet": "googlenet", "googlenet": ""}  # the plain name is the paper's
FVCORE_PRINTS = {"resnet152": 11_558_835_200, "torchvision_googlenet": 1_504_878_688}
FVCORE_UP_TO = 6 * 10**9  # MACs of the models that fvcore runs on torchvision's own module as well
WITHOUT_HEADS = {"googlenet": {"aux_logits": False, "init_weights": False}, "inception_v3": {"init_weights": False}}


def torchvision_name(name: str) -> str | None:
    """The name that a model of the zoo has in torchvision, if it has one."""
    plain = PLAIN_NAMES.get(name, name)
    return plain if plain in models.list_models() else None


def exact_figures() -> dict[str, dict[str, str]]:
    with (Path(__file__).parent.parent / "data" / "torchvision_exact.csv").open(encoding="utf-8") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", zoo.names())
def test_model(name: str) -> None:
    other = torchvision_name(name)
    verification = archcost.verify(name, against=f"torchvision:{other}" if other else None)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    totals = verification.totals
    assert totals["params"] == totals["measured_params"]
    assert totals["macs"] == totals["torch_macs"] == totals["fvcore_macs"]
    if other is None:
        return
    against = verification.against
    assert against is not None
    assert (against.other_params, against.other_macs) == (totals["params"], totals["macs"])
    row = exact_figures()[other]
    assert int(row["macs_recount"]) == totals["macs"]
    assert int(row["params_recount"]) in (totals["params"], against.other_params + against.unused_params)
    if name in FVCORE_PRINTS:
        assert verification.fvcore_total == FVCORE_PRINTS[name]
    elif (totals["macs"] or 0) <= FVCORE_UP_TO:
        assert fvcore_total(other, archcost.analyze(name).inputs["input"]) == verification.fvcore_total


def fvcore_total(name: str, shape: tuple[int, ...]) -> int:
    """What fvcore says of torchvision's own model, norms and pools included."""
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        model = models.get_model(name, weights=None, **WITHOUT_HEADS.get(name, {})).eval()
    (seen,) = count_by_fvcore(fill_with_zeros(model), (torch.zeros(shape),), [""])
    return sum(seen.operators.values())


@pytest.mark.parametrize("name", ["torchvision_googlenet", "inception_v3"])
def test_auxiliary_heads(name: str) -> None:
    """The parts that exist only while training, too: torchvision's metadata counts their params."""
    target = torchvision_name(name)
    report = archcost.analyze(name, training=True)
    against, mismatches = compare(report, f"torchvision:{target}", 0)
    assert [str(mismatch) for mismatch in mismatches] == []
    assert against.other_params == sum(p.numel() for p in load_target(f"torchvision:{target}").parameters())
    assert all(pair.ok for pair in against.pairs)
    assert not against.unused
