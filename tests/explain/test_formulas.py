"""Explanations cannot be wrong: for every op the formulas, and the numbers as printed, give the engine's figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from archcost.dims import numel, total
from archcost.explaining.formulas import FORMULAS, Formulas, Subject
from archcost.ops import REGISTRY, apply
from tests.ops.cases import CASES, Case

if TYPE_CHECKING:
    from archcost.explaining.expressions import SymbolicExpression


def evaluated(text: str) -> int:
    """The value of numbers as they are printed."""
    text = text.replace(",", "").replace("·", "*").replace("×", "*").replace("−", "-")
    text = re.sub(r"⌊(.*?)/([\d()*]+)⌋", r"((\1)//(\2))", text)
    text = re.sub(r"⌈(.*?)/([\d()*]+)⌉", r"(-(-(\1)//(\2)))", text)
    text = re.sub(r"(?<!/)/(?!/)", "//", text)
    assert re.fullmatch(r"[\d+*/() -]+", text), text
    return int(eval(text))


def of(case: Case) -> tuple[Formulas, Subject]:
    op = REGISTRY[case.kind](**case.attributes)
    subject = Subject(op, case.input_shapes, apply(op, case.input_shapes))
    return FORMULAS[case.kind](subject), subject


def test_every_kind_has_a_formula() -> None:
    assert set(FORMULAS) == set(REGISTRY)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_formulas_give_the_figures_of_the_engine(case: Case) -> None:
    formulas, (op, inputs, outputs) = of(case)
    assert formulas.params.value == total(numel(shape) for shape in op.weights(inputs).values())
    assert formulas.macs.value == op.macs(inputs, outputs)
    assert formulas.other.value == op.flops(inputs, outputs)
    for size in formulas.sizes:
        assert size.formula.value == outputs[size.output][size.dim]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_printed_is_what_is_computed(case: Case) -> None:
    formulas, _ = of(case)
    expressions: list[SymbolicExpression] = [formulas.params, formulas.macs, formulas.other]
    for expression in [*expressions, *[size.formula for size in formulas.sizes]]:
        assert evaluated(expression.text(numbers=True)) == expression.value
        assert expression.latex().count("{") == expression.latex().count("}")


# kind: symbols of the size, params, MACs, and FLOPs beyond 2 × MACs of its first case
NOTATION = {
    "conv2d": ("⌊(n − f + 2p)/s⌋ + 1", "f·f·c_in·c_out + c_out", "b·h·w·c_out × f·f·c_in", "b·h·w·c_out"),
    "conv_transpose1d": ("(n − 1)·s − 2p + f", "f·c_in·c_out + c_out", "b·l_in·c_in × f·c_out", "b·l·c_out"),
    "max_pool2d": ("⌊(n − f + 2p)/s⌋ + 1", "0", "0", "outputs × (f·f − 1)"),
    "linear": ("", "in·out + out", "outputs × in", "outputs"),
    "batch_norm2d": ("", "2c", "0", "2·outputs"),
    "relu": ("", "0", "0", "outputs"),
    "concat": ("n_1 + n_2 + n_3", "0", "0", "0"),
    "lstm": ("", "gates·hidden·(in + hidden) + 2·gates·hidden", "steps × gates·hidden·(in + hidden)",
             "steps·hidden × (cell + 2·gates)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTATION)
def test_notation(kind: str) -> None:
    formulas, _ = of(next(case for case in CASES if case.kind == kind))
    size = formulas.sizes[0].formula.text() if formulas.sizes else ""
    assert (size, formulas.params.text(), formulas.macs.text(), formulas.other.text()) == NOTATION[kind]


def test_the_course_s_convolution() -> None:
    case = next(case for case in CASES if case.kind == "conv2d" and case.input_shapes == ((1, 192, 28, 28),))
    formulas, _ = of(case)
    assert formulas.macs.text(numbers=True) == "28·28·32 × 5·5·192"
    assert formulas.macs.value == 28 * 28 * 32 * 5 * 5 * 192 == 120_422_400
    assert formulas.params.text(numbers=True) == "5·5·192·32 + 32"
    assert formulas.sizes[0].formula.text(numbers=True) == "⌊(28 − 5 + 2·2)/1⌋ + 1"


GEOMETRY = {
    ("conv2d", "dilation"): ("n − d·(f − 1) − 1 + p_both", "padding: same with gaps"),
    ("conv_transpose2d", "output_padding"): ("(n − 1)·s − 2p + f + o", "an output padding"),
    ("max_pool2d", "ceil_mode"): ("⌈(n − f + 2p)/s⌉ + 1", "a ceiling"),
}


@pytest.mark.parametrize("key", GEOMETRY, ids=str)
def test_other_geometry(key: tuple[str, str]) -> None:
    kind, attribute = key
    formulas, _ = of(next(case for case in CASES if case.kind == kind and attribute in case.attributes))
    assert GEOMETRY[key][0] in formulas.sizes[0].formula.text()
