"""The list of zoo models by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.printable import visible
from archcost.render.cells import csv_text
from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.text import bytes_cell, figure_cell
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.report import Report

_SOURCE_WIDTH = 40
_NO_FAMILY = "Others"
_KEYS = ("name", "family", "params", "macs", "peak_activation_bytes", "settings", "source")


def families(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """The models by family, in the order of the families' names; those without one come last."""
    groups: dict[str, list[Report]] = {}
    for report in reports:
        groups.setdefault(report.spec.family or _NO_FAMILY, []).append(report)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == _NO_FAMILY, item[0].casefold())))


def write_zoo(reports: Sequence[Report], format: str, path: str | None) -> None:  # noqa: A002 - the option's name
    """Print name, params, MACs, peak memory, the settings that can be changed, and the source of every model."""
    write_text(_FORMATS[format](reports, path), path, format)


def _table(reports: Sequence[Report], path: str | None) -> str:
    console, buffer = buffered_console(path)
    for exact, dropped in ((True, ()), (False, ("--set",)), (False, ("--set", "source"))):
        columns = [column for column in _columns(reports, exact=exact) if column.heading not in dropped]
        if needed_width(columns, flexible=_SOURCE_WIDTH) <= console.width:
            break
    print_columns(console, columns)
    return buffer.getvalue()


def _columns(reports: Sequence[Report], *, exact: bool) -> list[Column]:
    """A row for every family, and one for each of its models."""
    from rich.text import Text

    names: list[Text] = []
    rows: list[Report | None] = []
    for family, members in families(reports).items():
        names += [Text(family, style="bold"), *(Text(f"  {report.name}") for report in members)]
        rows += [None, *members]
    figures = [_figures(report, exact=exact) if report else ["", "", ""] for report in rows]
    settings = [", ".join(report.params) if report else "" for report in rows]
    return [
        Column("model", names),
        Column("params", [row[0] for row in figures], right=True),
        Column("MACs", [row[1] for row in figures], right=True),
        Column("peak memory", [row[2] for row in figures], right=True),
        Column("--set", settings, flexible=True, style="cyan"),
        Column("source", [report.spec.source if report else "" for report in rows], flexible=True, style="dim"),
    ]


def _figures(report: Report, *, exact: bool) -> list[str]:
    totals = report.totals
    return [
        figure_cell(totals.params, exact=exact),
        figure_cell(totals.macs, exact=exact),
        bytes_cell(totals.peak_activation_bytes, exact=False),
    ]


def _rows(reports: Sequence[Report]) -> list[dict[str, object]]:
    rows = []
    for report in (report for members in families(reports).values() for report in members):
        totals = report.totals
        peak = totals.peak_activation_bytes
        values = (report.name, report.spec.family, totals.params, totals.macs, peak, dict(report.params))
        rows.append(dict(zip(_KEYS, (*values, report.spec.source), strict=True)))
    return rows


def _json(reports: Sequence[Report], path: str | None) -> str:
    del path
    return json_text(_rows(reports))


def _csv(reports: Sequence[Report], path: str | None) -> str:
    del path
    rows = _rows(reports)
    for row in rows:
        settings = row["settings"]
        row["settings"] = " ".join(settings) if isinstance(settings, dict) else ""
    return csv_text(_KEYS, [tuple(row.values()) for row in rows])


def _markdown(reports: Sequence[Report], path: str | None) -> str:
    del path
    lines = []
    for family, members in families(reports).items():
        lines += ["", f"### {escape_markdown(family)}", "", "| model | params | MACs | peak memory | source |"]
        lines.append("| :-- | --: | --: | --: | :-- |")
        for report in members:
            figures = " | ".join(_figures(report, exact=True))
            lines.append(f"| {escape_markdown(report.name)} | {figures} | {escape_markdown(report.spec.source)} |")
    return "\n".join(lines[1:]) + "\n"


def _tree(reports: Sequence[Report], path: str | None) -> str:
    del path
    groups = families(reports).items()
    return "".join(
        visible(family) + "\n" + "".join([f"  {visible(report.name)}\n" for report in members])
        for family, members in groups
    )


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown, "tree": _tree}
