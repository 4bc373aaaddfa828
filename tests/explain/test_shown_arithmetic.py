"""Formulas that show themselves: symbols, numbers, LaTeX and value from one tree."""

from __future__ import annotations

import doctest

import pytest

from archcost.explaining import expressions
from archcost.explaining.expressions import (
    Number,
    Symbol,
    SymbolicExpression,
    ceil,
    cross,
    exactly,
    floor,
    product,
    total,
)

N, F, P, S = Symbol("n", 28), Symbol("f", 5), Symbol("p", 2), Symbol("s", 1)
C_IN, C_OUT = Symbol("c_in", 192), Symbol("c_out", 32)
H, W = Symbol("h", 28), Symbol("w", 28)

CASES: dict[str, tuple[SymbolicExpression, str, str, int]] = {
    "size": (floor(N - F + 2 * P, S) + 1, "⌊(n − f + 2p)/s⌋ + 1", "⌊(28 − 5 + 2·2)/1⌋ + 1", (28 - 5 + 4) // 1 + 1),
    "ceil": (ceil(N - F, Symbol("s", 2)) + 1, "⌈(n − f)/s⌉ + 1", "⌈(28 − 5)/2⌉ + 1", 13),
    "macs": (
        cross(product(H, W, C_OUT), product(F, F, C_IN)),
        "h·w·c_out × f·f·c_in",
        "28·28·32 × 5·5·192",
        28 * 28 * 32 * 5 * 5 * 192,
    ),
    "params": (product(F, F, C_IN, C_OUT) + C_OUT, "f·f·c_in·c_out + c_out", "5·5·192·32 + 32", 5 * 5 * 192 * 32 + 32),
    "groups": (F * exactly(C_IN, Symbol("g", 3)), "f·c_in/g", "5·192/3", 5 * 64),
    "group of a product": (exactly(C_IN, F * F), "c_in/(f·f)", "192/(5·5)", 192 // 25),
    "inner sum": (N * (F - 1), "n·(f − 1)", "28·(5 − 1)", 28 * 4),
    "difference of a sum": (N - (F + P), "n − (f + p)", "28 − (5 + 2)", 21),
    "number of a word": (2 * Symbol("MACs", 7), "2·MACs", "2·7", 14),
    "elements": (4 * Symbol("outputs", (1, 64, 28, 28)), "4·outputs", "4·64·28·28", 4 * 64 * 28 * 28),
    "a scalar": (Symbol("outputs", ()) + 0, "outputs + 0", "1 + 0", 1),
    "all of size one": (Symbol("outputs", (1, 1)) * F, "outputs·f", "1·5", 5),
    "negative": (Symbol("before", -2) + N, "before + n", "(−2) + 28", 26),
    "thousands": (
        total([Symbol("a", 2_408_448), Symbol("b", 10_035_200)]),
        "a + b",
        "2,408,448 + 10,035,200",
        12_443_648,
    ),
    "sum of none": (total([]), "0", "0", 0),
    "product of none": (product(), "1", "1", 1),
    "from the left": (1 + N, "1 + n", "1 + 28", 29),
}


@pytest.mark.parametrize("name", CASES)
def test_text_and_value(name: str) -> None:
    expression, symbols, numbers, value = CASES[name]
    assert (expression.text(), expression.text(numbers=True), expression.value) == (symbols, numbers, value)


LATEX = {
    "size": (
        r"\left\lfloor \frac{n - f + 2p}{s} \right\rfloor + 1",
        r"\left\lfloor \frac{28 - 5 + 2 \cdot 2}{1} \right\rfloor + 1",
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


def test_the_example_runs() -> None:
    assert doctest.testmod(expressions).failed == 0
