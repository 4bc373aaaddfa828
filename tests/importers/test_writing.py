"""A draft is written so that archcost's own reader reads it back as it is, and so that people can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archcost.errors import Source
from archcost.importers.draft import Draft, DraftBlock, DraftStep
from archcost.importers.form import ROOT, Batched, Form, FormScope, FormTensor, Input, Truth, Worded
from archcost.importers.layout import WIDTH
from archcost.importers.writing import NO_FIGURES, Figures, write
from archcost.importers.yaml_values import value_text
from archcost.ops import REGISTRY
from archcost.ops.base import alone
from archcost.spec.document import parse_document
from archcost.spec.model import Spec
from archcost.spec.spec_reader import SpecReader
from archcost.spec.vocabulary import GROUPS
from tests.profiles import examples

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.spec.model import Block, References, Step
    from archcost.spec.template import Template

BLOCKS = ("bottleneck", "stage-1", "1x1", "true", "3")

# --- what is drawn ----------------------------------------------------------------------------------------------------

EXPRESSIONS = st.sampled_from(
    [
        "out",
        "out * 4",
        "2 if i == 0 else 1",
        "[1, 2, 3][i]",
        'max(widths[i], 8) if act == "relu" else {}'.replace("{}", "1"),
        "'a: b # c' + str(i)",
        "'(' + act",
        "widths[1:3]",
        '["a", "b"]',
    ]
).map(Worded)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: not text.startswith("$"))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["same", "true", "null", "~", "1e3", "0x1f", "3:20", "- a", "a: b", "a #b", "#", "é", "漢字", "'", '"']
    ),
    TEXTS,
    EXPRESSIONS,
    st.builds(Batched, st.sampled_from([-2, -1, 1, 3]), st.integers(-4, 4)),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=5).map(tuple), max_leaves=12)
LABELS = st.one_of(
    st.sampled_from(["conv1", "0", "12", "null", "true", "1x1", "a-b", "_unread", "~", "é", "[0]", "a,b", "#x", "{y"]),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=".$"), min_size=1, max_size=8),
)
REFERENCES = st.one_of(
    EXPRESSIONS,
    st.lists(st.builds(str.__add__, LABELS, st.sampled_from(["", ".0", ".*", ".1"])), min_size=1, max_size=4),
)
NOTES = st.one_of(st.just(""), st.sampled_from(["the mask", "a # b", "long " * 40, "one\ntwo", "\x07"]))


@st.composite
def drawn_steps(draw: st.DrawFn, depth: int = 0) -> DraftStep:
    step = DraftStep(id=draw(st.none() | LABELS), note=draw(NOTES))
    inner = st.lists(drawn_steps(depth + 1), max_size=6)
    if depth < 2 and draw(st.integers(0, 3)) == 0:
        step.residual = draw(st.booleans())
        step.layers = draw(inner.filter(len))
    else:
        step.kind = draw(st.sampled_from([*REGISTRY, *BLOCKS]) | EXPRESSIONS)
        names = list(REGISTRY[step.kind].fields) if isinstance(step.kind, str) and step.kind in REGISTRY else ["out"]
        step.attributes = draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=6)) if names else {}
        if depth < 2 and draw(st.integers(0, 3)) == 0:
            step.branches = draw(st.dictionaries(LABELS, inner, min_size=1, max_size=3))
    step.reads = draw(st.none() | REFERENCES)
    step.repeat = draw(st.none() | st.integers(1, 9) | EXPRESSIONS)
    step.index = draw(st.none() | st.just("at")) if step.repeat is not None else None
    step.when = draw(st.none() | EXPRESSIONS)
    step.share = draw(st.none() | LABELS)
    return step


@st.composite
def drawn_blocks(draw: st.DrawFn, name: str) -> DraftBlock:
    return DraftBlock(
        name,
        draw(st.dictionaries(st.sampled_from(["out", "stride", "act"]), VALUES, max_size=3)),
        draw(st.none() | st.just(["x", "maps..."])),
        draw(st.lists(drawn_steps(1), min_size=1, max_size=4)),
        draw(st.none() | REFERENCES),
    )


DRAFTS = st.builds(
    Draft,
    st.lists(st.sampled_from(BLOCKS), unique=True, max_size=3).flatmap(
        lambda names: st.tuples(*map(drawn_blocks, names)).map(list)
    ),
    st.lists(drawn_steps(), min_size=1, max_size=5),
    st.none() | REFERENCES,
)


def model(name: str = "drawn", **others: Any) -> Form:
    tensors = [FormTensor((Batched(1), 3, 8, 8), "float32")]
    made = Form(
        name, "a source", "float32", [Input("input", 0)], tensors, [FormScope(ROOT, "", "M")], [], (0,), Truth(0, 0)
    )
    for field, value in others.items():
        setattr(made, field, value)
    return made


# --- what is read back ------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """What a value of a draft is in a spec, expressions by their text; a sign tells 1 from 1.0 and True."""
    if isinstance(value, Batched):
        sign = "+" if value.plus > 0 else "-"
        product = {1: "batch", -1: "-batch"}.get(value.times, f"{value.times} * batch")
        return plain(Worded(product if not value.plus else f"{product} {sign} {abs(value.plus)}"))
    if isinstance(value, Worded):
        return ("$", f"${value.text}" if value.text.isidentifier() else f"$({value.text})")
    return [plain(item) for item in value] if isinstance(value, tuple) else (type(value).__name__, value)


def from_spec(value: Any) -> Any:
    if isinstance(value, list):
        return [from_spec(item) for item in value]
    return ("$", value.text) if hasattr(value, "evaluate") else (type(value).__name__, value)


def template(value: Template | None) -> Any:
    return None if value is None else from_spec(value.value)


def names(value: References | None) -> Any:
    if value is None:
        return None
    return [reference.name for reference in value] if isinstance(value, list) else from_spec(value)


def drafted(value: list[str] | Worded | None) -> Any:
    return plain(value) if isinstance(value, Worded) else value


def as_read(step: Step, blocks: dict[str, Block]) -> Any:
    given = {name: template(each.template) for name, each in step.attributes.items()}
    if step.alone is not None:
        kind = str(step.kind)
        required = (
            [name for name, param in blocks[kind].params.items() if param.default is None] if kind in blocks else []
        )
        given[required[0] if kind in blocks else alone(REGISTRY[kind])] = template(step.alone.template)
    inner = None
    if step.group is not None:
        inner = (step.group.adds_input, [as_read(each, blocks) for each in step.group.steps])
    branches = (step.branches or {}).items()
    return (
        step.kind if isinstance(step.kind, str) else from_spec(step.kind),
        step.id.name if step.id else None,
        given,
        inner,
        {name: [as_read(each, blocks) for each in branch.steps] for name, branch in branches},
        names(step.sources),
        template(step.repeat),
        step.repeat_as,
        template(step.when),
        step.share.name if step.share else None,
    )


def as_drafted(step: DraftStep) -> Any:
    kind = drafted(step.kind) if isinstance(step.kind, Worded) else step.kind
    return (
        kind if step.layers is None else GROUPS["residual" if step.residual else "layers"],
        step.id,
        {name: plain(value) for name, value in step.attributes.items()},
        None if step.layers is None else (step.residual, list(map(as_drafted, step.layers))),
        {name: list(map(as_drafted, each)) for name, each in (step.branches or {}).items()},
        drafted(step.reads),
        None if step.repeat is None else plain(step.repeat),
        step.index or "i",
        None if step.when is None else plain(step.when),
        step.share,
    )


def block_as_read(block: Block, blocks: dict[str, Block]) -> Any:
    params = {name: None if param.default is None else template(param.default) for name, param in block.params.items()}
    inputs = [*block.inputs[:-1], block.inputs[-1] + "..." * block.takes_more]
    return params, inputs, [as_read(step, blocks) for step in block.steps], names(block.outputs)


def block_as_drafted(block: DraftBlock) -> Any:
    params = {name: None if value is None else plain(value) for name, value in block.params.items()}
    return params, block.inputs or ["input"], list(map(as_drafted, block.layers)), drafted(block.outputs)


@given(DRAFTS)
@example(Draft([], [DraftStep(Worded("'(' + act"), share=")")]))  # a parenthesis that the expression does not close
@settings(max_examples=examples(40, usual=20))
def test_a_draft_is_read_back_as_it_was_written(draft: Draft) -> None:
    """And no line is wider than it must be."""
    source = Source("drawn.yaml", write(model(), draft, NO_FIGURES))
    assert [line for line in source.text.splitlines() if _could_be_broken(line)] == []
    root, problems = parse_document(source)
    assert not problems
    spec = Spec(source, source.name)
    SpecReader(spec).main(root)
    assert [as_read(step, spec.blocks) for step in spec.main.steps] == list(map(as_drafted, draft.layers))
    assert names(spec.main.outputs) == drafted(draft.outputs)
    blocks = {name: block_as_read(block, spec.blocks) for name, block in spec.blocks.items()}
    assert blocks == {block.name: block_as_drafted(block) for block in draft.blocks}


@given(VALUES)
@settings(max_examples=examples(200))
def test_a_value_is_read_back_in_every_place(value: Attribute) -> None:
    wanted = as_plain(value)
    block, flow = value_text(value, flow=False), value_text(value, flow=True)
    for text in (f"a: {block}\n", f"- {block}\n", f"{{a: {flow}, b: 1}}\n", f"[{flow}, 1]\n"):
        root, problems = parse_document(Source("drawn", text))
        read = root.plain()
        assert not problems
        assert repr(read["a"] if isinstance(read, dict) else read[0]) == repr(wanted)


def as_plain(value: Any) -> Any:
    if isinstance(value, (Batched, Worded)):
        return plain(value)[1]
    return [as_plain(item) for item in value] if isinstance(value, tuple) else value


def _could_be_broken(line: str) -> bool:
    """Whether a line past the width has a place left to break it: a comma of a list or mapping that is filled."""
    rest = line.strip().removeprefix("- ")
    return len(line) > WIDTH and ": " in rest and rest.startswith("{")


# --- how it looks -----------------------------------------------------------------------------------------------------

STEPS = {
    "a bare kind": (DraftStep("relu"), "- relu"),
    "a value alone": (DraftStep("linear", attributes={"out_features": 10}), "- linear: 10"),
    "a value alone of a block": (DraftStep("bottleneck", attributes={"width": 64}), "- bottleneck: 64"),
    "attributes": (
        DraftStep("conv2d", attributes={"out_channels": 64, "kernel_size": 3}),
        "- conv2d: {out_channels: 64, kernel_size: 3}",
    ),
    "an attribute that is not the main one": (
        DraftStep("bottleneck", attributes={"stride": 2}),
        "- bottleneck: {stride: 2}",
    ),
    "an id": (DraftStep("batch_norm2d", "bn1"), "- {id: bn1, batch_norm2d}"),
    "a number for an id": (DraftStep("relu", "0"), "- {id: 0, relu}"),
    "two inputs": (DraftStep("add", reads=["a", "b.1"]), "- {add, from: [a, b.1]}"),
    "no input": (
        DraftStep("custom", attributes={"name": "x", "output": (1,)}, reads=[]),
        "- {custom: {name: x, output: [1]}, from: []}",
    ),
    "one input": (DraftStep("relu", reads=["a"]), "- {relu, from: a}"),
    "the batch": (DraftStep("reshape", attributes={"shape": (Batched(1), -1)}), "- reshape: [$batch, -1]"),
    "twice the batch": (
        DraftStep("reshape", attributes={"shape": (Batched(2, 1), 8)}),
        "- reshape: [$(2 * batch + 1), 8]",
    ),
    "an expression with a comma": (
        DraftStep("linear", "fc", {"out_features": Worded("max(out, 8)")}),
        '- {id: fc, linear: "$(max(out, 8))"}',
    ),
    "the same on its own": (
        DraftStep("linear", attributes={"out_features": Worded("max(out, 8)")}),
        "- linear: $(max(out, 8))",
    ),
    "an expression with both kinds of quotes": (
        DraftStep("linear", "fc", {"out_features": Worded("f(\"a\", 'b')")}),
        "- {id: fc, linear: '$(f(\"a\", ''b''))'}",
    ),
    "rounds": (
        DraftStep("bottleneck", "layer1", {"width": 64}, repeat=3),
        "- {id: layer1, repeat: 3, bottleneck: 64}",
    ),
    "a condition": (
        DraftStep("max_pool2d", attributes={"kernel_size": 2}, when=Worded("i > 0")),
        "- {max_pool2d: 2, when: $(i > 0)}",
    ),
    "a kind that is a param": (DraftStep(Worded("act")), "- $act"),
    "a residual": (
        DraftStep(layers=[DraftStep("layer_norm"), DraftStep("linear", attributes={"out_features": 8})], residual=True),
        "- residual: [layer_norm, linear: 8]",
    ),
    "a comment": (DraftStep("relu", note="in place"), "- relu  # in place"),
    "text like a number": (
        DraftStep("custom", attributes={"name": "1", "output": (1,)}),
        '- custom: {name: "1", output: [1]}',
    ),
    "a small number": (DraftStep("layer_norm", attributes={"eps": 1e-6}), "- layer_norm: {eps: 1e-6}"),
    "a text that begins as an expression": (
        DraftStep("custom", attributes={"name": "$x", "output": (1,)}),
        "- custom: {name: $('$x'), output: [1]}",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_written_as_people_write_it(name: str) -> None:
    step, wanted = STEPS[name]
    block = DraftBlock("bottleneck", {"width": None, "stride": 1}, layers=[DraftStep("relu")])
    text = write(model(), Draft([block], [step]), NO_FIGURES)
    assert text.endswith(f"layers:\n  {wanted}\n")


def test_what_does_not_fit_on_a_line_is_spread() -> None:
    attributes: dict[str, Attribute] = {
        "out_channels": 64,
        "kernel_size": Worded("kernel_of_the_first_convolution"),
    }
    attributes |= {
        "stride": Worded("stride_of_the_first_convolution"),
        "padding_mode": "reflect",
        "bias": False,
    }
    many = DraftStep("concat", "joined", reads=[f"features_of_branch_{number}" for number in range(7)])
    both = DraftStep(
        "add",
        branches={
            "body": [DraftStep("conv2d", "first", attributes), DraftStep("relu")],
            "shortcut": [],
        },
    )
    assert write(model(), Draft([], [many, both]), NO_FIGURES).partition("layers:\n")[2] == (
        "  - id: joined\n"
        "    concat:\n"
        "    from: [features_of_branch_0, features_of_branch_1, features_of_branch_2, features_of_branch_3, "
        "features_of_branch_4,\n"
        "           features_of_branch_5, features_of_branch_6]\n"
        "  - add:\n"
        "    branches:\n"
        "      body:\n"
        "        - id: first\n"
        "          conv2d: {out_channels: 64, kernel_size: $kernel_of_the_first_convolution,\n"
        "                   stride: $stride_of_the_first_convolution, padding_mode: reflect, bias: false}\n"
        "        - relu\n"
        "      shortcut: []\n"
    )


def test_a_whole_spec() -> None:
    block = DraftBlock(
        "half",
        {"out": None, "act": "relu"},
        layers=[
            DraftStep("linear", attributes={"out_features": Worded("out")}),
            DraftStep(Worded("act")),
        ],
    )
    values = [
        FormTensor((Batched(1), 16), "int64"),
        FormTensor((16, 16), "float16"),
        FormTensor((Batched(2), 4), "float16"),
    ]
    inputs = [Input("tokens", 0), Input("mask", 1), Input("pairs", 2)]
    made = model(
        "whole: all of it",
        inputs=inputs,
        values=values,
        dtype="float16",
        source="lib 1.0: Net, torch 2.0",
        remarks=["Recorded on the CPU."],
        unused={"aux.weight": 1024, "aux.bias": 8},
    )
    draft = Draft(
        [block],
        [
            DraftStep("embedding", attributes={"num_embeddings": 9, "embedding_dim": 4}),
            DraftStep("half", attributes={"out": 8}),
        ],
        ["half"],
    )
    assert write(made, draft, Figures(36, 0, (1, 16, 8))) == (
        "# Recorded on the CPU.\n"
        "# Parameters that take no part, 1,032 in all: aux.weight (1,024), aux.bias (8).\n"
        "archcost: 1\n"
        'name: "whole: all of it"\n'
        'source: "lib 1.0: Net, torch 2.0"\n'
        "dtype: float16\n"
        "inputs:\n"
        "  tokens: {shape: [16], dtype: int64}\n"
        "  mask: {shape: [16, 16], batch: false}\n"
        "  pairs: {shape: [$(2 * batch), 4], batch: false}\n"
        "blocks:\n"
        "  half:\n"
        "    params: {out: , act: relu}\n"
        "    layers:\n"
        "      - linear: $out\n"
        "      - $act\n"
        "layers:\n"
        "  - embedding: {num_embeddings: 9, embedding_dim: 4}\n"
        "  - half: 8\n"
        "outputs: [half]\n"
        "expect: {output: [1, 16, 8], params: 36, macs: 0, source: as imported}\n"
    )


def test_figures_that_are_known_are_those_of_an_import() -> None:
    text = write(model(), Draft([], [DraftStep("relu")]), Figures(2**40, None, (1, 16, 8)))
    assert text.endswith("expect: {output: [1, 16, 8], params: 1099511627776, source: as imported}\n")
    assert write(model(), Draft([], [DraftStep("relu")]), NO_FIGURES).endswith("layers:\n  - relu\n")


def test_a_group_of_few_steps_stays_in_braces() -> None:
    conv: dict[str, Attribute] = {
        "out_channels": Worded("out"),
        "kernel_size": 1,
        "stride": Worded("stride"),
    }
    steps = [DraftStep("conv2d", "0", conv | {"bias": False}), DraftStep("batch_norm2d", "1")]
    group = DraftStep(id="downsample", reads=["input"], when=Worded("in_channels != out"), layers=steps)
    assert write(model(), Draft([], [group]), NO_FIGURES).partition("layers:\n")[2] == (
        "  - {id: downsample, from: input, when: $(in_channels != out),\n"
        "     layers: [{id: 0, conv2d: {out_channels: $out, kernel_size: 1, stride: $stride, bias: false}},\n"
        "              {id: 1, batch_norm2d}]}\n"
    )
    steps += [DraftStep("conv2d", "2", conv), DraftStep("conv2d", "3", conv)]
    assert write(model(), Draft([], [group]), NO_FIGURES).partition("layers:\n")[2].startswith("  - id: downsample\n")
