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
        "kind": {"archcost": "conv2d", "target": "Conv2d", "kinship": "same"},
        "settings": {},
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
        "the model: params are 2,805, here:without_bias 2,797",
        "conv (conv2d): params are 8×3×3×3, 8; here:without_bias 0: 8×3×3×3 (bias: on one side only)",
    ]
    assert against("without_bias", tolerance=0.01).mismatches[0].path == "conv"


def test_a_stride_that_differs() -> None:
    mismatches = against("with_stride").mismatches
    assert [(m.path, m.metric) for m in mismatches] == [
        ("", "params"),
        ("", "macs"),
        ("conv", "stride"),
        ("conv", "output"),
        ("bn", "output"),
    ]
    assert "only the spec has fc 5×512; only test_against:with_stride has 4 5×128" in mismatches[0].cause
    assert (mismatches[2].archcost, mismatches[2].measured) == ((1, 1), (2, 2))
    assert mismatches[3].measured == (1, 8, 4, 4)


def test_layers_that_only_the_model_has() -> None:
    mismatches = against("with_more").mismatches
    assert [(m.metric, m.measured) for m in mismatches] == [("params", 2805 + 30), ("macs", 8 * 8 * 8 * 27 + 2560 + 25)]
    assert mismatches[0].cause == "only test_against:with_more has 5 5×5"


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
        ("resnet50", "takes torchvision:MODEL, timm:MODEL, .*or package.module:callable, got 'resnet50'"),
        (":x", "takes torchvision:MODEL, timm:MODEL"),
        ("no_such_package.here:model", "there is no module 'no_such_package'"),
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
    from archcost import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "torchvision" else name)
    with pytest.raises(archcost.UsageError, match=r"pip install 'archcost\[import\]' torchvision"):
        archcost.verify("conv1x1", against="torchvision:resnet18")


class Chain(nn.Module):
    """Three unequal convolutions with norms, an affine and a head, and one thing that can be wrong."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__()
        side = 3 if wrong == "kernel" else 1
        stem = nn.Conv2d(3, 8, 3, stride=2 if wrong == "stride" else 1, padding=0 if wrong == "padding" else 1)
        body = [
            nn.Conv2d(8, 8, 3, padding=1, bias=wrong == "bias", groups=2 if wrong == "groups" else 1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
        ]
        point, again = [
            [nn.Conv2d(8, 8, side, padding=side // 2, bias=False), nn.BatchNorm2d(8), nn.ReLU()] for _ in range(2)
        ]
        parts = {
            "missing": [*body],
            "doubled": [*body, *point, *again],
            "swapped": [*point, *body],
        }.get(wrong, [*body, *point])
        wide = 9 if wrong == "width" else 5
        pool = nn.AdaptiveAvgPool2d(1)
        self.net = nn.Sequential(stem, *parts, pool, nn.Flatten(), nn.Linear(8, wide, bias=wrong != "head bias"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


CHAIN: dict[str, Any] = {
    "input": [3, 8, 8],
    "layers": [
        {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}, "id": "stem"},
        {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False}, "id": "body"},
        {"batch_norm2d": None, "id": "bn"},
        "relu",
        {"conv2d": {"out_channels": 8, "kernel_size": 1, "bias": False}, "id": "point"},
        {"batch_norm2d": None, "id": "bn_1"},
        "relu",
        {"adaptive_avg_pool2d": {"output_size": 1}},
        "flatten",
        {"linear": {"out_features": 5}, "id": "head"},
    ],
}
PARAMS = (8 * 27 + 8) + 8 * 72 + 16 + 8 * 8 + 16 + (8 * 5 + 5)
MACS = 64 * (8 * 27 + 8 * 72 + 8 * 8) + 8 * 5

WRONG: list[tuple[str, tuple[int, int], tuple[int, int], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = [
    # what is wrong; the model's params and MACs; layers that agree, of how many; what differs, what is not aligned
    ("", (PARAMS, MACS), (6, 6), (), (), ()),
    ("stride", (PARAMS, 16 * 856 + 40), (1, 6), ("stem", "body", "bn", "point", "bn_1"), (), ()),
    ("padding", (PARAMS, 36 * 856 + 40), (1, 6), ("stem", "body", "bn", "point", "bn_1"), (), ()),
    ("bias", (PARAMS + 8, MACS), (5, 6), ("body",), (), ()),
    ("head bias", (PARAMS - 5, MACS), (5, 6), ("head",), (), ()),
    ("kernel", (PARAMS + 8 * 64, MACS + 64 * 8 * 64), (5, 6), (), ("point",), ("net.4",)),
    ("groups", (PARAMS - 8 * 36, MACS - 64 * 8 * 36), (5, 6), (), ("body",), ("net.1",)),
    ("width", (PARAMS + 36, MACS + 32), (5, 6), (), ("head",), ("net.9",)),
    ("missing", (PARAMS - 80, MACS - 64 * 64), (4, 6), (), ("point", "bn_1"), ()),
    ("doubled", (PARAMS + 80, MACS + 64 * 64), (6, 6), (), (), ("net.7", "net.8")),
    ("swapped", (PARAMS, MACS), (4, 6), ("point",), ("point", "bn_1"), ("net.1", "net.2")),
]


@pytest.mark.parametrize(("wrong", "totals", "agree", "differ", "ours", "theirs"), WRONG, ids=[row[0] for row in WRONG])
def test_one_thing_that_is_wrong(
    wrong: str,
    totals: tuple[int, int],
    agree: tuple[int, int],
    differ: tuple[str, ...],
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "MUTANT", Chain(wrong))
    verification = against("MUTANT", CHAIN)
    result = verification.against
    assert result is not None
    assert (result.params, result.macs) == (PARAMS, MACS)
    assert (result.other_params, result.other_macs) == totals
    assert (result.agreeing, result.layers) == agree
    assert tuple(dict.fromkeys(each.path for each in verification.mismatches if each.path)) == differ
    assert (result.only_spec, result.only_other) == (ours, theirs)
    assert verification.ok is (not wrong)


MUTANT: nn.Module = INSTANCE


def test_a_cause_is_told_only_between_layers_that_align(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "MUTANT", Chain("stride"))
    causes = {each.path: each.cause for each in against("MUTANT", CHAIN).mismatches}
    assert (causes["stem"], causes["body"]) == ("follows from stride", "stride or padding before it")
    monkeypatch.setattr(sys.modules[__name__], "MUTANT", model(stride=2))
    causes = {each.path: each.cause for each in against("MUTANT").mismatches}
    assert causes == {
        "": "",  # of the MACs; params name what is left over
        "conv": "follows from stride",
        "bn": "",  # the linear layer behind it has no counterpart
    }


def test_layers_of_equal_shapes_are_told_apart_by_their_outputs() -> None:
    """Two stages of equal convolutions at two resolutions; the model lacks one of the first stage."""
    stage = [{"conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}, "id": f"a{k}"} for k in range(3)]
    later = [{"conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}, "id": f"b{k}"} for k in range(3)]
    parts = {"input": [4, 8, 8], "layers": [*stage, {"max_pool2d": {"kernel_size": 2}}, *later]}
    verification = against("shorter", parts)
    result = verification.against
    assert result is not None
    assert (result.agreeing, result.layers) == (5, 6)
    assert len(result.only_spec) == 1
    assert result.only_spec[0].startswith("a")
    assert {each.path for each in verification.mismatches} == {""}


def shorter() -> nn.Module:
    def stage(count: int) -> list[nn.Module]:
        return [nn.Conv2d(4, 4, 3, padding=1) for _ in range(count)]

    return nn.Sequential(*stage(2), nn.MaxPool2d(2), *stage(3))


class Branches(nn.Module):
    """Two branches, of which the model runs the second first, and an affine that is one module."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(4, 6), nn.Linear(4, 3)
        self.affine = Affine(9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        two = self.two(x)
        return self.affine(torch.cat([self.one(x), two], -1))


class Affine(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight + self.bias


BRANCHES: dict[str, Any] = {
    "input": [4],
    "layers": [
        {"linear": {"out_features": 6}, "id": "one"},
        {"linear": {"out_features": 3}, "id": "two", "from": "input"},
        {"concat": None, "from": ["one", "two"]},
        {"layer_scale": {"dim": 1}},
        {"id": "shift", "parameter": {"shape": [9]}},
        {"add": None, "from": ["layer_scale", "shift"]},
    ],
}


def test_branches_may_run_in_any_order_and_one_module_may_be_two_steps() -> None:
    verification = against("Branches", BRANCHES)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    result = verification.against
    assert result is not None
    assert {pair.path: pair.other for pair in result.pairs} == {
        "one": "one",
        "two": "two",
        "layer_scale": "affine",
        "shift": "affine",
    }
    assert (result.agreeing, result.layers, result.only_other) == (4, 4, ())


def test_equal_vectors_in_another_place_are_not_aligned() -> None:
    """A norm before the matrix and one behind it hold as many numbers; neither is the other."""
    parts = {"input": [4], "layers": [{"linear": {"out_features": 4}}, "layer_norm"]}
    verification = against("norm_first", parts)
    result = verification.against
    assert result is not None
    assert (result.only_spec, result.only_other) == (("layer_norm",), ("0",))
    assert (result.agreeing, result.layers) == (1, 2)
    assert verification.ok  # the totals agree, and the report says that this is all


def norm_first() -> nn.Module:
    return nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4))


def test_a_loner_that_differs_is_no_pair() -> None:
    """The only equal matrix stands between others on either side, and gives another number of outputs."""
    parts = {
        "input": [6, 4],
        "layers": [{"linear": {"out_features": 7}}, {"linear": {"out_features": 5}}, {"linear": {"out_features": 9}}],
    }
    result = against("lonely", parts).against
    assert result is not None
    assert result.pairs == ()
    assert result.only_spec == ("linear", "linear_1", "linear_2")


def lonely() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 8), nn.Unflatten(1, (3, 2)), nn.Flatten(2), Half(), nn.Linear(7, 5), nn.Linear(5, 3)
    )


class Half(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., :7]


def test_an_output_of_another_size_is_a_mismatch() -> None:
    assert messages_of("nn_flat", {"input": [4, 6], "layers": [{"linear": {"out_features": 2}}]}) == [
        "the model: macs are 48, here:nn_flat 24",
        "the model: output is 1×4×2, here:nn_flat 1×2×2",
    ]


def messages_of(name: str, parts: dict[str, Any]) -> list[str]:
    found = [each for each in against(name, parts).mismatches if not each.path]
    return [str(mismatch).replace(__name__, "here") for mismatch in found]


class First(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :2]


def nn_flat() -> nn.Module:
    return nn.Sequential(First(), nn.Linear(6, 2))
