"""Models that change the process, or the mode, or call what is bookkeeping: each is imported as what it computes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import distributed, nn
from torch.distributions import Categorical, Distribution, Normal

import archcost
from archcost.errors import UsageError
from archcost.importers.torch.foreign import Foreign

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


class Alone(nn.Module):
    """A layer of 8 to 8 features: 72 params, 64 MACs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn = nn.Linear(8, 8), nn.BatchNorm1d(8, affine=False)

    def forward(self, x: Tensor) -> Any:
        return self.bn(self.fc(x))


class ModeWithoutResult(Alone):
    def train(self, mode: bool = True) -> None:  # type: ignore[override]
        super().train(mode)
        self.bn.eval()


class OtherDevice(Alone):
    def __init__(self) -> None:
        torch.set_default_device("cuda")
        super().__init__()


class Group(Alone):
    def __init__(self) -> None:
        super().__init__()
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)


class Profiled(Alone):
    def forward(self, x: Tensor) -> Any:
        with torch.profiler.record_function("all"):
            return super().forward(x)


class Chances(Alone):
    def forward(self, x: Tensor) -> Any:
        x = super().forward(x)
        return Normal(x, x.exp()).rsample(), Categorical(logits=x).logits


def _exported() -> nn.Module:
    return torch.export.export(nn.Sequential(nn.Linear(8, 8)), (torch.zeros(1, 8),)).module()


NAMES = ("ModeWithoutResult", "OtherDevice", "Group", "Profiled", "Chances")


@pytest.mark.parametrize("name", NAMES)
def test_a_class_of_an_odd_model_is_imported(name: str) -> None:
    before = (os.getcwd(), torch.get_default_device(), Distribution._validate_args)
    totals = archcost.analyze(archcost.import_model(f"{__name__}:{name}", "8")).totals
    assert (totals.params, totals.macs) == (72, 64)
    assert before == (os.getcwd(), torch.get_default_device(), Distribution._validate_args)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def test_wrappers_and_programs_are_imported() -> None:
    for make in (lambda: nn.DataParallel(Alone()), _exported):
        totals = archcost.analyze(archcost.import_model(make(), "8")).totals
        assert (totals.params, totals.macs) == (72, 64)


def test_a_mode_that_fails_is_told() -> None:
    class Broken(Alone):
        def train(self, mode: bool = True) -> Any:
            raise KeyError(mode)

    with pytest.raises(UsageError, match="cannot be put in evaluation: KeyError"):
        archcost.import_model(Broken(), "8")


def test_foreign_code_leaves_the_process_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["archcost", "import", "net:build"])
    folder, kept = os.getcwd(), []
    with Foreign("net:build", "made"):
        assert sys.argv == ["archcost"]
        os.chdir(tmp_path)
        torch.set_default_device("meta")
        kept.append(torch.set_default_device)
        assert torch.zeros(1).device.type == "cpu"
    assert (os.getcwd(), sys.argv[1:]) == (folder, ["import", "net:build"])
    kept[0]("meta")  # whoever has kept it for later has torch's own
    try:
        assert torch.zeros(1).is_meta
    finally:
        torch.set_default_device(None)


def test_an_error_of_several_lines_is_told_to_its_point() -> None:
    def load() -> nn.Module:
        layer = nn.Linear(8, 8)
        layer.load_state_dict({"weight": torch.zeros(8, 8)})
        return layer

    told = r'in loading state_dict for Linear: Missing key.*"bias"'
    with pytest.raises(UsageError, match=told), Foreign("net", "made"):
        load()
