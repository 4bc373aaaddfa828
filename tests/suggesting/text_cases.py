"""Specs and what becomes of some of their steps, by the paths of the layers: the cases of the golden file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.suggesting.edits import Attributes, NewSteps, Removed, Shares

if TYPE_CHECKING:
    from archcost.suggesting.edits import Edit

PREFIX = "archcost: 1\nname: example\ninput: [3, 8, 8]\n"
SMALL = NewSteps("small", ("conv2d: {out_channels: $out_channels, kernel_size: $kernel_size, bias: false}", "relu"))
THIN = NewSteps("thin", ("conv2d: {out_channels: $out_channels, kernel_size: $kernel_size, padding: $padding}", "relu"))
WIDE = NewSteps("wide", ("conv2d: {out_channels: $out_channels, kernel_size: 1}",))
NARROW = NewSteps("narrow", ("linear: $rank", "linear: $out_features"), (("rank", "$(max(1, out_features // 2))"),))
JOINED = NewSteps("joined", ("{add, from: [input, input_1]}", "relu"))
NO_BIAS = Attributes((("bias", "false"),))
CHANGED = Attributes((("padding", None), ("kernel_size", "1"), ("bias", "false")))

CONV = "conv2d: {out_channels: 4, kernel_size: 3}"
SAME = "conv2d: {out_channels: 3, kernel_size: 3, padding: 1}"
UNIT = """blocks:
  unit:
    params: {out: }
    layers:
      - conv2d: {out_channels: $out, kernel_size: 3, padding: 1}   # the only one
      - relu
layers:
"""
TREE = """blocks:
  tree:
    params: {depth: }
    layers:
      - conv2d: {out_channels: 3, kernel_size: 3, padding: 1}
      - {id: below, tree: $(depth - 1), when: $(depth > 0)}
layers: [tree: 2]
"""
NESTED = """blocks:
  unit: {params: {out: }, layers: [conv2d: {out_channels: $out, kernel_size: 3, padding: 1}, relu]}
  pair: {params: {out: }, layers: [unit: $out, {id: second, unit: $out}]}
layers: [pair: 4, {id: b, pair: 4}]
"""
CHOSEN = """params: {act: relu}
blocks:
  unit:
    params: {act: $act}
    layers:
      - $act
      - flatten
layers: [unit, unit: {act: gelu}]
"""
INNER = """layers:
  - id: outer
    repeat: 2
    as: o
    layers:
      - id: inner
        repeat: 2
        layers: [relu]
"""


class TextCase(NamedTuple):
    """A spec below its first lines, and what becomes of layers by their paths."""

    body: str
    edits: dict[str, Edit]


CASES: dict[str, TextCase] = {
    "in lines, with comments": TextCase(
        "layers:\n  # the stem\n  - conv2d:            # wide\n      out_channels: 4  # few\n      kernel_size: 3\n"
        "  - relu               # last\n",
        {"conv2d": SMALL},
    ),
    "in braces": TextCase(f"layers:\n  - {{id: stem, {CONV}, when: true}}\n  - relu\n", {"stem": SMALL}),
    "a pair in a list": TextCase(f"layers: [{CONV}, relu, {CONV}]\n", {"conv2d": SMALL}),
    "quotes": TextCase('layers:\n  - "conv2d": {\'out_channels\': 4, "kernel_size": 3}\n', {"conv2d": SMALL}),
    "a kind alone goes": TextCase("layers:\n  - relu   # here\n  - relu\n", {"relu": Removed()}),
    "a kind alone gets attributes": TextCase("layers: [relu, softplus]\n", {"softplus": Attributes((("beta", "2"),))}),
    "a value alone goes": TextCase(
        "layers:\n  - dropout: 0.1   # often\n  - {dropout: 0.2, id: d}\n", {"dropout": Removed(), "d": Removed()}
    ),
    "a value alone gets company": TextCase(
        "layers:\n  - flatten\n  - linear: $(max(2, 4))   # out\n", {"linear": NO_BIAS}
    ),
    "a value alone is the param of a block": TextCase("layers:\n  - flatten\n  - linear: 10\n", {"linear": NARROW}),
    "attributes in braces": TextCase(f"layers:\n  - {SAME}\n", {"conv2d": CHANGED}),
    "attributes in lines": TextCase(
        "layers:\n  - conv2d:\n      out_channels: 4\n      kernel_size: 3  # wide\n      padding: 1      # same\n"
        "    id: stem\n",
        {"stem": CHANGED},
    ),
    "sizes of the input": TextCase(
        "layers:\n  - conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3}\n"
        "  - {id: norm, batch_norm2d: {num_features: 4}}\n",
        {"conv2d": SMALL, "norm": Removed()},
    ),
    "a kind that is an expression": TextCase(
        "params: {kind: conv2d}\nlayers:\n  - $kind: {out_channels: 4, kernel_size: 3}\n", {"conv2d": SMALL}
    ),
    "a name that follows the kind": TextCase(CHOSEN, {"unit.relu": Removed(), "unit_1.gelu": Removed()}),
    "some rounds": TextCase(f"layers:\n  - {{id: stage, repeat: 4, {SAME}}}\n", {"stage.1": THIN, "stage.2": THIN}),
    "a round less": TextCase("layers:\n  - repeat: 3\n    relu:\n  - relu\n", {"relu.1": Removed()}),
    "other attributes in a round": TextCase(f"layers:\n  - {{id: stage, repeat: 3, {SAME}}}\n", {"stage.0": NO_BIAS}),
    "rounds of a list": TextCase(
        "params: {widths: [4, 6, 8]}\nlayers:\n"
        "  - {id: stage, repeat: $widths, as: w, conv2d: {out_channels: $w, kernel_size: 3}}\n",
        {"stage.2": SMALL},
    ),
    "a round of a group": TextCase(
        f"layers:\n  - repeat: 3\n    layers:\n      - {SAME}\n      - relu\n", {"group.1.conv2d": THIN}
    ),
    "rounds of two steps": TextCase(INNER, {"outer.1.inner.0.relu": Removed(), "outer.0.inner.1.relu": Removed()}),
    "rounds of the outer one": TextCase(INNER, {"outer.1.inner.0.relu": Removed(), "outer.1.inner.1.relu": Removed()}),
    "rounds told apart by their items": TextCase(
        INNER.replace("repeat: 2\n    as: o", "repeat: [4, 6]\n    as: o"), {"outer.1.inner.1.relu": Removed()}
    ),
    "rounds of an outer list, whose number is seen": TextCase(
        INNER.replace("repeat: 2\n    as: o", "repeat: [2, 2]\n    as: o").replace(
            "repeat: 2\n", "repeat: $o\n        as: n\n"
        ),
        {"outer.1.inner.1.relu": Removed()},
    ),
    "rounds whose index is hidden": TextCase(INNER.replace("    as: o\n", ""), {"outer.1.inner.0.relu": Removed()}),
    "a block, wherever it is used": TextCase(
        UNIT + "  - unit: 4\n  - unit: 5\n", {"unit.conv2d": THIN, "unit_1.conv2d": THIN}
    ),
    "a block, in some uses": TextCase(
        UNIT + "  - unit: 4\n  - unit: 5\n  - {id: last, unit: 6}\n", {"unit_1.conv2d": THIN, "last.conv2d": THIN}
    ),
    "a block, in two ways": TextCase(
        UNIT + "  - unit: 4\n  - unit: 5\n", {"unit.conv2d": THIN, "unit_1.conv2d": WIDE._replace(steps=THIN.steps[:1])}
    ),
    "a block in a block": TextCase(NESTED, {"pair.second.conv2d": THIN}),
    "blocks in braces": TextCase(
        "blocks: {unit: {params: {out: }, layers: [conv2d: {out_channels: $out, kernel_size: 3}]},\n"
        "         other: {layers: [relu]}}\nlayers: [unit: 4, other, unit: 5]\n",
        {"unit.conv2d": SMALL},
    ),
    "no blocks": TextCase(f"blocks: {{}}\nlayers: [{CONV}]\n", {"conv2d": SMALL}),
    "branches": TextCase(
        f"layers:\n  - concat:\n    branches:\n      a: [{SAME}]\n"
        f"      b: {{from: input, layers: [{{id: c, {SAME}}}, relu]}}\n",
        {"a.conv2d": THIN, "b.c": THIN},
    ),
    "a residual group": TextCase(f"layers:\n  - residual:\n      - {SAME}\n      - relu\n", {"residual.conv2d": THIN}),
    "the sum of a residual group": TextCase("layers:\n  - residual:\n      - relu\n", {"residual.add": Removed()}),
    "recursion": TextCase(TREE, {f"tree.{below}conv2d": THIN for below in ("", "below.", "below.below.")}),
    "recursion, the innermost": TextCase(TREE, {"tree.below.below.conv2d": THIN}),
    "an alias": TextCase(f"layers:\n  - &c {{id: a, {SAME}}}\n  - {{id: b, layers: [*c]}}\n", {"a": THIN, "b.a": THIN}),
    "an anchor": TextCase(f"layers:\n  - &c {SAME}\n", {"conv2d": THIN}),
    "shared weights": TextCase(
        "layers:\n  - {id: a, linear: 8}\n  - linear: 8\n  - id: c\n    linear: 8\n",
        {"linear": Shares(0), "c": Shares(0)},
    ),
    "weights shared by rounds": TextCase(
        "layers:\n  - {id: h, repeat: 3, linear: 8}\n", {"h.1": Shares(0), "h.2": Shares(0)}
    ),
    "weights shared by blocks": TextCase(
        "blocks:\n  unit:\n    layers: [linear: 8, relu]\nlayers:\n  - {id: h, repeat: 3, unit}\n",
        {"h.1.linear": Shares(0), "h.2.linear": Shares(0)},
    ),
    "two inputs": TextCase("layers:\n  - {id: a, relu}\n  - {add, from: [a, input]}\n", {"add": JOINED}),
    "a name that is taken": TextCase(
        f"blocks:\n  small: {{layers: [relu]}}\nlayers: [small, {CONV}]\n", {"conv2d": SMALL}
    ),
    "figures that it expects": TextCase(
        f"layers:\n  - {CONV}\nexpect:\n  params: 112   # 3 * 4 * 9 + 4\n  # no more\n\n# the end\n"
        "budgets: {params: 1 k}\n",
        {"conv2d": SMALL},
    ),
    "no last line end": TextCase(f"layers:\n  - relu\n  - {CONV}", {"conv2d": SMALL}),
}
