"""The figures of a model, or of a part of it, as they change with one variable: analyses at chosen values of it.

Each value is analysed once, under the settings of a report with nothing else changed. The work is counted in layers
analysed, so that the same question always ends at the same place.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import sum_costs
from archcost.analysis.report import analyze
from archcost.errors import SpecError, UsageError, suggestion
from archcost.explaining.resolve_path import find_path, known_paths
from archcost.figures import METRICS, OF_LAYERS, TOTALS, UNDECLARED
from archcost.graph.inputs import params_in_inputs
from archcost.paths import inside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report
    from archcost.settings import Settings

MOST_LAYERS = 500_000  # that all analyses of a question may have together
_LEAST_WORK = 200  # layers that any analysis counts as
_CHEAP = 250_000  # layers that may be analysed to look at all values of a range
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
BATCH = "batch"


class ValueFigures(NamedTuple):
    """One value of the variable: the figures there and the number of layers, or what is wrong with it.

    Of ``unknown`` figures some layer has not declared its part.
    """

    figures: Mapping[str, int]
    layers: int = 0
    problem: str = ""
    unknown: frozenset[str] = frozenset()

    def known(self, name: str) -> int | None:
        """A figure that is known as a whole; None for any other."""
        return None if name in self.unknown else self.figures.get(name)


class Samples:
    """Analyses of a report's spec at values of one variable; ``figures`` are those that there are."""

    def __init__(self, report: Report, variable: str, path: str | None) -> None:
        self.report = report
        self.variable = variable
        self.path = None if path is None else find_path(report, path)
        given = _value(report, variable)
        self.is_whole = isinstance(given, int)
        self.value = Fraction(str(given))
        self.least = Fraction(1) if variable == BATCH else min(Fraction(0), self.value)  # sizes are not negative
        self.work_left = MOST_LAYERS
        self._largest = 0  # work of one analysis
        self._known: dict[Fraction, ValueFigures] = {}
        own = self._sample(report)
        self._known[self.value] = own
        self.figures = [name for name in own.figures if METRICS[name].tells(own.figures)]

    @property
    def own_layers(self) -> list[Layer]:
        """The layers that the figures are of, where the variable stands."""
        return self._own(self.report)

    def at(self, x: Fraction) -> ValueFigures:
        """The figures at a value; raises UsageError where all analyses together become too much."""
        found = self._known.get(x)
        if found is None:
            report = self.report_at(x)
            found = ValueFigures({}, problem=report) if isinstance(report, str) else self._sample(report)
            self._known[x] = found
        return found

    def tried(self) -> list[Fraction]:
        """The values that were analysed."""
        return list(self._known)

    def has_one_structure(self) -> bool:
        """Whether the number of layers was the same at all valid values that were analysed."""
        return len({sample.layers for sample in self._known.values() if not sample.problem}) == 1

    def report_at(self, x: Fraction) -> Report | str:
        """The report at a value, or what is wrong with it."""
        if self.work_left <= 0:
            message = f"{self.report.name} would have to be analysed too often: {MOST_LAYERS:,} layers so far"
            raise UsageError(message, "it takes a model of fewer layers")
        try:
            report = analyze(self.report.spec, self.settings_at(x))
        except SpecError as error:
            self._count(len(error.partial.layers) if error.partial else 0)
            return error.diagnostics[0].message
        except UsageError as error:
            return error.message
        self._count(len(report.layers))
        return report

    def sizes_at(self, x: Fraction) -> list[int]:
        """All sizes of all outputs at a value, layer by layer; none where it is not valid."""
        report = self.report if x == self.value else self.report_at(x)
        if isinstance(report, str):
            return []
        return [size for layer in report.layers for shape in layer.output for size in shape]

    def unknown(self, figure: str) -> list[str]:
        """The paths of the layers of which a figure is not known."""
        return [layer.path for layer in self.own_layers if layer.costs.unknown(figure)]

    def shown(self, x: Fraction) -> str:
        """A value of the variable as it is written."""
        return f"{int(x):,}" if x.denominator == 1 else str(float(x))

    def is_cheap(self, analyses: int) -> bool:
        """Whether so many further analyses take no time that anyone notices."""
        work = self._largest * analyses
        return work <= min(_CHEAP, self.work_left)

    @cached_property
    def turning_points(self) -> list[Fraction]:
        """Values at which the model may differ from its neighbours: conditions compare with numbers of the spec.

        They are the numbers in its text and the sizes of its layers, then what is 1 less and 1 more, then halves and
        quarters, as the variable may be multiplied before it is compared.
        """
        spec = self.report.spec
        texts = [source.text for source in (spec.text_source, *spec.included)]
        numbers = [Fraction(number) for text in texts for number in _NUMBER.findall(text)]
        numbers += map(Fraction, self.sizes_at(self.value))
        exact = dict.fromkeys(numbers)
        near = [number + side for number in exact for side in (-1, 1)]
        parts = [number / share for number in exact for share in (2, 4)]
        return list(dict.fromkeys([*exact, *near, *parts]))

    def may_grow(self, analyses: int) -> bool:
        """Whether so many further analyses are within bounds; models whose number of layers changes may double."""
        return self.work_left > self._largest * analyses * (1 if self.has_one_structure() else 2)

    def settings_at(self, x: Fraction) -> Settings:
        """The report's settings but for the variable."""
        settings = self.report.graph.settings
        value = int(x) if self.is_whole else float(x)
        if self.variable == BATCH:
            return settings._replace(batch=int(x))
        return settings._replace(params={**settings.params, self.variable: value})

    def _count(self, layers: int) -> None:
        work = max(layers, _LEAST_WORK)
        self._largest = max(self._largest, work)
        self.work_left -= work

    def _own(self, report: Report) -> list[Layer]:
        path = self.path
        return report.layers if path is None else [layer for layer in report.layers if inside(layer.path, path)]

    def _sample(self, report: Report) -> ValueFigures:
        if self.path is None:
            figures = {name: getattr(report.totals, name) for name in TOTALS}
            return ValueFigures(figures, len(report.layers), unknown=_unknown(report.costs))
        if self.path not in known_paths(report):
            return ValueFigures({}, problem=f"there is no layer or scope '{self.path}'")
        costs = sum_costs([layer.costs for layer in self._own(report)])
        figures = {name: getattr(costs, name) for name in OF_LAYERS}
        return ValueFigures(figures, len(report.layers), unknown=_unknown(costs))


def _unknown(costs: Costs) -> frozenset[str]:
    return frozenset([name for name in UNDECLARED if costs.unknown(name)])


def _value(report: Report, variable: str) -> int | float:
    """The variable's value in a report; raises UsageError for what is no number, and no name of the spec."""
    values = {BATCH: report.batch, **report.params}
    numeric = [name for name, value in values.items() if _is_number(value)]
    if variable not in values:
        raise UsageError(f"{report.name} has no param '{variable}'", suggestion(variable, numeric, "numeric params"))
    if variable in params_in_inputs(report.spec, report.graph.settings):
        raise UsageError(f"the input that is given fixes the param '{variable}' of {report.name}", "leave it out")
    value = values[variable]
    if not _is_number(value):
        hint = f"numbers are {', '.join(numeric[:12])}"
        raise UsageError(
            f"the param '{variable}' of {report.name} is no number, so that nothing is a formula in it", hint
        )
    number: int | float = value
    return number


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
