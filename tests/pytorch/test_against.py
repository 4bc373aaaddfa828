"""A spec against models that exist in PyTorch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost
from tests.pytorch.support import document

if TYPE_CHECKING:
    from pathlib import Path

SPEC: dict[str, Any] = {
    "input": [3, 8, 8],
    "layers": [
        {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}, "id": "conv"},
        {"batch_norm2d": None, "id": "bn"},
        "relu",
        "flatten",
        {"linear": {"out_features": 5}, "id": "fc"},
    ],
}


def model(*, bias: bool = True, stride: int = 1, extra: bool = False) -> nn.Module:
    side = -(-8 // stride)
    layers: list[nn.Module] = [nn.Conv2d(3, 8, 3, stride, 1, bias=bias), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()]
    layers += [nn.Linear(8 * side * side, 5)]
    return nn.Sequential(*layers, *([nn.Linear(5, 5)] if extra else []))


class Careless(nn.Module):
    """Has layers that a forward pass does not run, some that only training runs, and weights read from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.net = model()
        self.aux = nn.Linear(5, 2)
        self.spare = nn.Linear(7, 7)

    def forward(self, x: torch.Tensor) -> Any:
        *head, last = self.net
        for layer in head:
            x = layer(x)
        x = nn.functional.linear(x, last.weight, last.bias)
        return {"out": x, "aux": self.aux(x) if self.training else None}


INSTANCE = model()
NOT_A_MODULE = 3


def maker() -> int:
    return 3


def against(name: str, parts: dict[str, Any] = SPEC, **settings: Any) -> archcost.Verification:
    return archcost.verify(document(parts), against=f"{__name__}:{name}", **settings)


@pytest.mark.parametrize("name", ["model", "INSTANCE"])
def test_a_model_that_is_the_same(name: str) -> None:
    verification = against(name)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    result = verification.against
    assert result is not None
    assert (result.params, result.macs) == (result.other_params, result.other_macs)
    assert [(pair.path, pair.other, pair.ok) for pair in result.pairs] == [
        ("conv", "0", True),
        ("bn", "1", True),
        ("fc", "4", True),
    ]
    assert verification.to_dict()["against"]["matched_layers"][0] == {
        "path": "conv",
        "target": "0",
        "ok": True,
        "params": {"archcost": 8 * 27 + 8, "target": 8 * 27 + 8},
        "macs": {"archcost": 64 * 8 * 27, "target": 64 * 8 * 27},
        "output": {"archcost": [1, 8, 8, 8], "target": [1, 8, 8, 8]},
    }


def without_bias() -> nn.Module:
    return model(bias=False)


def with_stride() -> nn.Module:
    return model(stride=2)


def with_more() -> nn.Module:
    return model(extra=True)


def test_a_bias_on_one_side() -> None:
    verification = against("without_bias")
    assert [str(mismatch).replace(__name__, "here") for mismatch in verification.mismatches] == [
        "the model: params is 2,805, here:without_bias 2,797",
        "conv (conv2d): params is 8×3×3×3, 8, here:without_bias 0 8×3×3×3 (bias: on one side only)",
    ]
    assert against("without_bias", tolerance=0.01).mismatches[0].path == "conv"


def test_a_stride_that_differs() -> None:
    mismatches = against("with_stride").mismatches
    assert [(m.path, m.metric) for m in mismatches] == [
        ("", "params"),
        ("", "macs"),
        ("conv", "output"),
        ("bn", "output"),
    ]
    assert "only the spec has fc 5×512; only the model has 4 5×128" in mismatches[0].cause
    assert mismatches[2].measured == (1, 8, 4, 4)


def test_layers_that_only_the_model_has() -> None:
    mismatches = against("with_more").mismatches
    assert [(m.metric, m.measured) for m in mismatches] == [("params", 2805 + 30), ("macs", 8 * 8 * 8 * 27 + 2560 + 25)]
    assert mismatches[0].cause == "only the model has 5 5×5"


def test_what_a_forward_pass_does_not_use_is_told_apart() -> None:
    verification = against("Careless")
    assert verification.ok
    result = verification.against
    assert result is not None
    assert result.unused == ("aux", "spare")
    assert result.unused_params == 12 + 56
    assert [pair.other for pair in result.pairs] == ["net.0", "net.1", "net.4"]  # the last is read from outside
    training = against("Careless", training=True).against
    assert training is not None
    assert training.unused == ("spare",)


def test_attention_of_torch_is_seen_into() -> None:
    parts = {
        "input": [7, 12],
        "layers": [{"multihead_attention": {"num_heads": 3}}, {"parameter": {"shape": [4]}, "id": "token"}],
        "outputs": ["multihead_attention"],
    }
    verification = against("Attention", parts)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    result = verification.against
    assert result is not None
    assert result.other_macs == 4 * 7 * 12 * 12 + 2 * 7 * 7 * 12
    assert {pair.other for pair in result.pairs} == {"attention, attention.out_proj", "token"}


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(4))
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x)[0] + self.token.sum()


def needs_numbers() -> nn.Module:
    return nn.Sequential(*model()) if torch.ones(1).item() else nn.Identity()


def test_models_that_need_numbers_to_be_made() -> None:
    assert against("needs_numbers").ok


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("resnet50", "takes torchvision:model or package.module:callable, got 'resnet50'"),
        (":x", "takes torchvision:model or package.module:callable"),
        ("no_such_package.here:model", "cannot be imported: ModuleNotFoundError: No module named 'no_such_package'$"),
        (f"{__name__}:modle", "did you mean 'model'"),
        (f"{__name__}:NOT_A_MODULE", "neither a module nor a callable"),
        (f"{__name__}:maker", "is not a torch.nn.Module, and makes none: it gives"),
        ("torchvision:resnet51", "torchvision has no model 'resnet51'\nhelp: did you mean 'resnet5"),
        ("torchvision:resnet18", "does not run on the inputs of spec, \\(1, 4\\)"),
    ],
)
def test_targets_that_cannot_be_held_against(target: str, message: str) -> None:
    with pytest.raises(archcost.UsageError, match=message):
        archcost.verify(document({"input": [4], "layers": ["relu"]}), against=target)


def test_the_working_directory_is_importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_net_for_archcost.py").write_text("from torch import nn\ndef net(): return nn.ReLU()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = document({"input": [4], "layers": ["relu"]})
    assert archcost.verify(spec, against="my_net_for_archcost:net").ok


def test_torchvision_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost import pytorch

    monkeypatch.setattr(pytorch, "find_spec", lambda name: None if name == "torchvision" else name)
    with pytest.raises(archcost.UsageError, match="pip install torchvision"):
        archcost.verify("conv1x1", against="torchvision:resnet18")
