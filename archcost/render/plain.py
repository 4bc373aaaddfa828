"""Report to plain text: tree, CSV, Markdown and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.tree import build_tree
from archcost.printable import visible
from archcost.render.cells import csv_text
from archcost.render.counted import NOTHING, cell, csv_cells, csv_heading, heading, notes, total_cell
from archcost.render.markup import escape_markdown
from archcost.render.rows import report_rows, tree_rows
from archcost.render.text import (
    UP_TO_ERROR,
    cost_cell,
    cost_share_cell,
    known_total,
    layers_text,
    lower_bound,
    shape_cell,
    unknown_notes,
)
from archcost.strict_json import json_text
from archcost.units import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.conventions.reading import Reading
    from archcost.errors import Diagnostic
    from archcost.render.extra import Extra
    from archcost.render.rows import Row
    from archcost.render.summary import Entry

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
    return json_text(documents[0] if len(documents) == 1 else documents)


def error_document(diagnostics: tuple[Diagnostic, ...], partial: Report | None, path: str) -> dict[str, Any]:
    """The report's envelope with errors, and the layers before the first failing one."""
    from archcost.analysis.report import SCHEMA
    from archcost.version import __version__

    document: dict[str, Any] = {"schema": SCHEMA, "tool": {"name": "archcost", "version": __version__}}
    if partial is not None:
        document = partial.to_dict()
    else:
        document |= {"spec": {"path": path}, "partial": True}
    document["errors"] = [diagnostic.to_dict() for diagnostic in diagnostics]
    return document


def to_csv(entries: Sequence[Entry], extras: Sequence[Extra] = ()) -> str:
    """Every layer of every model, one a line; shapes as ``1x64x28x28``, several joined by spaces; empty for unknown.

    With readings three columns follow: the convention's name, its figure (empty where nothing is covered), and the MACs
    that it leaves out; with extras the columns asked for. If a model has a mistake, a last column ``partial`` says so
    on each of its lines; a model without any layer before it has one line with its name.
    """
    rows: list[Sequence[object]] = []
    more = [name for name in (extras[0].names if extras else ()) if name not in CSV_COLUMNS]
    marks = ["partial"] if any(entry.mark for entry in entries) else []
    names = csv_heading(CSV_COLUMNS) if any(entry.reading for entry in entries) else CSV_COLUMNS
    further = iter(extras)
    for entry in entries:
        name, report, reading, _ = entry
        mark = [entry.mark] if marks else []
        extra = next(further) if extras and report is not None else None
        for index, layer in enumerate(report.layers if report is not None else ()):
            counted = csv_cells(reading, index) if reading is not None else ()
            asked = extra.plain_cells(index, CSV_COLUMNS) if extra is not None else ()
            rows.append((name, *_csv_cells(layer), *counted, *asked, *mark))
        if report is None or not report.layers:
            rows.append((name, *[""] * (len(names) + len(more) - 1), *mark))
    return csv_text((*names, *more, *marks), rows)


def _csv_cells(layer: Layer) -> tuple[str | int, ...]:
    shapes = " ".join("x".join(map(str, shape)) for shape in layer.output)
    macs, flops = ("" if layer.costs.unknown(name) else getattr(layer, name) for name in ("macs", "flops"))
    figures = (layer.params, macs, flops, layer.weight_bytes, layer.activation_bytes)
    return (layer.path, layer.op, " ".join(layer.inputs), shapes, *figures, layer.file, layer.line)


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
    layers = layers_text(totals.layers)
    foot = f"**total** | {layers}" if report.complete else f"**{UP_TO_ERROR} · {layers}** |"
    macs = known_total(report, "macs")
    lines.append(f"| {foot} | | **{totals.params:,}** | **{macs}** |{more} 100.0% |")
    lines += ["", *[escape_markdown(line) + "  " for line in unknown]] if (unknown := unknown_notes(report)) else []
    lines += ["", *[escape_markdown(line) + "  " for line in notes(reading)]] if reading else []
    return "\n".join(lines) + "\n"


def to_tree(report: Report, *, depth: int | None = None, reading: Reading | None = None) -> str:
    """The path tree with guides; every line has its op, output, params and MACs, and another tool's figure if asked."""
    rows = tree_rows(build_tree(report), depth)
    totals = report.totals
    counted = f", {total_cell(reading, exact=False)} {heading(reading)}" if reading else ""
    macs = lower_bound(format_count(totals.macs), totals.macs, report.costs.unknown_macs)
    mark = "" if report.complete else f"{UP_TO_ERROR}: "
    lines = [f"{report.name}  {mark}{format_count(totals.params)} params, {macs} MACs{counted}"]
    for index, row in enumerate(rows):
        lines.append(_guides(rows, index) + _tree_line(row, reading))
    lines += unknown_notes(report)
    lines += notes(reading) if reading else []
    return "\n".join(map(visible, lines)) + "\n"


def _tree_line(row: Row, reading: Reading | None) -> str:
    times = f" ×{row.times}" if row.times > 1 else ""
    figures = [f"{format_count(row.costs.params)} params"] if row.costs.params else []
    macs, unknown = row.costs.macs, row.costs.unknown_macs
    figures += [f"{lower_bound(format_count(macs), macs, unknown)} MACs"] if macs or unknown else []
    if reading is not None:
        counted = cell(reading.tally(row.paths), exact=False)
        figures += [f"{counted} {heading(reading)}"] if counted != NOTHING else []
    tail = f"  ({', '.join(figures)})" if figures else ""
    output = f" → {shape_cell(row.output)}" if row.output else ""
    return f"{row.name}{times}: {row.op}{output}{tail}"


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
