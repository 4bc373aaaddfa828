"""The check of the zoo: what differs, how many figures come from which kind of source, and the list of all."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.expectations import deviations, stated_shapes
from archcost.analysis.sources import MEANING, Kind, stated_figures
from archcost.printable import visible
from archcost.render.cells import csv_text
from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.zoo import families
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from rich.text import Text

    from archcost.analysis.report import Report
    from archcost.analysis.sources import Stated

_KEYS = ("model", "path", "figure", "stated", "computed", "tolerance", "printed", "holds", "kind", "place", "source")


class Check(NamedTuple):
    """The reports, every figure that they state, and a line for each difference."""

    reports: Sequence[Report]
    figures: Sequence[Stated]
    wrong: Sequence[str]


def write_check(reports: Sequence[Report], format: str | None, path: str | None) -> bool:  # noqa: A002 - as the option
    """Print what differs and the kinds of sources, or every figure in a format; returns whether all figures hold."""
    figures = [figure for report in reports for figure in stated_figures(report)]
    check = Check(reports, figures, tuple(_wrong(reports, figures)))
    text = _summary(check) if format is None else _FORMATS[format](check, path)
    write_text(text, path, format or "text")
    return not check.wrong


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


def _summary(check: Check) -> str:
    """What differs, the verdict, and the kinds of sources."""
    return "".join(check.wrong) + f"{_verdict(check)}\n" + "".join(_kinds(check.figures))


def _verdict(check: Check) -> str:
    """``229 models in 50 families: all 527 figures and 252 shapes hold``."""
    models, groups = len(check.reports), len(families(check.reports))
    named = f"{models} model{'s' * (models != 1)} in {groups} famil{'ies' if groups != 1 else 'y'}"
    figures = [figure.holds for figure in check.figures]
    shapes = [fits for report in check.reports for fits in stated_shapes(report)]
    if not check.wrong:
        return f"{named}: all {_counted(len(figures), 'figure')} and {_counted(len(shapes), 'shape')} hold"
    counts = ((figures, "figure"), (shapes, "shape"))
    differing = [f"{found.count(False):,} of {_counted(len(found), noun)}" for found, noun in counts]
    return f"{named}: {' and '.join(differing)} differ"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


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


def _mark(figure: Stated) -> str:
    return "" if figure.holds else "✗"


def _name(figure: Stated) -> str:
    return f"{figure.path}: {figure.metric}" if figure.path else figure.metric


def _table(check: Check, path: str | None) -> str:
    console, buffer = buffered_console(path)
    for count in range(len(_DROPPED) + 1):
        columns = [column for column in _columns(check.figures) if column.heading not in _DROPPED[:count]]
        if needed_width(columns, flexible=_SOURCE_WIDTH) <= console.width:
            break
    print_columns(console, columns)
    return buffer.getvalue() + _summary(check)


def _columns(figures: Sequence[Stated]) -> list[Column]:
    """A row for every model, and one for each of its figures; the mark of one that fails comes first."""
    from rich.text import Text

    rows: list[tuple[Text | str, ...]] = []
    for model, own in groupby(figures, key=lambda figure: figure.model):
        rows.append(("", Text(model, style="bold"), *[""] * 5))
        for figure in own:
            stated, tolerance = _number(figure.stated), _percent(figure.tolerance)
            judged = (stated, tolerance, _number(figure.computed))
            rows.append((_mark(figure), f"  {_name(figure)}", *judged, figure.source.kind.value, figure.text))
    cells = list(zip(*rows, strict=True)) or [()] * len(_HEADINGS)
    return [
        Column(heading, column, right=heading in _NUMBERS, flexible=heading == "source", folds=heading == "source")
        for heading, column in zip(_HEADINGS, cells, strict=True)
    ]


_HEADINGS = ("", "figure", "stated", "±", "computed", "kind", "source")
_NUMBERS = ("stated", "±", "computed")
_DROPPED = ("±", "stated", "kind", "computed")  # in this order, where the page is narrow
_SOURCE_WIDTH = 24  # what a source is left with before a column is dropped for it


def _markdown(check: Check, path: str | None) -> str:
    del path
    lines = ["| model | figure | stated | computed | kind | source |", "| :-- | :-- | --: | --: | :-- | :-- |"]
    for figure in check.figures:
        stated = " ± ".join(filter(None, (_number(figure.stated), _percent(figure.tolerance))))
        computed = " ".join(filter(None, (_number(figure.computed), _mark(figure))))
        cells = (figure.model, _name(figure), stated, computed, figure.source.kind.value, figure.text)
        lines.append(f"| {' | '.join(map(escape_markdown, cells))} |")
    wrong = [f"- {escape_markdown(line.rstrip())}" for line in check.wrong]
    return "\n".join([*lines, "", *wrong, *[""] * bool(wrong), f"{_verdict(check)}."]) + "\n"


def _tree(check: Check, path: str | None) -> str:
    del path
    lines = []
    for kind in Kind:
        own = [figure for figure in check.figures if figure.source.kind is kind]
        lines += [f"{kind.value}\n"] * bool(own)
        for figure in own:
            told = f"{_mark(figure):<2}{_named(figure)}{' – ' * bool(figure.text)}{figure.text}"
            lines.append(visible(told) + "\n")
    return "".join((*lines, *check.wrong, f"{_verdict(check)}\n"))


def _json(check: Check, path: str | None) -> str:
    del path
    return json_text(_rows(check.figures))


def _csv(check: Check, path: str | None) -> str:
    del path
    return csv_text(_KEYS, [list(row.values()) for row in _rows(check.figures)])


_FORMATS = {"table": _table, "tree": _tree, "json": _json, "csv": _csv, "markdown": _markdown}
