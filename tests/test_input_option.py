"""``--input``: other shapes than the spec's, on every command, and what the spec derives from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.settings import Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

PATCHES = """archcost: 1
name: patches
params: {size: 8, patch: 4, tokens: $((size // patch) ** 2)}
input: [3, $size, $size]
layers:
  - {id: patches, conv2d: {out_channels: 5, kernel_size: $patch, stride: $patch}}
  - flatten: {start_dim: 2}
  - {id: mixed, linear: {out_features: 7}}
  - {id: table, parameter: {shape: [5, $tokens]}, from: []}
outputs: [mixed]
"""
TWO = """archcost: 1
name: two
params: {length: 4, half: $(length // 2)}
inputs: {query: [$length, 6], memory: [$half, 6], mask: {shape: [$length, $(length * 2)], batch: false}}
layers:
  - {id: scores, matmul: , from: [query, turned]}
"""


def test_an_image_of_another_shape_needs_no_square() -> None:
    """All convolutions of ResNet-50 see 480·640 in place of 224·224 positions, 300 for every 49; the head stays."""
    head = 2048 * 1000
    report = archcost.analyze("resnet50", inputs=(3, 480, 640))
    assert report.totals.macs == (4_089_184_256 - head) // 49 * 300 + head
    assert report.totals.params == 25_557_032
    assert report.inputs == {"input": (1, 3, 480, 640)}
    assert archcost.analyze("resnet50", inputs={"input": [3, 480, 640]}, batch=2).totals.macs == 2 * report.totals.macs


def test_params_in_the_shape_have_the_size_that_is_given() -> None:
    """16·16 in patches of 4·4 are 16 tokens: the table has 5·16 numbers, and the mixing 16·7 + 7."""
    spec = loads(PATCHES)
    report = archcost.analyze(spec, inputs=(3, 16, 16))
    assert (report.params["size"], report.params["tokens"]) == (16, 16)
    assert report.totals.params == (3 * 4 * 4 * 5 + 5) + (16 * 7 + 7) + 5 * 16
    by_param = archcost.analyze(spec, params={"size": 16})
    assert by_param.totals == report.totals
    assert (by_param.given_inputs, report.given_inputs) == ({}, {"input": [3, 16, 16]})
    assert archcost.analyze(spec, inputs=(1, 8, 8)).totals.macs == 4 * 5 * (4 * 4 * 1) + 5 * 4 * 7  # not the channels


def test_a_param_that_would_need_two_values_has_none() -> None:
    """Where nothing but the shape asks for it, nothing is wrong; where a table does, that is told at its place."""
    with pytest.raises(archcost.SpecError) as found:
        archcost.analyze(loads(PATCHES), inputs=(3, 8, 16))
    (problem, *_) = found.value.diagnostics
    assert problem.message == "'size' has no one value here: the input has the sizes 8 and 16 for it"
    assert problem.mark is not None
    assert problem.mark.line == 2
    free = PATCHES.replace(", tokens: $((size // patch) ** 2)", "").replace("$tokens", "9")
    report = archcost.analyze(loads(free), inputs=(3, 8, 16))
    assert report.totals.macs == 2 * 4 * 5 * (4 * 4 * 3) + 5 * 8 * 7
    assert "size" not in report.params


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"inputs": (1, 3, 8, 8)}, "has 3 dims without the batch, got 1x3x8x8\nhelp: --batch gives the batch: `--input in"),
    ({"inputs": (8, 8)}, "has 3 dims without the batch, got 8x8\nhelp: the spec's own is "),
    ({"inputs": (3, 0, 8)}, "must be whole numbers ≥ 1, got 0"),
    ({"inputs": (3, True, 8)}, "takes sizes without the batch, alone or by name, got \\(3, True, 8\\)"),
    ({"inputs": {"inptu": (3, 8, 8)}}, "patches has no input 'inptu'\nhelp: did you mean 'input'"),
    ({"inputs": (3, 16, 16), "params": {"size": 8}}, "'size' is set to 8, and the input has 16 for it"),
    ({"inputs": {"": (3, 8, 8), "input": (3, 8, 8)}}, "has two shapes"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_no_input_can_be_is_told(call: dict[str, Any], message: str) -> None:
    with pytest.raises(archcost.UsageError, match=message):
        archcost.analyze(loads(PATCHES), **call)


def test_sizes_that_follow_from_others_may_be_given_as_they_are() -> None:
    spec = loads(TWO.replace("{id: scores, matmul: , from: [query, turned]}", "{add: , from: [query, query]}"))
    shapes = archcost.analyze(spec, inputs={"query": (8, 6)}).inputs
    assert shapes == {"query": (1, 8, 6), "memory": (1, 4, 6), "mask": (8, 16)}
    assert archcost.analyze(spec, inputs={"mask": (8, 16)}).inputs == shapes
    with pytest.raises(archcost.UsageError, match=r"of the input 'mask' is \$\(length \* 2\) = 16, got 9"):
        archcost.analyze(spec, inputs={"mask": (8, 9)})
    with pytest.raises(archcost.UsageError, match=r"has the inputs query, memory, mask\nhelp: .*--input query=8x6"):
        archcost.analyze(spec, inputs=(8, 6))


def test_the_words_of_the_option_are_read(run: Callable[..., Run]) -> None:
    for word in ("3x32x64", "input=3x32x64", "3,32,64", "3×32×64"):
        shown = json.loads(run("analyze", "alexnet", "--input", word, "--format", "json").out)
        assert (shown["inputs"][0]["shape"], shown["spec"]["inputs"]) == ([1, 3, 32, 64], {"input": [3, 32, 64]})
    for word in ("", "3x", "x", "axb", "=3x4x5", "3x-4x5", "3x4.0x5", "9" * 30):
        result = run("analyze", "alexnet", "--input", word)
        assert (result.code, "error: --input takes a shape such as 3x480x640" in result.err) == (2, True), word
    twice = run("analyze", "alexnet", "--input", "3x64x64", "--input", "3x32x32")
    assert (twice.code, "two shapes" in twice.err) == (2, True)


COMMANDS = [
    ("analyze", "net.yaml"),
    ("compare", "net.yaml", "net.yaml"),
    ("compare", "net.yaml", "net.yaml", "net.yaml"),
    ("memory", "net.yaml"),
    ("explain", "net.yaml"),
    ("explain", "net.yaml", "mixed"),
    ("explain", "net.yaml", "--in", "batch"),
    ("reconcile", "net.yaml"),
    ("verify", "net.yaml"),
    ("check", "net.yaml"),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_takes_another_shape(
    words: tuple[str, ...], tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is that of the param, but for what it says of the input that was given."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(PATCHES, encoding="utf-8")
    by_shape = json.loads(run(*words, "--input", "3x16x16", "--format", "json", cwd=tmp_path).out)
    by_param = json.loads(run(*words, "--set", "size=16", "--format", "json", cwd=tmp_path).out)
    as_it_stands = json.loads(run(*words, "--format", "json", cwd=tmp_path).out)
    assert _without_given(by_shape) == by_param != as_it_stands


def _without_given(value: Any) -> Any:
    if isinstance(value, dict):
        given = {"inputs"} if value.get("inputs") == {"input": [3, 16, 16]} else set()
        return {name: _without_given(item) for name, item in value.items() if name not in given}
    return [_without_given(item) for item in value] if isinstance(value, list) else value


def test_an_export_and_a_validation_are_of_that_shape(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(PATCHES, encoding="utf-8")
    source = run("export", "net.yaml", "--input", "3x16x16", cwd=tmp_path).out
    assert "an input of 1×3×16×16" in source
    assert run("validate", "net.yaml", "--input", "3x16x16", cwd=tmp_path).code == 0
    small = run("validate", "net.yaml", "--input", "3x2x2", cwd=tmp_path)
    assert (small.code, "conv2d" in small.err) == (2, True)


def test_a_variable_that_the_input_fixes_is_none(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(PATCHES, encoding="utf-8")
    result = run("explain", "net.yaml", "--in", "size", "--input", "3x16x16", cwd=tmp_path)
    assert (result.code, "the input that is given fixes the param 'size'" in result.err) == (2, True)
    assert run("explain", "net.yaml", "--in", "size", cwd=tmp_path).code == 0


def test_a_baseline_remembers_the_shape(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Growth is judged under the same shape alone, and expected figures are none of another shape."""
    (tmp_path / "net.yaml").write_text(PATCHES + "budgets: {macs: +1%}\n", encoding="utf-8")
    assert run("baseline", "update", "net.yaml", "--input", "3x16x16", cwd=tmp_path).code == 0
    lock = json.loads((tmp_path / "archcost.lock.json").read_text(encoding="utf-8"))
    assert lock["specs"]["net.yaml"]["inputs"] == {"input": [3, 16, 16]}
    assert run("check", "net.yaml", "--input", "3x16x16", cwd=tmp_path).code == 0
    other = run("check", "net.yaml", cwd=tmp_path)
    assert (other.code, "was recorded with --input input=3x16x16, and this is without:" in other.err) == (
        2,
        True,
    )
    assert run("baseline", "update", "net.yaml", cwd=tmp_path).code == 0
    assert "inputs" not in (tmp_path / "archcost.lock.json").read_text(encoding="utf-8")
    assert run("check", "resnet18", "--input", "3x64x64", "--expect").code == 2
    assert not Settings(inputs={"": (3, 4, 5)}).as_it_stands
