"""A spec beside a model whose tensors fit it: kinds, settings and activations that differ are found all the same.

The specs have one convolution of 4 to 6 channels with a ReLU, unless a test says otherwise; the model is one that holds
as many numbers. A tick is only for what is known to be the same.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import archcost
from archcost.pytorch.kinds import kind_of_call, same_activations
from archcost.pytorch.verification import VerificationOutcome
from archcost.render.verification_junit import to_junit
from archcost.render.verification_words import verdict
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable

CONV = {"conv2d": {"out_channels": 6, "kernel_size": 3, "padding": 1}}
SPEC: dict[str, Any] = {"input": [4, 8, 8], "layers": [CONV, "relu"]}
MODEL: Any = None


def held(monkeypatch: pytest.MonkeyPatch, model: Any, parts: dict[str, Any] = SPEC) -> archcost.Verification:
    monkeypatch.setattr(sys.modules[__name__], "MODEL", model)
    return archcost.verify(document(parts), against=f"{__name__}:MODEL")


def conv(*after: nn.Module, **settings: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 6, **{"kernel_size": 3, "padding": 1, **settings}), *(after or (nn.ReLU(),)))


class Wrapped(nn.Module):
    """A convolution and what is done with it."""

    def __init__(self, run: Callable[[nn.Module, torch.Tensor], Any], **settings: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 6, **{"kernel_size": 3, "padding": 1, **settings})
        self.run = run

    def forward(self, x: torch.Tensor) -> Any:
        return self.run(self.conv, x)


class PadsItself(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(4, 6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, (1, 1, 1, 1))
        return functional.conv2d(padded, self.weight, self.bias).relu()


class Calls(nn.Module):
    """Tensors of its own, for a function of torch's."""

    def __init__(self, *sizes: tuple[int, ...], call: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.own = nn.ParameterList([torch.ones(size) for size in sizes])
        self.call = call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.call(x, *self.own)


def calls(**settings: Any) -> nn.Module:
    def call(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, weight, bias, **settings).relu()

    return Calls((6, 4, 3, 3), (6,), call=call)


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(6, 3, padding=1), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


SAME: dict[str, Callable[[], Any]] = {
    "modules": conv,
    "padding by name": lambda: conv(padding="same"),
    "padding of another mode": lambda: conv(padding_mode="reflect"),
    "functions": lambda: Wrapped(lambda conv, x: functional.relu(conv(x))),
    "methods": lambda: Wrapped(lambda conv, x: conv(x).relu_()),
    "padded beside it": lambda: Wrapped(lambda conv, x: conv(functional.pad(x, (1, 1, 1, 1))).relu(), padding=0),
    "padded in it": PadsItself,
    "own tensors": lambda: calls(padding=1),
    "lazy": lambda: Lazy,  # made on the meta device
    "in place": lambda: Wrapped(lambda conv, x: conv(x.add_(1)).relu()),
    "a tuple": lambda: Wrapped(lambda conv, x: (conv(x).relu(), x)),
    "a dict": lambda: Wrapped(lambda conv, x: {"out": conv(x).relu(), "loss": None}),
    "weights used from outside": lambda: Wrapped(
        lambda conv, x: functional.conv2d(x, conv.weight, conv.bias, padding=1).relu()
    ),
    "parallel": lambda: nn.DataParallel(conv()),
    "derived": lambda: nn.Sequential(type("Own", (nn.Conv2d,), {})(4, 6, 3, padding=1), nn.ReLU()),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_however_it_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verification = held(monkeypatch, SAME[name]())
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    assert verification.proved
    assert verdict(verification) == "✓ spec: 2 layers agree in shapes, params and MACs"


OTHER: dict[str, tuple[Callable[[], nn.Module], list[tuple[str, Any, Any]]]] = {
    # the model, and metric, ours, theirs of each mismatch
    "dilation": (
        lambda: conv(dilation=2, padding=2),  # the output is as large
        [("padding", (1, 1), (2, 2)), ("dilation", (1, 1), (2, 2))],
    ),
    "dilation in a call": (
        lambda: calls(dilation=2, padding=2),
        [("padding", (1, 1), (2, 2)), ("dilation", (1, 1), (2, 2))],
    ),
    "another activation": (lambda: conv(nn.GELU()), [("activations", {"relu": 1}, {"gelu": 1})]),
    "no activation": (lambda: conv(nn.Identity()), [("activations", {"relu": 1}, {})]),
    "one more": (lambda: conv(nn.ReLU(), nn.ReLU()), [("activations", {"relu": 1}, {"relu": 2})]),
    "no output": (lambda: Wrapped(lambda conv, x: conv(x).relu().size(0)), [("output", (1, 6, 8, 8), ())]),
    "another output": (
        lambda: Wrapped(lambda conv, x: (conv(x).relu()[:, :3], x[:, :2])),
        [("output", (1, 6, 8, 8), ((1, 3, 8, 8), (1, 2, 8, 8)))],
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_differs_though_all_tensors_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, expected = OTHER[name]
    verification = held(monkeypatch, make())
    assert [(each.metric, each.archcost, each.measured) for each in verification.mismatches] == expected
    assert not verification.ok


class Affine(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight + self.bias


class Swish(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(x)


NORMS: dict[str, Any] = {
    "input": [3],
    "layers": [
        {"linear": {"out_features": 8}},
        {"layer_scale": {"dim": 1}},
        {"id": "shift", "parameter": {"shape": [8]}},
        {"add": None, "from": ["layer_scale", "shift"]},
        {"linear": {"out_features": 8}},
        "layer_norm",
    ],
}


def test_a_scale_and_a_shift_are_no_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either has 8 and 8 numbers. Of a class of the model's own it is not known what it does."""
    model = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.Linear(8, 8), Affine(8))
    verification = held(monkeypatch, model, NORMS)
    assert [(each.path, each.metric, each.measured) for each in verification.mismatches] == [
        ("layer_scale", "kind", "LayerNorm"),
        ("shift", "kind", "LayerNorm"),
    ]
    against = verification.against
    assert against is not None
    assert (against.agreeing, against.kind_unknown, against.layers) == (3, 1, 5)
    assert [pair.kinship.value for pair in against.pairs] == ["same", "differs", "differs", "same", "not known"]


def test_a_kind_that_is_not_known_has_no_tick(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from archcost.pytorch.verification import VerificationOutcome
    from archcost.render.printing import write
    from archcost.render.verification import VerificationDocument

    parts = {"input": [3], "layers": [{"linear": {"out_features": 8}}, "layer_norm"]}
    verification = held(monkeypatch, nn.Sequential(nn.Linear(3, 8), Affine(8)), parts)
    assert (verification.ok, verification.proved) == (True, False)
    for format_ in ("table", "markdown"):
        write(VerificationDocument([VerificationOutcome("spec", verification)]), format_, None)
        text = capsys.readouterr().out
        assert "1 layer agrees in parameter shapes; its kind is not known" in text
        assert "1: kind not known" in text
        assert not [line for line in text.splitlines() if "✓" in line and "layer_norm" in line]
        assert text.rstrip().splitlines()[-1].lstrip("- ").replace("`", "") == (
            "spec: 2 layers agree in shapes, params and MACs; "
            f"{__name__}:MODEL: 2 of 2 layers with tensors agree, 1 of them in parameter shapes alone (kind not known)"
        )


PAIRS = [
    # an op of ours, a layer of theirs on 6×8, what the pair comes to
    ({"linear": {"out_features": 8}}, nn.Linear(8, 8), "same"),
    ("layer_norm", nn.LayerNorm(8), "same"),
    ("layer_norm", type("Derived", (nn.LayerNorm,), {})(8), "same"),
    ("layer_norm", Calls((8,), (8,), call=lambda x, w, b: functional.layer_norm(x, (8,), w, b)), "same"),
    ("layer_norm", Affine(8), "not known"),
    ("rms_norm", Calls((8,), call=lambda x, w: x * w), "not known"),
    ({"layer_scale": {"dim": 2}}, nn.RMSNorm(8), "differs"),
    ({"layer_scale": {"dim": 2}}, Calls((8,), call=lambda x, w: x * w), "same"),
    ({"batch_norm1d": None}, nn.InstanceNorm1d(6, affine=True), "differs"),
    ({"batch_norm1d": None}, nn.GroupNorm(1, 6), "differs"),
    ({"batch_norm1d": None}, nn.BatchNorm1d(6), "same"),
    ({"group_norm": {"num_groups": 2}}, nn.GroupNorm(2, 6), "same"),
    ({"conv1d": {"out_channels": 6, "kernel_size": 1}}, nn.Conv1d(6, 6, 1), "same"),
]


@pytest.mark.parametrize(("op", "layer", "kinship"), PAIRS)
def test_the_kinds_of_a_pair(op: Any, layer: nn.Module, kinship: str, monkeypatch: pytest.MonkeyPatch) -> None:
    against = held(monkeypatch, nn.Sequential(layer), {"input": [6, 8], "layers": [op]}).against
    assert against is not None
    assert [pair.kinship.value for pair in against.pairs] == [kinship]


def test_groups_of_a_norm_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"input": [6, 8], "layers": [{"group_norm": {"num_groups": 2}}]}
    (mismatch,) = held(monkeypatch, nn.GroupNorm(3, 6), parts).mismatches
    assert (mismatch.path, mismatch.metric, mismatch.archcost, mismatch.measured) == ("group_norm", "num_groups", 2, 3)


def test_heads_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(12, 4, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attention(x, x, x)[0]

    parts = {"input": [7, 12], "layers": [{"multihead_attention": {"num_heads": 3}}]}
    mismatches = held(monkeypatch, Attention(), parts).mismatches
    assert [(each.metric, each.archcost, each.measured) for each in mismatches] == [("num_heads", 3, 4)]


def test_an_activation_that_may_be_written_out_is_told_and_no_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"input": [4, 8, 8], "layers": [CONV, "silu"]}
    verification = held(monkeypatch, conv(Swish()), parts)
    assert (verification.ok, verification.proved) == (True, False)
    assert "activations are not compared" in verdict(verification)


ACTIVATIONS = [
    ({"relu": 2}, {"relu": 2, "cat": 5}, True),
    ({"relu": 2}, {"relu": 1, "gelu": 1}, False),
    ({"silu": 1}, {"sigmoid": 1, "mul": 1}, None),  # x·σ(x)
    ({"gelu": 1}, {"erf": 1}, None),
    ({"hardswish": 1}, {"relu6": 1}, None),  # x·relu6(x + 3) / 6
    ({"relu": 1}, {"clamp": 1}, None),
    ({"relu": 1, "sigmoid": 1}, {"relu": 2, "sigmoid": 1}, False),
    ({}, {}, True),
]


@pytest.mark.parametrize(("ours", "theirs", "same"), ACTIVATIONS)
def test_activations(ours: dict[str, int], theirs: dict[str, int], same: bool | None) -> None:
    assert same_activations(ours, theirs) is same


def test_the_kind_of_a_call() -> None:
    x, weight = torch.zeros(1, 4, 8, 8), torch.zeros(6, 2, 3, 1)
    kind = kind_of_call("conv2d", (x, weight), {"stride": 2, "padding": [1], "groups": 2})
    assert kind is not None
    assert (kind.name, kind.input, kind.settings) == (
        "Conv",
        (1, 4, 8, 8),
        {"kernel_size": (3, 1), "stride": (2, 2), "padding": (1, 1), "dilation": (1, 1), "groups": 2},
    )
    assert kind_of_call("matmul", (x, x), {}) is None


def test_what_is_wrong_has_a_row_among_several(tmp_path: Any, run: Callable[..., Any]) -> None:
    (tmp_path / "broken.yaml").write_text(
        "archcost: 1\nname: broken\ninput: [8]\nlayers: [linear: {out_features: 4}, conv1d: {}]\n", encoding="utf-8"
    )
    for format_ in ("table", "markdown"):
        result = run("verify", "conv1x1", "broken.yaml", "missing.yaml", "--format", format_, cwd=tmp_path)
        rows = [line for line in result.out.splitlines() if "(not verified)" in line]
        assert result.code == 2
        assert [line.strip("| ").partition(" (")[0] for line in rows] == ["broken", "missing.yaml"]
        assert "✓" not in "".join(rows)


def test_a_window_lies_in_its_own_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    """8 to 8 channels, 1 by 7 and 7 by 1: the tensors hold as many numbers, and all shapes and MACs are equal."""
    row = {"conv2d": {"out_channels": 8, "kernel_size": [1, 7], "padding": [0, 3]}}
    column = {"conv2d": {"out_channels": 8, "kernel_size": [7, 1], "padding": [3, 0]}}
    parts = {"input": [8, 17, 17], "layers": [row, "relu", column]}
    row_module, column_module = nn.Conv2d(8, 8, (1, 7), padding=(0, 3)), nn.Conv2d(8, 8, (7, 1), padding=(3, 0))
    assert held(monkeypatch, nn.Sequential(row_module, nn.ReLU(), column_module), parts).proved
    swapped = held(monkeypatch, nn.Sequential(column_module, nn.ReLU(), row_module), parts)
    assert [(each.path, each.metric) for each in swapped.mismatches] == [
        ("conv2d", "kernel_size"),
        ("conv2d", "padding"),
        ("conv2d_1", "kernel_size"),
        ("conv2d_1", "padding"),
    ]


def test_a_convolution_over_one_dim_may_be_written_over_two(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"input": [4, 9], "layers": [{"conv1d": {"out_channels": 6, "kernel_size": 3, "padding": 1}}]}

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 6, (1, 3), padding=(0, 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x.unsqueeze(2)).squeeze(2)

    assert held(monkeypatch, Flat(), parts).proved


@pytest.mark.parametrize("called", [False, True])
def test_a_norm_without_statistics_is_another(monkeypatch: pytest.MonkeyPatch, called: bool) -> None:
    class Normed(nn.BatchNorm2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.batch_norm(x, None, None, self.weight, self.bias, training=True)

    norm = Normed(6) if called else nn.BatchNorm2d(6, track_running_stats=False)
    parts = {"input": [4, 8, 8], "layers": [CONV, "batch_norm2d"]}
    found = held(monkeypatch, conv(norm), parts)
    assert [(each.path, each.metric) for each in found.mismatches] == [("batch_norm2d", "track_running_stats")]


def test_other_dtypes_are_told_and_no_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    found = held(monkeypatch, conv().half())
    assert found.ok
    assert "weights of float16, the spec of float32: bytes differ" in found.notes[-1]
    assert not any("weights of" in note for note in held(monkeypatch, conv()).notes)


def test_what_is_not_aligned_is_skipped_in_junit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A norm before its convolution: the last norm of the spec has none beside it, and totals agree all the same."""
    square = {"conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}}
    parts = {"input": [4, 8, 8], "layers": [square, "batch_norm2d", square, "batch_norm2d"]}
    pair = [nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, padding=1)]
    found = held(monkeypatch, nn.Sequential(*pair, nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, padding=1)), parts)
    assert (found.ok, found.proved) == (True, False)
    assert found.against is not None
    assert list(found.against.unproved) == ["batch_norm2d_1"]
    text = to_junit([VerificationOutcome("net", found)])
    assert 'skipped="1"' in text
    assert "not aligned with any layer" in text
