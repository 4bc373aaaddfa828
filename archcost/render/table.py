"""Report to a rich table: as much as the width allows, and no figure cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.counted import cell as cell_of
from archcost.render.counted import heading, notes, total_cell
from archcost.render.rows import MAX_PRINTED, first_rows
from archcost.render.text import (
    bar,
    cost_cell,
    cost_share_cell,
    known_total,
    layers_text,
    name_cell,
    setting,
    shape_cell,
    total_label,
    unknown_notes,
)
from archcost.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.reading import Reading
    from archcost.render.extra import Extra
    from archcost.render.page import Console
    from archcost.render.rows import Row

_BAR_WIDTH = 10
_NAME_WIDTH = 24  # names may be cut to this before a column is dropped
_LABELS = {
    "params": "params",
    "active_params": "active params",
    "macs": "MACs",
    "flops": "FLOPs",
    "weight_bytes": "weight bytes",
    "activation_bytes": "activation bytes",
    "cache_bytes": "cache bytes",
}


def print_report(
    console: Console,
    report: Report,
    *,
    depth: int | None = None,
    sort: str | None = None,
    top: int | None = None,
    reading: Reading | None = None,
    extra: Extra | None = None,
) -> None:
    """Print a report: the title, the table with the further columns that are asked for, and the totals."""
    from rich.text import Text

    rows, found, shown_depth, deepest = first_rows(report, top or MAX_PRINTED, depth=depth, sort=sort)
    if not rows:
        console.print(title(report), style="bold")
        console.print(f"{total_label(report)} · {layers_text(0)}")
        return
    console.print(title(report), style="bold")
    if report.spec.source:
        console.print(Text(report.spec.source, style="dim"))
    print_columns(console, _fitting(rows, report, sort or "macs", console.width, reading, extra))
    console.print(Text.assemble(*_summary(report)))
    for line in unknown_notes(report):
        console.print(Text(line, style="yellow"), soft_wrap=True)
    for line in notes(reading) if reading else ():
        console.print(Text(line, style="dim"), soft_wrap=True)
    if len(rows) < found and top is None:
        console.print(Text(f"{len(rows):,} of {found:,} rows: --top {found} shows all of them", style="dim"))
    if sort is None and depth is None and shown_depth < deepest:
        console.print(Text(f"depth {shown_depth} of {deepest}: --depth {deepest} shows every layer", style="dim"))


def _fitting(
    rows: Sequence[Row], report: Report, measure: str, width: int, reading: Reading | None, extra: Extra | None
) -> list[Column]:
    """The richest set of columns that fits: first figures are rounded, then the bar, the op and the shape go."""
    options = {"exact": True, "bars": True, "op": True, "output": True}
    columns = _columns(rows, report, measure, reading, extra, **options)
    for step in ("exact", "bars", "op", "output"):
        if needed_width(columns, flexible=_NAME_WIDTH) <= width:
            break
        options[step] = False
        columns = _columns(rows, report, measure, reading, extra, **options)
    return columns


def _columns(
    rows: Sequence[Row],
    report: Report,
    measure: str,
    reading: Reading | None,
    extra: Extra | None,
    *,
    exact: bool,
    bars: bool,
    op: bool,
    output: bool,
) -> list[Column]:
    from rich.text import Text

    strong = ["bold" if row.group else "" for row in rows]
    names = [Text(name_cell(row), style=style) for row, style in zip(rows, strong, strict=True)]
    foot = f"{total_label(report)} · {layers_text(report.totals.layers)}"
    columns = [Column("layer", names, foot, flexible=True)]
    if op:
        kinds = [Text(row.op, style="magenta" if row.group else "cyan") for row in rows]
        columns.append(Column("op", kinds))
    if output:
        columns.append(Column("output", [shape_cell(row.output) for row in rows]))
    for figure in ("params", "macs") if measure in ("params", "macs") else ("params", "macs", measure):
        figures = [cost_cell(row.costs, figure, exact=exact) for row in rows]
        cells = [Text(text, style=style) for text, style in zip(figures, strong, strict=True)]
        columns.append(Column(_LABELS[figure], cells, cost_cell(report.costs, figure, exact=exact), right=True))
    if reading is not None:
        figures = [cell_of(reading.tally(row.paths), exact=exact) for row in rows]
        cells = [Text(text, style=style) for text, style in zip(figures, strong, strict=True)]
        columns.append(Column(heading(reading), cells, total_cell(reading, exact=exact), right=True))
    if extra is not None:
        columns += _extra_columns(rows, extra, strong, exact=exact)
    whole = getattr(report.totals, measure)
    parts = [getattr(row.costs, measure) for row in rows]
    shares = [cost_share_cell(row.costs, report.costs, measure) for row in rows]
    columns.append(Column("share", shares, right=True))
    if bars:
        cells = [Text(bar(part, whole, _BAR_WIDTH), style="green") for part in parts]
        columns.append(Column(f"of {_LABELS[measure]}".ljust(_BAR_WIDTH), cells))
    return columns


def _extra_columns(rows: Sequence[Row], extra: Extra, strong: Sequence[str], *, exact: bool) -> list[Column]:
    """The columns asked for."""
    from rich.text import Text

    cells = [extra.cells(row, exact=exact) for row in rows]
    totals = extra.totals(exact=exact)
    return [
        Column(
            label, [Text(row[k], style=style) for row, style in zip(cells, strong, strict=True)], totals[k], right=True
        )
        for k, label in enumerate(extra.headings())
    ]


def title(report: Report) -> str:
    """The name, the inputs, and the params that are not at their defaults."""
    return f"{report.name} · {title_details(report)}"


def title_details(report: Report) -> str:
    """The inputs, and the params that are not at their defaults."""
    inputs = ", ".join(
        ("" if name == "input" else f"{name} ") + f"{shape_cell((tensor.shape,))} {tensor.dtype}"
        for name, tensor in report.graph.inputs.items()
    )
    settings = "".join(f", {name}={setting(value)}" for name, value in report.params.items() if _is_set(report, name))
    return f"{inputs}{settings}"


def _is_set(report: Report, name: str) -> bool:
    """Whether a param differs from the constant default of the spec."""
    default = report.spec.params[name].default
    return default is None or (default.constant and default.value != report.params[name])


def _summary(report: Report) -> list[tuple[str, str]]:
    totals = report.totals
    parts = [
        ("weights ", "dim"),
        (format_bytes(totals.weight_bytes), ""),
        (f" as {report.weight_dtype}" if report.graph.weight_dtype else "", "dim"),
        (" · activations ", "dim"),
        (format_bytes(totals.activation_bytes), ""),
        (" · peak ", "dim"),
        (format_bytes(totals.peak_activation_bytes), ""),
        (" · FLOPs ", "dim"),
        (known_total(report, "flops"), ""),
    ]
    if totals.active_params != totals.params:
        parts += [(" · active params ", "dim"), (f"{totals.active_params:,}", "")]
    if totals.cache_bytes:
        parts += [(" · caches ", "dim"), (format_bytes(totals.cache_bytes), "")]
    if totals.buffers:
        parts += [(" · buffers ", "dim"), (f"{totals.buffers:,}", "")]
    return parts
