"""How errors are told: all independent ones, none that follows from another, the table up to the first, and notes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.analysis.report import analyze
from archcost.spec.loader import loads, reads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

HEAD = "archcost: 1\ninput: [3, 8, 8]\n"


def error(text: str) -> archcost.SpecError:
    with pytest.raises(archcost.SpecError) as caught:
        analyze(reads(HEAD + text, name="spec.yaml"))
    return caught.value


def messages(text: str) -> list[str]:
    return [diagnostic.message for diagnostic in error(text).diagnostics]


def test_five_independent_errors_are_told_in_one_run_in_the_order_of_the_text(
    tmp_path: Path, run: Callable[..., Run]
) -> None:
    (tmp_path / "spec.yaml").write_text(
        HEAD + "budgets: {parms: 3}\n"
        "layers:\n"
        "  - {id: a, conv2d: {out_channels: 4, kernel_size: 9}}\n"
        "  - {id: b, linear: {out_features: $widht}, from: input}\n"
        "  - {id: c, linear: {out_feature: 4}, from: input}\n"
        "  - {id: d, relu: , from: inptu}\n"
    )
    result = run("analyze", "spec.yaml", cwd=tmp_path)
    places = [line.split(":")[-2] for line in result.err.splitlines() if line.lstrip().startswith("-->")]
    assert places == ["3", "5", "6", "7", "8"]
    assert result.err.count("error: ") == 5


def test_the_table_has_the_layers_before_the_first_failing_one(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(
        HEAD + "layers:\n  - {id: good, conv2d: {out_channels: 4, kernel_size: 3}}\n  - {id: fine, relu: }\n"
        "  - {id: wrong, conv2d: {out_channels: 4, kernel_size: 9}}\n  - {id: after, relu: }\n"
        "  - {id: apart, tanh: , from: fine}\n"
    )
    result = run("analyze", "spec.yaml", cwd=tmp_path, columns=100)
    assert result.code == 2
    assert "good" in result.out
    assert "1×4×6×6" in result.out
    assert "fine" in result.out
    assert "wrong" not in result.out
    assert "after" not in result.out
    assert "apart" not in result.out
    assert result.err.count("error: ") == 1
    document = json.loads(run("analyze", "spec.yaml", "--format", "json", cwd=tmp_path).out)
    assert [layer["path"] for layer in document["layers"]] == ["good", "fine"]
    assert [(entry["line"], entry["column"]) for entry in document["errors"]] == [(6, 17)]


def test_a_wrong_attribute_leaves_the_layers_before_it(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(HEAD + "layers: [relu, conv2d: {out_channels: 4}, tanh]\n")
    document = json.loads(run("analyze", "spec.yaml", "--format", "json", cwd=tmp_path).out)
    assert [layer["path"] for layer in document["layers"]] == ["relu"]


FOLLOWING = {
    "a failed shape": "layers: [conv2d: {out_channels: 4, kernel_size: 9}, relu, linear: {out_features: 3}, flatten]",
    "an unknown kind": "layers: [rellu, {conv2d: {out_channels: 4, kernel_size: 9}}, {add: , from: [rellu, input]}]",
    "an unknown kind and its name": "layers: [rellu, {add: , from: [relu, input]}, {tanh: , from: relu_1}]",
    "a wrong attribute": "layers: [conv2d: {out_channel: 4, kernel_size: 3}, {add: , from: [conv2d, input]}]",
    "a missing attribute": "layers: [conv2d: {kernel_size: 3}, {concat: , from: [conv2d, conv2d]}]",
    "an attribute that is no mapping": "layers: [{id: a, linear: three}, {linear: {out_features: $in_features}, from: a}]",
    "names of an unknown input": "layers: [conv2d: {out_channels: 4}, linear: {out_features: $in_channels}]",
    "a broken param": "params: {n: $(, m: $n}\nlayers: [linear: {out_features: $n}, {relu: , when: $m, repeat: $n}]",
    "a param without value": "params: {n: , m: $(2 * n)}\nlayers: [linear: {out_features: $m}]",
    "a broken kind": "layers: [$(, relu, {add: , from: [relu, input]}]",
    "a broken condition": "layers: [{relu: , when: $(}, {tanh: , from: relu}]",
    "a broken count": "layers: [{relu: , repeat: $(}, {tanh: , from: relu.3}]",
    "a broken from": "layers: [{id: a, relu: , from: $(}, {tanh: , from: a}]",
    "a broken branch": "layers: [{add: , branches: {a: 3, b: []}}, relu]",
    "a broken step in a branch": "layers: [{add: , branches: {a: [rellu, relu], b: []}}, {tanh: , from: add}]",
    "a broken name of an index": "layers: [{linear: {out_features: $k}, repeat: 2, as: '3'}, relu]",
    "a block that is none": "blocks: {unit: relu}\nlayers: [{id: a, unit: {n: 3}}, {tanh: , from: a}]",
    "a block without layers": "blocks: {unit: {params: {n: 3}}}\nlayers: [unit: {k: 3}, {tanh: , from: unit}]",
    "a block with a broken default": (
        "blocks: {unit: {params: {n: $(}, layers: [linear: {out_features: $n}]}}\nlayers: [unit, relu]"
    ),
    "a block that is wrong inside": "blocks: {unit: {layers: [linear: {out_feature: 3}]}}\nlayers: [unit, unit, unit]",
    "a block whose shapes fail, used often": (
        "blocks: {unit: {layers: [conv2d: {out_channels: 4, kernel_size: 9}]}}\n"
        "layers: [{concat: , branches: {a: [unit], b: [unit], c: [unit]}}]"
    ),
    "a cycle": "blocks: {a: {layers: [b]}, b: {layers: [a]}}\nlayers: [a, {tanh: , from: a}]",
    "a missing include": "include: [nowhere.yaml]\nlayers: [unit: {n: 3}, other, {tanh: , from: unit}]",
    "unknown outputs of a block": "blocks: {unit: {layers: [relu], outputs: [rel]}}\nlayers: [unit, tanh]",
    "a failed round": "layers: [{conv2d: {out_channels: 4, kernel_size: 4}, repeat: 9, id: r}, {tanh: , from: r.7}]",
    "a step shared by alias": "layers:\n  - &step {conv2d: {out_channel: 4, kernel_size: 3}}\n  - *step\n  - *step\n",
    "an id with a dot": "layers: [{id: a.b, relu: }, {tanh: , from: a.b}]",
    "a wrong share": "layers: [{linear: {out_features: 3}, share: nothing}, {add: , from: [linear, linear]}]",
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_what_follows_from_an_error_is_not_told(name: str) -> None:
    assert len(messages(FOLLOWING[name])) == 1


def test_no_input_is_one_error() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        analyze(reads("archcost: 1\nlayers: [relu, linear: {out_features: 3}]"))
    assert [diagnostic.message for diagnostic in caught.value.diagnostics] == ["the spec has no input"]


def test_a_wrong_input_leaves_other_errors() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        analyze(reads("archcost: 1\ninput: [3, x]\nlayers: [relu, rellu, {linear: {out_features: $in_channels}}]"))
    assert len(caught.value.diagnostics) == 2


def test_an_error_in_a_block_tells_where_the_block_is_used() -> None:
    text = (
        "blocks:\n  inner: {params: {kernel: 3}, layers: [conv2d: {out_channels: 4, kernel_size: $kernel}]}\n"
        "  outer: {layers: [relu, {id: deep, inner: {kernel: 9}}]}\nlayers: [relu, {id: stage, outer: }]\n"
    )
    (diagnostic,) = error(text).diagnostics
    assert diagnostic.message.startswith("conv2d 'stage.deep.conv2d': a kernel that spans 9 does not fit")
    assert str(diagnostic.mark) == "spec.yaml:4:41"
    assert diagnostic.notes == (
        "its input is (1, 3, 8, 8)",
        "in the block 'inner', used as 'stage.deep' at spec.yaml:5:37",
        "in the block 'outer', used as 'stage' at spec.yaml:6:28",
    )


def test_different_failures_of_a_block_are_told_each() -> None:
    text = (
        "blocks: {unit: {params: {k: }, layers: [conv2d: {out_channels: 4, kernel_size: $k}]}}\n"
        "layers: [{concat: , branches: {a: [unit: {k: 9}], b: [unit: {k: 11}]}}]"
    )
    assert [message.split("spans ")[1].split(" ")[0] for message in messages(text)] == ["9", "11"]


def test_deep_notes_are_cut() -> None:
    blocks = "".join(f"  block_number_{k}: {{layers: [block_number_{k + 1}]}}\n" for k in range(20))
    blocks += "  block_number_20: {layers: [conv2d: {out_channels: 4, kernel_size: 9}]}\n"
    (diagnostic,) = error(f"blocks:\n{blocks}layers: [block_number_0]").diagnostics
    assert len(diagnostic.notes) == 1 + 4 + 1
    assert diagnostic.notes[-1] == "… and 17 blocks around it"
    assert max(map(len, diagnostic.notes)) < 160


def test_a_model_that_does_not_fit_into_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("archcost.graph.unroll.copy_body", exhaust)
    text = "blocks: {unit: {layers: [relu]}}\nlayers: [unit, unit]"
    assert messages(text) == ["there is not enough memory to analyse this model"]


def test_load_tells_what_is_wrong_with_the_text_alone() -> None:
    text = HEAD + "layers: [rellu, {conv2d: {out_channels: 4, kernel_size: 9}, from: input}]"
    with pytest.raises(archcost.SpecError) as caught:
        loads(text)
    assert [diagnostic.message for diagnostic in caught.value.diagnostics] == ["unknown kind 'rellu'"]


def test_analyze_of_a_path_tells_all(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        HEAD + "layers: [rellu, {conv2d: {out_channels: 4, kernel_size: 9}, from: input}]"
    )
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(tmp_path / "spec.yaml")
    assert len(caught.value.diagnostics) == 2


def test_errors_of_several_files_come_file_by_file(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "b.yaml").write_text("archcost: 1\nblocks: {b: {layers: [rellu]}}\n")
    (tmp_path / "a.yaml").write_text("archcost: 1\nblocks: {a: {layers: [rellu]}, c: 3}\n")
    (tmp_path / "spec.yaml").write_text(f"{HEAD}include: [b.yaml, a.yaml]\nlayers: [rellu]\n")
    result = run("validate", "spec.yaml", cwd=tmp_path)
    places = [line.strip() for line in result.err.splitlines() if line.lstrip().startswith("-->")]
    assert places == ["--> spec.yaml:4:10", "--> a.yaml:2:23", "--> a.yaml:2:35", "--> b.yaml:2:23"]


def test_a_caret_stands_under_the_key_in_a_long_line() -> None:
    text = f"layers: [{'relu, ' * 100}conv2d: {{out_channel: 4, kernel_size: 3}}, {'tanh, ' * 100}relu]"
    shown = str(error(text)).splitlines()
    line, caret = shown[3], shown[4]
    assert len(line) < 200
    assert line[caret.index("^") : caret.rindex("^") + 1] == "out_channel"
