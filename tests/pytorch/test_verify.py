"""What verify says: mismatches with their causes, tolerance, published figures, coverage, and large models."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost
from archcost.ops import REGISTRY
from archcost.ops.arithmetic import Add
from archcost.ops.base import Op
from archcost.pytorch import counters, measuring, module
from archcost.pytorch.builders import VERIFYING
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable

CONV: dict[str, Any] = {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}, "id": "conv"}
SMALL: dict[str, Any] = {"input": [4, 6, 6], "layers": [CONV, "relu", "flatten", {"linear": {"out_features": 10}}]}
MACS = 6 * 6 * 8 * 3 * 3 * 4


def change(monkeypatch: pytest.MonkeyPatch, kind: str, rule: str, wrong: Callable[..., Any]) -> None:
    """Replace a rule of an op; ``wrong`` gets the right result, the op and the arguments."""
    right = getattr(REGISTRY[kind], rule)
    monkeypatch.setattr(REGISTRY[kind], rule, lambda op, *shapes: wrong(right(op, *shapes), op, *shapes))


def messages(parts: dict[str, Any], **settings: Any) -> list[str]:
    return [str(mismatch) for mismatch in archcost.verify(document(parts), **settings).mismatches]


def test_a_right_spec_agrees() -> None:
    verification = archcost.verify(document(SMALL))
    assert verification.ok
    assert verification.mismatches == ()
    assert [layer.ok for layer in verification.layers] == [True] * 4
    assert verification.totals["macs"] == MACS + 288 * 10
    assert verification.totals["torch_macs"] == verification.totals["fvcore_macs"] == MACS + 288 * 10
    assert verification.covered("fvcore") == verification.covered("torch") == MACS + 288 * 10
    assert set(verification.versions) == {"torch", "fvcore"}


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda macs, *_: 2 * macs, "convention: FLOPs, 2 for each multiply-accumulate, instead of MACs"),
        (lambda macs, *_: macs // 2, "convention: half of the multiply-accumulates"),
        (lambda macs, *_: macs + 8 * 6 * 6, "bias or elementwise work"),
        (lambda macs, *_: macs + 4 * 6 * 6, "elementwise work: one operation for each input"),
        (lambda macs, *_: macs * 4, "the formula: off by"),
        (lambda *_: 0, "convention: work that archcost takes for free"),
    ],
)
def test_wrong_macs_name_the_counters_and_a_cause(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., int], cause: str
) -> None:
    change(monkeypatch, "conv2d", "macs", wrong)
    verification = archcost.verify(document(SMALL))
    assert [(m.path, m.metric, m.measured, m.by) for m in verification.mismatches] == [
        ("conv", "macs", MACS, "torch counter"),
        ("conv", "macs", MACS, "fvcore"),
    ]
    assert all(cause in mismatch.cause for mismatch in verification.mismatches)
    assert not verification.ok
    assert [layer.ok for layer in verification.layers] == [False, True, True, True]


def test_macs_without_any_are_a_matter_of_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "softmax", "macs", lambda macs, *_: macs + 7)
    (first, _) = messages({"input": [5], "layers": [{"softmax": {"dim": 1}}]})
    assert (
        first == "softmax (softmax): macs are 7, torch counter 0 "
        "(convention: PyTorch multiplies and accumulates nothing here)"
    )


def test_groups_that_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(kernel: Any, _op: object, inputs: Any) -> Any:
        return (kernel[0], inputs[0][1], *kernel[2:])

    change(monkeypatch, "conv2d", "kernel", forget)
    conv = {"conv2d": {**CONV["conv2d"], "groups": 4}}
    found = messages({"input": [4, 6, 6], "layers": [conv]})
    assert found[0] == (
        "conv2d (conv2d): params are weight 8×4×3×3, PyTorch weight 8×1×3×3 "
        "(the inputs that weight meets: groups, in_features)"
    )
    assert found[1].endswith("(groups: each reads its own channels only)")


@pytest.mark.parametrize(
    ("kind", "wrong", "cause"),
    [
        ("conv2d", lambda outputs: ((*outputs[0][:3], outputs[0][3] + 1),), "padding, stride or dilation"),
        ("max_pool2d", lambda outputs: ((*outputs[0][:2], 4, 4),), "padding, or rounding of the last window"),
        ("conv2d", lambda outputs: ((2, *outputs[0][1:]),), "the batch"),
        ("relu", lambda outputs: ((*outputs[0], 1),), "a dim that is kept or dropped"),
        ("relu", lambda _: ((1, 5, 6, 6),), "the number of channels or features"),
        ("relu", lambda _: ((1, 4, 6, 7),), "the rule for dim 3"),
    ],
)
def test_wrong_shapes_name_a_cause(
    monkeypatch: pytest.MonkeyPatch, kind: str, wrong: Callable[..., Any], cause: str
) -> None:
    change(monkeypatch, kind, "infer", lambda outputs, *_: wrong(outputs))
    steps: dict[str, Any] = {"conv2d": CONV["conv2d"], "max_pool2d": {"kernel_size": 2}, "relu": None}
    (first, *_) = archcost.verify(document({"input": [4, 6, 6], "layers": [{kind: steps[kind]}]})).mismatches
    assert first.metric == "output"
    assert cause in first.cause


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda tensors: {"weight": tensors["weight"]}, "bias: on one side only"),
        (lambda tensors: {**tensors, "gamma": (3,)}, "tensors on one side only: gamma"),
        (lambda tensors: {**tensors, "weight": (288, 10)}, "the order of the dims of weight"),
        (lambda tensors: {**tensors, "weight": (11, 288)}, "the shape of weight"),
    ],
)
def test_wrong_tensors_name_a_cause(monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Any], cause: str) -> None:
    change(monkeypatch, "linear", "weights", lambda tensors, *_: wrong(tensors))
    mismatch = next(m for m in archcost.verify(document(SMALL)).mismatches if m.metric == "params")
    assert mismatch.path == "linear"
    assert mismatch.cause == cause


def test_layers_before_a_failing_one_are_judged_and_those_after_it_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "flatten", "infer", lambda *_: ((1, 300),))
    verification = archcost.verify(document(SMALL))
    assert [layer.ok for layer in verification.layers] == [True, True, False, False]
    output, failure = verification.mismatches
    assert str(output) == "flatten (flatten): output is 1×300, PyTorch 1×288 (the number of channels or features)"
    assert str(failure).startswith("linear (linear): PyTorch does not run it: ")
    assert verification.layers[3].measured_output is None
    assert verification.layers[3].to_dict()["measured_output"] is None


def test_a_module_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> nn.Module:
        raise ValueError("no such thing")

    monkeypatch.setitem(VERIFYING, "relu", refuse)
    verification = archcost.verify(document(SMALL))
    assert [str(mismatch) for mismatch in verification.mismatches] == [
        "relu (relu): PyTorch does not build it: no such thing"
    ]
    assert verification.mismatches[0].place == ("<string>", 1)
    assert [layer.ok for layer in verification.layers] == [True, False, False, False]


class _Picky(nn.Module):
    """Runs on one device only."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.device.type != self.device:
            raise RuntimeError("not here")
        return x


def test_a_module_that_runs_on_the_meta_device_only_is_named_by_a_run_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(VERIFYING, "relu", lambda *_: _Picky("meta"))
    verification = archcost.verify(document(SMALL), device="cpu")
    assert messages(SMALL, device="cpu") == ["relu (relu): PyTorch does not run it: not here"]
    assert verification.totals["fvcore_macs"] is None
    assert messages(SMALL) == []


def test_a_module_that_does_not_run_on_the_meta_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERIFYING, "relu", lambda *_: _Picky("cpu"))
    assert messages(SMALL) == ["relu (relu): PyTorch does not run it: not here"]


def test_a_module_that_runs_and_cannot_be_traced_is_covered_by_torch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Untraceable(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if torch.jit.is_tracing():
                raise RuntimeError("not in a trace")
            return x

    monkeypatch.setitem(VERIFYING, "relu", lambda *_: Untraceable())
    verification = archcost.verify(document(SMALL))
    assert verification.ok
    assert verification.notes == ("fvcore stops with: not in a trace",)
    assert verification.totals["torch_macs"] == MACS + 2880
    assert verification.uncovered("fvcore") == {"conv2d": MACS, "linear": 2880}


def test_fvcore_that_fails_is_reported_and_covers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a shape that I do not like")

    monkeypatch.setattr(counters, "_norm", fail)
    verification = archcost.verify(document({"input": [4], "layers": ["layer_norm", {"linear": {"out_features": 3}}]}))
    assert verification.ok
    assert verification.notes == ("fvcore stops with: a shape that I do not like",)
    assert verification.covered("fvcore") == 0
    assert verification.uncovered("fvcore") == {"linear": 12}


def test_operators_that_fvcore_does_not_know_leave_a_layer_uncovered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Product(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.mv(x.squeeze(0).unsqueeze(0), x.squeeze(0)).expand(1, x.size(1))

    monkeypatch.setitem(VERIFYING, "relu", lambda *_: Product())
    (layer,) = archcost.verify(document({"input": [4], "layers": ["relu"]})).layers
    assert layer.fvcore_macs is None


def test_recurrent_layers_are_counted_by_torch_and_from_their_matrices() -> None:
    parts = {"input": [7, 3], "layers": [{"lstm": {"hidden_size": 5}}, {"linear": {"out_features": 2}}]}
    verification = archcost.verify(document(parts), batch=2)
    lstm, linear = verification.layers
    macs = 2 * 7 * 4 * 5 * (3 + 5)
    assert (lstm.macs, lstm.torch_macs, lstm.second_macs, lstm.fvcore_macs) == (macs, macs, macs, None)
    assert linear.fvcore_macs == 2 * 7 * 5 * 2
    assert verification.uncovered("fvcore") == {"lstm": macs}
    assert verification.covered("torch") == macs + 140


def test_the_second_count_notices_a_wrong_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "gru", "macs", lambda macs, *_: macs + 1)
    found = archcost.verify(document({"input": [7, 3], "layers": [{"gru": {"hidden_size": 5}}]})).mismatches
    assert [mismatch.by for mismatch in found] == ["torch counter", "matrices × time steps"]


def test_unread_layers_are_judged_too() -> None:
    layers = [{"linear": {"out_features": 3}, "id": "unused"}, {"linear": {"out_features": 2}, "from": "input"}]
    verification = archcost.verify(document({"input": [4], "layers": layers}))
    assert [layer.fvcore_macs for layer in verification.layers] == [12, 8]


def test_a_spec_whose_layers_are_all_left_out() -> None:
    verification = archcost.verify(document({"input": [4], "layers": [{"relu": None, "when": "$training"}]}))
    assert verification.ok
    assert verification.layers == ()
    assert verification.notes == ()


def test_large_models_stay_on_the_meta_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MAX_REAL_MACS", 100)
    verification = archcost.verify(document(SMALL), device="cpu")
    assert verification.ok
    assert verification.notes == ("run on the meta device, not on the CPU: 13.2 k MACs, more than 100",)
    assert verification.totals["torch_macs"] == verification.totals["fvcore_macs"] == MACS + 2880
    monkeypatch.setattr(measuring, "MAX_REAL_BYTES", 100)
    assert archcost.verify(document(SMALL), device="cpu").notes[0].endswith("of tensors, more than 100 B")
    assert archcost.verify(document(SMALL)).notes == ()


def test_a_model_beyond_all_memory_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terabyte of weights; both counters see every product."""
    monkeypatch.setattr(counters, "fill_with_zeros", None)
    width = 500_000
    verification = archcost.verify(document({"input": [width], "layers": [{"linear": {"out_features": width}}]}))
    assert verification.ok
    assert verification.totals["torch_macs"] == verification.totals["fvcore_macs"] == width * width


def test_tolerance_forgives_small_differences_of_counts_and_no_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "conv2d", "macs", lambda macs, *_: macs + 100)
    share = Fraction(100, MACS)
    assert messages(SMALL, tolerance=share) == []
    assert len(messages(SMALL, tolerance=share * Fraction(999, 1000))) == 2
    change(monkeypatch, "linear", "infer", lambda *_: ((1, 11),))
    assert [m.metric for m in archcost.verify(document(SMALL), tolerance=1).mismatches] == ["output"]


def test_expected_figures_are_judged_for_the_spec_as_it_stands() -> None:
    expect = {"params": 5000, "output": [1, 11], "layers": {"linear": {"macs": {"value": 2880, "source": "Table 1"}}}}
    parts = {**SMALL, "params": {"unused": 1}, "expect": expect}
    verification = archcost.verify(document(parts))
    assert verification.expected == 3
    params = 8 * 4 * 9 + 8 + 2880 + 10
    assert [str(mismatch) for mismatch in verification.mismatches] == [
        "the model: output is 1×10, stated 1×11",
        f"the model: params are {params:,}, stated 5,000",
    ]
    for settings in ({"params": {"unused": 2}}, {"batch": 2}, {"training": True}):
        again = archcost.verify(document(parts), **settings)
        assert (again.ok, again.expected) == (True, 0)


def test_dtypes_follow_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"inputs": {"x": {"shape": [4, 6, 6], "dtype": "bfloat16"}}, "layers": [CONV, "batch_norm2d", "relu"]}
    assert messages(parts) == []
    parts = {
        "inputs": {"i": {"shape": [4], "dtype": "int64"}, "x": [4]},
        "layers": [{"add": None, "from": ["i", "x"]}],
    }
    assert messages(parts) == []
    monkeypatch.setattr(Add, "result_dtype", Op.result_dtype)
    assert messages(parts) == ["add (add): dtype is int64, PyTorch float32 (mixed inputs promote to another dtype)"]


def test_shared_weights_count_once_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [
        {"linear": {"out_features": 4}, "id": "first"},
        {"linear": {"out_features": 4}, "id": "second", "share": "first"},
    ]
    parts = {"input": [4], "layers": layers}
    verification = archcost.verify(document(parts))
    assert verification.ok
    assert [layer.measured_params for layer in verification.layers] == [20, 0]
    monkeypatch.setattr(module, "_share", lambda *_: None)
    assert messages(parts) == ["second (linear): params are 0, PyTorch 20 (tensors shared on one side only)"]
