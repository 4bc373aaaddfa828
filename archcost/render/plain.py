"""Report to plain text: tree, CSV, Markdown and JSON."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from archcost.analysis.tree import build_tree
from archcost.render.counted import NOTHING, cell, csv_cells, csv_heading, heading, notes, total_cell
from archcost.render.json_text import json_text
from archcost.render.rows import report_rows, tree_rows
from archcost.render.text import cost_cell, cost_share_cell, known_total, lower_bound, shape_cell, unknown_notes
from archcost.units import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.reading import Reading
    from archcost.errors import Diagnostic
    from archcost.render.extra import Extra
    from archcost.render.rows import Row

CSV_COLUMNS = (
    "model",
    "path",
    "op",
    "inputs",
    "output",
    "params",
    "macs",
    "flops",
    "weight_bytes",
    "activation_bytes",
    "file",
    "line",
)


def to_json(documents: list[dict[str, Any]]) -> str:
    """One report as an object, several as a list."""
    data: Any = documents[0] if len(documents) == 1 else documents
    return json_text(data) + "\n"


def error_document(diagnostics: tuple[Diagnostic, ...], partial: Report | None, path: str) -> dict[str, Any]:
    """The report's envelope with errors, and the layers before the first failing one."""
    from archcost.analysis.report import SCHEMA
    from archcost.version import __version__

    document: dict[str, Any] = {"schema": SCHEMA, "tool": {"name": "archcost", "version": __version__}}
    if partial is not None:
        document = partial.to_dict()
    else:
        document["spec"] = {"path": path}
    document["errors"] = [diagnostic.to_dict() for diagnostic in diagnostics]
    return document


def to_csv(reports: Sequence[Report], readings: Sequence[Reading] = (), extras: Sequence[Extra] = ()) -> str:
    """Every layer of every model, one a line; shapes as ``1x64x28x28``, several joined by spaces; empty for unknown.

    With readings three columns follow: the convention's name, its figure (empty where nothing is covered), and the MACs
    that it leaves out; with extras the columns asked for.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    named = csv_heading(CSV_COLUMNS) if readings else CSV_COLUMNS
    writer.writerow((*named, *[name for name in (extras[0].names if extras else ()) if name not in CSV_COLUMNS]))
    for number, report in enumerate(reports):
        for index, layer in enumerate(report.layers):
            shapes = " ".join("x".join(map(str, shape)) for shape in layer.output)
            inputs = " ".join(layer.inputs)
            macs, flops = ("" if layer.costs.unknown(name) else getattr(layer, name) for name in ("macs", "flops"))
            figures = (layer.params, macs, flops, layer.weight_bytes, layer.activation_bytes)
            row = (report.name, layer.path, layer.op, inputs, shapes, *figures, layer.file, layer.line)
            counted = csv_cells(readings[number], index) if readings else ()
            more = extras[number].plain_cells(index, CSV_COLUMNS) if extras else ()
            writer.writerow((*row, *counted, *more))
    return out.getvalue()


def escape_markdown(text: str) -> str:
    """Text that stays one cell of a table."""
    for char in "\\`*_|<>":
        text = text.replace(char, "\\" + char)
    return text.replace("\n", " ")


def to_markdown(
    report: Report,
    *,
    depth: int | None = None,
    sort: str | None = None,
    top: int | None = None,
    reading: Reading | None = None,
    extra: Extra | None = None,
) -> str:
    """A heading and a table of the same rows as the terminal's, exact figures."""
    rows, _, _ = report_rows(report, depth=depth, sort=sort, top=top)
    measure = sort or "macs"
    lines = [f"### {escape_markdown(report.name)}", ""]
    headings = [heading(reading)] if reading else []
    headings += extra.headings() if extra else []
    more = "".join(f" {name} |" for name in headings)
    lines += [
        f"| layer | op | output | params | MACs |{more} share |",
        "| :-- | :-- | :-- | --: | --: |" + " --: |" * (1 + len(headings)),
    ]
    for row in rows:
        times = f" ×{row.times}" if row.times > 1 else ""
        name = "&emsp;" * (row.depth - 1) + escape_markdown(row.name) + times
        figures = [cost_cell(row.costs, name, exact=True) for name in ("params", "macs")]
        if reading is not None:
            figures.append(cell(reading.tally(row.paths), exact=True))
        figures += extra.cells(row, exact=True) if extra else []
        share = cost_share_cell(row.costs, report.costs, measure)
        cells = (name, escape_markdown(row.op), shape_cell(row.output), *figures, share)
        lines.append("| " + " | ".join(cells) + " |")
    totals = report.totals
    more = f" **{total_cell(reading, exact=True)}** |" if reading else ""
    more += "".join([f" **{figure}** |" if figure else " |" for figure in extra.totals(exact=True)]) if extra else ""
    layers = f"{totals.layers:,} layers"
    macs = known_total(report, "macs")
    lines.append(f"| **total** | {layers} | | **{totals.params:,}** | **{macs}** |{more} 100.0% |")
    lines += ["", *[escape_markdown(line) + "  " for line in unknown]] if (unknown := unknown_notes(report)) else []
    lines += ["", *[escape_markdown(line) + "  " for line in notes(reading)]] if reading else []
    return "\n".join(lines) + "\n"


def summary_markdown(reports: Sequence[Report], readings: Sequence[Reading] = ()) -> str:
    """One row a model."""
    more = f" {heading(readings[0])} |" if readings else ""
    lines = [f"| model | layers | params | MACs |{more}", "| :-- | --: | --: | --: |" + (" --: |" if readings else "")]
    for index, report in enumerate(reports):
        totals = report.totals
        more = f" {total_cell(readings[index], exact=True)} |" if readings else ""
        name = escape_markdown(report.name)
        lines.append(f"| {name} | {totals.layers:,} | {totals.params:,} | {known_total(report, 'macs')} |{more}")
    return "\n".join(lines) + "\n"


def to_tree(report: Report, *, depth: int | None = None, reading: Reading | None = None) -> str:
    """The path tree with guides; every line has its op, output, params and MACs, and another tool's figure if asked."""
    rows = tree_rows(build_tree(report), depth)
    totals = report.totals
    counted = f", {total_cell(reading, exact=False)} {heading(reading)}" if reading else ""
    macs = lower_bound(format_count(totals.macs), totals.macs, report.costs.unknown_macs)
    lines = [f"{report.name}  {format_count(totals.params)} params, {macs} MACs{counted}"]
    for index, row in enumerate(rows):
        lines.append(_guides(rows, index) + _tree_line(row, reading))
    lines += unknown_notes(report)
    lines += notes(reading) if reading else []
    return "\n".join(lines) + "\n"


def _tree_line(row: Row, reading: Reading | None) -> str:
    times = f" ×{row.times}" if row.times > 1 else ""
    figures = [f"{format_count(row.costs.params)} params"] if row.costs.params else []
    macs, unknown = row.costs.macs, row.costs.unknown_macs
    figures += [f"{lower_bound(format_count(macs), macs, unknown)} MACs"] if macs or unknown else []
    if reading is not None:
        counted = cell(reading.tally(row.paths), exact=False)
        figures += [f"{counted} {heading(reading)}"] if counted != NOTHING else []
    tail = f"  ({', '.join(figures)})" if figures else ""
    return f"{row.name}{times}: {row.op} → {shape_cell(row.output)}{tail}"


def _guides(rows: list[Row], index: int) -> str:
    """The lines that lead to a row: whether a sibling of each of its ancestors follows."""
    depth = rows[index].depth
    follows = [False] * (depth + 1)
    lowest = depth + 1
    for row in rows[index + 1 :]:
        if row.depth < lowest:
            lowest = row.depth
            if row.depth <= depth:
                follows[row.depth] = True
        if lowest == 1:
            break
    stems = "".join("│   " if follows[level] else "    " for level in range(1, depth))
    return stems + ("├── " if follows[depth] else "└── ")
