"""Formulas that show themselves: symbols, numbers, LaTeX and value from one tree."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.dims import ceil_div, decided, larger, smaller
from archcost.explaining import expressions
from archcost.explaining.expressions import (
    Number,
    Symbol,
    SymbolicExpression,
    as_expression,
    cross,
    product,
    total,
)
from tests.profiles import examples

N, F, P, S = Symbol("n", 28), Symbol("f", 5), Symbol("p", 2), Symbol("s", 1)
C_IN, C_OUT = Symbol("c_in", 192), Symbol("c_out", 32)
H, W = Symbol("h", 28), Symbol("w", 28)

CASES: dict[str, tuple[SymbolicExpression, str, str, int]] = {
    "size": ((N + 2 * P - (F - 1) - 1) // S + 1, "⌊(n + 2p − f)/s⌋ + 1", "⌊(28 + 2·2 − 5)/1⌋ + 1", 28 + 4 - 5 + 1),
    "ceil": (-(-(N - F) // Symbol("s", 2)) + 1, "⌈(n − f)/s⌉ + 1", "⌈(28 − 5)/2⌉ + 1", 13),
    "macs": (
        cross(product(H, W, C_OUT), product(F, F, C_IN)),
        "h·w·c_out × f·f·c_in",
        "28·28·32 × 5·5·192",
        28 * 28 * 32 * 5 * 5 * 192,
    ),
    "params": (product(F, F, C_IN, C_OUT) + C_OUT, "f·f·c_in·c_out + c_out", "5·5·192·32 + 32", 5 * 5 * 192 * 32 + 32),
    "groups": (F * (C_IN // Symbol("g", 3)), "f·c_in/g", "5·192/3", 5 * 64),
    "group of a product": (C_IN // (F * F), "⌊c_in/(f·f)⌋", "⌊192/(5·5)⌋", 192 // 25),
    "inner sum": (N * (F - 1), "n·(f − 1)", "28·(5 − 1)", 28 * 4),
    "difference of a sum": (N - (F + P), "n − f − p", "28 − 5 − 2", 21),
    "number of a word": (2 * Symbol("MACs", 7), "2·MACs", "2·7", 14),
    "elements": (4 * Symbol("outputs", (1, 64, 28, 28)), "4·outputs", "4·64·28·28", 4 * 64 * 28 * 28),
    "a scalar": (Symbol("outputs", ()) + 0, "outputs", "1", 1),
    "all of size one": (Symbol("outputs", (1, 1)) * F, "outputs·f", "1·5", 5),
    "negative": (Symbol("before", -2) + N, "before + n", "(−2) + 28", 26),
    "thousands": (
        total([Symbol("a", 2_408_448), Symbol("b", 10_035_200)]),
        "a + b",
        "2,408,448 + 10,035,200",
        12_443_648,
    ),
    "terms that cancel": (N + (F - N), "f", "5", 5),
    "equal terms": (F * C_IN + 2 * (C_IN * F), "3·f·c_in", "3·5·192", 3 * 5 * 192),
    "numbers at the end": (3 + N - 1 + F, "n + f + 2", "28 + 5 + 2", 35),
    "numbers in front": (F * 2 * N * 3, "6·f·n", "6·5·28", 840),
    "times one": (1 * N * True + 0 * F, "n", "28", 28),
    "nothing left": (N - N, "0", "0", 0),
    "negative product": (0 - 2 * N * F, "−2·n·f", "−2·28·5", -280),
    "divided": (N // Symbol("g", 7), "n/g", "28/7", 4),
    "divided with a rest": (N // F, "⌊n/f⌋", "⌊28/5⌋", 5),
    "divided by a number": (N // 3 + N // 1, "⌊n/3⌋ + n", "⌊28/3⌋ + 28", 37),
    "a number divided": (12 // F, "⌊12/f⌋", "⌊12/5⌋", 2),
    "rounded up": (-(-N // F), "⌈n/f⌉", "⌈28/5⌉", 6),
    "a sum rounded up": (-(-(N - 1) // F), "⌈(n − 1)/f⌉", "⌈(28 − 1)/5⌉", 6),
    "a fraction": (N * 0.3 // 1, "⌊0.3n⌋", "⌊0.3·28⌋", 8),
    "a whole factor": (N * 2.0 // 1, "2n", "2·28", 56),
    "sum of none": (total([]), "0", "0", 0),
    "product of none": (product(), "1", "1", 1),
    "from the left": (1 + N, "n + 1", "28 + 1", 29),
}


@pytest.mark.parametrize("name", CASES)
def test_text_and_value(name: str) -> None:
    expression, symbols, numbers, value = CASES[name]
    assert (expression.text(), expression.text(numbers=True), expression.value) == (symbols, numbers, value)


LATEX = {
    "size": (
        r"\left\lfloor \frac{n + 2p - f}{s} \right\rfloor + 1",
        r"\left\lfloor \frac{28 + 2 \cdot 2 - 5}{1} \right\rfloor + 1",
    ),
    "ceil": (
        r"\left\lceil \frac{n - f}{s} \right\rceil + 1",
        r"\left\lceil \frac{28 - 5}{2} \right\rceil + 1",
    ),
    "macs": (
        r"h \cdot w \cdot c_{\text{out}} \times f \cdot f \cdot c_{\text{in}}",
        r"28 \cdot 28 \cdot 32 \times 5 \cdot 5 \cdot 192",
    ),
    "elements": (r"4 \cdot \text{outputs}", r"4 \cdot 64 \cdot 28 \cdot 28"),
    "thousands": ("a + b", "2{,}408{,}448 + 10{,}035{,}200"),
    "negative": (r"\text{before} + n", "(-2) + 28"),
}


@pytest.mark.parametrize("name", LATEX)
def test_latex(name: str) -> None:
    expression = CASES[name][0]
    assert (expression.latex(), expression.latex(numbers=True)) == LATEX[name]
    assert Number(1_000).latex() == "1{,}000"


@st.composite
def pairs(draw: st.DrawFn, depth: int = 4) -> tuple[Any, int]:
    """An expression and the same arithmetic on ints."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        value = draw(st.integers(1, 6))
        name = draw(st.sampled_from("nfps"))
        return draw(st.sampled_from([(Symbol(name + str(value), value), value), (value, value)]))
    (left, a), (right, b) = draw(pairs(depth - 1)), draw(pairs(depth - 1))
    kinds = ["+", "-", "*", "neg", "larger", *(["//", "ceil"] if b else [])]
    kind = draw(st.sampled_from(kinds))
    if kind in ("//", "ceil"):
        return (left // right, a // b) if kind == "//" else (ceil_div(left, right), -(-a // b))
    if kind == "neg":
        return -left, -a
    if kind == "larger":
        return larger(left, right), max(a, b)
    return {"+": (left + right, a + b), "-": (left - right, a - b), "*": (left * right, a * b)}[kind]


@settings(max_examples=examples(400, usual=200))
@given(pair=pairs())
def test_what_is_left_out_changes_no_value(pair: tuple[Any, int]) -> None:
    expression, value = as_expression(pair[0]), pair[1]
    assert expression.value == value
    assert as_expression(expression - expression).text() == "0"
    assert as_expression(0 + 1 * expression).value == value


DECIDED = {
    "equal": N == 28,
    "to a symbol": Symbol("m", 28) == N,
    "to another": N != 29,
    "less": F < N,
    "at most": F <= 5,
    "more": N > 27,
    "at least": N >= F,
    "remainder": N % F == 28 % 5,
    "of a number": 28 % F == 3,
    "index": range(30)[F] == 5,
    "size": decided(N) == 28,
    "condition": decided(N > F) == 1,
}


@pytest.mark.parametrize("name", DECIDED)
def test_python_decides_by_the_value(name: str) -> None:
    assert DECIDED[name]


def test_of_two_sizes_the_one_that_is_chosen_is_told() -> None:
    assert [as_expression(helper(N, F)).text() for helper in (smaller, larger)] == ["f", "n"]


def test_the_example_runs() -> None:
    assert doctest.testmod(expressions).failed == 0
