"""A tool's figures beside archcost's: a column, and a line that says what is not covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.quantities import format_count, format_exact, format_share
from archcost.render.chosen_columns import NOTHING, Further, FurtherColumn
from archcost.render.document import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.tool_report import Tally, ToolReport

NOT_COVERED = "not covered"
PARTLY = "†"  # behind a figure that leaves some of archcost's MACs out


def counted(report: Report, name: str, functional: Sequence[str] = ()) -> ToolReport:
    """The report under a convention; raises UsageError for an unknown name or a pattern without a layer."""
    from archcost.conventions import convention
    from archcost.conventions.tool_report import check_patterns, read
    from archcost.conventions.torchvision_style import patterns

    chosen = patterns(tuple(functional), report.name)
    check_patterns(report, chosen)
    return read(report, convention(name), chosen)


def tool_columns(reading: ToolReport) -> Further:
    """A column of tables; three fields of sheets: no figure where nothing is covered."""

    def layer(place: int) -> tuple[object, ...]:
        count = reading.counts[place]
        return reading.convention.name, count.amount, count.missed

    column = FurtherColumn(heading(reading), lambda row: tally_cell(reading.tally(row.paths)), total_cell(reading))
    fields = ("convention", "convention_figure", "not_covered_macs")
    return Further([column], fields, layer, notes(reading))


def heading(reading: ToolReport) -> str:
    """``fvcore MACs``."""
    return f"{reading.convention.name} {reading.convention.unit}"


def tally_cell(tally: Tally) -> Cell:
    """A figure, marked where it covers only some of the MACs; in words where it covers none."""
    if tally.amount is None:
        return Cell(NOT_COVERED)
    if not tally.amount:
        return _marked(Cell(NOTHING, NOTHING), partly=bool(tally.missed or tally.unseen))
    return _figure(tally.amount, partly=bool(tally.missed or tally.unseen))


def total_cell(reading: ToolReport) -> Cell:
    """What the tool prints for the model."""
    if reading.total is None:
        return Cell("no figure")
    return _figure(reading.total, partly=bool(reading.missed or reading.unseen))


def _figure(amount: int, *, partly: bool) -> Cell:
    return _marked(Cell(format_exact(amount), format_count(amount), amount=amount), partly=partly)


def _marked(one: Cell, *, partly: bool) -> Cell:
    return Cell(f"{one.text} {PARTLY}", f"{one.short} {PARTLY}") if partly else one


def notes(reading: ToolReport) -> list[str]:
    """The tool with its version and how it is called; what it does not cover, and why."""
    convention = reading.convention
    word = f" ({convention.own_word})" if convention.own_word else ""
    how = convention.called.replace("`", "")
    lines = [f"{convention.label} counts {convention.unit}{word}: {how}"]
    if reading.failure:
        lines.append(f"{convention.name} has no figure: {reading.failure}")
    if reading.missed or reading.unseen:
        share = format_share(reading.missed, reading.report.totals.macs)
        reasons = "; ".join(f"{what}: {reason}" for what, reason in _reasons(reading))
        missed = [f"{reading.missed:,} of archcost's MACs ({share})"] if reading.missed else []
        missed += [f"{reading.unseen:,} declared layer{'s' * (reading.unseen != 1)}"] if reading.unseen else []
        lines.append(f"{PARTLY} not covered: {', '.join(missed)}. {reasons}")
    return lines


def _reasons(reading: ToolReport) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for count in reading.counts:
        if count.failure:
            found[count.layer.op, count.failure] = None
        for part in count.parts:
            if not part.covered:
                found[part.what, part.rate] = None
    return list(found)
