"""One mistake is told once, with all that it touches, and limits are told as the numbers that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.errors import SpecError
from archcost.graph.unroll import unroll
from archcost.settings import Settings
from archcost.spec.loader import loads, reads

if TYPE_CHECKING:
    from archcost.errors import Diagnostic

HEAD = "archcost: 1\nname: a\ninput: [3, 8, 8]\n"


def problems(text: str, **params: object) -> list[Diagnostic]:
    with pytest.raises(SpecError) as caught:
        unroll(reads(HEAD + text), Settings(params))
    return list(caught.value.diagnostics)


USES = """params: {base: 16}
blocks:
  twice: {layers: [conv2d: {out_channels: $base, kernel_size: 1}]}
layers:
  - conv2d: {out_channels: $(base * 2), kernel_size: 1}
  - conv2d: {out_channels: $(base // 2), kernel_size: 1}
  - {conv2d: {out_channels: $base, kernel_size: 1}, repeat: 3}
  - {twice, repeat: 2}
"""


def test_a_param_that_is_set_to_a_text_is_told_once_with_what_it_is() -> None:
    (found,) = problems(USES, base="abc")
    assert found.message == "'out_channels' of conv2d: expected a whole number ≥ 1, got 'abcabc'"
    assert found.help == "base is a number: `--set 'base=16'`"


def test_other_mistakes_are_told_beside_it() -> None:
    found = problems(USES + "  - linaer: 3\n", base="abc")
    assert [problem.message for problem in found] == [
        "'out_channels' of conv2d: expected a whole number ≥ 1, got 'abcabc'",
        "unknown kind 'linaer'",
    ]


def test_a_param_that_may_be_a_text_is_no_mistake() -> None:
    text = "params: {pad: 0}\nlayers: [conv2d: {out_channels: 4, kernel_size: 3, padding: $pad}]\n"
    (node,) = unroll(loads(HEAD + text), Settings({"pad": "same"})).nodes
    assert node.outputs[0].shape == (1, 4, 8, 8)


CONV = "out_channels: 4, kernel_size: 1"


@pytest.mark.parametrize(
    ("step", "messages"),
    [
        (f"conv2d: {{{CONV}, foo: 1, bar: 2}}", ["unknown attributes 'foo', 'bar' of conv2d"]),
        (
            f"conv2d: {{{CONV}, foo: 1, paddings: 1}}",
            ["unknown attribute 'foo' of conv2d", "unknown attribute 'paddings' of conv2d"],
        ),
        ("wide: {foo: 1, bar: 2}", ["unknown params 'foo', 'bar' of the block 'wide'"]),
        (f"conv2d: {{{CONV}, id: c, repeat: 2}}", ["unknown attributes 'id', 'repeat' of conv2d"]),
        (
            f"conv2d: {{{CONV}, {', '.join(f'x{n}: 1' for n in range(9))}}}",
            ["unknown attributes 'x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7', … of conv2d"],
        ),
    ],
)
def test_all_that_a_step_does_not_have_is_told_in_one_run(step: str, messages: list[str]) -> None:
    found = problems(f"blocks:\n  wide: {{params: {{w: 1}}, layers: [relu]}}\nlayers:\n  - {step}\n")
    assert [problem.message for problem in found] == messages
    assert all(problem.help for problem in found)


def test_rounds_that_a_condition_on_them_leaves_out_are_no_layers() -> None:
    (found,) = problems("layers: [{repeat: 10000000, relu: , when: $(i > 10000000)}]\n")
    assert found.message == "'repeat' asks for 10,000,000 rounds: no more than 1,000,000 are tried, layers or not"
    (found,) = problems("layers: [{repeat: 10000000, relu: }]\n")
    assert found.message == "the model has more than 1,000,000 layers"


@pytest.mark.parametrize("when", ["false", "$(in_channels > 3)"])
def test_rounds_that_are_never_asked_for_are_not_counted(when: str) -> None:
    graph = unroll(loads(f"{HEAD}layers: [{{repeat: 10000000, relu: , when: {when}}}, relu6]\n"))
    assert [node.path for node in graph.nodes] == ["relu6"]


GROUPS = [
    (8, 6, 4, "`groups` must divide 8 and 6, as 1, 2 would"),
    (32, 48, 32, "`groups` must divide 32 and 48, as 4, 8, 16 would"),
    (3, 8, 2, "`groups` must divide 3 and 8, which no number but 1 does"),
]


@pytest.mark.parametrize(("channels", "out", "groups", "hint"), GROUPS)
@pytest.mark.parametrize("kind", ["conv2d", "conv_transpose2d"])
def test_groups_that_divide_are_named(kind: str, channels: int, out: int, groups: int, hint: str) -> None:
    step = f"{kind}: {{out_channels: {out}, kernel_size: 1, groups: {groups}}}"
    with pytest.raises(SpecError) as caught:
        unroll(loads(f"archcost: 1\ninput: [{channels}, 8, 8]\nlayers: [{step}]\n"))
    assert [problem.help for problem in caught.value.diagnostics] == [hint]


def test_output_padding_without_a_stride() -> None:
    (found,) = problems("layers: [conv_transpose2d: {out_channels: 4, kernel_size: 3, output_padding: 1}]\n")
    assert found.help.startswith("leave it out, or write `stride: 2`")
