"""Blocks: scopes, params and their defaults, several inputs and outputs, includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from language import KEPT, outputs, paths, reads, report, shapes

import archcost
from archcost.spec.loader import load

if TYPE_CHECKING:
    from pathlib import Path

CONV = "conv2d: {out_channels: $out, kernel_size: 1}"

SHAPES = {
    "a block is a scope": (
        "blocks:\n  unit: {layers: [relu, tanh]}\nlayers: [unit, unit, {id: last, unit: }]",
        {f"{scope}.{op}": KEPT for scope in ("unit", "unit_1", "last") for op in ("relu", "tanh")},
    ),
    "blocks use blocks": (
        "blocks:\n  inner: {layers: [relu]}\n  outer: {layers: [inner, {id: x, inner: }]}\nlayers: [outer]",
        {"outer.inner.relu": KEPT, "outer.x.relu": KEPT},
    ),
    "the order of definitions does not matter": (
        "blocks:\n  outer: {layers: [inner]}\n  inner: {layers: [relu]}\nlayers: [outer]",
        {"outer.inner.relu": KEPT},
    ),
    "an empty block passes its input on": (
        "blocks:\n  nothing: {layers: []}\nlayers: [relu, nothing, tanh]",
        {"relu": KEPT, "tanh": KEPT},
    ),
    "params are attributes": (
        f"blocks:\n  unit: {{params: {{out: 3}}, layers: [{CONV}]}}\nlayers: [unit, unit: {{out: 5}}]",
        {"unit.conv2d": (1, 3, 4, 4), "unit_1.conv2d": (1, 5, 4, 4)},
    ),
    "a null default is required, and given": (
        f"blocks:\n  unit: {{params: {{out: }}, layers: [{CONV}]}}\nlayers: [unit: {{out: 5}}]",
        {"unit.conv2d": (1, 5, 4, 4)},
    ),
    "a param given by the caller is evaluated in the caller's scope": (
        (
            f"blocks:\n  unit: {{params: {{out: }}, layers: [relu, {CONV}]}}\n"
            "layers: [conv2d: {out_channels: 6, kernel_size: 1}, unit: {out: $(in_channels // 2)}]"
        ),
        {"conv2d": (1, 6, 4, 4), "unit.relu": (1, 6, 4, 4), "unit.conv2d": (1, 6 // 2, 4, 4)},
    ),
    "a default over the block input's channels": (
        f"blocks:\n  unit: {{params: {{out: $(2 * in_channels)}}, layers: [{CONV}, {CONV}]}}\nlayers: [unit, unit]",
        {
            "unit.conv2d": (1, 2 * 8, 4, 4),
            "unit.conv2d_1": (1, 2 * 8, 4, 4),
            "unit_1.conv2d": (1, 2 * 2 * 8, 4, 4),
            "unit_1.conv2d_1": (1, 2 * 2 * 8, 4, 4),
        },
    ),
    "a default over the block input's shape and features": (
        (
            "blocks:\n  unit:\n    params: {size: '$(in_shape[2] // 2)', features: $in_features}\n"
            "    layers: [adaptive_avg_pool2d: {output_size: $size}, linear: {out_features: $(10 * features)}]\n"
            "layers: [unit]"
        ),
        {"unit.adaptive_avg_pool2d": (1, 8, 4 // 2, 4 // 2), "unit.linear": (1, 8, 4 // 2, 10 * 4)},
    ),
    "a default over the params before it": (
        f"blocks: {{unit: {{params: {{n: 3, out: $(2 * n)}}, layers: [{CONV}]}}}}\nlayers: [unit, unit: {{n: 5}}]",
        {"unit.conv2d": (1, 2 * 3, 4, 4), "unit_1.conv2d": (1, 2 * 5, 4, 4)},
    ),
    "the names of the input inside of a block are those of each step": (
        (
            "blocks:\n  unit: {layers: [conv2d: {out_channels: $(in_channels + 1), kernel_size: 1}, relu,"
            " conv2d: {out_channels: $(in_channels + 1), kernel_size: 1}]}\nlayers: [unit]"
        ),
        {"unit.conv2d": (1, 8 + 1, 4, 4), "unit.relu": (1, 8 + 1, 4, 4), "unit.conv2d_1": (1, 8 + 1 + 1, 4, 4)},
    ),
    "kinds and text are params": (
        (
            "blocks:\n  unit: {params: {act: relu, mode: same}, layers: [conv2d: {out_channels: 8, kernel_size: 3,"
            " padding: $mode}, $act]}\nlayers: [unit, unit: {act: gelu, mode: valid}]"
        ),
        {
            "unit.conv2d": KEPT,
            "unit.relu": KEPT,
            "unit_1.conv2d": (1, 8, 4 - 2, 4 - 2),
            "unit_1.gelu": (1, 8, 4 - 2, 4 - 2),
        },
    ),
    "a block is chosen by an expression": (
        (
            "blocks:\n  one: {params: {act: relu}, layers: [$act]}\n"
            "  two: {params: {kind: one}, layers: [$kind: {act: tanh}]}\n"
            "layers: [two, two: {kind: one}]"
        ),
        {"two.one.tanh": KEPT, "two_1.one.tanh": KEPT},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_blocks(name: str) -> None:
    text, expected = SHAPES[name]
    assert shapes(text) == expected


TOP = "archcost: 1\nparams: {out: 3, width: 7}\ninput: [8, 4, 4]\n"


def test_top_level_params_are_seen_inside_of_blocks_and_shadowed_by_their_own() -> None:
    text = f"{TOP}blocks:\n  plain: {{layers: [{CONV}]}}\n  own: {{params: {{out: 5}}, layers: [{CONV}, plain]}}\n"
    assert shapes(text + "layers: [plain, own]") == {
        "plain.conv2d": (1, 3, 4, 4),
        "own.conv2d": (1, 5, 4, 4),
        "own.plain.conv2d": (1, 3, 4, 4),  # a block sees the top level, not the block around it
    }
    assert shapes(text + "layers: [plain, own]", params={"out": 4})["own.plain.conv2d"] == (1, 4, 4, 4)


def test_a_default_may_use_a_top_level_param_of_its_own_name() -> None:
    text = f"{TOP}blocks:\n  unit: {{params: {{out: $(out + width)}}, layers: [{CONV}]}}\nlayers: [unit]"
    assert shapes(text) == {"unit.conv2d": (1, 3 + 7, 4, 4)}


@pytest.mark.parametrize("name", ["hidden", "i", "k"])
def test_the_names_of_the_caller_are_not_seen(name: str) -> None:
    unit = f"  unit: {{layers: [linear: {{out_features: ${name}}}]}}\n  caller: {{params: {{hidden: 3}}, layers: "
    text = f"blocks:\n{unit}[{{unit: , repeat: 2}}, {{unit: , repeat: 2, as: k}}]}}\nlayers: [caller]"
    with pytest.raises(archcost.SpecError, match=f"unknown name '{name}'"):
        report(text)


def test_an_id_of_the_caller_is_not_seen() -> None:
    text = "blocks:\n  unit: {layers: [{add: , from: [input, stem]}]}\nlayers: [{id: stem, relu: }, unit]"
    with pytest.raises(archcost.SpecError, match="unknown id 'stem'"):
        report(text)


def test_input_is_the_blocks_own_input() -> None:
    text = "blocks:\n  unit: {layers: [tanh, {add: , from: [tanh, input]}]}\nlayers: [relu, unit]"
    assert reads(text) == {"relu": "input", "unit.tanh": "relu", "unit.add": "unit.tanh relu"}


def test_several_inputs_go_by_position_and_are_read_by_name() -> None:
    text = (
        "archcost: 1\ninputs: {a: [8], b: [4, 8]}\nblocks:\n  cross:\n    inputs: [query, memory]\n"
        "    layers: [linear: {out_features: 8}, {add: , from: [linear, memory]}]\n"
        "layers: [relu, {tanh: , from: b}, {cross: , from: [relu, tanh]}]"
    )
    assert reads(text) == {
        "relu": "a",
        "tanh": "b",
        "cross.linear": "relu",
        "cross.add": "cross.linear tanh",
    }
    assert shapes(text)["cross.add"] == (1, 4, 8)


def test_several_outputs_are_numbered_and_go_on_together() -> None:
    fork = "blocks:\n  fork: {layers: [relu, {tanh: , from: input}], outputs: [tanh, relu]}\n"
    assert reads(fork + "layers: [{id: f, fork: }, {gelu: , from: f.1}, {add: , from: [f.0, gelu]}]") == {
        "f.relu": "input",
        "f.tanh": "input",
        "gelu": "f.relu",
        "add": "f.tanh gelu",
    }
    assert list(outputs(fork + "layers: [fork]")) == ["fork.tanh", "fork.relu"]


def test_outputs_of_a_block_may_be_an_expression_or_its_input() -> None:
    block = 'blocks:\n  unit: {params: {short: false}, layers: [relu], outputs: \'$("input" if short else "relu")\'}\n'
    assert reads(block + "layers: [unit, tanh]")["tanh"] == "unit.relu"
    assert reads(block + "layers: [unit: {short: true}, tanh]")["tanh"] == "input"


def test_a_block_is_unrolled_anew_for_other_params_and_types() -> None:
    text = (
        "blocks:\n  unit:\n    params: {deep: false, n: 2}\n"
        "    layers: [{relu: , when: $deep}, linear: {out_features: $(n / 1)}]\n"
        "layers: [unit, unit: {deep: true}, unit: {n: 2.0}, unit: {n: 3}, unit]"
    )
    assert shapes(text) == {
        "unit.linear": (1, 8, 4, 2),
        "unit_1.relu": (1, 8, 4, 2),
        "unit_1.linear": (1, 8, 4, 2),
        "unit_2.linear": (1, 8, 4, 2),
        "unit_3.linear": (1, 8, 4, 3),
        "unit_4.linear": (1, 8, 4, 2),
    }


@pytest.mark.parametrize(
    ("first", "second", "problem"), [("true", "1", "expected true or false"), ("2", "2.0", "range")]
)
def test_one_and_true_and_one_point_zero_are_different_params(first: str, second: str, problem: str) -> None:
    use = "linear: {out_features: 3, bias: $x}" if first == "true" else "linear: {out_features: $(len(range(x)))}"
    text = (
        f"blocks:\n  unit: {{params: {{x: }}, layers: [{use}]}}\nlayers: [unit: {{x: {first}}}, unit: {{x: {second}}}]"
    )
    with pytest.raises(archcost.SpecError, match=problem):
        report(text)


def test_sixty_four_blocks_may_nest() -> None:
    blocks = "".join(f"  b{k}: {{layers: [b{k + 1}]}}\n" for k in range(63))
    path = ".".join(f"b{k}" for k in range(64))
    assert paths(f"blocks:\n{blocks}  b63: {{layers: [relu]}}\nlayers: [b0]") == f"{path}.relu"


# --- include --------------------------------------------------------------------------------------------------------


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"archcost: 1\n{text}")
    return folder / "spec.yaml"


def included(folder: Path, files: dict[str, str]) -> list[str]:
    return [layer.path for layer in archcost.analyze(write(folder, files)).layers]


SPEC = "input: [8]\nlayers: [unit]\n"


def test_includes_bring_in_blocks(tmp_path: Path) -> None:
    files = {"spec.yaml": f"include: [unit.yaml]\n{SPEC}", "unit.yaml": "blocks:\n  unit: {layers: [relu]}\n"}
    assert included(tmp_path, files) == ["unit.relu"]


def test_one_include_needs_no_list(tmp_path: Path) -> None:
    files = {"spec.yaml": f"include: unit.yaml\n{SPEC}", "unit.yaml": "blocks:\n  unit: {layers: [relu]}\n"}
    assert included(tmp_path, files) == ["unit.relu"]


def test_includes_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    files = {
        "spec.yaml": f"include: [a/b/unit.yaml]\n{SPEC}",
        "a/b/unit.yaml": "include: [../c/act.yaml]\nblocks:\n  unit: {layers: [act]}\n",
        "a/c/act.yaml": "blocks:\n  act: {layers: [relu]}\n",
    }
    assert included(tmp_path, files) == ["unit.act.relu"]


def test_a_file_included_twice_is_read_once(tmp_path: Path) -> None:
    files = {
        "spec.yaml": f"include: [left.yaml, right.yaml, ./left.yaml]\n{SPEC}",
        "left.yaml": "include: [base.yaml]\nblocks:\n  unit: {layers: [base, other]}\n",
        "right.yaml": "include: [base.yaml, spec.yaml]\nblocks:\n  other: {layers: [base]}\n",
        "base.yaml": "include: [left.yaml]\nblocks:\n  base: {layers: [relu]}\n",
    }
    assert included(tmp_path, files) == ["unit.base.relu", "unit.other.base.relu"]


def test_only_the_blocks_of_an_included_file_matter(tmp_path: Path) -> None:
    files = {
        "spec.yaml": f"include: [other.yaml]\n{SPEC}",
        "other.yaml": "name: other\nparams: {n: 3}\ninput: [9]\nlayers: [tanh]\nblocks:\n  unit: {layers: [relu]}\n",
    }
    assert included(tmp_path, files) == ["unit.relu"]
    assert archcost.load(tmp_path / "spec.yaml").params == {}


def test_included_blocks_see_the_params_of_the_spec(tmp_path: Path) -> None:
    files = {
        "spec.yaml": f"params: {{width: 5}}\ninclude: [unit.yaml]\n{SPEC}",
        "unit.yaml": "params: {width: 3}\nblocks:\n  unit: {layers: [linear: {out_features: $width}]}\n",
    }
    spec = load(write(tmp_path, files))
    assert archcost.analyze(spec).layers[0].output == ((1, 5),)
    assert archcost.analyze(spec, params={"width": 6}).layers[0].output == ((1, 6),)


def test_the_hash_of_a_spec_covers_its_includes(tmp_path: Path) -> None:
    files = {"spec.yaml": f"include: [unit.yaml]\n{SPEC}", "unit.yaml": "blocks:\n  unit: {layers: [relu]}\n"}
    before = load(write(tmp_path, files)).sha256
    files["unit.yaml"] += "# changed\n"
    assert load(write(tmp_path, files)).sha256 != before
