"""Folding: what is written is the model, to the value, and reads as a person would write it."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from archcost.importers.folding import UnfoldableError, fold
from archcost.importers.folding.tree import tree_of
from archcost.importers.form import ROOT, Form, FormScope, FormStep, FormTensor, Input, Truth
from archcost.importers.proof import prove
from archcost.importers.writing import NO_FIGURES, write
from archcost.spec.loader import load, loads
from tests.cover import cover_spec, zoo_models
from tests.importers.graph_models import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.draft import DraftStep


def folded_text(model: Form) -> str:
    """The text of a model in blocks, from the first block on."""
    text = write(model, fold(model), NO_FIGURES)
    start = text.index("blocks:" if "blocks:" in text else "layers:")
    return text[start:]


# --- the zoo ----------------------------------------------------------------------------------------------------------


def test_every_model_of_the_zoo_is_itself_in_blocks(pytestconfig: pytest.Config) -> None:
    wrong = []
    for name in zoo_models(pytestconfig, few=True):
        spec = cover_spec(name, whole=pytestconfig.getoption("--all"))
        model = model_of(spec)
        try:
            draft = fold(model)
        except UnfoldableError as problem:
            if "differs in too many rounds" not in str(problem):  # drop rates that grow from layer to layer
                wrong.append(f"{name}: {problem}")
            continue
        wrong += [f"{name}: {one}" for one in prove(write(model, draft, NO_FIGURES), model).differences]
    assert wrong == []


def test_the_text_is_the_same_every_time() -> None:
    assert folded_text(model_of(load("mobilenet_v3_large"))) == folded_text(model_of(load("mobilenet_v3_large")))


def test_folding_a_thousand_steps_takes_little() -> None:
    model = model_of(load("densenet201"))  # 707 layers, with dense connections
    start = time.process_time()
    fold(model)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("name", "most"), [("resnet50", 30), ("vit_b_16", 45), ("googlenet", 60), ("llama_2_7b", 45)])
def test_few_lines(name: str, most: int) -> None:
    assert folded_text(model_of(load(name))).count("\n") <= most


# --- what comes out is what went in -----------------------------------------------------------------------------------
# Each text is as short as it can be, so folding the graph that it describes must give it back.

SAME_AGAIN = {
    "a bottleneck whose shortcut is there where shapes differ": """
input: [64, 56, 56]
blocks:
  bottleneck:
    params: {width: , stride: 1, out: $(4 * width)}
    layers:
      - {id: conv1, conv2d: {out_channels: $width, kernel_size: 1, bias: false}}
      - {id: conv2, conv2d: {out_channels: $width, kernel_size: 3, stride: $stride, padding: 1, bias: false}}
      - {id: conv3, conv2d: {out_channels: $out, kernel_size: 1, bias: false}}
      - {id: downsample, from: input, when: $(in_channels != out),
         layers: [conv2d: {out_channels: $out, kernel_size: 1, stride: $stride, bias: false}, batch_norm2d]}
      - {add, from: [conv3, downsample]}
      - relu
layers:
  - {id: layer1, repeat: 3, bottleneck: 64}
  - {id: layer2, repeat: 4, bottleneck: {width: 128, stride: $(2 if i == 0 else 1)}}
""",
    "an inverted residual that adds its input where it can": """
input: [16, 32, 32]
blocks:
  inverted:
    params: {out: , stride: 1, residual: $(in_channels == out)}
    layers:
      - conv2d: {out_channels: $(4 * in_channels), kernel_size: 1}
      - relu
      - conv2d: {out_channels: $in_channels, kernel_size: 3, stride: $stride, padding: 1, groups: $in_channels}
      - {id: project, conv2d: {out_channels: $out, kernel_size: 1}}
      - {add, from: '$(["project", "input"] if residual else ["project"])', when: $residual}
layers:
  - {id: blocks, repeat: 3, inverted: {out: 24, stride: $(2 if i == 0 else 1)}}
  - {id: more, repeat: 2, inverted: 40}
""",
    "rounds of a group, with lists, loops in loops and a residual": """
input: [8, 32, 32]
layers:
  - id: stages
    repeat: 3
    layers:
      - {id: down, conv2d: {out_channels: "$([24, 24, 48][i])", kernel_size: 2, stride: 2}, when: $(i > 0)}
      - {id: blocks, repeat: "$([2, 2, 4][i])", as: j,
         residual: [{id: dw, conv2d: {out_channels: $in_channels, kernel_size: 3, padding: 1, groups: $in_channels}},
                    {id: shift, roll: {shifts: [1], dims: [2]}, when: $(j % 2 == 1)}]}
""",
    "two kinds that take turns, and one first": """
input: [32, 16]
blocks:
  local:
    layers:
      - layer_norm
      - {add, from: [input, layer_norm]}
  wide:
    layers:
      - {id: fc, linear: 32}
      - {id: out, linear: 16}
layers:
  - {id: start, layers: [linear: 16, relu]}
  - {id: body, repeat: 6, $("local" if i % 2 == 0 else "wide")}
  - local
  - wide
""",
    "one kind in the first of many rounds, and another behind": """
input: [16]
blocks:
  dense:
    layers:
      - {id: fc, linear: 16}
      - {add, from: [input, fc]}
  sparse:
    layers:
      - {id: experts, mixture_of_experts: {num_experts: 4, top_k: 2, hidden_features: 8}}
      - {add, from: [input, experts]}
layers:
  - {id: layers, repeat: 90, $("dense" if i < 3 else "sparse")}
  - linear: 4
""",
    "two streams through rounds, and a memory that all of them read": """
inputs:
  high: [8, 16]
  low: [8, 16]
  memory: [4, 16]
blocks:
  exchange:
    inputs: [x, x2, x3]
    layers:
      - {id: up, linear: 16, from: x2}
      - {id: high, add, from: [x, up]}
      - {id: attend, multihead_attention: 4, from: [high, x3]}
      - {id: low, add, from: [x2, attend]}
    outputs: [high, low]
layers:
  - {id: stage, repeat: 3, exchange, from: [high, low, memory]}
outputs: [stage, stage.0.0]
""",
    "weights that a whole block shares, and a table that is tied": """
inputs: {tokens: {shape: [16], dtype: int64}}
blocks:
  layer:
    layers:
      - {id: fc, linear: 64}
      - {id: act, gelu}
      - {id: norm, layer_norm}
layers:
  - {id: words, layers: [{id: table, embedding: {num_embeddings: 100, embedding_dim: 64}}, layer_norm]}
  - {id: first, layer}
  - {id: second, layer, share: first}
  - {id: logits, linear: {out_features: 100, bias: false}, share: words.table}
""",
    "dense connections: a block of any number of inputs": """
input: [8, 16, 16]
blocks:
  dense:
    inputs: [maps...]
    layers:
      - {concat, when: $(len(maps) > 1)}
      - batch_norm2d
      - conv2d: {out_channels: 4, kernel_size: 3, padding: 1}
layers:
  - {id: a, dense}
  - {id: b, dense, from: [input, a]}
  - {id: c, dense, from: [input, a, b]}
""",
    "an activation that is a param": """
input: [8, 16, 16]
blocks:
  conv_act:
    params: {out: , kernel: 3, stride: 1, act: relu}
    layers:
      - conv2d: {out_channels: $out, kernel_size: $kernel, stride: $stride, padding: $(kernel // 2)}
      - {id: act, $act}
layers:
  - {id: a, conv_act: 16}
  - {id: b, conv_act: {out: 24, stride: 2}}
  - {id: c, conv_act: {out: 32, act: silu}}
  - {id: d, conv_act: {out: 40, kernel: 5}}
""",
}


@pytest.mark.parametrize("name", SAME_AGAIN)
def test_folding_gives_back(name: str) -> None:
    text = SAME_AGAIN[name]
    model = model_of(loads(f"archcost: 1\nname: again\n{text}"))
    written = write(model, fold(model), NO_FIGURES)
    assert prove(written, model).holds
    start = text.lstrip("\n").partition(":")[0] + ":"
    assert written[written.index(start) :] == text.lstrip("\n")


# --- scopes that do not hold together ---------------------------------------------------------------------------------


def pixels() -> FormTensor:
    """A map of eight channels."""
    return FormTensor((1, 8, 4, 4), "float32")


def model_with(scopes: list[FormScope], steps: list[tuple[str, int]]) -> Form:
    """A chain of relus, each with an id and the number of its scope."""
    made = [FormStep("relu", name, scope, (place,), (place + 1,)) for place, (name, scope) in enumerate(steps)]
    values = [pixels() for _ in range(len(steps) + 1)]
    whole = [FormScope(ROOT, "", "Net"), *scopes]
    inputs, truth = [Input("input", 0)], Truth(0, 0)
    return Form("net", "by hand", "float32", inputs, values, whole, made, (len(steps),), truth)


def test_a_container_that_is_called_in_turns_is_dissolved() -> None:
    # convs.0, norms.0, convs.1, norms.1: neither list holds together
    scopes = [
        FormScope(ROOT, "convs", "ModuleList", transparent=True),
        FormScope(ROOT, "norms", "ModuleList", transparent=True),
    ]
    model = model_with(scopes, [("0", 1), ("0", 2), ("1", 1), ("1", 2)])
    assert [part.id for part in tree_of(model).parts] == ["convs_0", "norms_0", "convs_1", "norms_1"]
    text = write(model, fold(model), NO_FIGURES)
    assert prove(text, model).holds
    assert "convs_0" in text


def test_rounds_that_give_more_than_they_take_are_steps_of_their_own() -> None:
    # body.0 takes one value and gives two, which body.1 and body.2 take: that is no chain of one block
    spec = loads("""
archcost: 1
name: streams
input: [8, 4]
blocks:
  fork: {layers: [{id: a, relu}, {id: b, gelu, from: input}], outputs: [a, b]}
  both: {inputs: [x, y], layers: [{id: a, add, from: [x, y]}, {id: b, mul, from: [x, y]}], outputs: [a, b]}
layers:
  - {id: body, layers: [{id: 0, fork}, {id: 1, both}, {id: 2, both}, {id: 3, both}]}
  - add
""")
    model = model_of(spec)
    assert prove(write(model, fold(model), NO_FIGURES), model).holds


def test_what_holds_together_within_a_dissolved_scope_stays_a_scope() -> None:
    scopes = [
        FormScope(ROOT, "stages", "ModuleList", transparent=True),
        FormScope(1, "0", "Stage"),
        FormScope(1, "1", "Stage"),
    ]
    model = model_with(scopes, [("a", 2), ("b", 2), ("between", ROOT), ("a", 3), ("b", 3)])
    tree = tree_of(model)
    assert [(part.id, [one.id for one in part.parts]) for part in tree.parts] == [
        ("stages_0", ["a", "b"]),
        ("between", []),
        ("stages_1", ["a", "b"]),
    ]
    assert prove(write(model, fold(model), NO_FIGURES), model).holds


def test_an_id_that_is_an_input_gives_way() -> None:
    model = model_with([], [("input", ROOT), ("relu", ROOT)])
    assert [part.id for part in tree_of(model).parts] == ["input_1", "relu"]
    assert prove(write(model, fold(model), NO_FIGURES), model, in_order=True).holds


def test_a_step_called_input_in_a_scope_makes_it_a_block() -> None:
    model = model_with([FormScope(ROOT, "net", "Inner")], [("input", 1), ("relu", 1)])
    draft = fold(model)
    assert [(block.name, block.inputs) for block in draft.blocks] == [("inner", ["input_in"])]
    assert prove(write(model, draft, NO_FIGURES), model).holds


def test_what_a_block_can_not_be_called() -> None:
    model = model_with(
        [FormScope(ROOT, "a", "Linear"), FormScope(ROOT, "b", "Linear")], [("x", 1), ("y", 1), ("x", 2), ("y", 2)]
    )
    many = replace(model, scopes=[*model.scopes], steps=[*model.steps])
    assert {block.name for block in fold(many).blocks} <= {"linear_block"}


# --- scrambled scopes -------------------------------------------------------------------------------------------------

SCRAMBLED = ("resnet50", "googlenet", "mobilenet_v3_large", "swin_t", "unet", "dla60", "bert_base", "yolov3")


def scrambled(model: Form, chance: random.Random) -> Form:
    """The model with other classes, containers and places: what a source may come up with."""
    share = chance.choice([0.0, 0.1, 0.5])
    scopes = [
        replace(scope, kind=f"Class{chance.randrange(3)}", transparent=chance.random() < share)
        if place and chance.random() < share
        else scope
        for place, scope in enumerate(model.scopes)
    ]
    steps = []
    for place, step in enumerate(model.steps):
        if place and chance.random() < share / 20:
            other = model.steps[chance.randrange(place)].scope
            steps.append(replace(step, scope=other, id=f"moved{place}"))
        else:
            steps.append(step)
    return replace(model, scopes=scopes, steps=steps)


@pytest.mark.parametrize("name", SCRAMBLED)
def test_scrambled_models_are_themselves_in_blocks(name: str) -> None:
    model = model_of(load(name))
    for seed in range(3):
        other = scrambled(model, random.Random(f"{name} {seed}"))
        proof = prove(write(other, fold(other), NO_FIGURES), other)
        assert proof.differences == ()


# --- drafts -----------------------------------------------------------------------------------------------------------


def all_steps(steps: list[DraftStep]) -> Iterator[DraftStep]:
    for step in steps:
        yield step
        yield from all_steps(step.layers or [])


def test_no_block_and_no_param_is_there_in_vain() -> None:
    for name in SCRAMBLED:
        draft = fold(model_of(load(name)))
        steps = [*all_steps(draft.layers), *[step for block in draft.blocks for step in all_steps(block.layers)]]
        assert {block.name for block in draft.blocks} <= {step.kind for step in steps}
