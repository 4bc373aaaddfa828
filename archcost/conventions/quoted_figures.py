"""The figures that a spec quotes from its sources: the convention that reproduces each, and those that none does."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import sum_costs
from archcost.conventions.candidate_figures import figures
from archcost.conventions.embedding_tables import tables
from archcost.conventions.published_figures import ARITHMETIC, PARAMS, CandidateFigure
from archcost.conventions.published_figures import BYTES as SIZE
from archcost.conventions.published_work import readings
from archcost.figures import BYTES, METRICS, UNDECLARED
from archcost.paths import inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report

AGREES = Fraction(25, 1000)  # how far a printed figure may be off and still count as meant
_UNITS = ((1000, 1024), (1000**2, 1024**2), (1000**3, 1024**3))


class Quoted(NamedTuple):
    """A published figure of a path, and the figure of ours that comes nearest."""

    path: str  # empty for the whole model
    metric: str
    value: int
    source: str
    computed: int  # archcost's own figure of the metric
    nearest: CandidateFigure
    deviation: Fraction

    @property
    def reproduced(self) -> bool:
        """Whether it comes within 2.5%."""
        return self.deviation <= AGREES


def quoted(report: Report, functional: Sequence[str] = ()) -> list[Quoted]:
    """Every figure under ``expect`` that names its source."""
    if not any(figure.source for each in report.spec.expect.values() for figure in each.figures.values()):
        return []
    tools, found = readings(report, functional), tables(report.graph)
    rows = []
    for path, expectation in report.spec.expect.items():
        sourced = {metric: figure for metric, figure in expectation.figures.items() if figure.source}
        chosen = [index for index, layer in enumerate(report.layers) if inside(layer.path, path)]
        if not sourced or not chosen:
            continue
        ours = figures(report, chosen, tools, found)
        for metric, figure in sourced.items():
            computed = getattr(sum_costs([report.layers[index].costs for index in chosen]), metric)
            kinds = ARITHMETIC if metric in UNDECLARED else (PARAMS,)
            candidates = [each for each in ours if each.kind in kinds] or [CandidateFigure("nothing", 0, 0, kinds[0])]
            if METRICS[metric].unit == BYTES:
                candidates = [CandidateFigure(f"bytes of the {METRICS[metric].label}", computed, 0, SIZE)]
            pairs = [pair for each in candidates for pair in _ways(figure.value, each)]
            likeliest = min(pairs, key=partial(_likeliest, computed))
            rows.append(Quoted(path, metric, figure.value, figure.source, computed, *likeliest))
    return rows


def _likeliest(computed: int, pair: tuple[CandidateFigure, Fraction]) -> tuple[bool, bool, int, Fraction]:
    """Of the figures that agree the metric's own, then the usual one; the nearest of all if none agrees."""
    figure, deviation = pair
    agrees = deviation <= AGREES
    return not agrees, agrees and figure.value != computed, figure.rank if agrees else 0, deviation


def _ways(value: int, figure: CandidateFigure) -> Iterator[tuple[CandidateFigure, Fraction]]:
    """The deviation of a figure from what is printed, with the spec's K, and with the other K if that agrees."""
    yield figure, _deviation(value, figure.value)
    for decimal, binary in reversed(_UNITS):
        for base, other, words in ((binary, decimal, "K = 1000"), (decimal, binary, "K = 1024")):
            if value % base == 0:
                changed = figure._replace(what=f"{figure.what} with {words}", rank=figure.rank + 1)
                deviation = _deviation(value // base * other, figure.value)
                if deviation <= AGREES:
                    yield changed, deviation
                return


def _deviation(published: int, ours: int) -> Fraction:
    return Fraction(abs(ours - published), published) if published else Fraction(ours)
