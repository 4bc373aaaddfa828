"""Several models, a row each: what is known of one with a mistake is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.counted import heading, total_cell
from archcost.render.markup import escape_markdown
from archcost.render.text import NOT_READ, UP_TO_ERROR, cost_cell, known_total
from archcost.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.reading import Reading
    from archcost.render.page import Console

_NAME_WIDTH = 24  # names may be cut to this before a column is dropped
_CORE = 3  # columns that are never dropped: model, params, MACs


class Entry(NamedTuple):
    """A model, what is known of it (None: nothing), and another tool's figures if they were asked for."""

    name: str
    report: Report | None
    reading: Reading | None = None
    unread: bool = False

    @property
    def mark(self) -> str:
        """What its figures are of, where they are not of the whole model."""
        if self.unread:
            return NOT_READ
        return "" if self.report is not None and self.report.complete else UP_TO_ERROR

    @property
    def label(self) -> str:
        """Its name with the mark."""
        return f"{self.name} ({self.mark})" if self.mark else self.name


def print_summary(console: Console, entries: Sequence[Entry]) -> None:
    """Print one row a model: params, MACs, another tool's figure if asked for, layers and bytes."""
    exact = _columns(entries, exact=True)
    columns = exact if needed_width(exact) <= console.width else _columns(entries, exact=False)
    while needed_width(columns, flexible=_NAME_WIDTH) > console.width and len(columns) > _CORE:
        columns.pop()
    print_columns(console, columns)


def _columns(entries: Sequence[Entry], *, exact: bool) -> list[Column]:
    totals = [entry.report.totals if entry.report is not None else None for entry in entries]
    counted = [total_cell(entry.reading, exact=exact) if entry.reading is not None else "" for entry in entries]
    head = next((heading(entry.reading) for entry in entries if entry.reading is not None), "")
    weights = [format_bytes(total.weight_bytes) if total else "" for total in totals]
    peaks = [format_bytes(total.peak_activation_bytes) if total else "" for total in totals]
    return [
        Column("model", [entry.label for entry in entries], flexible=True),
        Column("params", [_figure(entry, "params", exact=exact) for entry in entries], right=True),
        Column("MACs", [_figure(entry, "macs", exact=exact) for entry in entries], right=True),
        *([Column(head, counted, right=True)] if head else []),
        Column("layers", [f"{total.layers:,}" if total else "" for total in totals], right=True),
        Column("weights", weights, right=True),
        Column("peak activations", peaks, right=True),
    ]


def _figure(entry: Entry, name: str, *, exact: bool) -> str:
    return cost_cell(entry.report.costs, name, exact=exact) if entry.report is not None else ""


def summary_markdown(entries: Sequence[Entry]) -> str:
    """One row a model."""
    head = next((heading(entry.reading) for entry in entries if entry.reading is not None), "")
    more = f" {head} |" if head else ""
    lines = [f"| model | layers | params | MACs |{more}", "| :-- | --: | --: | --: |" + (" --: |" if head else "")]
    for entry in entries:
        cells = [escape_markdown(entry.label), "", "", ""]
        report = entry.report
        if report is not None:
            cells[1:] = [f"{report.totals.layers:,}", f"{report.totals.params:,}", known_total(report, "macs")]
        if head:
            cells.append(total_cell(entry.reading, exact=True) if entry.reading is not None else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
