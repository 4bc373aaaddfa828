"""Formulas in a variable as a document: a field for every figure, and one for the values that they hold for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.explaining.in_variable_data import formulas_data
from archcost.quantities import format_exact, rounded_bytes
from archcost.render.cell_text import layers_text, lower_bound
from archcost.render.document import Field, Gap, Heading, Records, branches_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from archcost.explaining.in_variable import Formula, Range, VariableFormulas
    from archcost.render.document import Block, TreeLine

_LONG = 10**18  # a value from which on nobody reads the digits
_FEW = 5  # values of a range that are all named
_HEADINGS = (
    "model", "path", "variable", "variable_value", "figure", "label", "value", "unit", "unknown_layers", "formula",
    "checks", "low", "high", "step", "reason",
)  # fmt: skip


class FormulasDocument(NamedTuple):
    """The figures of a model, layer or scope as formulas in a variable."""

    formulas: VariableFormulas

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A heading, a field for every figure, and what the formulas hold for."""
        del most
        found = self.formulas
        variable = found.variable
        yield Heading(
            found.path or found.report.name, f"{variable} = {_value(found.value)} · {layers_text(found.layers)}"
        )
        yield Gap()
        for one in found.formulas:
            yield Field(one.label, _text(one, found), _latex(one, found), _note(one, found))
        yield Gap()
        if found.range is not None:
            yield Field(f"for {variable}", _holds_text(found, found.range))
            for label, text in (("below", found.below), ("above", found.above), ("between", found.between)):
                if text:
                    yield Field(label, text, level=2)
        for reason, labels in _reasons(found).items():
            yield Field("no formula", f"for {', '.join(labels)}: {reason}")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a figure."""
        return Records(_HEADINGS, self._rows())

    def _rows(self) -> Iterator[tuple[object, ...]]:
        data = formulas_data(self.formulas)
        where = (self.formulas.report.name, data["path"] or "", data["variable"], data["variable_value"])
        for one in data["formulas"]:
            figure = (one["figure"], one["label"], one["value"], one["unit"], one.get("unknown_layers", 0))
            polynomial, held = one["polynomial"], one["range"]
            formula = (polynomial["text"], polynomial["checks"]) if polynomial else (None, 0)
            limits = (held["low"], held["high"], held["step"]) if held else (None, None, None)
            yield (*where, *figure, *formula, *limits, one["reason"])

    def data(self) -> object:
        """What programs read."""
        return formulas_data(self.formulas)


def _text(formula: Formula, formulas: VariableFormulas) -> str:
    """``a·x² + b·x = 1,234 B (1.21 KiB)``; the value and then the formula where it does not hold for the value."""
    if formula.polynomial is None:
        return f"{_figure(formula)}; no formula"
    steps, rest = [formula.polynomial.text(formulas.variable)], _own_range(formula, formulas)
    if not _holds_where_it_stands(formula, formulas):
        return f"{_figure(formula)}; {rest}: {steps[0]}{f' {formula.unit}' if formula.unit else ''}"
    steps.append(_figure(formula))
    if steps[0] == format_exact(formula.value):
        del steps[0]
    return " = ".join(steps) + (f"; {rest}" if rest else "")


def _latex(formula: Formula, formulas: VariableFormulas) -> str:
    if formula.polynomial is None:
        return ""
    shown = formula.polynomial.latex(formulas.variable)
    unit = rf"\ \text{{{formula.unit}}}" if formula.unit else ""
    if not formula.polynomial.degree or not _holds_where_it_stands(formula, formulas):
        return shown + unit
    return f"{shown} = {format_exact(formula.value).replace(',', '{,}')}{unit}"


def _note(formula: Formula, formulas: VariableFormulas) -> str:
    """What is beside a formula in mathematics: the bytes in few digits, and where it holds."""
    own = _few_digits(formula)
    if formula.polynomial is not None and not _holds_where_it_stands(formula, formulas):
        own = f"{_figure(formula)} at {formulas.variable} = {_value(formulas.value)}"
    return "; ".join(filter(None, (own, _own_range(formula, formulas))))


def _reasons(formulas: VariableFormulas) -> dict[str, list[str]]:
    """Why there are no formulas, and the figures that have none for it."""
    found: dict[str, list[str]] = {}
    for one in formulas.formulas:
        if one.reason:
            found.setdefault(one.reason, []).append(one.label)
    return found


def _holds_text(formulas: VariableFormulas, found: Range) -> str:
    """The values that most formulas hold for, and the analyses that say so."""
    checks = min([one.checks for one in formulas.formulas if one.polynomial is not None])
    changes = any(one.polynomial is None or one.polynomial.degree for one in formulas.formulas)
    where_it_stands = all(_holds_where_it_stands(one, formulas) for one in formulas.formulas)
    fixed = "no figure changes with it; " if where_it_stands and not changes else ""
    return f"{_range_text(found)}; {fixed}each formula agrees with {checks} further analyses or more"


def _figure(formula: Formula) -> str:
    unit, few = f" {formula.unit}" if formula.unit else "", _few_digits(formula)
    exact = lower_bound(format_exact(formula.value), formula.value, formula.unknown)
    return f"{exact}{unit}{f' ({few})' if few else ''}"


def _few_digits(formula: Formula) -> str:
    return rounded_bytes(formula.value) if formula.unit else ""


def _holds_where_it_stands(formula: Formula, formulas: VariableFormulas) -> bool:
    return formula.range is not None and formulas.value in formula.range


def _own_range(formula: Formula, formulas: VariableFormulas) -> str:
    """Where a formula holds, if that is not where most do, or not where the variable stands."""
    if formula.range is None or formulas.range is None:
        return ""
    if formula.range == formulas.range and _holds_where_it_stands(formula, formulas):
        return ""
    return f"from {_value(formula.range.low)} to {_value(formula.range.high)}"


def _range_text(found: Range) -> str:
    """``32, 64, 96 … 3,584``."""
    first = [found.low + place * found.step for place in range(min(found.values, _FEW))]
    if found.values <= _FEW:
        return ", ".join(map(_value, first))
    return f"{', '.join(map(_value, first[:3]))} … {_value(found.high)}"


def _value(x: Fraction) -> str:
    is_short = x.denominator == 1 and abs(x) < _LONG
    return format_exact(x.numerator) if is_short else f"{float(x):g}"
