"""A value alone, sizes that follow from the input, numbers as ids, blocks that win over ops and that use themselves."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from language import paths, reads, report, shapes

import archcost
from archcost.errors import SpecError
from archcost.meter import BUDGET, Meter
from archcost.ops import REGISTRY
from archcost.ops.base import alone, asserted_size
from archcost.ops.fields import REQUIRED
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
BLOCKS = (
    "archcost: 1\ninput: [8, 4, 4]\nparams: {classes: 10, kind: linear, norm: batch_norm2d}\n"
    "blocks:\n"
    "  one: {params: {out: , kernel: 1}, layers: [conv2d: {out_channels: $out, kernel_size: $kernel}]}\n"
    "  two: {params: {a: , b: }, layers: [relu]}\n"
    "  open: {params: {a: 1, b: 2}, layers: [relu]}\n"
    "  none: {layers: [relu]}\n"
)


def layers(step: str) -> str:
    return f"{BLOCKS}layers:\n  - {step}\n"


# --- a value alone --------------------------------------------------------------------------------------------------

SHORT = {
    "linear: 10": "linear: {out_features: 10}",
    "linear: $classes": "linear: {out_features: $classes}",
    "linear: $(classes + in_channels)": "linear: {out_features: $(classes + in_channels)}",
    "max_pool2d: 2": "max_pool2d: {kernel_size: 2}",
    "max_pool2d: [2, 1]": "max_pool2d: {kernel_size: [2, 1]}",
    "adaptive_avg_pool2d: 1": "adaptive_avg_pool2d: {output_size: 1}",
    "permute: [0, 2, 3, 1]": "permute: {dims: [0, 2, 3, 1]}",
    "reshape: [$batch, 2, -1]": "reshape: {shape: [$batch, 2, -1]}",
    "softmax: 1": "softmax: {dim: 1}",
    "group_norm: 4": "group_norm: {num_groups: 4}",
    "pow: 2": "pow: {exponent: 2}",
    "dropout: 0.1": "dropout: {p: 0.1}",
    "mul: 0.5": "mul: {other: 0.5}",
    "mean: [2, 3]": "mean: {dim: [2, 3]}",
    "gelu: tanh": "gelu: {approximate: tanh}",
    "flatten: 2": "flatten: {start_dim: 2}",
    "one: 3": "one: {out: 3}",
    "one: $classes": "one: {out: $classes}",
    "$kind: 10": "linear: {out_features: 10}",
    "$('one'): 10": "one: {out: 10}",
    "{linear: 10, id: a, when: true}": "{linear: {out_features: 10}, id: a, when: true}",
}


@pytest.mark.parametrize("short", SHORT)
def test_a_value_alone_is_the_attribute_that_is_needed(short: str) -> None:
    brief, full = report(layers(short)), report(layers(SHORT[short]))
    assert [node.op for node in brief.graph.nodes] == [node.op for node in full.graph.nodes]
    assert brief.totals == full.totals


def test_an_op_that_needs_one_attribute_takes_it_alone() -> None:
    for kind, op in REGISTRY.items():
        required = [name for name, field in op.fields.items() if field.default is REQUIRED]
        assert alone(op) in {"", *op.fields}, kind
        assert len(required) != 1 or alone(op) == required[0], kind
        assert len(required) < 2 or not alone(op), kind


REFUSED = {
    "conv2d: 64": (
        "the attributes of conv2d are a mapping of names to values, got 64",
        "write `conv2d: {out_channels: 64, kernel_size: …}`",
    ),
    "transpose: [1, 2]": (
        "the attributes of transpose are a mapping of names to values, got [1, 2]",
        "write `transpose: {dim0: 1, dim1: 2}`",
    ),
    "relu: true": ("the attributes of relu are a mapping of names to values, got true", "write `relu` alone"),
    "batch_norm2d: 8": (
        "the attributes of batch_norm2d are a mapping of names to values, got 8",
        "write `batch_norm2d` alone: num_features follows from the input",
    ),
    "$norm: 8": (
        "the attributes of batch_norm2d are a mapping of names to values, got 8",
        "write `batch_norm2d` alone: num_features follows from the input",
    ),
    "upsample: 2": (
        "the attributes of upsample are a mapping of names to values, got 2",
        "name it: `upsample: {size: 2}`; or scale_factor, mode, align_corners",
    ),
    "two: 1": ("the attributes of two are a mapping of names to values, got 1", "write `two: {a: 1, b: …}`"),
    "open: 3": ("the attributes of open are a mapping of names to values, got 3", "name it: `open: {a: 3}`; or b"),
    "none: 3": ("the attributes of none are a mapping of names to values, got 3", "write `none` alone"),
    "linear: ten": (
        "'out_features' of linear: expected a whole number ≥ 1, got 'ten'",
        "`linear: …` is short for `linear: {out_features: …}`",
    ),
    "pad: 1": (
        "'pad' of pad: expected a list of whole numbers, got 1",
        "write `pad: {pad: [1, 1, 1, 1]}`: two numbers for each of the last dims, the last dim first",
    ),
    "concat: [a, b]": (
        "'dim' of concat: expected a whole number, got ['a', 'b']",
        "what a step reads stands beside its kind: `{concat, from: [a, b]}`",
    ),
}


@pytest.mark.parametrize("step", REFUSED)
def test_a_value_alone_that_says_too_little_is_refused_with_what_is_meant(step: str) -> None:
    with pytest.raises(SpecError) as caught:
        report(layers(step))
    assert [(one.message, one.help) for one in caught.value.diagnostics] == [REFUSED[step]]


# --- what follows from the input ------------------------------------------------------------------------------------

HELD = {
    "conv2d: {in_channels: 8, out_channels: 4, kernel_size: 1}": "conv2d: {out_channels: 4, kernel_size: 1}",
    "conv2d: {in_channels: $in_channels, out_channels: 4, kernel_size: 1}": "conv2d: {out_channels: 4, kernel_size: 1}",
    "linear: {in_features: 4, out_features: 3}": "linear: {out_features: 3}",
    "$kind: {in_features: 4, out_features: 3}": "linear: {out_features: 3}",
    "batch_norm2d: {num_features: 8}": "batch_norm2d",
    "$norm: {num_features: $(4 + 4)}": "batch_norm2d",
    "group_norm: {num_groups: 2, num_channels: 8}": "group_norm: 2",
    "{conv2d: {in_channels: $(8 + 0 * i), out_channels: 8, kernel_size: 1}, repeat: 2}": (
        "{conv2d: {out_channels: 8, kernel_size: 1}, repeat: 2}"
    ),
}


@pytest.mark.parametrize("step", HELD)
def test_a_right_size_changes_nothing(step: str) -> None:
    given, plain = report(layers(step)), report(layers(HELD[step]))
    assert [node.op for node in given.graph.nodes] == [node.op for node in plain.graph.nodes]
    assert given.totals == plain.totals


WRONG = {
    "conv2d: {in_channels: 3, out_channels: 4, kernel_size: 1}": (
        "conv2d: in_channels is 3, but the input (1, 8, 4, 4) has 8"
    ),
    "{id: a, linear: {in_features: $classes, out_features: 3}}": (
        "linear 'a': in_features is 10, but the input (1, 8, 4, 4) has 4"
    ),
    "$norm: {num_features: 9}": "batch_norm2d: num_features is 9, but the input (1, 8, 4, 4) has 8",
    "{linear: {in_features: $(4 + i), out_features: 4}, repeat: 2}": (
        "linear 'linear.1': in_features is 5, but the input (1, 8, 4, 4) has 4"
    ),
    "linear: {in_features: four, out_features: 3}": "'in_features' of linear: expected a whole number ≥ 1, got 'four'",
    "linear: {in_features: $kind, out_features: 3}": (
        "'in_features' of linear: expected a whole number ≥ 1, got 'linear'"
    ),
    "linear: {in_features: $nothing, out_features: 3}": "unknown name 'nothing' in $nothing",
    "linear: {in_features: 4}": "linear needs 'out_features'",
    "linear: {num_features: 4, out_features: 3}": "unknown attribute 'num_features' of linear",
}


@pytest.mark.parametrize("step", WRONG)
def test_a_wrong_size_is_an_error_that_shows_both(step: str) -> None:
    with pytest.raises(SpecError) as caught:
        report(layers(step))
    assert [one.message for one in caught.value.diagnostics] == [WRONG[step]]


def test_every_op_is_held_to_the_size_of_its_channels() -> None:
    held = {kind: asserted_size(op) for kind, op in REGISTRY.items() if asserted_size(op)}
    assert {"conv2d", "linear", "batch_norm1d", "multihead_attention", "lstm"} <= held.keys()
    for kind, name in held.items():
        assert name not in REGISTRY[kind].fields
        assert REGISTRY[kind].channels is not None


# --- numbers as ids -------------------------------------------------------------------------------------------------

NUMBERS = {
    "a number is an id, written as one or as text": (
        'layers: [{id: 0, relu: }, {id: "1", tanh: }, {add: , from: [0, "1"]}]',
        {"0": "input", "1": "0", "add": "0 1"},
    ),
    "in a group as in torch's paths": (
        "layers: [{id: features, layers: [{id: 0, relu: }, {id: 3, tanh: }]}, {add: , from: [features, input]}]",
        {"features.0": "input", "features.3": "features.0", "add": "features.3 input"},
    ),
    "x.0 is a round of a step that is repeated": (
        "layers: [{id: x, repeat: 2, layers: [{id: 0, relu: }, {id: 1, tanh: }]}, {add: , from: [x.0, x.1]}]",
        {"x.0.0": "input", "x.0.1": "x.0.0", "x.1.0": "x.0.1", "x.1.1": "x.1.0", "add": "x.0.1 x.1.1"},
    ),
    "and an output of another": (
        "layers: [{id: 7, chunk: {chunks: 2, dim: 1}}, {add: , from: [7.1, 7.0]}]",
        {"7": "input", "add": "7.1 7.0"},
    ),
    "an expression may give it": (
        "layers: [{id: 0, relu: }, tanh, {add: , from: '$([0, \"tanh\"])'}]",
        {"0": "input", "tanh": "0", "add": "0 tanh"},
    ),
    "weights are shared by it": (
        "layers: [{id: 0, linear: 4}, {linear: 4, share: 0}]",
        {"0": "input", "linear": "0"},
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_as_ids(name: str) -> None:
    text, expected = NUMBERS[name]
    assert reads(text) == expected


def test_x_0_is_never_a_step_inside() -> None:
    with pytest.raises(SpecError, match=r"'x' has one output, counted from 0"):
        report("layers: [{id: x, layers: [{id: 0, relu: }, {id: 1, tanh: }]}, {add: , from: [x.1, x]}]")


# --- blocks and ops of one name -------------------------------------------------------------------------------------


def test_a_block_is_used_in_place_of_the_op_of_its_name() -> None:
    text = (
        "blocks:\n  relu: {params: {slope: }, layers: [{leaky_relu: $slope}]}\n  add: {layers: [tanh]}\n"
        "layers: [relu: 0.1, add, {residual: [gelu]}, $('relu'): {slope: 0.2}]"
    )
    assert paths(text) == "relu.leaky_relu add.tanh residual.gelu residual.add relu_1.leaky_relu"
    assert report(text).graph.nodes[3].op.kind == "add"  # a residual adds, whatever is called so


def test_validate_notes_it(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("archcost: 1\ninput: [8]\nblocks:\n  relu: {layers: [tanh]}\nlayers: [relu]\n")
    result = run("validate", "own.yaml", cwd=tmp_path)
    assert result.code == 0
    assert result.out == "1 spec: no errors\n"
    assert result.err == "note: the block 'relu' is used in place of the op of this name, at own.yaml:4:3\n"


# --- blocks that use themselves -------------------------------------------------------------------------------------

TREE = "blocks:\n  tree: {params: {levels: 1}, layers: [relu, {tree: {levels: $(levels - 1)}, %s}]}\n"


@pytest.mark.parametrize("end", ["when: $(levels > 1)", "repeat: $(int(levels > 1))"])
def test_a_block_may_use_itself_where_that_ends(end: str) -> None:
    assert len(shapes(TREE % end + "layers: [tree: {levels: 3}]")) == 3


def test_blocks_may_use_one_another() -> None:
    text = (
        "blocks:\n  a: {params: {n: }, layers: [relu, {b: $(n - 1), when: $(n > 0)}]}\n"
        "  b: {params: {n: }, layers: [tanh, a: $n]}\nlayers: [a: 2]"
    )
    assert paths(text) == "a.relu a.b.tanh a.b.a.relu a.b.a.b.tanh a.b.a.b.a.relu"


def test_it_may_be_64_levels_deep_and_no_more() -> None:
    text = TREE % "when: $(levels > 1)"
    assert len(shapes(text + "layers: [tree: {levels: 64}]")) == 64
    with pytest.raises(SpecError) as caught:
        report(text + "layers: [tree: {levels: 65}]")
    message = "the block 'tree' uses itself more than 64 levels deep: tree → tree"
    assert [one.message for one in caught.value.diagnostics] == [message]


ENDLESS = {
    "in every case": ("blocks: {a: {layers: [relu, a]}}\nlayers: [a]", "the block 'a' uses itself without end: a → a"),
    "in a group": (
        "blocks: {a: {layers: [{layers: [b]}]}, b: {layers: [{residual: [a]}]}}\nlayers: [a]",
        "the block 'a' uses itself without end: a → b → a",
    ),
    "by a condition that does not end": (
        "blocks: {a: {layers: [{a: , when: true}]}}\nlayers: [a]",
        "the block 'a' uses itself more than 64 levels deep: a → a",
    ),
    "twice": (
        (
            "blocks: {a: {params: {n: 1}, layers: [{a: {n: $(2 * n)}, when: true}, "
            "{a: {n: $(2 * n + 1)}, when: true}]}}\nlayers: [a]"
        ),
        "the block 'a' uses itself more than 64 levels deep: a → a",
    ),
    "twice, in branches": (
        (
            "blocks: {a: {params: {n: 1}, layers: [{add: , branches: {x: [{a: {n: $(2 * n)}, when: true}], "
            "y: [{a: {n: $(2 * n + 1)}, when: true}]}}]}}\nlayers: [a]"
        ),
        "the block 'a' uses itself more than 50 levels deep: a → a",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_refused_at_once(name: str) -> None:
    text, message = ENDLESS[name]
    with pytest.raises(SpecError) as caught:
        report(text)
    assert [one.message for one in caught.value.diagnostics] == [message]


def test_a_block_that_uses_itself_twice_is_unrolled_once_for_each_of_its_params() -> None:
    text = (
        "blocks:\n  t: {params: {n: }, layers: [{t: $(n - 1), when: $(n > 1)}, {t: $(n - 1), when: $(n > 1)}, relu]}\n"
    )
    assert len(report(text + "layers: [t: 16]").layers) == 2**16 - 1


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


ALL_DIFFERENT = (
    "archcost: 1\ninput: [8]\nblocks:\n  t:\n    params: {n: 1}\n    layers:\n"
    "      - {t: {n: $(2 * n)}, when: $(n < 2 ** 60)}\n"
    "      - {t: {n: $(2 * n + 1)}, when: $(n < 2 ** 60)}\nlayers: [t]\n"
)


def test_the_meter_ends_a_block_whose_uses_are_all_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth of the budget."""
    monkeypatch.setattr(Meter.__init__, "__defaults__", (BUDGET // 10,))
    with pytest.raises(SpecError, match=f"more than {BUDGET // 10:,} steps of work"):
        archcost.analyze(loads(ALL_DIFFERENT))


@pytest.mark.long
def test_the_whole_budget_ends_it_within_little_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "archcost", "analyze", "-"],
        input=ALL_DIFFERENT,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=_bounded,
    )
    assert done.returncode == 2
    assert "steps of work" in done.stderr


def test_a_spec_that_is_only_read_tells_what_does_not_end() -> None:
    with pytest.raises(SpecError, match="uses itself without end"):
        loads("archcost: 1\ninput: [8]\nblocks: {a: {layers: [a]}}\nlayers: [relu]\n")
