"""Comparison to text: what changed, by scope, before → after, and the totals."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.compare import METRICS, Difference
from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.output import write_text
from archcost.render.plain import escape_markdown
from archcost.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from archcost.analysis.report import Report
    from archcost.compare import Change, Comparison

SCHEMA = "archcost.comparison/1"
LABELS = {
    "params": "params",
    "macs": "MACs",
    "flops": "FLOPs",
    "weight_bytes": "weight bytes",
    "activation_bytes": "activation bytes",
    "peak_activation_bytes": "peak activations",
}
_STYLES = {"+": "green", "-": "red", "~": "yellow", " ": "dim"}
_FACTOR = 1.5  # from which a change is also told as "times less"


class Line(NamedTuple):
    """One line of a comparison: a change, or a run of neighbours that are told in one."""

    depth: int
    mark: str
    name: str
    op: str
    before: dict[str, int]
    after: dict[str, int]

    def difference(self, metric: str) -> Difference:
        """One figure before and after."""
        return Difference(self.before[metric], self.after[metric])


def lines(changes: Sequence[Change], *, depth: int | None, only_changed: bool, level: int = 1) -> list[Line]:
    """The lines of a comparison: what is the same, and added or removed neighbours of one kind, are folded."""
    found: list[Line] = []
    run: list[Change] = []
    for change in changes:
        if run and not _folds(run[-1], change):
            found += _line(run, level, depth, only_changed=only_changed)
            run = []
        run.append(change)
    if run:
        found += _line(run, level, depth, only_changed=only_changed)
    return found


def _folds(one: Change, other: Change) -> bool:
    """Whether two neighbours are told in one line."""
    if one.mark == other.mark == " ":
        return True
    return one.mark == other.mark and one.mark in "+-" and (one.op, one.before, one.after) == (
        other.op,
        other.before,
        other.after,
    )


def _line(run: list[Change], level: int, depth: int | None, *, only_changed: bool) -> list[Line]:
    first = run[0]
    if first.mark == " ":
        return [] if only_changed else [_summed(run, level, _names(run), "unchanged")]
    name = first.name if first.name == first.old_name else f"{first.old_name} → {first.name}"
    if len(run) > 1:
        name = f"{first.name} … {run[-1].name} ×{len(run)}"
    op = first.op if first.op == first.old_op else f"{first.old_op} → {first.op}"
    found = [_summed(run, level, name, op)]
    if first.mark == "~" and (depth is None or level < depth):
        found += lines(first.children, depth=depth, only_changed=only_changed, level=level + 1)
    return found


def _names(run: list[Change]) -> str:
    if len(run) <= 3:  # noqa: PLR2004 - as many as are read at a glance
        return ", ".join(change.name for change in run)
    return f"{run[0].name} … {run[-1].name} ({len(run)})"


def _summed(run: list[Change], level: int, name: str, op: str) -> Line:
    metrics = [metric for metric in METRICS if metric != "peak_activation_bytes"]
    before = {metric: sum(getattr(change.before, metric) for change in run) for metric in metrics}
    after = {metric: sum(getattr(change.after, metric) for change in run) for metric in metrics}
    return Line(level, run[0].mark, name, op, before, after)


def figure(value: int, metric: str, *, exact: bool) -> str:
    """A figure of a metric: to the unit, or in few digits."""
    if exact:
        return f"{value:,}"
    return format_bytes(value) if metric.endswith("_bytes") else format_count(value)


def signed(value: int, metric: str, *, exact: bool) -> str:
    """A difference with its sign (a true minus), ``±0`` for none."""
    if not value:
        return "±0"
    return ("+" if value > 0 else "−") + figure(abs(value), metric, exact=exact)


def percent(difference: Difference) -> str:
    """The change in percent of before; ``new`` and ``gone`` where there is nothing to divide."""
    if not difference.delta:
        return ""
    if not difference.before:
        return "new"
    if not difference.after:
        return "gone"
    value = abs(difference.percent or 0.0)
    sign = "+" if difference.delta > 0 else "−"
    return f"{sign}{value:.1f}%" if value >= 0.05 else f"{sign}<0.1%"  # noqa: PLR2004 - rounds to nothing


def factor(difference: Difference) -> str:
    """``9.68× less``, for changes of half and more."""
    before, after = difference.before, difference.after
    if not before or not after:
        return ""
    if before >= _FACTOR * after:
        return f"{before / after:.2f}× less"
    return f"{after / before:.2f}× more" if after >= _FACTOR * before else ""


def share_of_change(difference: Difference, whole: Difference) -> str:
    """What part of the model's change this is."""
    if not whole.delta or not difference.delta:
        return ""
    value = 100 * difference.delta / whole.delta
    return f"{value:.1f}%".replace("-", "−")


class View(NamedTuple):
    """What to show of a comparison."""

    format: str
    metric: str = "macs"
    depth: int | None = None
    only_changed: bool = False
    exact: bool = True


def write_comparison(comparison: Comparison, view: View, path: str | None) -> None:
    """Print two models side by side."""
    write_text(_FORMATS[view.format](comparison, view, path), path)


def title(comparison: Comparison) -> str:
    """``before → after``, told apart by their settings or paths where the names are the same."""
    before, after = label(comparison.before), label(comparison.after)
    if before == after:
        before, after = comparison.before.spec.path, comparison.after.spec.path
    return f"{before} → {after}"


def label(report: Report) -> str:
    """A model's name and the params that were set."""
    defaults = {name: param.default for name, param in report.spec.params.items()}
    given = [
        f"{name}={value}"
        for name, value in report.params.items()
        if (default := defaults[name]) is None or (default.constant and default.value != value)
    ]
    batch = [f"batch={report.batch}"] if report.batch != 1 else []
    return " ".join([report.name, *given, *batch])


def _table(comparison: Comparison, view: View, path: str | None) -> str:
    console, buffer = buffered_console(path)
    console.print(title(comparison), style="bold", soft_wrap=True)
    found = lines(comparison.changes, depth=view.depth, only_changed=view.only_changed)
    if not comparison.changed():
        console.print("no layer differs")
    elif found:
        print_columns(console, _change_columns(console, found, comparison, view))
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

    metric = view.metric
    other = "macs" if metric == "params" else "params"
    whole = comparison.total(metric)
    differences = [line.difference(metric) for line in found]
    others = [line.difference(other) for line in found]
    styles = [_STYLES[line.mark] for line in found]

    def styled(texts: list[str]) -> list[Text]:
        return [Text(text, style=style) for text, style in zip(texts, styles, strict=True)]

    def shown(line: Line, value: int, mark: str) -> str:
        return "" if line.mark == mark else figure(value, metric, exact=exact)

    return [
        Column("change", styled([f"{line.mark} {'  ' * (line.depth - 1)}{line.name}" for line in found]), flexible=True),
        Column("op", styled([line.op for line in found])),
        Column(f"{LABELS[metric]} before", styled([shown(line, line.before[metric], "+") for line in found]), right=True),
        Column("after", styled([shown(line, line.after[metric], "-") for line in found]), right=True),
        Column(f"Δ {LABELS[metric]}", styled([signed(d.delta, metric, exact=exact) for d in differences]), right=True),
        Column("%", styled([percent(d) for d in differences]), right=True),
        Column("factor", styled([factor(d) for d in differences]), right=True),
        Column("of change", styled([share_of_change(d, whole) for d in differences]), right=True),
        Column(f"Δ {LABELS[other]}", styled([signed(d.delta, other, exact=exact) for d in others]), right=True),
    ]


def _total_columns(console: Console, comparison: Comparison) -> list[Column]:
    columns = _totals(comparison, exact=True)
    if needed_width(columns) > console.width:
        columns = _totals(comparison, exact=False)
    while needed_width(columns) > console.width and len(columns) > 3:  # noqa: PLR2004 - before and after stay
        columns.pop()
    return columns


def _totals(comparison: Comparison, *, exact: bool) -> list[Column]:
    totals = {metric: comparison.total(metric) for metric in METRICS}
    deltas = list(totals.values())
    return [
        Column("total", [LABELS[metric] for metric in totals], flexible=True),
        Column("before", [figure(d.before, m, exact=exact) for m, d in totals.items()], right=True),
        Column("after", [figure(d.after, m, exact=exact) for m, d in totals.items()], right=True),
        Column("Δ", [signed(d.delta, m, exact=exact) for m, d in totals.items()], right=True),
        Column("%", [percent(d) for d in deltas], right=True),
        Column("factor", [factor(d) for d in deltas], right=True),
    ]


def _document(comparison: Comparison) -> dict[str, Any]:
    def model(report: Report) -> dict[str, Any]:
        spec = report.spec
        return {"name": spec.name, "path": spec.path, "sha256": spec.sha256, "params": report.params, "batch": report.batch}

    def change(item: Change) -> dict[str, Any]:
        return {
            "change": {"+": "added", "-": "removed", "~": "changed", " ": "same"}[item.mark],
            "path": item.path,
            "name": item.name,
            "old_name": item.old_name,
            "op": item.op,
            "old_op": item.old_op,
            "output": [list(shape) for shape in item.output],
            "old_output": [list(shape) for shape in item.old_output],
            **{
                metric: {"before": d.before, "after": d.after, "delta": d.delta}
                for metric in METRICS
                if metric != "peak_activation_bytes"
                for d in [item.difference(metric)]
            },
            "children": [change(child) for child in item.children],
        }

    totals = {metric: comparison.total(metric) for metric in METRICS}
    return {
        "schema": SCHEMA,
        "before": model(comparison.before),
        "after": model(comparison.after),
        "totals": {m: {"before": d.before, "after": d.after, "delta": d.delta} for m, d in totals.items()},
        "changes": [change(item) for item in comparison.changes],
    }


def _json(comparison: Comparison, view: View, path: str | None) -> str:
    del view, path
    return json.dumps(_document(comparison), indent=2, ensure_ascii=False) + "\n"


def _csv(comparison: Comparison, view: View, path: str | None) -> str:
    del path
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("change", "path", "op", *(f"{m}_{side}" for m in ("params", "macs") for side in ("before", "after"))))
    for change in (item for top in comparison.changes for item in top.walk()):
        if change.group or (view.only_changed and not change.changed()):
            continue
        figures = [d for metric in ("params", "macs") for d in [change.difference(metric)]]
        cells = [value for d in figures for value in (d.before, d.after)]
        writer.writerow((change.mark.strip() or "=", change.path, change.op, *cells))
    return out.getvalue()


def _markdown(comparison: Comparison, view: View, path: str | None) -> str:
    del path
    return comparison_markdown(comparison, view)


def comparison_markdown(comparison: Comparison, view: View) -> str:
    """Two tables: the totals, and the changes by scope."""
    parts = [f"### {escape_markdown(title(comparison))}", ""]
    parts += ["| total | before | after | Δ | % |", "| :-- | --: | --: | --: | --: |"]
    for metric in METRICS:
        d = comparison.total(metric)
        cells = (LABELS[metric], f"{d.before:,}", f"{d.after:,}", signed(d.delta, metric, exact=True), percent(d))
        parts.append("| " + " | ".join(cells) + " |")
    found = lines(comparison.changes, depth=view.depth, only_changed=view.only_changed)
    if comparison.changed() and found:
        name = LABELS[view.metric]
        parts += ["", f"| | change | op | {name} before | after | Δ | % |", "| :-- | :-- | :-- | --: | --: | --: | --: |"]
        for line in found:
            d = line.difference(view.metric)
            indent = "&emsp;" * (line.depth - 1)
            mark = f"`{line.mark}`" if line.mark != " " else ""
            figures = (f"{d.before:,}", f"{d.after:,}", signed(d.delta, view.metric, exact=True), percent(d))
            cells = (mark, indent + escape_markdown(line.name), escape_markdown(line.op), *figures)
            parts.append("| " + " | ".join(cells) + " |")
    return "\n".join(parts) + "\n"


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
