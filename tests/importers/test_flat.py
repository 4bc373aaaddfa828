"""Every model has a flat draft whose text is proven; and a text that says another model is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from archcost.analysis.report import check
from archcost.importers.flat import flat
from archcost.importers.form import (
    ROOT,
    Batched,
    Form,
    FormScope,
    FormStep,
    FormTensor,
    Input,
    Truth,
    Worded,
)
from archcost.importers.layout import WIDTH
from archcost.importers.proof import prove
from archcost.importers.unread import marked
from archcost.importers.writing import NO_FIGURES, write
from archcost.spec.loader import loads
from tests.importers.graph_models import model_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.form import Shape
    from archcost.spec.model import Spec


def text_of(model: Form) -> str:
    return write(model, flat(marked(model)), NO_FIGURES)


@pytest.mark.few
def test_the_zoo_as_flat_specs(zoo_spec: Spec) -> None:
    model = model_of(zoo_spec)
    text = text_of(model)
    assert prove(text, model, in_order=True).differences == ()
    assert not check(loads(text))  # no warning
    assert max(map(len, text.splitlines())) <= WIDTH


def image(*sizes: int) -> FormTensor:
    return FormTensor((Batched(1), *sizes), "float32")


def small() -> Form:
    """A convolution twice with one weight, a halving of the channels, and what nobody reads."""
    values = [
        image(4, 8, 8),
        image(4, 8, 8),
        image(4, 8, 8),
        image(2, 8, 8),
        image(2, 8, 8),
        image(4, 8, 8),
        image(4, 8, 8),
    ]
    conv: dict[str, Any] = {"out_channels": 4, "kernel_size": 3, "padding": 1}
    steps = [
        FormStep("conv2d", "conv", 1, (0,), (1,), dict(conv)),
        FormStep("conv2d", "conv_1", 1, (1,), (2,), dict(conv), shares=0),
        FormStep("chunk", "chunk", 0, (2,), (3, 4), {"chunks": 2, "dim": 1}),
        FormStep("concat", "cat", 0, (4, 3), (5,)),
        FormStep("sigmoid", "gate", 0, (5,), (6,)),
        FormStep("add", "add", 0, (5, 0), (7,)),
    ]
    values.append(image(4, 8, 8))
    macs = 2 * 8 * 8 * 4 * 3 * 3 * 4
    scopes = [FormScope(ROOT, "", "Small"), FormScope(ROOT, "a", "Part")]
    truth = Truth(4 * 4 * 3 * 3 + 4, Batched(macs))
    return Form("small", "made by hand", "float32", [Input("x", 0)], values, scopes, steps, (7,), truth)


def test_what_a_flat_spec_looks_like() -> None:
    assert text_of(small()).partition("inputs")[2] == (
        ": {x: [4, 8, 8]}\n"
        "layers:\n"
        "  - {id: a_conv, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}\n"
        "  - {id: a_conv_1, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}, share: a_conv}\n"
        "  - chunk: {chunks: 2, dim: 1}\n"
        "  - {id: cat, concat, from: [chunk.1, chunk.0]}\n"
        "  - {id: _gate, sigmoid}\n"
        "  - {add, from: [cat, x]}\n"
    )


def test_ids_that_would_be_equal_are_numbered() -> None:
    model = small()
    model.scopes += [FormScope(ROOT, "a_conv", "Other"), FormScope(2, "1", "Other")]
    model.steps[0].scope, model.steps[0].id = 3, "x"  # a_conv.1.x
    model.steps[4].scope, model.steps[4].id = 2, "1_x"  # a_conv.1_x: the same with _ for dots
    model.steps[4].inputs = (0,)
    model.steps[5].inputs = (6, 6)
    draft = flat(model)
    assert [step.id for step in draft.layers] == ["a_conv_1_x", "a_conv_1", None, "cat", "a_conv_1_x_1", None]
    assert prove(text_of(model), model, in_order=True).holds


def test_sources_outputs_and_inputs_by_name() -> None:
    """A parameter and a custom layer without inputs, an input that is an output, and sizes that follow the batch."""
    shapes: list[Shape] = [(Batched(1), 3), (5, 3), (2, 3), (Batched(2, 1), 3), (Batched(1), 3)]
    steps = [
        FormStep("parameter", "p", ROOT, (), (2,), {"shape": (2, 3)}),
        FormStep(
            "custom",
            "c",
            ROOT,
            (),
            (3,),
            {"name": "made", "output": (Batched(2, 1), 3), "macs": Batched(7), "flops": Batched(14)},
        ),
        FormStep("relu", "r", ROOT, (0,), (4,)),
    ]
    values = [FormTensor(shape, "float32") for shape in shapes]
    inputs = [Input("x", 0), Input("table", 1)]
    truth = Truth(2 * 3, Batched(7))
    model = Form("m", "made by hand", "float32", inputs, values, [FormScope(ROOT, "", "M")], steps, (4, 1, 2, 3), truth)
    text = text_of(model)
    assert text.partition("inputs:\n")[2] == (
        "  x: [3]\n"
        "  table: {shape: [5, 3], batch: false}\n"
        "layers:\n"
        "  - {id: p, parameter: [2, 3]}\n"
        "  - {id: c, custom: {name: made, output: [$(2 * batch + 1), 3], macs: $(7 * batch), flops: $(14 * batch)}, "
        "from: []}\n"
        "  - {id: r, relu, from: x}\n"
        "outputs: [r, table, p, c]\n"
    )
    assert prove(text, model, in_order=True).differences == ()


# --- what the proof sees ----------------------------------------------------------------------------------------------


def other(**fields: Any) -> Callable[[Form], None]:
    def change(model: Form) -> None:
        for name, value in fields.items():
            setattr(model, name, value)

    return change


def step(index: int, **fields: Any) -> Callable[[Form], None]:
    def change(model: Form) -> None:
        model.steps[index] = replace(model.steps[index], **fields)

    return change


def value(number: int, shape: Shape) -> Callable[[Form], None]:
    def change(model: Form) -> None:
        model.values[number] = FormTensor(shape, "float32")

    return change


CHANGES = {
    "params": (other(truth=Truth(149, Batched(18432))), "params: archcost gives 148, the model has 149"),
    "MACs": (other(truth=Truth(148, Batched(18431))), "MACs: archcost gives 18,432, the model has 18,431"),
    "MACs at another batch": (
        other(truth=Truth(148, 18432)),
        "MACs at batch 2: archcost gives 36,864, the model has 18,432",
    ),
    "a shape": (value(6, (Batched(1), 4, 8, 9)), "_gate: its shape: archcost gives 1×4×8×8, the model has 1×4×8×9"),
    "a shape at another batch": (
        value(6, (1, 4, 8, 8)),
        "_gate: its shape at batch 2: archcost gives 2×4×8×8, the model has 1×4×8×8",
    ),
    "an op": (step(4, kind="tanh"), "_gate: its op: archcost gives sigmoid(), the model has tanh()"),
    "an attribute": (
        step(0, attributes={"out_channels": 4, "kernel_size": 3, "padding": 1, "padding_mode": "circular"}),
        (
            "a_conv: its op: archcost gives conv2d(out_channels=4, kernel_size=(3, 3), padding=(1, 1)), "
            "the model has conv2d(out_channels=4, kernel_size=(3, 3), padding=(1, 1), padding_mode='circular')"
        ),
    ),
    "what is read": (
        step(3, inputs=(3, 4)),
        "cat: what it reads: archcost gives chunk.1, chunk.0, the model has chunk.0, chunk.1",
    ),
    "an output": (other(outputs=(6,)), "the outputs: archcost gives add, the model has gate"),
    "an input": (
        value(0, (Batched(1), 4, 8, 9)),
        "the inputs: archcost gives {'x': (1, 4, 8, 8)}, the model has {'x': (1, 4, 8, 9)}",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_proof_sees_what_differs(name: str) -> None:
    change, message = CHANGES[name]
    text, model = text_of(small()), small()
    assert prove(text, model, in_order=True).holds
    change(model)
    proof = prove(text, model, in_order=True)
    assert [str(difference) for difference in proof.differences] == [message]


def test_the_proof_sees_a_weight_that_is_not_shared() -> None:
    text = text_of(small()).replace(", share: a_conv", "")
    assert str(prove(text, small(), in_order=True).differences[0]) == "params: archcost gives 296, the model has 148"


def test_the_order_of_a_sum_is_free() -> None:
    text = text_of(small()).replace("from: [cat, x]", "from: [x, cat]")
    assert prove(text, small(), in_order=True).holds


def test_layers_are_found_by_their_paths() -> None:
    """A text in blocks and groups runs in another order; names say which layer is which step."""
    text = (
        "archcost: 1\ninputs: {x: [4, 8, 8]}\nlayers:\n"
        "  - id: a\n"
        "    layers:\n"
        "      - {id: conv, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}\n"
        "      - {id: conv_1, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}, share: conv}\n"
        "  - chunk: {chunks: 2, dim: 1}\n"
        "  - {id: cat, concat, from: [chunk.1, chunk.0]}\n"
        "  - {add, from: [cat, x]}\n"
        "  - {id: _gate, sigmoid, from: cat}\n"
        "outputs: [add]\n"
    )
    assert prove(text, marked(small())).differences == ()
    (difference,) = prove(text.replace("id: conv_1", "id: second"), marked(small())).differences
    assert str(difference) == "the paths: archcost gives a.second, the model has a.conv_1"
    (difference,) = prove(text.replace("id: cat, concat", "id: cat, add"), marked(small())).differences
    assert difference.here == "small.yaml:10:6: add cannot broadcast (1, 2, 8, 8) with (1, 4, 8, 8)"


def test_a_text_that_is_no_spec_is_a_difference() -> None:
    (difference,) = prove("archcost: 1\n", small()).differences
    assert difference.what == "the text"


# --- what the proof cannot show ---------------------------------------------------------------------------------------


def test_what_the_counter_does_not_see_is_said() -> None:
    """It saw one of the two convolutions, or none of them; never more than there are."""
    text, model = text_of(small()), small()
    for seen in (0, 8 * 8 * 4 * 3 * 3 * 4):
        model.truth = Truth(148, Batched(seen), ("conv2d",))
        proof = prove(text, model, in_order=True)
        assert proof.holds
        assert proof.gaps == (
            "The source's counter does not see all products of conv2d: 18,432 MACs are archcost's own count.",
        )
    model.truth = Truth(148, Batched(18433), ("conv2d",))
    assert not prove(text, model, in_order=True).holds


def test_what_the_source_does_not_say_is_said() -> None:
    model = small()
    model.truth = Truth(None, None)
    proof = prove(text_of(small()), model, in_order=True)
    assert proof.holds
    assert proof.gaps == (
        "The source does not say how many params it has: they are archcost's own count.",
        "The source does not count MACs: they are archcost's own count.",
    )


def test_unknown_macs_are_said() -> None:
    model = small()
    model.steps[4] = replace(model.steps[4], kind="custom", attributes={"name": "fft", "output": (Batched(1), 4, 8, 8)})
    proof = prove(text_of(model), model, in_order=True)
    assert proof.holds
    assert proof.gaps == (
        "MACs are unknown for 1 layer that archcost has no op for (fft): the total is a lower bound.",
    )


def test_an_attribute_that_is_an_expression_is_not_compared() -> None:
    model = small()
    model.steps[0] = replace(
        model.steps[0], attributes={"out_channels": Worded("in_channels"), "kernel_size": 3, "padding": 1}
    )
    assert prove(text_of(model), model, in_order=True).differences == ()
