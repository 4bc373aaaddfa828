"""A tool's figures beside archcost's: a column, keys in the JSON, and a line that says what is not covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.units import format_count, format_exact, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.reading import Reading, Tally

NOTHING = "–"
NOT_COVERED = "not covered"
PARTLY = "†"  # behind a figure that leaves some of archcost's MACs out


class Counting(NamedTuple):
    """The convention asked for, and what the model's source writes as function calls."""

    name: str
    functional: tuple[str, ...] = ()

    def read(self, report: Report) -> Reading:
        """The report under the convention; raises UsageError for an unknown name or a pattern without a layer."""
        from archcost.conventions import convention
        from archcost.conventions.reading import check_patterns, read
        from archcost.conventions.written import patterns

        chosen = patterns(self.functional, report.name)
        check_patterns(report, chosen)
        return read(report, convention(self.name), chosen)


def heading(reading: Reading) -> str:
    """``fvcore MACs``."""
    return f"{reading.convention.name} {reading.convention.unit}"


def cell(tally: Tally, *, exact: bool) -> str:
    """A figure, marked where it covers only some of the MACs; in words where it covers none."""
    if tally.amount is None:
        return NOT_COVERED
    figure = NOTHING if not tally.amount else format_exact(tally.amount) if exact else format_count(tally.amount)
    return f"{figure} {PARTLY}" if tally.missed or tally.unseen else figure


def total_cell(reading: Reading, *, exact: bool) -> str:
    """What the tool prints for the model."""
    if reading.total is None:
        return "no figure"
    figure = format_exact(reading.total) if exact else format_count(reading.total)
    return f"{figure} {PARTLY}" if reading.missed or reading.unseen else figure


def notes(reading: Reading) -> list[str]:
    """The tool with its version and how it is called; what it does not cover, and why."""
    convention = reading.convention
    word = "" if convention.word.upper().rstrip("S") == convention.unit.upper().rstrip("S") else f" ({convention.word})"
    how = convention.called.replace("`", "")
    lines = [f"{convention.name} {convention.version} counts {convention.unit}{word}: {how}"]
    if reading.failure:
        lines.append(f"{convention.name} has no figure: {reading.failure}")
    if reading.missed or reading.unseen:
        share = format_share(reading.missed, reading.report.totals.macs)
        reasons = "; ".join(f"{what}: {reason}" for what, reason in _reasons(reading))
        missed = [f"{reading.missed:,} of archcost's MACs ({share})"] if reading.missed else []
        missed += [f"{reading.unseen:,} declared layer{'s' * (reading.unseen != 1)}"] if reading.unseen else []
        lines.append(f"{PARTLY} not covered: {', '.join(missed)}. {reasons}")
    return lines


def _reasons(reading: Reading) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for count in reading.counts:
        if count.failure:
            found[count.layer.op, count.failure] = None
        for part in count.parts:
            if not part.covered:
                found[part.what, part.rate] = None
    return list(found)


def extend(document: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The JSON report with a ``convention`` in its totals and in every layer."""
    convention = reading.convention
    document["totals"]["convention"] = {
        "name": convention.name,
        "tool": convention.tool,
        "version": convention.version,
        "unit": convention.unit,
        "figure": reading.total,
        "failure": reading.failure or None,
        "not_covered_macs": reading.missed,
        "functional": list(reading.functional),
    }
    for layer, count in zip(document["layers"], reading.counts, strict=True):
        layer["convention"] = {"figure": count.amount, "not_covered_macs": count.missed}
    return document


def csv_heading(names: Sequence[str]) -> tuple[str, ...]:
    """Three more columns."""
    return (*names, "convention", "convention_figure", "not_covered_macs")


def csv_cells(reading: Reading, index: int) -> tuple[str, int | str, int]:
    """What stands in them for a layer; no figure where nothing is covered."""
    count = reading.counts[index]
    return reading.convention.name, "" if count.amount is None else count.amount, count.missed
