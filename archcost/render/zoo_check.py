"""The check of the zoo: what differs, how many figures come from which kind of source, and the list of all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archcost.analysis.expectations import deviations, expected_count
from archcost.analysis.sources import MEANING, Kind, stated_figures
from archcost.printable import visible
from archcost.render.cells import csv_text
from archcost.render.columns import Column, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.zoo import families
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.analysis.sources import Stated

_KEYS = ("model", "path", "figure", "stated", "computed", "tolerance", "printed", "holds", "kind", "place", "source")


def write_check(reports: Sequence[Report], format: str | None, path: str | None) -> bool:  # noqa: A002 - as the option
    """Print what differs and the kinds of sources, or every figure in a format; returns whether all figures hold."""
    figures = [figure for report in reports for figure in stated_figures(report)]
    wrong = list(_wrong(reports, figures))
    text = _summary(reports, figures, wrong) if format is None else _FORMATS[format](figures, path)
    write_text(text, path)
    return not wrong


def _wrong(reports: Sequence[Report], figures: Sequence[Stated]) -> Iterator[str]:
    """A line for each figure that its model does not meet, or that is not what its source prints."""
    for report in reports:
        for found in deviations(report):
            source = f" ({found.source})" if found.source else ""
            yield visible(f"{found.mark}: {report.name}: {found}{source}") + "\n"
    for figure in figures:
        if figure.computed is not None and not figure.source.prints(figure.computed):
            told = f"is {figure.computed:,}, which is not what is printed ({figure.text})"
            yield visible(f"{figure.mark}: {_named(figure)} {told}") + "\n"


def _summary(reports: Sequence[Report], figures: Sequence[Stated], wrong: Sequence[str]) -> str:
    stated = f"{sum(expected_count(report.spec) for report in reports):,} figures and shapes"
    judged = f"{len(wrong)} of {stated} differ" if wrong else f"all {stated} hold"
    groups = len(families(reports))
    named = f"{len(reports)} model{'s' * (len(reports) != 1)} in {groups} famil{'ies' if groups != 1 else 'y'}"
    return "".join(wrong) + f"{named}: {judged}\n" + "".join(_kinds(figures))


def _kinds(figures: Sequence[Stated]) -> Iterator[str]:
    """A line for each kind of source that occurs."""
    counts = Counter(figure.source.kind for figure in figures)
    for kind in Kind:
        if counts[kind]:
            yield f"  {kind.value:<10} {counts[kind]:>5,}  {MEANING[kind]}\n"


def _named(figure: Stated) -> str:
    where = f"{figure.path}: " if figure.path else ""
    return f"{figure.model}: {where}{figure.metric}"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _percent(tolerance: Fraction) -> str:
    """A tolerance as it is written in a spec; nothing for an exact figure."""
    return f"{float(100 * tolerance):g}%" if tolerance else ""


def _rows(figures: Sequence[Stated]) -> list[dict[str, object]]:
    return [dict(zip(_KEYS, _values(figure), strict=True)) for figure in figures]


def _values(figure: Stated) -> tuple[object, ...]:
    source = figure.source
    judged = (figure.stated, figure.computed, _percent(figure.tolerance), source.printed, figure.holds)
    return (figure.model, figure.path, figure.metric, *judged, source.kind.value, source.place, figure.text)


def _cells(figure: Stated) -> tuple[str, ...]:
    """A figure as people read it, as in ``_HEADINGS``."""
    name = f"{figure.path}: {figure.metric}" if figure.path else figure.metric
    stated = " ± ".join(filter(None, (_number(figure.stated), _percent(figure.tolerance))))
    computed = _number(figure.computed) + ("" if figure.holds else " ✗")
    return (figure.model, name, stated, computed, figure.source.kind.value, figure.text)


_HEADINGS = ("model", "figure", "stated", "computed", "kind", "source")
_NUMBERS = ("stated", "computed")


def _table(figures: Sequence[Stated], path: str | None) -> str:
    console, buffer = buffered_console(path)
    cells = list(zip(*map(_cells, figures), strict=True)) or [()] * len(_HEADINGS)
    columns = [
        Column(heading, column, right=heading in _NUMBERS, flexible=heading == "source")
        for heading, column in zip(_HEADINGS, cells, strict=True)
    ]
    print_columns(console, columns)
    return buffer.getvalue() + "".join(_kinds(figures))


def _markdown(figures: Sequence[Stated], path: str | None) -> str:
    del path
    lines = [f"| {' | '.join(_HEADINGS)} |", "| :-- | :-- | --: | --: | :-- | :-- |"]
    lines += [f"| {' | '.join(map(escape_markdown, _cells(figure)))} |" for figure in figures]
    return "\n".join(lines) + "\n"


def _tree(figures: Sequence[Stated], path: str | None) -> str:
    del path
    lines = []
    for kind in Kind:
        own = [figure for figure in figures if figure.source.kind is kind]
        lines += [f"{kind.value}\n"] * bool(own)
        lines += [visible(f"  {_named(figure)}{' – ' * bool(figure.text)}{figure.text}") + "\n" for figure in own]
    return "".join(lines)


def _json(figures: Sequence[Stated], path: str | None) -> str:
    del path
    return json_text(_rows(figures))


def _csv(figures: Sequence[Stated], path: str | None) -> str:
    del path
    return csv_text(_KEYS, [list(row.values()) for row in _rows(figures)])


_FORMATS = {"table": _table, "tree": _tree, "json": _json, "csv": _csv, "markdown": _markdown}
