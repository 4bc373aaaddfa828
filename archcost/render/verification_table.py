"""A verification in the terminal: the counts side by side, remarks, every mismatch, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.verification_rows import (
    MARKS,
    correlation_cell,
    count_cell,
    coverage,
    macs_cell,
    rate_cell,
    remarks,
    rows,
    summary_mark,
    time_cell,
    timed_macs,
    title,
    verdict,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.pytorch.verification import Verification
    from archcost.render.page import Console
    from archcost.render.verification_rows import Outcome, Row

MAX_MISMATCHES = 20  # printed in full; the rest is counted, and stands in the JSON
_OTHER_WIDTH = 24  # of the other model's layers, before other columns give way


def print_verifications(console: Console, outcomes: Sequence[Outcome], *, detailed: bool, depth: int | None) -> None:
    """A table for each spec, or one row each; a wrong one among several has a row that says so."""
    done = [outcome.verification for outcome in outcomes if outcome.verification is not None]
    if detailed:
        for verification in done:
            _print_one(console, verification, depth)
    if len(outcomes) > 1:
        _print_summary(console, outcomes)
        if not detailed:
            for verification in done:
                _print_mismatches(console, verification, prefix=f"{verification.name}: ")
                if verification.ok and not verification.proved:
                    _print_verdict(console, verification)
            for text in dict.fromkeys(map(versions, done)):
                console.print(text, style="dim")
            for note in dict.fromkeys(f"{each.name}: {note}" for each in done for note in each.notes):
                console.print(note, style="dim")


def _print_one(console: Console, verification: Verification, depth: int | None) -> None:
    from rich.padding import Padding

    console.print(title(verification), style="bold")
    table = rows(verification, depth)
    for columns in _variants(verification, table):
        if needed_width(columns, flexible=_OTHER_WIDTH if verification.against else None) <= console.width:
            break
    print_columns(console, columns)
    for line in remarks(verification):
        text = line.lstrip()
        console.print(
            Padding(text, (0, 0, 0, len(line) - len(text)), expand=False) if text != line else line, style="dim"
        )
    _print_mismatches(console, verification)
    _print_verdict(console, verification)


def _print_verdict(console: Console, verification: Verification) -> None:
    colour = "green" if verification.proved else "yellow" if verification.ok else "red"
    console.print(verdict(verification), style=f"bold {colour}")


def _variants(verification: Verification, table: list[Row]) -> Iterator[list[Column]]:
    """The columns, fewer and shorter every time: exact figures go first, then op, output and params."""
    columns = _columns(verification, table, exact=True)
    yield columns
    columns = _columns(verification, table, exact=False)
    yield columns
    for dropped in ("op", "output", *(["params"] if verification.clock else [])):
        columns = [column for column in columns if column.heading != dropped]
        yield columns


def _columns(verification: Verification, table: list[Row], *, exact: bool) -> list[Column]:
    totals = verification.totals

    def counts(name: str, footer: int | None, cells: list[int | None]) -> Column:
        return Column(
            name, [count_cell(cell, exact=exact) for cell in cells], count_cell(footer, exact=exact), right=True
        )

    macs = totals["macs"] or 0
    columns = [
        Column("layer", [row.path for row in table], "total", flexible=True),
        Column("op", [row.op for row in table]),
        Column("output", [row.output for row in table]),
        counts("params", totals["params"], [row.params for row in table]),
        Column(
            "MACs",
            [macs_cell(row.macs, row.unknown, exact=exact) for row in table],
            macs_cell(macs, sum(row.unknown for row in table), exact=exact),
            right=True,
        ),
        counts("fvcore", totals["fvcore_macs"], [row.fvcore for row in table]),
        counts("torch", totals["torch_macs"], [row.torch for row in table]),
    ]
    if verification.clock is not None:
        total = verification.clock.latency.total.median
        times = [time_cell(row.seconds) for row in table]
        rates = [rate_cell(row.timed_macs, row.seconds) for row in table]
        columns.append(Column("time", times, time_cell(total), right=True))
        columns.append(Column("GMAC/s", rates, rate_cell(timed_macs(verification.layers), total), right=True))
    if verification.against is not None:
        columns.append(Column("against", [row.other for row in table], flexible=True))
    return [*columns, Column("", [row.mark for row in table])]


def _print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    for exact in (True, False):
        columns = _summary_columns(outcomes, exact=exact)
        if needed_width(columns) <= console.width:
            break
    print_columns(console, columns)


def _summary_columns(outcomes: Sequence[Outcome], *, exact: bool) -> list[Column]:
    """The columns; a spec that is not verified has its name alone."""

    def column(heading: str, cell: Callable[[Verification], str], *, right: bool = True) -> Column:
        cells = ["" if outcome.verification is None else cell(outcome.verification) for outcome in outcomes]
        return Column(heading, cells, right=right)

    def counts(heading: str, name: str) -> Column:
        return column(heading, lambda each: count_cell(each.totals[name], exact=exact))

    columns = [
        Column("model", [outcome.label for outcome in outcomes], flexible=True),
        column("layers", lambda each: f"{len(each.layers):,}"),
        counts("params", "params"),
        column("MACs", lambda each: macs_cell(each.totals["macs"] or 0, len(each.unknown), exact=exact)),
        counts("fvcore", "fvcore_macs"),
        counts("torch", "torch_macs"),
        column("covered", coverage),
    ]
    if any(outcome.verification.clock for outcome in outcomes if outcome.verification):
        columns.append(column("time", lambda each: time_cell(_seconds(each))))
        columns.append(column("GMAC/s", lambda each: rate_cell(timed_macs(each.layers), _seconds(each))))
        columns.append(column("rank corr.", correlation_cell))
    return [*columns, column("", summary_mark, right=False)]


def _seconds(verification: Verification) -> float | None:
    return verification.clock.latency.total.median if verification.clock else None


def _print_mismatches(console: Console, verification: Verification, prefix: str = "") -> None:
    for mismatch in verification.mismatches[:MAX_MISMATCHES]:
        console.print(f"{MARKS[False]} {prefix}{mismatch}", style="red")
        if mismatch.place:
            console.print(f"  --> {mismatch.place[0]}:{mismatch.place[1]}", style="red")
    more = len(verification.mismatches) - MAX_MISMATCHES
    if more > 0:
        console.print(f"{MARKS[False]} {prefix}and {more:,} more", style="red")
