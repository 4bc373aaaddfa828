"""The list of zoo models: figures and sources."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.output import write_text
from archcost.render.plain import escape_markdown
from archcost.render.text import figure_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report

_SOURCE_WIDTH = 40


def write_zoo(reports: Sequence[Report], format: str, path: str | None) -> None:  # noqa: A002 - the option's name
    """Print name, params, MACs, the settings that can be changed, and the source of every model."""
    write_text(_FORMATS[format](reports, path), path)


def _table(reports: Sequence[Report], path: str | None) -> str:
    console, buffer = buffered_console(path)
    columns = _columns(reports, exact=True)
    if needed_width(columns, flexible=_SOURCE_WIDTH) > console.width:
        columns = _columns(reports, exact=False)
        columns = [column for column in columns if column.heading != "--set"]
    if needed_width(columns, flexible=_SOURCE_WIDTH // 2) > console.width:
        columns.pop()
    print_columns(console, columns)
    return buffer.getvalue()


def _columns(reports: Sequence[Report], *, exact: bool) -> list[Column]:
    figures = [_figures(report, exact=exact) for report in reports]
    return [
        Column("model", [report.name for report in reports], style="bold"),
        Column("params", [params for params, _ in figures], right=True),
        Column("MACs", [macs for _, macs in figures], right=True),
        Column("--set", [", ".join(report.params) for report in reports], style="cyan"),
        Column("source", [report.spec.source for report in reports], flexible=True, style="dim"),
    ]


def _figures(report: Report, *, exact: bool) -> list[str]:
    totals = report.totals
    return [figure_cell(totals.params, exact=exact), figure_cell(totals.macs, exact=exact)]


def _rows(reports: Sequence[Report]) -> list[dict[str, object]]:
    return [
        {
            "name": report.name,
            "params": report.totals.params,
            "macs": report.totals.macs,
            "settings": dict(report.params),
            "source": report.spec.source,
        }
        for report in reports
    ]


def _json(reports: Sequence[Report], path: str | None) -> str:
    del path
    return json.dumps(_rows(reports), indent=2, ensure_ascii=False) + "\n"


def _csv(reports: Sequence[Report], path: str | None) -> str:
    import csv

    del path
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "params", "macs", "settings", "source"))
    for row in _rows(reports):
        settings = row["settings"]
        names = " ".join(settings) if isinstance(settings, dict) else ""
        writer.writerow((row["name"], row["params"], row["macs"], names, row["source"]))
    return out.getvalue()


def _markdown(reports: Sequence[Report], path: str | None) -> str:
    del path
    lines = ["| model | params | MACs | source |", "| :-- | --: | --: | :-- |"]
    for report in reports:
        figures = " | ".join(_figures(report, exact=True))
        lines.append(f"| {escape_markdown(report.name)} | {figures} | {escape_markdown(report.spec.source)} |")
    return "\n".join(lines) + "\n"


def _tree(reports: Sequence[Report], path: str | None) -> str:
    del path
    return "".join(f"{report.name}\n" for report in reports)


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown, "tree": _tree}
