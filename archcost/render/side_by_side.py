"""Three models and more: a column each, the smallest figure of every row marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.report import unknown_layers
from archcost.compare import rank, telling_metrics
from archcost.render.cells import csv_text
from archcost.render.changes import LABELS, figure, label
from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.text import lower_bound
from archcost.spec.limits import TOTALS
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report

SCHEMA = "archcost.side-by-side/1"
_SMALLEST = "◂"


def write_side_by_side(reports: Sequence[Report], format: str, sort: str | None, path: str | None) -> None:  # noqa: A002
    """Print the totals of models beside each other, ordered by a metric where asked."""
    ordered = rank(reports, sort) if sort else list(reports)
    write_text(_FORMATS[format](ordered, path), path, format)


def names(reports: Sequence[Report]) -> list[str]:
    """A label each; paths where labels are the same."""
    labels = [label(report) for report in reports]
    return [text if labels.count(text) == 1 else report.spec.path for text, report in zip(labels, reports, strict=True)]


def smallest(reports: Sequence[Report], metric: str) -> int:
    """The least figure of a metric, of the models of which it is known; -1 for none."""
    known = [int(getattr(report.totals, metric)) for report in reports if not report.costs.unknown(metric)]
    return min(known, default=-1)


def _cells(reports: Sequence[Report], metric: str, *, exact: bool) -> list[str]:
    least = smallest(reports, metric)
    return [
        _cell(report, metric, exact=exact) + (f" {_SMALLEST}" if _is(report, metric, least) else "  ")
        for report in reports
    ]


def _cell(report: Report, metric: str, *, exact: bool) -> str:
    value = getattr(report.totals, metric)
    return lower_bound(figure(value, metric, exact=exact), value, report.costs.unknown(metric))


def _is(report: Report, metric: str, value: int) -> bool:
    """Whether a figure is known to be this."""
    return not report.costs.unknown(metric) and getattr(report.totals, metric) == value


def _columns(reports: Sequence[Report], *, exact: bool) -> list[Column]:
    metrics = telling_metrics(reports)
    rows = [_cells(reports, metric, exact=exact) for metric in metrics]
    columns = [Column("", [LABELS[metric] for metric in metrics])]
    for index, name in enumerate(names(reports)):
        columns.append(Column(name, [row[index] for row in rows], right=True))
    return columns


def _rows(reports: Sequence[Report], *, exact: bool) -> list[Column]:
    """The same with a row a model, for many of them."""
    columns = [Column("model", names(reports), flexible=True)]
    columns += [Column(LABELS[m], _cells(reports, m, exact=exact), right=True) for m in telling_metrics(reports)]
    return columns


def _table(reports: Sequence[Report], path: str | None) -> str:
    console, buffer = buffered_console(path)
    for columns in (_columns(reports, exact=True), _columns(reports, exact=False), _rows(reports, exact=False)):
        if needed_width(columns) <= console.width:
            break
    else:
        columns = _rows(reports, exact=False)[:3]
    print_columns(console, columns)
    console.print(f"{_SMALLEST} the smallest", style="dim")
    return buffer.getvalue()


def _json(reports: Sequence[Report], path: str | None) -> str:
    del path
    models = [
        {
            "name": report.name,
            "path": report.spec.path,
            "params": report.params,
            "batch": report.batch,
            "totals": {metric: getattr(report.totals, metric) for metric in TOTALS},
            **({"unknown": unknown} if (unknown := unknown_layers(report)) else {}),
        }
        for report in reports
    ]
    return json_text({"schema": SCHEMA, "models": models})


def _csv(reports: Sequence[Report], path: str | None) -> str:
    del path
    rows = [
        (name, *["" if report.costs.unknown(metric) else getattr(report.totals, metric) for metric in TOTALS])
        for name, report in zip(names(reports), reports, strict=True)
    ]
    return csv_text(("model", *TOTALS), rows)


def _markdown(reports: Sequence[Report], path: str | None) -> str:
    del path
    heads = [escape_markdown(name) for name in names(reports)]
    lines = ["| | " + " | ".join(heads) + " |", "| :-- |" + " --: |" * len(heads)]
    for metric in telling_metrics(reports):
        least = smallest(reports, metric)
        cells = [_cell(report, metric, exact=True) for report in reports]
        marks = ["**" if _is(report, metric, least) else "" for report in reports]
        cells = [mark + cell + mark for cell, mark in zip(cells, marks, strict=True)]
        lines.append(f"| {LABELS[metric]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
