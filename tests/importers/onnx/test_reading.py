"""What a graph of ONNX becomes, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from archcost.errors import UsageError
from archcost.importers.imported import import_text
from tests.importers.onnx.models import FLOAT, form_of, helper, model, node, onnx, report_of, text_of, weight, whole


def kinds(given: Any, inputs: dict[str, tuple[int, ...]] | None = None) -> list[str]:
    return [step.kind for step in form_of(given, inputs).steps]


# --- what is known ----------------------------------------------------------------------------------------------------


def test_a_shape_that_is_computed_is_known_at_every_batch() -> None:
    # Shape → Gather → Unsqueeze → Concat → Reshape: what exporters write for x.view(x.size(0), -1)
    given = model(
        [
            node("Shape", ["x"], ["shape"]),
            node("Gather", ["shape", "zero"], ["batch"]),
            node("Unsqueeze", ["batch", "axes"], ["first"]),
            node("Concat", ["first", "rest"], ["sizes"], axis=0),
            node("Reshape", ["x", "sizes"], ["flat"]),
            node("Gemm", ["flat", "w"], ["y"], transB=1),
        ],
        {"x": ["n", 3, 4]},
        {"y": ["n", 5]},
        [whole("zero", 0), whole("axes", [0]), whole("rest", [-1]), weight("w", 5, 12)],
    )
    assert kinds(given) == ["reshape", "linear"]
    report = report_of(given, batch=7)
    assert list(report.outputs.values()) == [(7, 5)]
    assert report.totals.macs == 7 * 5 * 12


def test_numbers_drop_into_attributes_and_vectors_into_biases() -> None:
    given = model(
        [
            node("MatMul", ["x", "w"], ["product"]),
            node("Add", ["b", "product"], ["sum"]),
            node("Mul", ["sum", "half"], ["y"]),
        ],
        {"x": ["n", 6, 4]},
        {"y": ["n", 6, 8]},
        [weight("w", 4, 8), weight("b", 8), onnx.numpy_helper.from_array(np.float32(0.5), "half")],
    )
    form = form_of(given)
    assert [(step.kind, step.attributes) for step in form.steps] == [
        ("linear", {"out_features": 8}),
        ("mul", {"other": 0.5}),
    ]
    assert form.truth.params == 4 * 8 + 8


@pytest.mark.parametrize("opset", [7, 11, 13, 25])
def test_axes_are_attributes_in_old_versions_and_inputs_in_new_ones(opset: int) -> None:
    old = opset < 13
    nodes = [
        node("Unsqueeze", ["x"], ["a"], axes=[1]) if old else node("Unsqueeze", ["x", "one"], ["a"]),
        node("Squeeze", ["a"], ["b"], axes=[1]) if old else node("Squeeze", ["a", "one"], ["b"]),
        node("Slice", ["b"], ["c"], axes=[1], starts=[1], ends=[3])
        if opset < 10
        else node("Slice", ["b", "one", "three", "one"], ["c"]),
        node("Clip", ["c"], ["y"], min=0.0, max=6.0) if opset < 11 else node("Clip", ["c", "low", "high"], ["y"]),
    ]
    number = np.float32
    stored = [whole("one", [1]), whole("three", [3])]
    stored += [onnx.numpy_helper.from_array(number(value), name) for name, value in (("low", 0), ("high", 6))]
    given = model(nodes, {"x": ["n", 4, 5]}, {"y": ["n", 2, 5]}, stored, opset=opset)
    assert kinds(given) == ["unsqueeze", "squeeze", "slice", "relu6"]


def test_softmax_of_old_versions_is_over_all_dims_from_its_axis_on() -> None:
    given = model([node("Softmax", ["x"], ["y"])], {"x": ["n", 4, 5]}, {"y": ["n", 4, 5]}, opset=12)
    assert kinds(given) == ["flatten", "softmax", "unflatten"]
    assert kinds(model([node("Softmax", ["x"], ["y"])], {"x": ["n", 4, 5]}, {"y": ["n", 4, 5]}, opset=13)) == [
        "softmax"
    ]


def test_a_tied_embedding_is_shared() -> None:
    given = model(
        [
            node("Gather", ["table", "ids"], ["x"]),
            node("Transpose", ["table"], ["across"], perm=[1, 0]),
            node("MatMul", ["x", "across"], ["y"]),
        ],
        {},
        {"y": ["n", 6, 50]},
        [weight("table", 50, 8)],
    )
    given.graph.input.append(helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", 6]))
    report = report_of(given)
    assert [layer.op for layer in report.layers] == ["embedding", "linear"]
    assert (report.totals.params, report.totals.macs) == (50 * 8, 6 * 50 * 8)


def test_a_quantized_model_has_the_macs_and_params_of_its_products() -> None:
    scale = onnx.numpy_helper.from_array(np.float32(0.1), "scale")
    zero = helper.make_tensor("zero", TensorProto.INT8, [], [0])
    narrow = helper.make_tensor("w", TensorProto.INT8, [8, 3, 3, 3], list(range(108)) * 2)
    given = model(
        [
            node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            node("DequantizeLinear", ["q", "scale", "zero"], ["dq"]),
            node("DequantizeLinear", ["w", "scale", "zero"], ["wf"]),
            node("Conv", ["dq", "wf"], ["y"], kernel_shape=[3, 3]),
        ],
        {"x": ["n", 3, 10, 10]},
        {"y": ["n", 8, 8, 8]},
        [scale, zero, narrow],
    )
    imported = import_text(form_of(given))
    assert any("quantized" in remark for remark in imported.remarks)
    report = report_of(given)
    assert [layer.op for layer in report.layers] == ["conv2d"]
    assert (report.totals.params, report.totals.macs) == (8 * 27, 8 * 8 * 8 * 27)


def test_gains_that_do_nothing_are_none() -> None:
    # ONNX asks every instance norm for both; group norms are exported as one, with a gain of 1 for each group.
    ones = onnx.numpy_helper.from_array(np.ones(6, np.float32), "ones")
    zeros = onnx.numpy_helper.from_array(np.zeros(6, np.float32), "zeros")
    norm = [node("InstanceNormalization", ["x", "ones", "zeros"], ["y"])]
    shape = {"x": ["n", 6, 8, 8]}, {"y": ["n", 6, 8, 8]}
    assert form_of(model(norm, *shape, [ones, zeros])).truth.params == 0
    assert form_of(model(norm, *shape, [weight("ones", 6), zeros])).truth.params == 12


# --- branches ---------------------------------------------------------------------------------------------------------


def _branch(name: str, width: int) -> Any:
    nodes = [node("MatMul", ["x", f"w{width}"], [name])]
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(name, FLOAT, None)])


def _with_if(condition: list[Any], stored: list[Any]) -> Any:
    choice = node("If", ["condition"], ["y"], then_branch=_branch("a", 5), else_branch=_branch("b", 7))
    weights = [weight("w5", 4, 5), weight("w7", 4, 7)]
    return model([*condition, choice], {"x": ["n", 4]}, {"y": None}, [*weights, *stored])


def test_a_branch_whose_condition_is_known_is_the_model() -> None:
    known = [node("Shape", ["x"], ["s"]), node("Size", ["s"], ["rank"]), node("Equal", ["rank", "two"], ["condition"])]
    report = report_of(_with_if(known, [whole("two", 2)]))
    assert report.totals.params == 4 * 5
    assert report_of(_with_if(known, [whole("two", 3)])).totals.params == 4 * 7


def test_a_branch_whose_condition_depends_on_data_is_refused() -> None:
    by_data = [node("ReduceMax", ["x"], ["m"], keepdims=0), node("Greater", ["m", "m"], ["condition"])]
    with pytest.raises(UsageError, match="which branch of If 'y' runs depends on data") as raised:
        form_of(_with_if(by_data, []))
    assert raised.value.help


# --- what archcost has no op for --------------------------------------------------------------------------------------


def test_an_operator_of_others_is_custom_and_never_free() -> None:
    nodes = [node("Strange", ["x", "w"], ["h"], domain="com.other", name="odd"), node("Relu", ["h"], ["y"])]
    given = model(nodes, {"x": ["n", 4]}, {"y": ["n", 6]}, [weight("w", 4, 6)], declared={"h": ["n", 6]})
    report = report_of(given)
    (custom,) = [layer for layer in report.layers if layer.op == "custom"]
    assert report.unknown("macs") == [custom.path]
    assert report.totals.params == 24
    assert any("com.other.Strange 'odd'" in remark for remark in import_text(form_of(given)).remarks)


LSTM = [weight("w", 1, 8, 3), weight("r", 1, 8, 2), weight("b", 1, 16)]
UNSAID = {
    "peepholes": (["x", "w", "r", "b", "", "", "", "p"], {}, [weight("p", 1, 6)], "by weights of their own, peepholes"),
    "one gate": (["x", "w", "r", "b"], {"input_forget": 1}, [], "its input and forget gates are one"),
    "another function": (["x", "w", "r", "b"], {"activations": ["Relu"] * 3}, [], "its activations are others"),
}


@pytest.mark.parametrize(("inputs", "attributes", "stored", "reason"), UNSAID.values(), ids=UNSAID)
def test_a_layer_that_has_no_op_is_custom_in_what_is_read_of_it(
    inputs: list[str], attributes: dict[str, Any], stored: list[Any], reason: str
) -> None:
    """The cells at the end are an output of the node, and not of the file, which says no shape of theirs."""
    nodes = [node("LSTM", inputs, ["y", "h", "c"], hidden_size=2, **attributes)]
    given = model(nodes, {"x": [5, 1, 3]}, {"y": [5, 1, 1, 2], "h": [1, 1, 2]}, [*LSTM, *stored])
    text = text_of(given)
    assert "output: [[5, 1, 1, 2], [1, 1, 2]]" in text
    assert reason in text
    report = report_of(given)
    # matrices of four gates over 3 features and 2 states, two biases, and what else is stored
    assert report.totals.params == 8 * 3 + 8 * 2 + 16 + 6 * len(stored)
    assert report.unknown("macs") == ["custom"]


def test_an_operator_that_multiplies_nothing_is_custom_with_no_macs() -> None:
    given = model([node("Sinh", ["x"], ["y"])], {"x": ["n", 4]}, {"y": ["n", 4]})
    assert not report_of(given).unknown("macs")


def test_a_rule_that_gives_another_shape_than_the_file_is_not_believed() -> None:
    given = model(
        [node("Relu", ["x"], ["h"]), node("Sigmoid", ["h"], ["y"])],
        {"x": ["n", 4]},
        {"y": ["n", 5]},
        declared={"h": ["n", 5]},
    )
    assert kinds(given) == ["custom", "sigmoid"]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Strange", ["x"], ["y"], domain="com.other")], "the file does not say the shape of its output"),
        ([node("NonZero", ["x"], ["y"])], "how large the output of NonZero 'y' is depends on data"),
        ([node("Loop", ["", "x"], ["y"], name="again")], "Loop 'again' repeats a graph"),
        ([node("Relu", ["z"], ["y"])], "the graph reads 'z', which nothing before it makes"),
        ([node("Identity", ["x"], ["y"])], "gives its input as it is"),
        ([node("SequenceConstruct", ["x"], ["y"])], "SequenceConstruct 'y'"),
    ],
)
def test_what_no_spec_can_say_is_refused(nodes: list[Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        form_of(model(nodes, {"x": ["n", 4]}, {"y": None}))


# --- inputs -----------------------------------------------------------------------------------------------------------

RELU = [node("Relu", ["x"], ["y"])]


def test_a_size_that_the_file_leaves_open_is_asked_for_by_name() -> None:
    given = model(RELU, {"x": ["n", 3, "height", "width"]}, {"y": None})
    with pytest.raises(UsageError, match=r"leaves open how large dim 2 of the input 'x' is \('height'\)") as raised:
        form_of(given)
    assert "--input x=3x224x224" in (raised.value.help or "")
    assert list(report_of(given, {"input": (3, 8, 9)}, batch=2).outputs.values()) == [(2, 3, 8, 9)]
    assert list(report_of(given, {"x": (3, 8, 9)}).outputs.values()) == [(1, 3, 8, 9)]


def test_a_size_with_a_name_is_the_same_in_all_inputs() -> None:
    given = model([node("Add", ["x", "z"], ["y"])], {"x": ["n", "t"], "z": ["n", "t"]}, {"y": ["n", "t"]})
    assert list(report_of(given, {"x": (6,)}, batch=3).outputs.values()) == [(3, 6)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"z": (4,)}, "has no input 'z'"), ({"x": (4, 5, 6)}, "has 1 dims without the batch, not 3")],
)
def test_inputs_that_the_file_does_not_take_are_refused(asked: dict[str, tuple[int, ...]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        form_of(model(RELU, {"x": ["n", "t"]}, {"y": None}), asked)


def test_a_fixed_batch_is_part_of_the_shapes() -> None:
    given = model(RELU, {"x": [4, 5]}, {"y": [4, 5]})
    text = text_of(given)
    assert "fixed batch of 4" in text
    assert "batch: false" in text


def test_a_graph_that_computes_with_a_batch_of_one_says_so() -> None:
    nodes = [node("Reshape", ["x", "flat"], ["y"])]
    given = model(nodes, {"x": ["n", 3, 4]}, {"y": [1, 12]}, [whole("flat", [1, 12])])
    assert "a batch of 1 alone" in text_of(given)


@pytest.mark.parametrize(
    ("stretches", "params"),
    [
        ([(0, 2), (6, 8), (2, 4), (4, 6)], 8 * 3 + 8 * 2),  # all four gates, in another order
        ([(0, 2), (-2, 9), (2, 6)], 8 * 3 + 8 * 2),
        ([], 8 * 3 + 8 * 2),  # split into four
        ([(0, 2), (0, 2), (2, 4), (4, 6)], None),  # one twice, and one not at all
        ([(0, 4), (2, 4), (6, 8)], None),
    ],
    ids=str,
)
def test_a_weight_that_is_cut_and_joined_is_one_if_nothing_is_lost(
    stretches: list[tuple[int, int]], params: int | None
) -> None:
    """A layer of 2 features over 3: matrices of 4 · 2 rows, the first in stretches of them."""
    count = len(stretches) or 4
    cuts = [node("Slice", ["w", f"s{k}", f"e{k}", "zero"], [f"g{k}"]) for k in range(len(stretches))]
    places = [
        whole(f"{name}{k}", [at]) for k, pair in enumerate(stretches) for name, at in zip("se", pair, strict=True)
    ]
    cuts = cuts or [node("Split", ["w"], [f"g{k}" for k in range(count)], axis=0)]
    states = [onnx.numpy_helper.from_array(np.ones((1, 1, 2), np.float32), name) for name in "hc"]
    given = model(
        [
            *cuts,
            node("Concat", [f"g{k}" for k in range(count)], ["joined"], axis=0),
            node("Unsqueeze", ["joined", "zero"], ["wide"]),
            node("LSTM", ["x", "wide", "r", "", "", "h", "c"], ["y"], hidden_size=2),
        ],
        {"x": [5, 1, 3]},
        {"y": [5, 1, 1, 2]},
        [weight("w", 8, 3), weight("r", 1, 8, 2), whole("zero", [0]), *places, *states],
    )
    assert ("custom" in text_of(given)) is (params is None)
    if params is not None:
        # a step: both matrices; the states are numbers that nobody trained
        totals = report_of(given).totals
        assert (totals.params, totals.macs) == (params, 5 * params)


# --- numbers that look like a line ------------------------------------------------------------------------------------

BATCH = [node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "zero"], ["n"])]
ROWS = [*BATCH, node("Unsqueeze", ["half", "axes"], ["start"]), node("Slice", ["x", "start", "end", "axes"], ["rows"])]
BENT = [
    # x[n // 2:]: one row at batch 1 and at batch 2, three at 6
    [*ROWS[:2], node("Div", ["n", "two"], ["half"]), *ROWS[2:], node("MatMul", ["rows", "w"], ["y"])],
    # x[:5]
    [node("Slice", ["x", "zeros", "five", "axes"], ["rows"]), node("MatMul", ["rows", "w"], ["y"])],
    # x repeated n times: as many rows as the square
    [
        *BATCH,
        node("Unsqueeze", ["n", "axes"], ["rows"]),
        node("Concat", ["rows", "one"], ["times"], axis=0),
        node("Tile", ["x", "times"], ["all"]),
        node("MatMul", ["all", "w"], ["y"]),
    ],
]


@pytest.mark.parametrize("nodes", BENT)
def test_a_number_that_is_on_no_line_is_that_of_batch_1(nodes: list[Any]) -> None:
    stored = [
        weight("w", 4, 4), whole("zero", 0), whole("two", 2), whole("axes", [0]), whole("end", [99]),
        whole("zeros", [0]), whole("five", [5]), whole("one", [1]),
    ]  # fmt: skip
    given = model(nodes, {"x": ["n", 4]}, {"y": None}, stored)
    report = report_of(given)
    assert report.totals.macs == 16
    assert "a batch of 1 alone" in text_of(given)
    with pytest.raises(UsageError, match="has no batch to be 2"):
        report_of(given, batch=2)


def test_products_of_samples_with_each_other_follow_the_batch() -> None:
    """n² · 4 MACs at every batch: the spec's own op says so, and no line."""
    given = model(
        [node("Transpose", ["x"], ["columns"], perm=[1, 0]), node("MatMul", ["x", "columns"], ["y"])],
        {"x": ["n", 4]},
        {"y": None},
    )
    assert [report_of(given, batch=batch).totals.macs for batch in (1, 3, 5)] == [4, 36, 100]


# --- quantized as it runs ---------------------------------------------------------------------------------------------


def narrow(name: str, *shape: int) -> Any:
    return onnx.numpy_helper.from_array(np.arange(np.prod(shape), dtype=np.int8).reshape(shape), name)


def test_a_model_that_is_quantized_as_it_runs_has_its_products() -> None:
    given = model(
        [
            node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
            node("MatMulInteger", ["q", "w", "zero", "none"], ["whole"]),
            node("Cast", ["whole"], ["real"], to=FLOAT),
            node("Mul", ["scale", "half"], ["scales"]),
            node("Mul", ["real", "scales"], ["y"]),
        ],
        {"x": ["n", 4]},
        {"y": ["n", 5]},
        [
            narrow("w", 4, 5),
            onnx.numpy_helper.from_array(np.int8(0), "none"),
            onnx.numpy_helper.from_array(np.float32(0.5), "half"),
        ],
    )
    totals = report_of(given, batch=3).totals
    assert (totals.params, totals.macs) == (20, 60)
    assert "macs: 0" in text_of(given)  # the range of the numbers


def test_a_quantized_table_is_an_embedding() -> None:
    given = model(
        [
            node("ArgMax", ["x"], ["places"], axis=1, keepdims=0),
            node("Gather", ["table", "places"], ["rows"]),
            node("DequantizeLinear", ["rows", "scale"], ["y"]),
        ],
        {"x": ["n", 3]},
        {"y": ["n", 4]},
        [narrow("table", 9, 4), onnx.numpy_helper.from_array(np.float32(0.5), "scale")],
    )
    assert report_of(given).totals.params == 36


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Relu", ["x"], ["y"]), node("Sigmoid", ["x"], ["y"])], "Sigmoid 'y' makes 'y', which is made before it"),
        ([node("Relu", ["x"], ["x"]), node("Relu", ["x"], ["y"])], "Relu 'x' makes 'x', which is made before it"),
        ([node("Relu", ["x"], ["w"]), node("Relu", ["w"], ["y"])], "Relu 'w' makes 'w', which is made before it"),
        ([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])], "reads 'b'"),
    ],
)
def test_a_name_stands_for_one_value_that_is_made_before(nodes: list[Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        form_of(model(nodes, {"x": ["n", 4]}, {"y": ["n", 4]}, [weight("w", 4, 4)]))
    assert caught.value.help
