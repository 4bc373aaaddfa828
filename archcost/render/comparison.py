"""Comparison to text: what changed, by scope, before → after, and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.compare import telling_metrics
from archcost.render.cells import Own, csv_text
from archcost.render.changes import (
    LABELS,
    after_cell,
    before_cell,
    delta_cell,
    factor,
    lines,
    percent,
    share_of_change,
    title,
)
from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.rows import MAX_PRINTED
from archcost.spec.limits import TOTALS
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.report import Report
    from archcost.compare import Change, Comparison, Difference
    from archcost.render.changes import Line
    from archcost.render.page import Console

    Cell = Callable[..., str]

SCHEMA = "archcost.comparison/1"
_STYLES = {"+": "green", "-": "red", "~": "yellow", " ": "dim"}


class View(NamedTuple):
    """What to show of a comparison."""

    format: str
    metric: str = "macs"
    depth: int | None = None
    only_changed: bool = False
    exact: bool = True


def write_comparison(comparison: Comparison, view: View, path: str | None) -> None:
    """Print two models side by side."""
    write_text(_FORMATS[view.format](comparison, view, path), path, view.format)


def _table(comparison: Comparison, view: View, path: str | None) -> str:
    console, buffer = buffered_console(path)
    console.print(title(comparison), style="bold", soft_wrap=True)
    found = lines(comparison.changes, depth=view.depth, only_changed=view.only_changed)
    if not comparison.changed():
        console.print("no layer differs")
    elif found:
        print_columns(console, _change_columns(console, found[:MAX_PRINTED], comparison, view))
        if len(found) > MAX_PRINTED:
            text = f"{MAX_PRINTED:,} of {len(found):,} rows: --format csv has all of them"
            console.print(text, style="dim", soft_wrap=True)
    print_columns(console, _total_columns(console, comparison))
    return buffer.getvalue()


def _change_columns(console: Console, found: list[Line], comparison: Comparison, view: View) -> list[Column]:
    columns = _all_columns(found, comparison, view, exact=True)
    if needed_width(columns, flexible=24) > console.width:
        columns = _all_columns(found, comparison, view, exact=False)
    for heading in ("op", "of change", "factor", f"Δ {_other(view.metric)}"):
        if needed_width(columns, flexible=24) <= console.width:
            break
        columns = [column for column in columns if column.heading != heading]
    return columns


def _other(metric: str) -> str:
    return LABELS["macs" if metric == "params" else "params"]


def _all_columns(found: list[Line], comparison: Comparison, view: View, *, exact: bool) -> list[Column]:
    from rich.text import Text

    metric, other = view.metric, "macs" if view.metric == "params" else "params"
    name = LABELS[metric]
    whole = comparison.total(metric)
    differences = [line.difference(metric) for line in found]
    others = [line.difference(other) for line in found]
    styles = [_STYLES[line.mark] for line in found]

    def styled(texts: list[str]) -> list[Text]:
        return [Text(text, style=style) for text, style in zip(texts, styles, strict=True)]

    def shown(line: Line, cell: Cell, hidden: str) -> str:
        return "" if line.mark == hidden else cell(line.difference(metric), metric, exact=exact)

    names = [f"{line.mark} {'  ' * (line.depth - 1)}{line.name}" for line in found]
    return [
        Column("change", styled(names), flexible=True),
        Column("op", styled([line.op for line in found])),
        Column(f"{name} before", styled([shown(line, before_cell, "+") for line in found]), right=True),
        Column("after", styled([shown(line, after_cell, "-") for line in found]), right=True),
        Column(f"Δ {name}", styled([delta_cell(d, metric, exact=exact) for d in differences]), right=True),
        Column("%", styled([percent(d) for d in differences]), right=True),
        Column("factor", styled([factor(d) for d in differences]), right=True),
        Column("of change", styled([share_of_change(d, whole) for d in differences]), right=True),
        Column(f"Δ {LABELS[other]}", styled([delta_cell(d, other, exact=exact) for d in others]), right=True),
    ]


def _total_columns(console: Console, comparison: Comparison) -> list[Column]:
    columns = _totals(comparison, exact=True)
    if needed_width(columns) > console.width:
        columns = _totals(comparison, exact=False)
    while needed_width(columns) > console.width and len(columns) > 3:  # noqa: PLR2004 - before and after stay
        columns.pop()
    return columns


def _totals(comparison: Comparison, *, exact: bool) -> list[Column]:
    totals = {metric: comparison.total(metric) for metric in _metrics(comparison)}
    deltas = list(totals.values())
    return [
        Column("total", [LABELS[metric] for metric in totals], flexible=True),
        Column("before", [before_cell(d, m, exact=exact) for m, d in totals.items()], right=True),
        Column("after", [after_cell(d, m, exact=exact) for m, d in totals.items()], right=True),
        Column("Δ", [delta_cell(d, m, exact=exact) for m, d in totals.items()], right=True),
        Column("%", [percent(d) for d in deltas], right=True),
        Column("factor", [factor(d) for d in deltas], right=True),
    ]


def _metrics(comparison: Comparison) -> tuple[str, ...]:
    return telling_metrics((comparison.before, comparison.after))


_WORDS = {"+": "added", "-": "removed", "~": "changed", " ": "same"}


def _document(comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "before": _model(comparison.before),
        "after": _model(comparison.after),
        "totals": {metric: _sides(comparison.total(metric)) for metric in TOTALS},
        "changes": [_change(item) for item in comparison.changes],
    }


def _model(report: Report) -> dict[str, Any]:
    spec = report.spec
    return {
        "name": spec.name,
        "path": spec.path,
        "sha256": spec.sha256,
        "params": report.params,
        "batch": report.batch,
    }


def _change(item: Change) -> dict[str, Any]:
    return {
        "change": _WORDS[item.mark],
        "path": item.path,
        "name": item.name,
        "old_name": item.old_name,
        "op": item.op,
        "old_op": item.old_op,
        "output": [list(shape) for shape in item.output],
        "old_output": [list(shape) for shape in item.old_output],
        **{metric: _sides(item.difference(metric)) for metric in TOTALS if metric != "peak_activation_bytes"},
        "children": [_change(child) for child in item.children],
    }


def _sides(difference: Difference) -> dict[str, int | None]:
    """Figures and their difference; of figures with unknown parts the known part (null for none), and no difference."""
    return {
        "before": None if difference.unknown_before and not difference.before else difference.before,
        "after": None if difference.unknown_after and not difference.after else difference.after,
        "delta": difference.delta if difference.known else None,
        **({} if difference.known else {"unknown_layers": difference.unknown_before + difference.unknown_after}),
    }


def _json(comparison: Comparison, view: View, path: str | None) -> str:
    del view, path
    return json_text(_document(comparison))


def _csv(comparison: Comparison, view: View, path: str | None) -> str:
    del path
    rows = []
    for change in (item for top in comparison.changes for item in top.walk()):
        if change.group or (view.only_changed and not change.changed()):
            continue
        params, macs = change.difference("params"), change.difference("macs")
        before, after = "" if macs.unknown_before else macs.before, "" if macs.unknown_after else macs.after
        figures = (params.before, params.after, before, after)
        rows.append((Own(change.mark.strip() or "="), change.path, change.op, *figures))
    return csv_text(("change", "path", "op", "params_before", "params_after", "macs_before", "macs_after"), rows)


def _markdown(comparison: Comparison, view: View, path: str | None) -> str:
    del path
    return comparison_markdown(comparison, view)


def comparison_markdown(comparison: Comparison, view: View) -> str:
    """Two tables: the totals, and the changes by scope."""
    parts = [f"### {escape_markdown(title(comparison))}", ""]
    parts += ["| total | before | after | Δ | % |", "| :-- | --: | --: | --: | --: |"]
    for metric in _metrics(comparison):
        d = comparison.total(metric)
        cells = (LABELS[metric], *_exact_cells(d, metric), percent(d))
        parts.append("| " + " | ".join(cells) + " |")
    found = lines(comparison.changes, depth=view.depth, only_changed=view.only_changed)
    if comparison.changed() and found:
        name = LABELS[view.metric]
        parts += [
            "",
            f"| | change | op | {name} before | after | Δ | % |",
            "| :-- | :-- | :-- | --: | --: | --: | --: |",
        ]
        for line in found:
            d = line.difference(view.metric)
            indent = "&emsp;" * (line.depth - 1)
            mark = f"`{line.mark}`" if line.mark != " " else ""
            figures = (*_exact_cells(d, view.metric), percent(d))
            row = (mark, indent + escape_markdown(line.name), escape_markdown(line.op), *figures)
            parts.append("| " + " | ".join(row) + " |")
    return "\n".join(parts) + "\n"


def _exact_cells(difference: Difference, metric: str) -> list[str]:
    """Before, after and the difference, to the unit."""
    return [cell(difference, metric, exact=True) for cell in (before_cell, after_cell, delta_cell)]


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
