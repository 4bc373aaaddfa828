"""Inputs and params of a spec, and what the caller sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from language import HEAD, report, shapes

import archcost
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

INPUTS: dict[str, tuple[str, dict[str, tuple[int, ...]]]] = {
    "the batch comes in front": ("input: [3, 8, 8]", {"input": (1, 3, 8, 8)}),
    "one number": ("input: 8", {"input": (1, 8)}),
    "none": ("input: []", {"input": (1,)}),
    "in full": ("input: {shape: [3, 8]}", {"input": (1, 3, 8)}),
    "without the batch": ("input: {shape: [3, 8], batch: false}", {"input": (3, 8)}),
    "with names": ("inputs: {left: [3], right: {shape: [4]}}", {"left": (1, 3), "right": (1, 4)}),
    "by expressions": ("params: {n: 8}\ninput: [$n, $(n // 2)]", {"input": (1, 8, 8 // 2)}),
    "all by one expression": ("params: {shape: [8, 4]}\ninput: $shape", {"input": (1, 8, 4)}),
    "whole floats": ("input: [3.0, 1e1]", {"input": (1, 3, 10)}),
}


@pytest.mark.parametrize("name", INPUTS)
def test_inputs(name: str) -> None:
    text, expected = INPUTS[name]
    assert report(f"archcost: 1\n{text}\nlayers: [relu]").inputs == expected


def test_the_batch_is_set_by_the_caller_and_not_for_all() -> None:
    text = "archcost: 1\ninputs: {x: [3], mask: {shape: [3], batch: false}}\nlayers: [{mul: , from: [x, mask]}]"
    found = report(text, batch=5)
    assert found.inputs == {"x": (5, 3), "mask": (3,)}
    assert found.layers[0].output == ((5, 3),)


def test_dtypes_go_through_the_graph() -> None:
    text = "archcost: 1\ndtype: float16\ninput: {shape: [16], dtype: int64}\n"
    found = report(text + "layers: [embedding: {num_embeddings: 9, embedding_dim: 4}, linear: {out_features: 2}]")
    assert found.dtype == "float16"
    assert [layer.node.outputs[0].dtype for layer in found.layers] == ["float16", "float16"]
    assert found.totals.weight_bytes == 2 * (9 * 4 + 4 * 2 + 2)


def test_the_dtype_of_weights_is_the_callers_the_specs_or_that_of_a_floating_input() -> None:
    text = "archcost: 1\ninput: {shape: [8], dtype: float64}\nlayers: [relu]"
    assert report(text).dtype == "float64"
    assert report(text, dtype="bfloat16").dtype == "bfloat16"
    assert report(text.replace("input", "dtype: float16\ninput")).dtype == "float16"
    assert report("archcost: 1\ninput: {shape: [8], dtype: int64}\nlayers: [relu]").dtype == "float32"


@pytest.mark.parametrize("dtype", ["int64", "float", "", "FLOAT32"])
def test_an_unknown_dtype_is_the_callers_error(dtype: str) -> None:
    with pytest.raises(archcost.UsageError, match="unknown dtype"):
        report(HEAD + "layers: [relu]", dtype=dtype)


# --- params ---------------------------------------------------------------------------------------------------------

KNOBS = "archcost: 1\nparams: {n: 4, act: relu, deep: true, widths: [3, 5], must: }\ninput: [8]\n"
LAYERS = """layers:
  - linear: {out_features: $n}
  - $act
  - {tanh: , when: $deep}
  - linear: {out_features: $(sum(widths))}
  - linear: {out_features: $must}
"""


def test_params_may_be_set() -> None:
    found = report(KNOBS + LAYERS, params={"n": 7, "act": "gelu", "deep": False, "widths": [1, 2], "must": 9})
    assert {layer.path: layer.output[0] for layer in found.layers} == {
        "linear": (1, 7),
        "gelu": (1, 7),
        "linear_1": (1, 1 + 2),
        "linear_2": (1, 9),
    }
    assert found.params == {"n": 7, "act": "gelu", "deep": False, "widths": [1, 2], "must": 9}


def test_a_spec_is_analysed_many_times_without_being_read_again() -> None:
    spec = loads(KNOBS + LAYERS)
    for n in range(1, 50):
        assert archcost.analyze(spec, params={"n": n, "must": 2}).layers[0].output == ((1, n),)
    with pytest.raises(archcost.SpecError, match="the param 'must' needs a value"):
        archcost.analyze(spec)
    assert archcost.analyze(spec, params={"must": 2}).layers[0].output == ((1, 4),)


def test_tuples_and_whole_floats_are_values_of_params_too() -> None:
    found = report(KNOBS + LAYERS, params={"must": 2.0, "widths": (1, 2)})
    assert [layer.output[0] for layer in found.layers][-2:] == [(1, 3), (1, 2)]


def test_an_unknown_param_gets_close_names() -> None:
    with pytest.raises(archcost.UsageError) as caught:
        report(KNOBS + LAYERS, params={"width": 3})
    assert caught.value.message == "<string> has no param 'width'"
    assert caught.value.help == "did you mean 'widths'?"


@pytest.mark.parametrize(
    "value", [{"a": 1}, {1}, object(), [1, {"a": 1}], 2**200, [0] * 200_000, "x" * 200_000, [[[[[[[[[[1]]]]]]]]]]]
)
def test_params_are_numbers_text_and_lists(value: Any) -> None:
    with pytest.raises(archcost.UsageError, match="the param 'n'"):
        report(KNOBS + LAYERS, params={"n": value, "must": 1})


SETTINGS = {
    "n=7": (1, 7),
    "n=1e1": (1, 10),
    "n=0x10": (1, 16),
    " n = 7 ": (1, 7),
    "n=7 # seven": (1, 7),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_set_reads_values_as_yaml(setting: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(KNOBS + LAYERS)
    result = run("analyze", "spec.yaml", "--set", setting, "--set", "must=1", "--format", "csv", cwd=tmp_path)
    assert result.err == ""
    assert f",linear,input,1x{SETTINGS[setting][1]}," in result.out


def test_set_takes_lists_booleans_and_text(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(KNOBS + LAYERS)
    settings = ["widths=[1,2,4]", "deep=false", "act=gelu", "must=1", "n=3", "n=6"]
    arguments = [part for setting in settings for part in ("--set", setting)]
    lines = run("analyze", "spec.yaml", *arguments, "--format", "csv", cwd=tmp_path).out.splitlines()
    assert [line.split(",")[1:5:3] for line in lines[1:]] == [
        ["linear", "1x6"],
        ["gelu", "1x6"],
        ["linear_1", f"1x{1 + 2 + 4}"],
        ["linear_2", "1x1"],
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("n", "--set takes name=value, got 'n'"),
        ("=3", "--set takes name=value, got '=3'"),
        ("m=3", "spec has no param 'm'"),
        ("n={a: 1}", "the param 'n' must be a number, text, true, false or a list of these, got a mapping"),
        ("n=[1", "--set n=[1: expected a comma or the closing `]`"),
        ("n=!!int 3", "the tag !!int is not supported"),
    ],
)
def test_set_that_cannot_be_read(setting: str, message: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "spec.yaml").write_text(KNOBS + LAYERS)
    result = run("analyze", "spec.yaml", "--set", setting, cwd=tmp_path)
    assert result.code == 2
    assert result.out == ""
    assert message in result.err


def test_shapes_of_dims_up_to_torchs_limit() -> None:
    assert shapes(f"archcost: 1\ninput: [{', '.join(['1'] * 63)}]\nlayers: [relu]")["relu"] == (1,) * 64
    assert report("archcost: 1\ninput: [2147483648, 2147483648]\nlayers: [relu]").layers[0].output == (
        (1, 2**31, 2**31),
    )
