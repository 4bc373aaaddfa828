"""Report to a rich table: as much as the width allows, and no cell crushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.rows import report_rows
from archcost.render.text import bar, figure_cell, name_cell, shape_cell, share_cell
from archcost.units import format_bytes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from archcost.analysis.report import Report
    from archcost.render.rows import Row

_BAR_WIDTH = 10
_GAP = 2
_MIN_NAME = 12
_LABELS = {"params": "params", "macs": "MACs", "flops": "FLOPs", "weight_bytes": "bytes", "activation_bytes": "bytes"}


class Layout:
    """Which columns are shown and how, chosen to fit a width."""

    def __init__(self, rows: list[Row], report: Report, width: int, *, measure: str) -> None:
        self.measure = measure
        self.exact = True
        self.op = True
        self.bar = True
        self.output = True
        for step in (None, "exact", "bar", "op", "output"):
            if step is not None:
                setattr(self, step, False)
            if self._needed(rows, report) <= width:
                break

    def _needed(self, rows: list[Row], report: Report) -> int:
        """Columns that the table takes without cutting anything."""
        widths = [max([len(name_cell(row)) for row in rows] + [_MIN_NAME])]
        if self.op:
            widths.append(max([len(row.op) for row in rows] + [2]))
        if self.output:
            widths.append(max([len(shape_cell(row.output)) for row in rows] + [6]))
        for figure in figures(self.measure):
            total = getattr(report.totals, figure)
            widths.append(max(len(figure_cell(total, exact=self.exact)), len(_LABELS[figure])))
        widths.append(6 + (_BAR_WIDTH + 1 if self.bar else 0))
        return sum(widths) + _GAP * (len(widths) - 1) + 2


def figures(measure: str) -> tuple[str, ...]:
    """The figures that get a column: params, MACs, and the one that rows are sorted by."""
    return ("params", "macs") if measure in ("params", "macs") else ("params", "macs", measure)


def print_report(
    console: Console, report: Report, *, depth: int | None = None, sort: str | None = None, top: int | None = None
) -> None:
    """Print a report: the title, the table, and the totals."""
    from rich.text import Text

    rows, shown_depth, deepest = report_rows(report, depth=depth, sort=sort, top=top)
    layout = Layout(rows, report, console.width, measure=sort or "macs")
    console.print(_title(report), style="bold")
    if report.spec.source:
        console.print(Text(report.spec.source, style="dim"))
    console.print(build_table(rows, report, layout))
    console.print(Text.assemble(*_summary(report)))
    if sort is None and depth is None and shown_depth < deepest:
        console.print(Text(f"depth {shown_depth} of {deepest}: --depth {deepest} shows every layer", style="dim"))


def build_table(rows: list[Row], report: Report, layout: Layout) -> Table:
    """The table with the columns of a layout."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP // 2), show_footer=True, header_style="bold")
    count = report.totals.layers
    table.add_column("layer", Text(f"total · {count:,} layer{'s' * (count != 1)}"), no_wrap=True, overflow="ellipsis")
    if layout.op:
        table.add_column("op", no_wrap=True)
    if layout.output:
        table.add_column("output", no_wrap=True)
    for figure in figures(layout.measure):
        total = figure_cell(getattr(report.totals, figure), exact=layout.exact)
        table.add_column(_LABELS[figure], Text(total), justify="right", no_wrap=True)
    label = _LABELS[layout.measure]
    table.add_column(f"% {label}" if not layout.bar else f"share of {label}", no_wrap=True, min_width=6)
    whole = getattr(report.totals, layout.measure)
    for row in rows:
        table.add_row(*_cells(row, layout, whole))
    return table


def _cells(row: Row, layout: Layout, whole: int) -> list[object]:
    from rich.text import Text

    strong = "bold" if row.group else ""
    cells: list[object] = [Text(name_cell(row), style=strong)]
    if layout.op:
        cells.append(Text(row.op, style="cyan" if not row.group else "magenta"))
    if layout.output:
        cells.append(shape_cell(row.output))
    for figure in figures(layout.measure):
        cells.append(Text(figure_cell(getattr(row.costs, figure), exact=layout.exact), style=strong))
    part = getattr(row.costs, layout.measure)
    share = f"{share_cell(part, whole):>6}"
    if layout.bar:
        cells.append(Text.assemble(share, " ", (f"{bar(part, whole, _BAR_WIDTH):<{_BAR_WIDTH}}", "green")))
    else:
        cells.append(share)
    return cells


def _title(report: Report) -> str:
    inputs = ", ".join(
        ("" if name == "input" else f"{name} ") + shape_cell((shape,)) for name, shape in report.inputs.items()
    )
    settings = "".join(f", {name}={value}" for name, value in report.params.items() if _is_set(report, name))
    return f"{report.name} · {inputs} {report.dtype}{settings}"


def _is_set(report: Report, name: str) -> bool:
    """Whether a param differs from the constant default of the spec."""
    default = report.spec.params[name].default
    return default is None or (default.constant and default.value != report.params[name])


def _summary(report: Report) -> list[tuple[str, str]]:
    totals = report.totals
    parts = [
        ("weights ", "dim"),
        (format_bytes(totals.weight_bytes), ""),
        (" · activations ", "dim"),
        (format_bytes(totals.activation_bytes), ""),
        (" · peak ", "dim"),
        (format_bytes(totals.peak_activation_bytes), ""),
        (" · FLOPs ", "dim"),
        (f"{totals.flops:,}", ""),
    ]
    if totals.buffers:
        parts += [(" · buffers ", "dim"), (f"{totals.buffers:,}", "")]
    return parts


def print_summary(console: Console, reports: list[Report]) -> None:
    """Print one row a model: output, params, MACs, and bytes."""
    from rich import box
    from rich.table import Table

    exact = console.width >= 100  # noqa: PLR2004 - below, rounded figures
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP // 2), header_style="bold")
    table.add_column("model", no_wrap=True, overflow="ellipsis")
    for heading in ("layers", "params", "MACs", "weights", "peak activations"):
        table.add_column(heading, justify="right", no_wrap=True)
    for report in reports:
        totals = report.totals
        table.add_row(
            report.name,
            f"{totals.layers:,}",
            figure_cell(totals.params, exact=exact),
            figure_cell(totals.macs, exact=exact),
            format_bytes(totals.weight_bytes),
            format_bytes(totals.peak_activation_bytes),
        )
    console.print(table)
