"""Functions that a file defines itself: each call is its nodes, with the names and attributes of the call."""

from __future__ import annotations

from typing import Any

import pytest

from archcost.errors import UsageError
from tests.importers.onnx.models import form_of, helper, model, node, report_of, text_of, weight, whole

OURS = "com.ours"


def function(name: str, inputs: list[str], outputs: list[str], nodes: list[Any], *attributes: str) -> Any:
    sets = [helper.make_opsetid("", 17), helper.make_opsetid(OURS, 1)]
    return helper.make_function(OURS, name, inputs, outputs, nodes, sets, attributes)


def call(name: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return node(name, inputs, outputs, domain=OURS, **attributes)


def with_functions(given: Any, *functions: Any) -> Any:
    given.functions.extend(functions)
    given.opset_import.append(helper.make_opsetid(OURS, 1))
    return given


DENSE = function("Dense", ["a", "w"], ["b"], [node("MatMul", ["a", "w"], ["m"]), node("Relu", ["m"], ["b"])])


def test_a_call_is_the_nodes_of_its_function() -> None:
    given = with_functions(
        model(
            [call("Dense", ["x", "v"], ["h"]), call("Dense", ["h", "w"], ["y"])],
            {"x": ["n", 4]},
            {"y": ["n", 6]},
            [weight("v", 4, 5), weight("w", 5, 6)],
        ),
        DENSE,
    )
    assert [step.kind for step in form_of(given).steps] == ["linear", "relu", "linear", "relu"]
    report = report_of(given, batch=3)
    assert (report.totals.params, report.totals.macs) == (4 * 5 + 5 * 6, 3 * (4 * 5 + 5 * 6))


def test_functions_call_functions_and_hold_branches() -> None:
    # Twice calls Dense twice; Choose has it in a branch, which reads the name of the function's input.
    branch = helper.make_graph(
        [call("Dense", ["c", "u"], ["m"])], "then", [], [helper.make_empty_tensor_value_info("m")]
    )
    other = helper.make_graph([node("Relu", ["c"], ["m"])], "else", [], [helper.make_empty_tensor_value_info("m")])
    given = with_functions(
        model(
            [call("Twice", ["x", "w"], ["h"]), call("Choose", ["h", "w", "yes"], ["y"])],
            {"x": ["n", 4]},
            {"y": ["n", 4]},
            [weight("w", 4, 4), whole("yes", 1)],
        ),
        DENSE,
        function("Twice", ["a", "u"], ["b"], [call("Dense", ["a", "u"], ["m"]), call("Dense", ["m", "u"], ["b"])]),
        function(
            "Choose", ["c", "u", "truth"], ["d"], [node("If", ["truth"], ["d"], then_branch=branch, else_branch=other)]
        ),
    )
    totals = report_of(given, batch=2).totals
    assert (totals.params, totals.macs) == (16, 2 * 3 * 16)


def test_attributes_are_those_of_the_call_else_of_the_function() -> None:
    soft = node("Softmax", ["a"], ["b"])
    soft.attribute.append(_reference("axis", "along"))
    by_default = function("Soft", ["a"], ["b"], [soft])
    by_default.attribute_proto.append(helper.make_attribute("along", 1))
    given = with_functions(
        model(
            [call("Soft", ["x"], ["h"]), call("Soft", ["h"], ["y"], along=2)], {"x": ["n", 4, 5]}, {"y": ["n", 4, 5]}
        ),
        by_default,
    )
    assert [step.attributes for step in form_of(given).steps] == [{"dim": 1}, {"dim": 2}]


def test_what_a_call_leaves_out_and_what_comes_back_as_it_came() -> None:
    clip = function("Bound", ["a", "low", "high"], ["b", "a"], [node("Clip", ["a", "low", "high"], ["b"])])
    given = with_functions(
        model(
            [call("Bound", ["x"], ["h", "same"]), node("Add", ["h", "same"], ["y"])], {"x": ["n", 4]}, {"y": ["n", 4]}
        ),
        clip,
    )
    assert "add" in text_of(given)


def _reference(name: str, refers: str) -> Any:
    made = helper.make_attribute(name, 0)
    made.ClearField("i")
    made.ref_attr_name = refers
    return made


# A function that calls itself; one in whose branch it does; and 2³⁰ calls of nothing.
INSIDE = helper.make_graph([call("Self", ["a"], ["m"])], "inside", [], [helper.make_empty_tensor_value_info("m")])
ENDLESS = [
    ([function("Self", ["a"], ["b"], [call("Self", ["a"], ["b"])])], "call each other more than 32 deep"),
    (
        [function("Self", ["a"], ["b"], [node("If", ["a"], ["b"], then_branch=INSIDE, else_branch=INSIDE)])],
        "call each other more than 32 deep",
    ),
    (
        [
            function("Self" if not place else f"F{place}", ["a"], ["b"], 2 * [call(f"F{place + 1}", ["a"], ["b"])])
            for place in range(30)
        ]
        + [function("F30", ["a"], ["b"], [])],
        "the functions of the file come to more than 20,000 nodes",
    ),
    ([function("Self", [], ["b"], [node("Relu", ["a"], ["b"])])], "has more inputs or outputs than its function"),
]


@pytest.mark.parametrize(("functions", "words"), ENDLESS, ids=lambda value: str(value)[:40])
def test_functions_without_an_end_are_refused(functions: list[Any], words: str) -> None:
    given = with_functions(model([call("Self", ["x"], ["y"])], {"x": ["n", 4]}, {"y": ["n", 4]}), *functions)
    with pytest.raises(UsageError, match=words):
        form_of(given)
