"""Where a stated figure comes from: the kind of its source, its place, and what is printed there.

A figure's ``source`` is text of this form::

    PLACE[: PRINTED[, cut off | two for each MAC]]

The place decides the kind, by the table ``_PLACES``; a place without a paper's number, such as ``Table 6``, is one in
the paper of the spec's own ``source``. A figure without a source, or as imported, is archcost's own count, whatever the
spec says of itself: nothing outside vouches for it. Text of any other form is an unknown source.
"""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import sum_costs
from archcost.analysis.expectations import is_met, layers_at
from archcost.quantities import UnitError, parse_count, parse_quantity
from archcost.spec.vocabulary import AS_IMPORTED

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.errors import Mark
    from archcost.spec.model import Figure

_PAPER = r"(?:arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,9}/\S+)"
_PART = r"(?:(?:Table|Figure|equation|section|appendix|page) \w[\w.]*|abstract)(?:, [^:]+)?"
_CUT_OFF = "cut off"
_TWICE = "two for each MAC"
_PRINTED = re.compile(
    rf"(?P<place>.*?): (?P<printed>\d[\d.,]{{0,30}} ?[A-Za-z]{{0,2}})(?:, (?P<remark>{_CUT_OFF}|{_TWICE}))?"
)


class SourceKind(str, Enum):
    """The kinds of sources, the strongest first."""

    paper = "paper"
    repository = "repository"
    library = "library"
    own_count = "own count"
    unknown = "unknown"


MEANING = {
    SourceKind.paper: "a table, figure or section of a paper",
    SourceKind.repository: "a file of a repository at a commit",
    SourceKind.library: "what a release of a library says of its own models",
    SourceKind.own_count: "what archcost counts, and nothing outside states",
    SourceKind.unknown: "a source that names no place",
}
_PLACES = {
    SourceKind.paper: re.compile(rf"{_PAPER}, {_PART}"),
    SourceKind.repository: re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{7,40}, \S+"),
    SourceKind.library: re.compile(r"[\w-]+ \d+(?:\.\d+)+, [\w.]+"),
}


class FigureSource(NamedTuple):
    """The source of a figure, taken apart."""

    kind: SourceKind
    place: str
    printed: str = ""  # as printed: "0.27 M"
    cut_off: bool = False
    twice: bool = False  # two operations are counted for each multiply-accumulate

    def prints(self, value: int) -> bool:
        """Whether a value, rounded or cut off at its last digit, is what is printed; True where nothing is.

        A zero before the unit may stand for a rounded digit: 109,482,240 is printed as 110 M.
        """
        if not self.printed:
            return True
        number, unit = parse_quantity(self.printed)
        digits = self.printed.rstrip(f" {unit}") if unit else self.printed
        places = len(digits.partition(".")[2])
        step = parse_count(f"1 {unit}") / 10**places
        if not places and digits.endswith("0"):
            step *= 10
        missing = value * (2 if self.twice else 1) - number * parse_count(f"1 {unit}")
        return bool(0 <= missing < step if self.cut_off else 2 * abs(missing) <= step)


class Stated(NamedTuple):
    """A figure that a spec states, beside what is computed."""

    model: str
    path: str
    metric: str
    stated: int
    computed: int | None  # None: unknown of some layer, or no layer is there
    tolerance: Fraction
    source: FigureSource
    text: str  # the source as it is written
    holds: bool
    mark: Mark


def parse_source(text: str, of_spec: str = "") -> FigureSource:
    """Take a figure's source apart; ``of_spec`` is the source of its spec, whose paper a bare place is in."""
    if text in ("", AS_IMPORTED):
        return FigureSource(SourceKind.own_count, "")
    match = _PRINTED.fullmatch(text)
    place, printed, remark = (match["place"], match["printed"], match["remark"]) if match else (text, "", None)
    if printed and not _is_count(printed):
        return FigureSource(SourceKind.unknown, text)
    if re.fullmatch(_PART, place) and (paper := re.search(_PAPER, of_spec)):
        place = f"{paper[0]}, {place}"
    kind = next((kind for kind, pattern in _PLACES.items() if pattern.fullmatch(place)), SourceKind.unknown)
    return FigureSource(kind, place, printed, remark == _CUT_OFF, remark == _TWICE)


def stated_figures(report: Report) -> list[Stated]:
    """Every figure under ``expect``, in the spec's order."""
    found = []
    for path, expectation in report.spec.expect.items():
        layers = layers_at(report, path)
        costs = sum_costs([layer.costs for layer in layers])
        for metric, figure in expectation.figures.items():
            known = bool(layers) and not costs.unknown(metric)
            found.append(_stated(report, path, metric, figure, getattr(costs, metric) if known else None))
    return found


def _stated(report: Report, path: str, metric: str, figure: Figure, computed: int | None) -> Stated:
    source = parse_source(figure.source, report.spec.source)
    holds = computed is not None and is_met(computed, figure) and source.prints(computed)
    tolerance = Fraction(figure.tolerance)
    told = (source, figure.source, holds, figure.mark)
    return Stated(report.name, path, metric, figure.value, computed, tolerance, *told)


def _is_count(printed: str) -> bool:
    try:
        return parse_count(printed) >= 0
    except UnitError:
        return False
