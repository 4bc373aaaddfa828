"""Frozen weights: which they are, what they change, and in PyTorch the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

import archcost
from archcost.spec.loader import loads
from tests.pytorch.support import document

FINE = {"conv2d": {"out_channels": 6, "kernel_size": 3}, "id": "body"}  # 6·(3·9) + 6 = 168 params
HEAD = [
    {"adaptive_avg_pool2d": {"output_size": 1}},
    "flatten",
    {"linear": {"out_features": 5}, "id": "head"},
]  # 6·5 + 5
LINEAR = {"linear": {"out_features": 4}}  # on 4 features: 4·4 + 4 = 20 params


def figures(**parts: Any) -> tuple[int, int]:
    totals = archcost.analyze(document(parts)).totals
    return totals.params, totals.trainable_params


def test_a_frozen_layer() -> None:
    assert figures(input=[3, 32, 32], layers=[{**FINE, "requires_grad": False}, *HEAD]) == (168 + 35, 35)
    assert figures(input=[3, 32, 32], layers=[{**FINE, "requires_grad": True}, *HEAD]) == (168 + 35, 168 + 35)


NESTED = {"inner": {"layers": [LINEAR, {**LINEAR, "requires_grad": True}]}, "outer": {"layers": ["inner", LINEAR]}}
CASES: dict[str, tuple[list[Any], int, int]] = {
    "a block, whatever is written in it": ([{"outer": None, "requires_grad": False}, LINEAR], 80, 20),
    "the same block elsewhere": ([{"outer": None, "requires_grad": False}, "outer"], 120, 60),
    "the block before it": (["outer", {"outer": None, "requires_grad": False}], 120, 60),
    "some rounds": ([{**LINEAR, "repeat": 4, "requires_grad": "$(i >= 3)"}], 80, 20),
    "rounds of a block": ([{"inner": None, "repeat": 3, "requires_grad": "$(i == 1)"}], 120, 40),
    "an expression over the input": ([{**LINEAR, "requires_grad": "$(in_features > 4)"}, LINEAR], 40, 20),
    "branches": ([{"add": None, "branches": {"a": [LINEAR], "b": []}, "requires_grad": False}, LINEAR], 40, 20),
    "a parameter, in either way": (
        [
            {"parameter": {"shape": [4], "requires_grad": False}},
            {"parameter": {"shape": [4]}, "requires_grad": False},
            {"add": None, "from": ["parameter", "parameter_1"]},
            {"parameter": {"shape": [4]}},
            {"add": None, "from": ["add", "parameter_2"]},
        ],
        12,
        4,
    ),
    "a shared tensor": ([{**LINEAR, "id": "a", "requires_grad": False}, {**LINEAR, "share": "a"}], 20, 0),
    "a chain of shared tensors": (
        [
            {**LINEAR, "id": "a", "requires_grad": False},
            {**LINEAR, "id": "b", "share": "a", "requires_grad": False},
            {**LINEAR, "share": "b", "requires_grad": False},
        ],
        20,
        0,
    ),
    "a shared table with a bias of its own": (
        [
            {"linear": {"out_features": 4, "bias": False}, "id": "a", "requires_grad": False},
            {**LINEAR, "share": "a"},
        ],
        16 + 4,
        4,
    ),
}


@pytest.mark.parametrize("layers", CASES.values(), ids=CASES)
def test_what_is_frozen(layers: tuple[list[Any], int, int]) -> None:
    steps, params, trainable = layers
    spec = {"input": [4], "blocks": NESTED, "layers": steps}
    assert figures(**spec) == (params, trainable)
    report = archcost.analyze(document(spec))
    assert sum(layer.trainable_params for layer in report.layers) == trainable
    module = archcost.build(document(spec))
    learnt = {id(tensor): tensor.numel() for tensor in module.parameters() if tensor.requires_grad}
    assert sum(learnt.values()) == trainable
    verification = archcost.verify(document(spec))
    assert verification.ok, verification
    memory = archcost.memory(document(spec), optimizer="adam").to_dict()
    assert memory["gradient_bytes"] == 4 * trainable
    names: dict[str, Any] = {}
    exec(archcost.export(document(spec)), names)
    exported = names["Spec"]()
    assert [p.requires_grad for p in exported.parameters()] == [p.requires_grad for p in module.parameters()]


def test_the_same_layer_frozen_and_not_is_two_rows() -> None:
    spec = document({"input": [4], "layers": [{**LINEAR, "repeat": 4, "requires_grad": "$(i >= 2)", "id": "l"}]})
    figures = [(layer.path, layer.params, layer.trainable_params) for layer in archcost.analyze(spec).layers]
    assert figures == [("l.0", 20, 0), ("l.1", 20, 0), ("l.2", 20, 20), ("l.3", 20, 20)]
    source = archcost.export(spec)
    assert "self.l = nn.Sequential(*[nn.Linear(4, 4) for _ in range(4)])" in source
    assert "self.l[:2].requires_grad_(False)" in source


def test_frozen_params_are_told_where_there_are_any(run: Any, tmp_path: Any) -> None:
    path = tmp_path / "net.yaml"
    spec = {"archcost": 1, "input": [3, 32, 32], "layers": [{**FINE, "requires_grad": False}, *HEAD]}
    path.write_text(json.dumps(spec), encoding="utf-8")
    assert "203 params, 35 trainable" in run("analyze", str(path)).out
    assert run("analyze", str(path), "--sort", "trainable_params").out.split("head")[0].count("body") == 0
    assert "frozen: they need no gradients" in run("explain", str(path), "body").out
    assert "203, of which 35 are trained" in run("explain", str(path)).out
    path.write_text(json.dumps({**spec, "budgets": {"trainable_params": 34}}), encoding="utf-8")
    assert run("check", str(path)).code == 1
    assert "trainable" not in run("analyze", "resnet18").out


def test_what_shares_may_not_freeze_what_another_trains() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(
            loads(
                "archcost: 1\ninput: [4]\nlayers:\n"
                "  - {id: a, linear: {out_features: 4}}\n"
                "  - {linear: {out_features: 4}, share: a, requires_grad: false}\n"
            )
        )
    (problem,) = caught.value.diagnostics
    assert problem.message == "`requires_grad: false` freezes weights that 'a' trains"
    assert problem.help == "a tensor has one state: freeze 'a' as well, or neither"
