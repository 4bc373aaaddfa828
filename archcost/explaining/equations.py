"""What an explanation consists of: equations, each a figure with the formula that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line, in_notebook
from archcost.explaining.expressions import Quotient, Symbol, SymbolicExpression, total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.analysis.traffic import Traffic
    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.suggesting.suggestion import Suggestion

BYTES, RATE = "B", "FLOPs/B"


class Equation(NamedTuple):
    """A figure: its name in JSON, its label, its value, and the formula it comes from, if there is one to show.

    ``unknown`` is the number of layers of which it is not known: the value is then the known part.
    """

    figure: str
    label: str
    value: int | Fraction
    formula: SymbolicExpression | None = None
    unit: str = ""
    note: str = ""
    unknown: int = 0


class FieldView(NamedTuple):
    """A receptive field, whose input it is relative to, and how one window of a layer makes it from the one before."""

    relative_to: str  # a scope's path; empty: the model
    field: ReceptiveField
    growth: SymbolicExpression | None = None


class Part(NamedTuple):
    """A child of a scope: how often it stands there, its MACs, and the arithmetic where one layer does them all.

    ``unknown`` is the number of its layers whose MACs are not known: ``macs`` is then the known part.
    """

    name: str
    path: str
    times: int
    layers: int
    params: int
    macs: int
    formula: SymbolicExpression | None
    unknown: int = 0


class Explanation(NamedTuple):
    """A layer or a scope of a report; ``suggestion`` is what would save most of its MACs, or of its params."""

    report: Report
    path: str
    kind: str
    about: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    layers: int
    equations: tuple[Equation, ...]
    seen: tuple[FieldView, ...]
    parts: tuple[Part, ...]
    mark: Mark | None
    suggestion: Suggestion | None = None

    def __repr__(self) -> str:
        figures = {each.figure: each.value for each in self.equations if each.figure in ("params", "macs")}
        return in_line(self, self.report.name, self.path, **figures)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.explanation/1``."""
        from archcost.explaining.data import explanation_data

        return {**explanation_data(self)}


def traffic_equations(parts: Sequence[SymbolicExpression], traffic: Traffic, unknown: int = 0) -> list[Equation]:
    """Bytes moved, of what they consist, and FLOPs over them, unless these are unknown of some layers."""
    equations = [Equation("bytes_moved", "moved", traffic.moved, total(parts), BYTES)]
    if traffic.intensity is not None and not unknown:
        ratio = Quotient(Symbol("FLOPs", traffic.flops), Symbol("bytes", traffic.moved), "")
        equations.append(Equation("intensity", "intensity", traffic.intensity, ratio, RATE))
    return equations
