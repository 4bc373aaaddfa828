"""Weights shared by path: across blocks, rounds and branches, in figures and in PyTorch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.spec.loader import loads
from tests.pytorch.support import document

if TYPE_CHECKING:
    from pathlib import Path

LINEAR = 8 * 8 + 8
BLOCKS = {
    "pair": {"layers": [{"linear": {"out_features": 8}, "id": "a"}, {"linear": {"out_features": 8}, "id": "b"}]},
    "tied": {"layers": ["layer_norm", {"linear": {"out_features": 8}, "id": "own", "share": "first.a"}]},
    "local": {"layers": [{"pair": None, "id": "first"}, {"linear": {"out_features": 8}, "share": "first.b"}]},
    "deep": {"layers": [{"pair": None, "id": "r", "repeat": 3, "share": "r.0"}]},
    "mixed": {"layers": [{"linear": {"out_features": 8}, "share": "first.a"}, {"tied": None, "id": "deep"}]},
}
FIRST = {"pair": None, "id": "first"}


def shared(path: str, **more: Any) -> dict[str, Any]:
    return {"linear": {"out_features": 8}, "id": "l", "share": path, **more}


CASES: dict[str, tuple[list[Any], int]] = {
    "a step in a block": ([FIRST, shared("first.a")], 2 * LINEAR),
    "a step in a round": ([{"pair": None, "id": "r", "repeat": 3}, shared("r.1.b")], 6 * LINEAR),
    "a round": ([{"pair": None, "id": "r", "repeat": 2}, {"pair": None, "share": "r.1"}], 4 * LINEAR),
    "the rounds of a step with its first": ([{"pair": None, "id": "r", "repeat": 3, "share": "r.0"}], 2 * LINEAR),
    "the rounds of a step in a block that is used twice": (["deep", "deep"], 4 * LINEAR),
    "the rounds of a step without an id": ([{"linear": {"out_features": 8}, "repeat": 3, "share": "linear.0"}], LINEAR),
    "a block deep inside": ([{"local": None, "id": "x"}, {"pair": None, "share": "x.first"}], 2 * LINEAR),
    "from inside of blocks": ([FIRST, {"tied": None, "repeat": 3}], 2 * LINEAR + 3 * 2 * 8),
    "what is in the block comes first": ([FIRST, {"local": None}], 4 * LINEAR),
    "copies of a block that shares outside": ([FIRST, "mixed", "mixed"], 2 * LINEAR + 2 * 2 * 8),
    "with what shares in turn": ([FIRST, shared("first.a", id="m"), shared("m", id="n")], 2 * LINEAR),
    "a branch": (
        [{"add": None, "branches": {"x": [{"linear": {"out_features": 8}, "id": "p"}], "y": [shared("x.p")]}}],
        LINEAR,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_shared_counts_once(case: tuple[list[Any], int]) -> None:
    layers, params = case
    spec = document({"input": [8], "blocks": BLOCKS, "layers": layers})
    report = archcost.analyze(spec)
    assert report.totals.params == params == sum(layer.params for layer in report.layers)
    assert sum(tensor.numel() for tensor in archcost.build(spec).parameters()) == params
    assert archcost.verify(spec).ok
    assert archcost.memory(spec, training=True).to_dict()["gradient_bytes"] == 4 * params
    names: dict[str, Any] = {}
    exec(archcost.export(spec), names)
    exported = names["Spec"]()
    assert sum(tensor.numel() for tensor in exported.parameters()) == params


HELP = {
    "first.c": "did you mean 'first.b' or 'first.a'?",
    "firts.a": "did you mean 'first'?",
    "r.7.a": "known steps in 'r': r.0, r.1",
}


@pytest.mark.parametrize("path", HELP)
def test_a_wrong_path_is_told_with_what_is_there(path: str) -> None:
    layers = [FIRST, {"pair": None, "id": "r", "repeat": 2}, shared(path)]
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(document({"input": [8], "blocks": BLOCKS, "layers": layers}))
    (problem,) = caught.value.diagnostics
    assert problem.message == f"'share' must name a step before this one, got '{path}'"
    assert problem.help == HELP[path]


def test_a_step_does_not_share_with_what_holds_it() -> None:
    text = (
        "archcost: 1\ninput: [8]\nblocks:\n"
        "  b: {layers: [linear: {out_features: 8}, {linear: {out_features: 8}, share: x}]}\n"
        "layers:\n  - {id: x, b: }\n"
    )
    with pytest.raises(archcost.SpecError, match="'x' holds this step, which cannot share with itself"):
        archcost.analyze(loads(text))


@pytest.mark.parametrize("own", ["r", "r.1"])
def test_a_step_shares_with_none_of_its_rounds_but_the_first(own: str) -> None:
    layers = [{"pair": None, "id": "r", "repeat": 3, "share": own}]
    with pytest.raises(archcost.SpecError, match="'share' must name a step before this one"):
        archcost.analyze(document({"input": [8], "blocks": BLOCKS, "layers": layers}))


def test_many_paths_are_looked_up_in_one_pass(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Thousands of layers of which each shares with the one before by its path: what stands there is noted once."""
    count = 20_000 if pytestconfig.getoption("--all") else 5_000
    block = {"layers": [{"linear": {"out_features": 8}, "id": "l", "share": "base.l"}]}
    layers = [{"id": "base", "one": None}, {"id": "rest", "repeat": count, "two": None}]
    blocks = {"one": {"layers": [{"linear": {"out_features": 8}, "id": "l"}]}, "two": block}
    path = tmp_path / "deep.yaml"
    path.write_text(json.dumps({"archcost": 1, "input": [8], "blocks": blocks, "layers": layers}), encoding="utf-8")
    assert archcost.analyze(path).totals.params == LINEAR
    steps = [{"id": f"s{n}", "one": None, "share": "base.l" if n % 2 else "base"} for n in range(count)]
    report = archcost.analyze(document({"input": [8], "blocks": blocks, "layers": [layers[0], *steps]}))
    assert report.totals.params == LINEAR
