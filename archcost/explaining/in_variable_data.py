"""Formulas in a variable as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from archcost.documents import Count, Positive
from archcost.explaining.data import Explained, UnknownPartData, begun, unknown_count

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.explaining.in_variable import Formula, Range, VariableFormulas


class RangeData(TypedDict):
    """The ``values`` of the variable, so many: ``low``, ``low + step`` … ``high``."""

    low: float
    high: float
    step: float
    values: Positive


class PolynomialData(TypedDict):
    """A polynomial: its coefficients from the constant on, exact; a fraction is text such as ``3/2``.

    ``checks`` is the number of analyses that agree with it and were not needed to find it.
    """

    coefficients: list[int | str]
    text: str
    latex: str
    checks: Count


class FormulaInData(UnknownPartData):
    """A figure in a variable; ``value`` is the figure where the variable stands, and null what there is not."""

    figure: str
    label: str
    unit: str | None
    value: Count | None
    polynomial: PolynomialData | None
    range: RangeData | None
    reason: str | None


class FormulasData(Explained):
    """The figures of a model, layer or scope as formulas in one variable."""

    path: str | None
    layers: Positive
    variable: str
    variable_value: float
    formulas: list[FormulaInData]
    range: RangeData | None
    below: str | None
    above: str | None
    between: str | None


def formulas_data(formulas: VariableFormulas) -> FormulasData:
    """Every figure with its formula, the values that it holds for, and what is beyond these."""
    return {
        **begun(formulas.report),
        "path": formulas.path,
        "layers": formulas.layers,
        "variable": formulas.variable,
        "variable_value": _number(formulas.value),
        "formulas": [_formula(one, formulas.variable) for one in formulas.formulas],
        "range": _range(formulas.range),
        "below": formulas.below or None,
        "above": formulas.above or None,
        "between": formulas.between or None,
    }


def _formula(formula: Formula, variable: str) -> FormulaInData:
    polynomial = formula.polynomial
    return {
        "figure": formula.figure,
        "label": formula.label,
        "unit": formula.unit or None,
        "value": None if formula.unknown and not formula.value else formula.value,
        **unknown_count(formula.unknown),
        "polynomial": None
        if polynomial is None
        else {
            "coefficients": [_exact(one) for one in polynomial.coefficients],
            "text": polynomial.text(variable),
            "latex": polynomial.latex(variable),
            "checks": formula.checks,
        },
        "range": _range(formula.range),
        "reason": formula.reason or None,
    }


def _range(found: Range | None) -> RangeData | None:
    if found is None:
        return None
    low, high, step = map(_number, (found.low, found.high, found.step))
    return {"low": low, "high": high, "step": step, "values": found.values}


def _number(value: Fraction) -> float:
    return value.numerator if value.denominator == 1 else float(value)


def _exact(value: Fraction) -> int | str:
    return value.numerator if value.denominator == 1 else str(value)
