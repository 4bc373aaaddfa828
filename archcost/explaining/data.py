"""A layer or scope explained as JSON values, and their types; a story's are beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.documents import Count, Envelope, Positive, Shape, SpecData, envelope

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.explaining.equations import Equation, Explanation, FieldView, Part
    from archcost.explaining.expressions import SymbolicExpression

DECIMALS = 6


class FormulaData(TypedDict):
    """What a figure comes from: with symbols, with their numbers, and both in LaTeX's mathematics."""

    symbols: str
    numbers: str
    latex: str
    latex_numbers: str


class UnknownPartData(TypedDict):
    """How many layers have a figure that is not known, where any has."""

    unknown_layers: NotRequired[Positive]


class EquationData(UnknownPartData):
    """A figure; its value is null where nothing of it is known, and the known part where some layers are unknown."""

    figure: str
    label: str
    value: float | None
    unit: str | None
    formula: FormulaData | None
    note: str | None


class FieldData(TypedDict):
    """A receptive field: sizes along each set of paths, the first position that output 0 sees, and the jump."""

    size: list[list[int]]
    start: list[int | str]
    jump: list[int | str]


class SeenData(FieldData):
    """A receptive field, of the model's input or that of a scope, and how a window widens it."""

    relative_to: str | None
    whole: bool
    folded: bool
    formula: FormulaData | None


class PartData(UnknownPartData):
    """A child of a scope, or several equal neighbours."""

    path: str
    times: Positive
    layers: Positive
    params: Count
    macs: Count | None
    formula: FormulaData | None


class Explained(Envelope):
    """What every explanation begins with."""

    spec: SpecData
    batch: Positive
    dtype: str


class ExplanationData(Explained):
    """A layer or scope: every figure with its formula."""

    path: str
    kind: str
    inputs: list[Shape]
    outputs: list[Shape]
    layers: Positive
    equations: list[EquationData]
    receptive_fields: list[SeenData]
    parts: list[PartData]
    suggestion: NotRequired[
        Annotated[dict[str, Any], "What would save most of its MACs, else of its params, as in `suggest`."]
    ]


def begun(report: Report) -> Explained:
    """Who made it, and of which model."""
    return {
        **envelope("explanation"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": report.dtype,
    }


def explanation_data(explanation: Explanation) -> ExplanationData:
    """A layer or scope: every figure with its formula in symbols, in numbers and in LaTeX."""
    found: dict[str, Any] = {
        **begun(explanation.report),
        "path": explanation.path,
        "kind": explanation.kind,
        "inputs": [list(shape) for shape in explanation.inputs],
        "outputs": [list(shape) for shape in explanation.outputs],
        "layers": explanation.layers,
        "equations": [_equation(equation) for equation in explanation.equations],
        "receptive_fields": [_seen(seen) for seen in explanation.seen],
        "parts": [_part(part) for part in explanation.parts],
    }
    if explanation.suggestion is not None:
        found["suggestion"] = explanation.suggestion.brief()
    return cast("ExplanationData", found)


def _part(part: Part) -> PartData:
    return {
        "path": part.path,
        "times": part.times,
        "layers": part.layers,
        "params": part.params,
        "macs": None if part.unknown and not part.macs else part.macs,
        **unknown_count(part.unknown),
        "formula": formula_data(part.formula),
    }


def _equation(equation: Equation) -> EquationData:
    return {
        "figure": equation.figure,
        "label": equation.label,
        "value": None if equation.unknown and not equation.value else number(equation.value),
        **unknown_count(equation.unknown),
        "unit": equation.unit or None,
        "formula": None if equation.unknown else formula_data(equation.formula),
        "note": equation.note or None,
    }


def unknown_count(layers: int) -> UnknownPartData:
    """How many layers are not known, where any is not."""
    return {"unknown_layers": layers} if layers else {}


def formula_data(formula: SymbolicExpression | None) -> FormulaData | None:
    """A formula in every form."""
    if formula is None:
        return None
    return {
        "symbols": formula.text(),
        "numbers": formula.text(numbers=True),
        "latex": formula.latex(),
        "latex_numbers": formula.latex(numbers=True),
    }


def number(value: int | Fraction) -> float:
    """A whole number as it is, a ratio rounded."""
    return value if isinstance(value, int) else round(float(value), DECIMALS)


def field_data(field: ReceptiveField) -> FieldData:
    """A receptive field."""
    return cast("FieldData", field.to_dict())


def _seen(seen: FieldView) -> SeenData:
    return {
        "relative_to": seen.relative_to or None,
        **field_data(seen.field),
        "whole": seen.field.whole,
        "folded": seen.field.folded,
        "formula": formula_data(seen.growth),
    }
