"""The models of the zoo held against every figure that they state, and as JSON values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from archcost.analysis.expectations import deviations, stated_shapes
from archcost.analysis.sources import stated_figures
from archcost.displays import in_line, in_notebook
from archcost.documents import Count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archcost.analysis.expectations import Deviation
    from archcost.analysis.report import Report
    from archcost.analysis.sources import SourceKind, Stated


class StatedData(TypedDict):
    """A figure that a model states, beside the one computed, which is null where it is not known, and its source."""

    model: str
    path: str
    figure: str
    stated: Count
    computed: Count | None
    tolerance: str
    printed: str
    holds: bool
    kind: str
    place: str
    source: str


class ZooCheck(NamedTuple):
    """The models, every figure that they state, and what does not hold.

    ``deviations`` are of the models named beside them; ``misprinted`` figures are not what their sources print.
    """

    reports: Sequence[Report]
    figures: Sequence[Stated]
    deviations: Sequence[tuple[str, Deviation]]
    misprinted: Sequence[Stated]

    def __repr__(self) -> str:
        return in_line(self, models=len(self.reports), figures=len(self.figures), holds=self.holds)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def holds(self) -> bool:
        """Whether every figure and shape is met, and is what its source prints."""
        return not (self.deviations or self.misprinted)

    @property
    def shapes(self) -> list[bool]:
        """For each shape that is stated, whether it is met."""
        return [fits for report in self.reports for fits in stated_shapes(report)]

    @property
    def kinds(self) -> Counter[SourceKind]:
        """How many figures have a source of each kind."""
        return Counter(figure.source.kind for figure in self.figures)


def check_zoo(reports: Sequence[Report]) -> ZooCheck:
    """Hold models against their stated figures."""
    figures = [figure for report in reports for figure in stated_figures(report)]
    return ZooCheck(
        reports,
        figures,
        [(report.name, deviation) for report in reports for deviation in deviations(report)],
        [each for each in figures if each.computed is not None and not each.source.prints(each.computed)],
    )


def zoo_check_data(check: ZooCheck) -> list[StatedData]:
    """The JSON form: an object a figure."""
    return [_stated(figure) for figure in check.figures]


def _stated(figure: Stated) -> StatedData:
    source = figure.source
    return {
        "model": figure.model,
        "path": figure.path,
        "figure": figure.metric,
        "stated": figure.stated,
        "computed": figure.computed,
        "tolerance": tolerance_text(figure.tolerance),
        "printed": source.printed,
        "holds": figure.holds,
        "kind": source.kind.value,
        "place": source.place,
        "source": figure.text,
    }


def tolerance_text(tolerance: Fraction) -> str:
    """A tolerance as it is written in a spec; nothing for an exact figure."""
    return f"{float(100 * tolerance):g}%" if tolerance else ""
