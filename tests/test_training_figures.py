"""The figures of a training step where people see them: reports, comparisons, memory studies and errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.analysis.memory.conditions import conditions_of
from archcost.analysis.memory.study import study
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

TWO = """archcost: 1
name: two
input: [8]
layers:
  - {id: first, linear: {out_features: 6, bias: false}}
  - {id: second, linear: {out_features: 4, bias: false}}
"""
GIVEN = TWO.replace("input: [8]", "input: {shape: [8], requires_grad: true}")
FROZEN = TWO.replace("first, linear: {out_features: 6, bias: false}", "first, linear: 6, requires_grad: false")
UNKNOWN = """archcost: 1
name: odd
input: [8]
layers:
  - {id: a, linear: {out_features: 6, bias: false}}
  - {id: odd, custom: {name: odd, output: [$batch, 6], params: 5}}
  - {id: b, linear: {out_features: 4, bias: false}}
"""
BLOCKS = """archcost: 1
name: blocks
input: [8]
blocks:
  mlp:
    layers:
      - linear: {out_features: 8, bias: false}
      - relu
      - linear: {out_features: 8, bias: false}
layers:
  - {id: a, mlp: }
  - {id: b, mlp: }
"""

# By layer: forward MACs, and those of the gradients of weights and inputs.
CASES: dict[str, tuple[str, list[int]]] = {
    "the first input needs none": (TWO, [48 + 48, 24 + 24 + 24]),
    "the first input needs one": (GIVEN, [48 + 48 + 48, 24 + 24 + 24]),
    "the first layer is frozen": (FROZEN, [48, 24 + 24]),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_by_hand(case: str) -> None:
    text, macs = CASES[case]
    report = archcost.analyze(loads(text), training=True, batch=3)
    assert [layer.training_macs for layer in report.layers] == [3 * each for each in macs]
    assert report.totals.training_macs == 3 * sum(macs)
    extra = report.totals.flops - 2 * report.totals.macs  # biases, forward alone
    assert report.totals.training_flops == 2 * 3 * sum(macs) + extra


# 90 declared MACs, forward; then one gradient for the input a, and one for the params or the other factor
CUSTOMS = {
    "params: 5, macs: 90, flops: 200": (3 * 90, 200 + 4 * 90),
    "macs: 90, flops: 200": (3 * 90, 200 + 4 * 90),
    "params: 5, macs: 0, flops: 200": (0, 200),
}


@pytest.mark.parametrize("figures", CUSTOMS)
def test_a_declared_layer_is_one_product(figures: str) -> None:
    report = archcost.analyze(loads(UNKNOWN.replace("params: 5", figures)), training=True)
    odd = report.layers[1]
    assert (odd.training_macs, odd.training_flops) == CUSTOMS[figures]
    assert report.unknown_layers() == {}


UNDECLARED = {
    "params: 5": ({"macs", "flops", "training_macs", "training_flops"}),
    "params: 5, macs: 90": {"flops", "training_flops"},
    "params: 5, flops: 90": {"macs", "training_macs", "training_flops"},
}


@pytest.mark.parametrize("figures", UNDECLARED)
def test_what_is_unknown_forward_is_unknown_in_a_step(figures: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(UNKNOWN.replace("params: 5", figures), encoding="utf-8")
    document = json.loads(run("analyze", str(path), "--training", "--format", "json").out)
    assert document["unknown"] == {name: ["odd"] for name in document["unknown"]}
    assert set(document["unknown"]) == UNDECLARED[figures]
    assert {name for name, value in document["layers"][1].items() if value is None} == UNDECLARED[figures]
    inference = json.loads(run("analyze", str(path), "--format", "json").out)
    assert set(inference["unknown"]) == UNDECLARED[figures] & {"macs", "flops"}


def test_a_step_with_unknown_layers_is_a_lower_bound(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(UNKNOWN, encoding="utf-8")
    shown = run("analyze", str(path), "--training", "--columns", "training_macs").out
    assert "training MACs ≥ 168" in shown  # 48 + 48, and 24 + 24 + 24
    assert shown.count("declare `macs`") == 1
    assert "declare `training" not in shown
    memory = run("memory", str(path), "--training", "--no-what-if").out
    assert "training MACs ≥ 168: ≥ 72 forward, ≥ 96 backward; training FLOPs ≥ 336" in memory
    document = json.loads(run("memory", str(path), "--training", "--no-what-if", "--format", "json").out)
    assert document["unknown"] == {"training_macs": ["odd"], "training_flops": ["odd"]}


def test_inference_knows_no_step(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(GIVEN, encoding="utf-8")
    for command in (("analyze",), ("memory",), ("compare", str(path)), ("compare", str(path), str(path))):
        for format_ in ("table", "json", "csv", "tree", "markdown"):
            assert "training" not in run(*command, str(path), "--format", format_).out


def test_up_to_an_error_every_layer_may_lead_to_an_output(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO + "  - {conv2d: {out_channels: 4, kernel_size: 3}}\n", encoding="utf-8")
    result = run("analyze", str(path), "--training")
    assert result.code == 2
    assert "training MACs 168" in result.out


def test_checkpoints_run_their_blocks_again() -> None:
    spec = loads(BLOCKS)
    forward, first = 4 * 64, 64  # four layers of 8·8; the input of the first needs no gradient
    plain = archcost.memory(spec, training=True, what_if=False).to_dict()
    assert (plain["forward_macs"], plain["backward_macs"], plain["recomputed_macs"]) == (
        forward,
        2 * forward - first,
        0,
    )
    again = archcost.memory(spec, checkpoint=["a"], what_if=False).to_dict()
    assert again["recomputed_macs"] == 2 * 64
    assert again["training_macs"] == plain["training_macs"] + 2 * 64
    assert again["training_flops"] == plain["training_flops"] + 2 * 2 * 64 + 8  # and its relu


def test_a_study_of_a_report_of_inference_has_the_work_of_a_step() -> None:
    found = study(archcost.analyze(loads(TWO)), conditions_of(training=True, whatifs=False))
    assert found.step is not None
    assert found.step.training_macs == 168


DOCUMENTED: dict[str, tuple[str, ...]] = {
    "report": ("analyze", "{two}", "--training"),
    "comparison": ("compare", "{two}", "{blocks}", "--training"),
    "memory": ("memory", "{blocks}", "--checkpoint", "a"),
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documents_fit_their_schemas(name: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    paths = {"two": tmp_path / "two.yaml", "blocks": tmp_path / "blocks.yaml"}
    paths["two"].write_text(TWO, encoding="utf-8")
    paths["blocks"].write_text(BLOCKS, encoding="utf-8")
    words = [word.format(**paths) for word in DOCUMENTED[name]]
    document = json.loads(run(*words, "--format", "json").out)
    jsonschema.validate(document, json.loads(run("schema", name).out))
    assert "training_macs" in json.dumps(document)


def test_comparisons_pair_the_figures_of_a_step(tmp_path: Path, run: Callable[..., Run]) -> None:
    paths = [tmp_path / "two.yaml", tmp_path / "given.yaml"]
    for path, text in zip(paths, (TWO, GIVEN), strict=True):
        path.write_text(text, encoding="utf-8")
    words = ("compare", *map(str, paths), "--training")
    document = json.loads(run(*words, "--format", "json").out)
    assert document["totals"]["training_macs"] == {"before": 168, "after": 216, "delta": 48}
    assert run(*words, "--fail-on", "training_macs:28%").code == 1  # 48 / 168 = 28.6%
    assert run(*words, "--fail-on", "training_macs:29%").code == 0


EXPLAINED = {
    "first": "2·MACs = 2·48 = 96; forward, and once for each gradient",
    "second": "3·MACs = 3·24 = 72; forward, and once for each gradient",
}


@pytest.mark.parametrize("layer", EXPLAINED)
def test_explain_says_how_often_a_layer_multiplies(layer: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO, encoding="utf-8")
    (line,) = [line for line in run("explain", str(path), layer, "--training").out.splitlines() if "training" in line]
    assert line.split(maxsplit=2)[2] == EXPLAINED[layer]
    assert "training" not in run("explain", str(path), layer).out


REFUSED = [
    ("analyze", "alexnet", "--columns", "flops,training_macs"),
    ("analyze", "alexnet", "--sort", "training_macs"),
    ("compare", "alexnet", "vgg11", "--metric", "training_macs"),
    ("compare", "alexnet", "vgg11", "--fail-on", "training_macs:5%"),
    ("compare", "alexnet", "vgg11", "vgg13", "--sort", "training_macs"),
]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_no_figure_of_a_step_without_one(words: tuple[str, ...], run: Callable[..., Run]) -> None:
    result = run(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: 'training_macs' is a figure of a training step\nhelp: ask for one with --training\n"


WRONG = {
    "{shape: [8], dtype: int64, requires_grad: true}": "an input of int64 has no gradient",
    "{shape: [8], requires_grad: yes}": "'requires_grad' of an input must be true or false, got yes",
    "{shape: [8], requires_gard: true}": "did you mean 'requires_grad'?",
}


@pytest.mark.parametrize("declared", WRONG)
def test_a_wrong_word_on_the_gradient_of_an_input(declared: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO.replace("[8]", declared), encoding="utf-8")
    result = run("validate", str(path))
    assert result.code == 2
    assert WRONG[declared] in result.err


def test_budgets_judge_inference(tmp_path: Path, run: Callable[..., Run]) -> None:
    """A limit on a training step would always be kept, since `check` analyses none."""
    path = tmp_path / "two.yaml"
    path.write_text(TWO + "budgets: {training_macs: 1}\n", encoding="utf-8")
    result = run("check", str(path))
    assert result.code == 2
    assert "unknown key 'training_macs' in budgets" in result.err
