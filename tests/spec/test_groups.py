"""Groups: steps in place of a kind, and residuals, which add their input to the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from language import KEPT, paths, reads, report, shapes

from archcost.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

CONV = "conv2d: {out_channels: 8, kernel_size: 1}"

READS = {
    "a group is a scope of its own, named after its kind": (
        "layers: [{layers: [relu, tanh]}, {layers: [relu]}]",
        {"group.relu": "input", "group.tanh": "group.relu", "group_1.relu": "group.tanh"},
    ),
    "its input is `input`, whatever is called so around it": (
        "layers: [tanh, {layers: [relu, {add: , from: [input, relu]}]}]",
        {"tanh": "input", "group.relu": "tanh", "group.add": "tanh group.relu"},
    ),
    "it sees the ids around it, and nothing sees its own": (
        "layers: [{id: a, relu: }, tanh, {layers: [{id: a1, add: , from: [a, input]}]}]",
        {"a": "input", "tanh": "a", "group.a1": "a tanh"},
    ),
    "its ids hide those around it": (
        "layers: [relu, {id: g, layers: [{id: relu, tanh: }, {gelu: , from: relu}]}]",
        {"relu": "input", "g.relu": "relu", "g.gelu": "g.relu"},
    ),
    "an id stands for its last step": (
        "layers: [{id: g, layers: [relu, tanh]}, {add: , from: [g, input]}]",
        {"g.relu": "input", "g.tanh": "g.relu", "add": "g.tanh input"},
    ),
    "rounds are chained, each a group": (
        "layers: [{id: g, repeat: 2, layers: [relu, tanh]}]",
        {"g.0.relu": "input", "g.0.tanh": "g.0.relu", "g.1.relu": "g.0.tanh", "g.1.tanh": "g.1.relu"},
    ),
    "a round can be read": (
        "layers: [{id: g, repeat: 2, layers: [relu]}, {add: , from: [g, g.0]}]",
        {"g.0.relu": "input", "g.1.relu": "g.0.relu", "add": "g.1.relu g.0.relu"},
    ),
    "several inputs go to its first step": (
        "layers: [relu, tanh, {layers: [mul, relu], from: [relu, tanh]}]",
        {"relu": "input", "tanh": "relu", "group.mul": "relu tanh", "group.relu": "group.mul"},
    ),
    "and have numbers": (
        "layers: [relu, tanh, {layers: [{sub: , from: [input.1, input.0]}], from: [relu, tanh]}]",
        {"relu": "input", "tanh": "relu", "group.sub": "tanh relu"},
    ),
    "the first of them is chained": (
        "layers: [relu, {layers: [mul], from: [relu, input], repeat: 2}]",
        {"relu": "input", "group.0.mul": "relu input", "group.1.mul": "group.0.mul input"},
    ),
    "branches are its inputs": (
        "layers: [{layers: [concat, relu], branches: {a: [tanh], b: []}}]",
        {"a.tanh": "input", "group.concat": "a.tanh input", "group.relu": "group.concat"},
    ),
    "false leaves all of it out": ("layers: [{layers: [relu, tanh], when: false}, gelu]", {"gelu": "input"}),
    "without steps it passes on what it takes": (
        "layers: [relu, {layers: []}, gelu]",
        {"relu": "input", "gelu": "relu"},
    ),
    "groups nest": (
        "layers: [{layers: [relu, {layers: [tanh]}, {layers: [relu]}]}]",
        {"group.relu": "input", "group.group.tanh": "group.relu", "group.group_1.relu": "group.group.tanh"},
    ),
    "a residual adds its input": (
        "layers: [tanh, {residual: [relu, gelu]}]",
        {
            "tanh": "input",
            "residual.relu": "tanh",
            "residual.gelu": "residual.relu",
            "residual.add": "residual.gelu tanh",
        },
    ),
    "in every round": (
        "layers: [{id: r, residual: [relu], repeat: 2}]",
        {"r.0.relu": "input", "r.0.add": "r.0.relu input", "r.1.relu": "r.0.add", "r.1.add": "r.1.relu r.0.add"},
    ),
    "what it adds has the next free name": (
        "layers: [{residual: [relu, {add: , from: [relu, input]}]}]",
        {"residual.relu": "input", "residual.add": "residual.relu input", "residual.add_1": "residual.add input"},
    ),
    "of the branches it adds the one": (
        "layers: [{residual: [relu], branches: {a: [tanh]}}]",
        {"a.tanh": "input", "residual.relu": "a.tanh", "residual.add": "residual.relu a.tanh"},
    ),
    "it is whole or not there": ("layers: [{residual: [relu], when: false}, gelu]", {"gelu": "input"}),
    "from says what it reads and adds": (
        "layers: [{id: a, relu: }, tanh, {residual: [gelu], from: a}]",
        {"a": "input", "tanh": "a", "residual.gelu": "a", "residual.add": "residual.gelu a"},
    ),
    "a recurrent layer gives its sequence": (
        (
            "archcost: 1\ninput: [6, 8]\n"
            "layers: [{residual: [gru: {hidden_size: 8}]}, {layers: [gru: {hidden_size: 8}]}, relu]"
        ),
        {
            "residual.gru": "input",
            "residual.add": "residual.gru.0 input",
            "group.gru": "residual.add",
            "relu": "group.gru.0",
        },
    ),
    "a block may have the name, where it takes no list": (
        (
            "blocks: {residual: {layers: [tanh]}, layers: {layers: [gelu]}}\n"
            "layers: [residual, {residual: [relu]}, {layers: }, {layers: [relu]}]"
        ),
        {
            "residual.tanh": "input",
            "residual_1.relu": "residual.tanh",
            "residual_1.add": "residual_1.relu residual.tanh",
            "layers.gelu": "residual_1.add",
            "group.relu": "layers.gelu",
        },
    ),
}


@pytest.mark.parametrize("name", READS)
def test_groups(name: str) -> None:
    text, expected = READS[name]
    assert reads(text) == expected


def test_a_group_sees_params_and_indices() -> None:
    text = (
        "archcost: 1\ninput: [8]\nparams: {width: 20}\n"
        "layers: [{id: g, repeat: 2, layers: [linear: {out_features: $(width + i)}, {relu: , when: $(i == 1)}]}]"
    )
    assert shapes(text) == {"g.0.linear": (1, 20), "g.1.linear": (1, 21), "g.1.relu": (1, 21)}


def test_a_group_in_a_block_sees_the_params_of_the_block_and_the_rounds_of_its_steps_alone() -> None:
    text = (
        "blocks: {unit: {params: {n: }, layers: [{repeat: 2, layers: [linear: {out_features: $(n + i)}]}]}}\n"
        "layers: [{unit: {n: 4}}, {unit: {n: 4}}]"
    )
    last = [shape[-1] for shape in shapes(text).values()]
    assert last == [4, 5, 4, 5]  # the second use is copied from the first, whose input is not its own
    assert paths(text).split()[-1] == "unit_1.group.1.linear"


def test_figures_are_those_of_the_steps() -> None:
    whole = report(f"layers: [{{id: g, repeat: 3, layers: [{CONV}, relu]}}]")
    assert (whole.totals.params, whole.totals.macs) == (3 * (8 * 8 + 8), 3 * 16 * 8 * 8)
    whole = report(f"layers: [{{residual: [{CONV}]}}]")
    assert (whole.totals.params, whole.totals.macs) == (8 * 8 + 8, 16 * 8 * 8)
    assert whole.totals.flops - 2 * whole.totals.macs == 8 * 16 + 8 * 16  # the bias, and the sum
    assert [layer.output[0] for layer in whole.layers] == [KEPT, KEPT]


def test_a_group_shares_the_weights_of_one_of_the_same_steps() -> None:
    text = f"layers: [{{id: a, residual: [{CONV}]}}, {{id: b, residual: [{CONV}], share: a}}]"
    assert report(text).totals.params == 8 * 8 + 8


def test_scopes_say_what_they_are() -> None:
    text = "layers: [{id: g, layers: [relu]}, {id: r, repeat: 2, residual: [relu]}]"
    kinds = {scope.path: scope.kind for scope in report(text).graph.scopes}
    assert kinds == {"g": "group", "r": "repeat", "r.0": "residual", "r.1": "residual"}


ERRORS = {
    "two shapes are shown": (
        "layers: [{id: a, repeat: 2, residual: [conv2d: {out_channels: 16, kernel_size: 3}]}]",
        "residual 'a.0' needs a result of its input's shape: its input is (1, 8, 4, 4) and its result (1, 16, 2, 2)",
    ),
    "a broadcast is no residual": (
        "layers: [{residual: [conv2d: {out_channels: 1, kernel_size: 1}]}]",
        "residual needs a result of its input's shape: its input is (1, 8, 4, 4) and its result (1, 1, 4, 4)",
    ),
    "as little as another rank": (
        "layers: [{residual: [flatten]}]",
        "residual needs a result of its input's shape: its input is (1, 8, 4, 4) and its result (1, 128)",
    ),
    "a residual has steps": ("layers: [{residual: []}]", "'residual' is empty"),
    "one input": (
        "layers: [relu, {residual: [mul], from: [relu, input]}]",
        "'residual' takes 1 input, got 2",
    ),
    "and one result": (
        "layers: [{residual: [chunk: {chunks: 2, dim: 1}]}]",
        "'chunk' has 2 outputs, and 'residual' takes 1 input",
    ),
    "it is a list": ("layers: [{residual: 3}]", "unknown kind 'residual'"),
    "without steps there is no group": ("layers: [layers]", "unknown kind 'layers'"),
    "it stands in place of a kind": (
        "layers: [{layers: [relu], tanh: }]",
        "a step has one kind, got 'tanh' and 'layers'",
    ),
    "its ids are not seen outside": (
        "layers: [{id: g, layers: [{id: a, relu: }]}, {relu: , from: a}]",
        "unknown id 'a'",
    ),
    "its input keeps its name": ("layers: [{layers: [{id: input, relu: }]}]", "the id 'input' is taken in this scope"),
    "the steps in it are checked": ("layers: [{layers: [rellu], when: false}]", "unknown kind 'rellu'"),
    "and the names": (
        "layers: [{layers: [linear: {out_features: $n}], when: false}]",
        "unknown name 'n' in $n",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_wrong_groups_have_one_error(name: str) -> None:
    text, message = ERRORS[name]
    with pytest.raises(SpecError) as caught:
        report(text)
    assert [diagnostic.message for diagnostic in caught.value.diagnostics] == [message]


@pytest.mark.parametrize(
    ("shape", "body", "shortcut"),
    [
        ("[8, 28, 28]", "conv2d: {out_channels: 16, kernel_size: 1}", "conv2d: {out_channels: 16, kernel_size: 1}"),
        (
            "[8, 28, 28]",
            "conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1}",
            "conv2d: {out_channels: 8, kernel_size: 1, stride: 2}",
        ),
        (
            "[8, 28, 30]",
            "conv2d: {out_channels: 4, kernel_size: 3, stride: [1, 2], padding: 1}",
            "conv2d: {out_channels: 4, kernel_size: 1, stride: [1, 2]}",
        ),
        ("[8, 30]", "conv1d: {out_channels: 4, kernel_size: 1}", "conv1d: {out_channels: 4, kernel_size: 1}"),
        ("[10, 64]", "linear: 32", "linear: {out_features: 32}"),
        ("[64]", "linear: 96", "linear: {out_features: 96}"),
    ],
)
def test_a_residual_that_does_not_fit_is_told_the_projection_that_makes_it_fit(
    shape: str, body: str, shortcut: str
) -> None:
    with pytest.raises(SpecError) as caught:
        report(f"archcost: 1\ninput: {shape}\nlayers: [{{residual: [{body}]}}]")
    told = f"`add` with `branches: {{body: [steps], shortcut: [{shortcut}]}}`"
    assert told in caught.value.diagnostics[0].help
    branches = f"{{body: [{body}], shortcut: [{shortcut}]}}"
    mended = report(f"archcost: 1\ninput: {shape}\nlayers: [{{add, branches: {branches}}}]")
    assert mended.totals.layers == 3  # the body, the projection and the sum


@pytest.mark.parametrize(
    "body", ["flatten", "conv2d: {out_channels: 8, kernel_size: 2}", "upsample: {scale_factor: 2}"]
)
def test_where_no_projection_fits_none_is_told(body: str) -> None:
    with pytest.raises(SpecError) as caught:
        report(f"layers: [{{residual: [{body}]}}]")
    assert "shortcut: [steps]" in caught.value.diagnostics[0].help


def test_rounds_of_groups_are_refused_before_they_are_made() -> None:
    with pytest.raises(SpecError, match="more than 1,000,000 layers"):
        report("layers: [{repeat: 600_000, residual: [relu]}]".replace("_", ""))


def test_groups_nest_as_deep_as_blocks_do() -> None:
    def nested(depth: int) -> str:
        return "layers: [" + "{layers: [" * depth + "relu" + "]}" * depth + "]"

    assert paths(nested(20)).endswith(".group.relu")
    with pytest.raises(SpecError):
        report(nested(200))


NET = """archcost: 1
name: net
input: [8, 4, 4]
params: {width: 8}
blocks:
  tree: {params: {n: }, layers: [conv2d: {out_channels: 8, kernel_size: 1}, {tree: $(n - 1), when: $(n > 1)}]}
layers:
  - {id: m, repeat: 2, residual: [conv2d: {in_channels: 8, out_channels: $width, kernel_size: 1}, conv2d: {out_channels: 8, kernel_size: 1}]}
  - {id: g, layers: [{id: 0, relu}, {id: 1, tree: 2}]}
budgets: {layers: {m: {params: 300}, m.0.add: {params: 0}}}
"""  # noqa: E501 - a step on a line

COMMANDS = {
    "analyze net.yaml --format tree": "m: repeat → 1×8×4×4  (288 params, 4,096 MACs)",  # 4·(8·8 + 8), 4·16·8·8
    "analyze net.yaml --depth 1": "group",
    "explain net.yaml m.0": "m.0 · residual · 1×8×4×4 → 1×8×4×4 · 3 layers",
    "explain net.yaml g.1.tree": "g.1.tree · tree",
    "explain net.yaml --in width": "params           34·width + 160",  # 2·(17·width + 8) + 2·72
    "compare net.yaml net.yaml": "",
    "memory net.yaml": "waits for m.1.add",
    "check net.yaml": "✓ 1 spec: 2 limits hold",
    "export net.yaml": "self.m = nn.Sequential(*[M() for _ in range(2)])",
    "validate net.yaml": "1 spec: no errors",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_groups(command: str, run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    result = run(*command.split(), cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert COMMANDS[command] in result.out
