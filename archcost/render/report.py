"""A report as a document: the layers of a model with what they cost, the totals, and what is not known."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.tree import build_tree
from archcost.dtypes import FLOAT_DTYPES
from archcost.figures import BYTES, FACTS, METRICS
from archcost.graph.params import set_params
from archcost.quantities import format_bytes, format_count
from archcost.render.cell_text import (
    UP_TO_ERROR,
    cost_share_cell,
    input_cell,
    known_total,
    layers_text,
    lower_bound,
    setting,
    shape_cell,
    stored_dtypes,
    total_label,
    unknown_notes,
)
from archcost.render.chosen_columns import ALWAYS, FurtherColumn
from archcost.render.document import (
    Cell,
    Column,
    Fact,
    Facts,
    Heading,
    Line,
    Table,
    TreeLine,
    levels_left_out,
    rows_left_out,
)
from archcost.render.row_cells import cost_cell, kind_of, name_of
from archcost.render.table_rows import first_rows, tree_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.render.document import Block, Records
    from archcost.render.report_view import ModelView, Wanted
    from archcost.render.table_rows import Row, Shown


class ReportDocument(NamedTuple):
    """A model, layer by layer."""

    view: ModelView

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The inputs, a row a layer or scope, the totals, and what is not known."""
        if self.view.report is not None:
            yield from report_blocks(self.view, self.view.report, most)

    def branches(self) -> Iterator[TreeLine]:
        """The model's scopes and layers."""
        if self.view.report is not None:
            yield from report_branches(self.view, self.view.report)

    def records(self) -> Records:
        """Every layer."""
        from archcost.render.report_records import report_records

        return report_records([self.view])

    def data(self) -> object:
        """The report, or the problems of a model of which nothing is known."""
        from archcost.render.report_records import report_data

        return report_data(self.view)


def title_details(report: Report, floats: str = "") -> str:
    """The inputs, what is not at its default, and adapters; ``floats`` is what those of the inputs are made."""
    settings = "".join(f", {name}={setting(report.params[name])}" for name in set_params(report.graph))
    dtype, adapters = report.graph.settings.dtype, adapters_text(report)
    settings += f", {adapters}" if adapters else ""
    told = dtype is None or any(tensor.dtype == dtype for tensor in report.graph.inputs.values())
    return f"{inputs_text(report, floats)}{settings}" + ("" if told else f", dtype={dtype}")


def inputs_text(report: Report, floats: str = "") -> str:
    """``3×224×224 float32``: the inputs, each but `input` named; ``floats`` is what those of floats are made."""

    def made_of(dtype: str) -> str:
        return floats if floats and dtype in FLOAT_DTYPES else dtype

    return ", ".join(
        input_cell(name, tensor.shape, made_of(tensor.dtype)) for name, tensor in report.graph.inputs.items()
    )


def adapters_text(report: Report) -> str:
    """``lora=8``, with the layers that have adapters where they were named; empty without any."""
    lora = report.graph.settings.lora
    return "" if lora is None else f"lora={lora.rank}" + "".join(f" {pattern}" for pattern in lora.targets)


# --- blocks -----------------------------------------------------------------------------------------------------------


def report_blocks(view: ModelView, report: Report, most: int | None) -> Iterator[Block]:
    """What people read of a model; rows that are not shown are only counted."""
    wanted = view.wanted
    shown = first_rows(report, wanted.top or most, depth=wanted.depth, sort=wanted.sort)
    yield Heading(report.name, title_details(report))
    if not shown.rows:
        yield Line(f"{total_label(report)} · {layers_text(0)}")
        return
    if report.spec.source:
        yield Line(report.spec.source, style="dim", indent=0, literal=True)
    yield _table(view, report, shown.rows)
    yield Facts(_facts(report))
    for note in unknown_notes(report):
        yield Line(note, style="yellow", literal=True)
    for note in [note for further in view.further for note in further.notes]:
        yield Line(note, style="dim", literal=True)
    yield from _left_out(wanted, shown)


def _left_out(wanted: Wanted, shown: Shown) -> Iterator[Line]:
    """What is not in the table, and how to see it."""
    if wanted.top is None:
        yield from rows_left_out(len(shown.rows), shown.found, f"`--top {shown.found}` shows all of them")
    if wanted.sort is None and wanted.depth is None:
        yield from levels_left_out(shown.depth, shown.deepest)


def _table(view: ModelView, report: Report, rows: Sequence[Row]) -> Table:
    """On a narrow page figures are rounded first, then the op, which names mostly tell, the bar, shape and share go."""
    measure = view.wanted.sort or "macs"
    parts = [getattr(row.costs, measure) for row in rows]
    columns = [
        Column(
            "layer",
            [name_of(row) for row in rows],
            f"{total_label(report)} · {layers_text(report.totals.layers)}",
            flexible=True,
            paths=view.wanted.sort is not None,
        ),
        Column("op", [kind_of(row) for row in rows], leaves=1),
        Column("output", [shape_cell(row.output) for row in rows], leaves=3),
        *[
            _figures(each.heading, rows, list(map(each.of, rows)), each.total)
            for each in (*_own_columns(report, *ALWAYS), *_further_columns(view, report))
        ],
        Column("share", [cost_share_cell(row.costs, report.costs, measure) for row in rows], right=True, leaves=4),
        Column(f"of {METRICS[measure].heading}", (), style="green", leaves=2, parts=parts),
    ]
    return Table(columns)


def _own_columns(report: Report, *names: str) -> list[FurtherColumn]:
    """Figures of archcost."""
    return [
        FurtherColumn(METRICS[name].heading, partial(_cost, name), cost_cell(report.costs, name), leads=True)
        for name in names
    ]


def _cost(name: str, row: Row) -> Cell:
    return cost_cell(row.costs, name)


def _further_columns(view: ModelView, report: Report) -> list[FurtherColumn]:
    """What stands beside params and MACs: the figure that rows are sorted by, and what was asked for."""
    measure = view.wanted.sort
    shown = (*ALWAYS, *view.wanted.columns)
    sorted_by = [] if measure is None or measure in shown else _own_columns(report, measure)
    return [*sorted_by, *[each for further in view.further for each in further.columns]]


def _figures(heading: str, rows: Sequence[Row], cells: Sequence[Cell], total: Cell) -> Column:
    styled = [one._replace(style="bold") if row.group else one for row, one in zip(rows, cells, strict=True)]
    return Column(heading, styled, total, right=True)


def _facts(report: Report) -> list[Fact]:
    """What stands below the rows, without figures that are as usual."""
    totals = report.totals.to_dict()
    stored = stored_dtypes(report)
    found = []
    for metric in [METRICS[name] for name in FACTS if METRICS[name].tells(totals) or report.costs.unknown(name)]:
        value = totals[metric.name]
        if metric.usual:
            found.append(Fact(f"{totals[metric.usual]:,} {metric.usual},", Cell(f"{value:,}"), metric.short))
        else:
            told = size_cell(value) if metric.unit == BYTES else _total_cell(report, metric.name)
            dtype = stored.get(metric.name)
            found.append(Fact(metric.short, told, f"as {dtype}" if dtype else ""))
    return found


def _total_cell(report: Report, name: str) -> Cell:
    """A total as far as it is known, to the unit and in few digits."""
    value: int = getattr(report.totals, name)
    short = lower_bound(format_count(value), value, report.costs.unknown(name))
    return Cell(known_total(report, name), short, amount=value or None)


def size_cell(size: int) -> Cell:
    """Bytes, with their unit."""
    return Cell(format_bytes(size), amount=size, binary=True)


# --- trees ------------------------------------------------------------------------------------------------------------


def report_branches(view: ModelView, report: Report) -> Iterator[TreeLine]:
    """A model as a tree: every line has its op, output, params and MACs, and further figures if asked."""
    wanted, totals = view.wanted, report.totals
    columns = _further_columns(view, report)
    macs = lower_bound(format_count(totals.macs), totals.macs, report.costs.unknown_macs)
    figures = [f"{format_count(totals.params)} params", f"{macs} MACs"]
    figures += [part for each in columns for part in each.told(each.total)]
    mark = "" if report.complete else f"{UP_TO_ERROR}: "
    yield TreeLine(0, f"{report.name}  {mark}{', '.join(figures)}")
    if wanted.sort is not None:
        rows = first_rows(report, wanted.top, depth=wanted.depth, sort=wanted.sort).rows
    else:
        rows = tree_rows(build_tree(report), wanted.depth)[: wanted.top]
    for row in rows:
        told = [part for each in columns for part in each.told(each.of(row))]
        yield TreeLine(row.depth, _branch_text(row, told))
    for note in [*unknown_notes(report), *[note for further in view.further for note in further.notes]]:
        yield TreeLine(0, note)


def _branch_text(row: Row, told: Sequence[str]) -> str:
    figures = [f"{format_count(row.costs.params)} params"] if row.costs.params else []
    macs, unknown = row.costs.macs, row.costs.unknown_macs
    figures += [f"{lower_bound(format_count(macs), macs, unknown)} MACs"] if macs or unknown else []
    tail = f"  ({', '.join([*figures, *told])})" if figures or told else ""
    output = f" → {shape_cell(row.output)}" if row.output else ""
    return f"{name_of(row).text}: {row.op}{output}{tail}"
