"""Expressions: every operator and function, names, and where they may stand."""

from __future__ import annotations

import threading
import warnings
from math import log2
from typing import Any

import pytest
from language import report, shapes

from archcost.dims import VaryingSizeError
from archcost.errors import Mark, Source
from archcost.spec.expressions import Expression, ExpressionError, Names
from archcost.spec.functions import FUNCTIONS, OPERATORS, make_divisible
from tests.ops.table import table

MARK = Mark(Source("spec.yaml", "$x"), 0, 0)
KNOWN = {"a": 3, "b": 8, "half": 0.5, "w": [16, 32, 64], "act": "relu", "yes": True, "nothing": None}

VALUES = {
    # names and literals
    "$a": 3,
    "$(a)": 3,
    "$( a )": 3,
    "$(12)": 12,
    "$(1_000)": 1000,
    "$(0x10)": 16,
    "$(1e3)": 1000.0,
    "$(.5)": 0.5,
    "$('relu')": "relu",
    '$("relu")': "relu",
    "$(True)": True,
    "$(None)": None,
    "$([1, a, [2]])": [1, 3, [2]],
    "$([])": [],
    # arithmetic
    "$(a + b)": 3 + 8,
    "$(a - b)": 3 - 8,
    "$(a * b)": 3 * 8,
    "$(b / a)": 8 / 3,
    "$(b // a)": 8 // 3,
    "$(b % a)": 8 % 3,
    "$(a ** 2)": 3**2,
    "$(2 ** -1)": 2**-1,
    "$(-a)": -3,
    "$(+a)": 3,
    "$(2 * (a + b) // 3)": 2 * (3 + 8) // 3,
    "$(-2 ** 2)": -(2**2),
    "$(2 ** 127)": 2**127,
    "$(0 ** 10000)": 0,
    "$((-1) ** 10001)": -1,
    "$(half * b)": 4.0,
    "$(yes + 1)": 2,
    # comparison and logic
    "$(a == 3)": True,
    "$(a != 3)": False,
    "$(a < b)": True,
    "$(a <= 3)": True,
    "$(a > b)": False,
    "$(a >= 3)": True,
    "$(1 < a < 3)": False,
    "$(1 < a < b < 9)": True,
    "$(16 in w)": True,
    "$(a not in w)": True,
    "$(act == 'relu')": True,
    "$(act in ['relu', 'gelu'])": True,
    "$('el' in act)": True,
    "$(not yes)": False,
    "$(a > 5 or b > 5)": True,
    "$(a > 5 and b > 5)": False,
    "$(nothing or 7)": 7,
    "$(nothing == None)": True,
    "$(1 if a > b else 2)": 2,
    "$('x' if yes else missing)": "x",
    "$(yes or missing)": True,
    # lists and text
    "$(w[0])": 16,
    "$(w[-1])": 64,
    "$(w[a - 2])": 32,
    "$(w[1:])": [32, 64],
    "$(w[:2])": [16, 32],
    "$(w[::-1])": [64, 32, 16],
    "$(w + [128])": [16, 32, 64, 128],
    "$([a] * 2 + [b])": [3, 3, 8],
    "$(2 * [a])": [3, 3],
    "$(act + '6')": "relu6",
    "$(w == [16, 32, 64])": True,
    # functions
    "$(min(a, b))": 3,
    "$(min(w))": 16,
    "$(max(a, b, 5))": 8,
    "$(max(w))": 64,
    "$(abs(a - b))": 5,
    "$(round(2.5))": 2,
    "$(round(3.5))": 4,
    "$(round(2.345, 2))": 2.35,
    "$(round(1234, -2))": 1200,
    "$(int(2.9))": 2,
    "$(int(-2.9))": -2,
    "$(float(a))": 3.0,
    "$(ceil(2.1))": 3,
    "$(floor(2.9))": 2,
    "$(floor(-0.5))": -1,
    "$(sqrt(16))": 4.0,
    "$(log2(8))": 3.0,
    "$(str(a))": "3",
    "$(str(2.5))": "2.5",
    "$(str(act))": "relu",
    "$(str(1 > 2))": "false",
    "$('chunk.' + str(a))": "chunk.3",
    "$(len(w))": 3,
    "$(len(act))": 4,
    "$(index(['gelu', 'relu'], act))": 1,
    "$(index([3, 5, 3], 3))": 0,
    "$(sum(w))": 16 + 32 + 64,
    "$(sum([]))": 0,
    "$(range(3))": [0, 1, 2],
    "$(range(1, 4))": [1, 2, 3],
    "$(range(6, 0, -2))": [6, 4, 2],
    "$(make_divisible(30))": 32,
    "$(make_divisible(30, 4))": 32,
    "$(make_divisible(29, divisor=4))": 28,
    "$(make_divisible(3))": 8,
    "$(make_divisible(v=11))": 16,
}


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Expression(text, MARK).evaluate(KNOWN)
    assert found == VALUES[text]
    assert type(found) is type(VALUES[text])


def test_every_function_and_operator_has_a_case() -> None:
    import ast

    used = {type(node) for text in VALUES for node in ast.walk(ast.parse(text[1:], mode="eval"))}
    assert set(OPERATORS) <= used
    assert all(any(f"{name}(" in text for text in VALUES) for name in FUNCTIONS)


def test_make_divisible_is_a_multiple_not_much_below() -> None:
    for value, divisor in [(v / 4, d) for v in range(1, 400, 3) for d in (1, 4, 8, 16)]:
        found = make_divisible(value, divisor)
        assert found % divisor == 0, (value, divisor)
        assert max(divisor, 0.9 * value) <= found <= value + divisor, (value, divisor)


OF_CANDIDATES = {
    "min(8, n)": [3, 8],
    "max(n, 4, 2 * n)": [6, 24],
    "min([n, 5])": [3, 5],
    "sum([n, 1, n])": [7, 25],
    "abs(4 - n)": [1, 8],
    "round(n)": [3, 12],
    "int(n)": [3, 12],
    "float(n)": [3.0, 12.0],
    "ceil(n)": [3, 12],
    "floor(n)": [3, 12],
    "sqrt(n)": [3**0.5, 12**0.5],
    "log2(n)": [log2(3), log2(12)],
    "make_divisible(n)": [8, 16],  # 8 is not below 0.9 · 3; 12 + 4 = 16 is the next multiple of 8
    "make_divisible(v=n, divisor=2)": [4, 12],
    "str(n)": ["3", "12"],
}
# What Python decides by is the same for all.
DECIDED = {"len": "len([n])", "range": "range(n)", "index": "index([n], 3)"}


@pytest.mark.parametrize("text", OF_CANDIDATES)
def test_a_function_of_candidates_gives_each_what_it_gives_alone(text: str) -> None:
    expression = Expression(f"$({text})", MARK)
    found = expression.evaluate(Names({"n": table(3, 12)}))
    assert list(found.entries) == OF_CANDIDATES[text]
    assert [expression.evaluate(Names({"n": number})) for number in (3, 12)] == OF_CANDIDATES[text]


def test_every_function_takes_candidates_or_needs_one_value() -> None:
    tried = {text.partition("(")[0] for text in OF_CANDIDATES}
    assert tried | set(DECIDED) == set(FUNCTIONS)
    assert Expression("$(len([n]))", MARK).evaluate(Names({"n": table(3, 12)})) == 1
    assert Expression("$(range(n))", MARK).evaluate(Names({"n": table(3, 3)})) == [0, 1, 2]
    assert Expression("$(index([n], 3))", MARK).evaluate(Names({"n": table(3, 3)})) == 0
    with pytest.raises(VaryingSizeError, match="must be the same for all variants"):
        Expression("$(range(n))", MARK).evaluate(Names({"n": table(3, 12)}))


def test_names_shadow_those_behind_them() -> None:
    names = Names({"a": 1}, Names({"a": 2, "b": 3}))
    assert Expression("$(a + b)", MARK).evaluate(names) == 1 + 3


def test_threads_do_not_mix_their_names() -> None:
    expression = Expression("$(sum(range(n)) * 0 + n)", MARK)
    found: list[tuple[int, Any]] = []

    def work(number: int) -> None:
        found.extend((number, expression.evaluate({"n": number})) for _ in range(50))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200, 208)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(number == value for number, value in found)


PLACES = {
    "attributes": ("layers: [linear: {out_features: $n}]", {"linear": (1, 8, 4, 6)}),
    "lists in attributes": (
        'layers: [conv2d: {out_channels: 8, kernel_size: [1, $(n // 2)], padding: [0, "$(min(n, 1))"]}]',
        {"conv2d": (1, 8, 4, 4)},
    ),
    "kinds": ("layers: [$act, $('tanh')]", {"relu": (1, 8, 4, 4), "tanh": (1, 8, 4, 4)}),
    "kinds with attributes": ("layers: [$op: {out_features: 5}]", {"linear": (1, 8, 4, 5)}),
    "text": (
        "layers: [conv2d: {out_channels: 8, kernel_size: 3, padding: $('same' if n > 3 else 'valid')}]",
        {"conv2d": (1, 8, 4, 4)},
    ),
    "booleans": ("layers: [linear: {out_features: 5, bias: $(n > 9)}]", {"linear": (1, 8, 4, 5)}),
    "the batch": ("layers: [reshape: {shape: [$batch, 2, -1]}]", {"reshape": (1, 2, 4 * 4 * 4)}),
    "the shape of the input": (
        'layers: [reshape: {shape: ["$(in_shape[0])", "$(in_shape[2] * in_shape[3])", -1]}]',
        {"reshape": (1, 4 * 4, 8)},
    ),
    "channels and features": (
        "layers: [linear: {out_features: $(in_channels * in_features)}]",
        {"linear": (1, 8, 4, 8 * 4)},
    ),
    "the shape of the first of several inputs": (
        "layers: [linear: {out_features: 1}, {concat: {dim: $(2 if in_features == 1 else 3)}, from: [linear, linear]}]",
        {"linear": (1, 8, 4, 1), "concat": (1, 8, 4 + 4, 1)},
    ),
    "whole floats for whole numbers": ("layers: [linear: {out_features: $(n / 2)}]", {"linear": (1, 8, 4, 3)}),
}


@pytest.mark.parametrize("name", PLACES)
def test_expressions_stand_wherever_a_value_stands(name: str) -> None:
    text, expected = PLACES[name]
    head = "archcost: 1\nparams: {n: 6, act: relu, op: linear}\ninput: [8, 4, 4]\n"
    assert shapes(head + text) == expected


def test_the_input_of_an_op_with_branches_is_that_of_its_step() -> None:
    text = (
        "layers: [{concat: {dim: $(1 if in_channels == 8 else 2)}, branches: {a: [linear: {out_features: 4}], b: []}}]"
    )
    assert shapes(text)["concat"] == (1, 8 + 8, 4, 4)


def test_the_batch_is_that_of_the_analysis() -> None:
    text = "layers: [reshape: {shape: [$batch, -1]}]"
    assert shapes(text, batch=3)["reshape"] == (3, 8 * 4 * 4)


def test_params_are_expressions_over_those_before_them() -> None:
    text = "archcost: 1\nparams: {w: 4, double: $(2 * w), all: [$w, $double]}\ninput: [$w, '$(all[1])']\nlayers: [relu]"
    assert shapes(text)["relu"] == (1, 4, 2 * 4)
    assert shapes(text, params={"w": 5})["relu"] == (1, 5, 2 * 5)
    assert report(text, params={"w": 5}).params == {"w": 5, "double": 10, "all": [5, 10]}


def test_a_given_param_replaces_an_expression_that_could_not_be_evaluated() -> None:
    text = "archcost: 1\nparams: {n: 0, share: $(8 / n)}\ninput: [3]\nlayers: [linear: {out_features: $share}]"
    assert shapes(text, params={"share": 4})["linear"] == (1, 4)


def test_an_unknown_value_is_told_once() -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression("$(a + missing)", MARK).evaluate(KNOWN)
    assert caught.value.diagnostic is not None
    assert caught.value.diagnostic.message == "unknown name 'missing' in $(a + missing)"
