"""A verification as Markdown: one spec in full, or a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.markup import escape_markdown
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
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.verification import Verification
    from archcost.render.verification_rows import Outcome

_TOTALS = ("params", "macs", "fvcore_macs", "torch_macs")


def to_markdown(outcome: Outcome, depth: int | None = None) -> str:
    """A heading, the table, remarks, mismatches and the verdict of one spec; of a wrong one the heading says so."""
    verification = outcome.verification
    if verification is None:
        return f"### {escape_markdown(outcome.label)}\n"
    timed, held = verification.clock is not None, verification.against is not None
    headings = ["layer", "op", "output", "params", "MACs", "fvcore", "torch"]
    headings += ["time", "GMAC/s"] * timed + ["against"] * held
    rules = [":--"] * 3 + ["--:"] * (len(headings) - 3 - held) + [":--"] * held
    lines = [f"### {escape_markdown(title(verification))}", "", _line([*headings, ""]), _line([*rules, ":-:"])]
    for row in rows(verification, depth):
        cells = [escape_markdown(row.path), escape_markdown(row.op), row.output, count_cell(row.params)]
        cells += [macs_cell(row.macs, row.unknown), count_cell(row.fvcore), count_cell(row.torch)]
        cells += [time_cell(row.seconds), rate_cell(row.timed_macs, row.seconds)] * timed
        cells += [escape_markdown(row.other)] * held
        lines.append(_line([*cells, row.mark]))
    figures = _figures(verification)
    if verification.clock is not None:
        seconds = verification.clock.latency.total.median
        figures += [time_cell(seconds), rate_cell(timed_macs(verification.layers), seconds)]
    total = ["**total**", "", "", *(f"**{figure}**" for figure in figures), *([""] * held)]
    lines += [_line([*total, summary_mark(verification)]), ""]
    lines += [_item(line) for line in remarks(verification)]
    lines += [f"- {MARKS[False]} {escape_markdown(str(mismatch))}" for mismatch in verification.mismatches]
    if verification.ok and not verification.proved:
        lines.append(_item(verdict(verification)))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _item(line: str) -> str:
    text = line.lstrip()
    return f"{line[: len(line) - len(text)]}- {escape_markdown(text)}"


def _figures(verification: Verification) -> list[str]:
    """Totals as cells."""
    cells = {key: count_cell(verification.totals[key]) for key in _TOTALS}
    cells["macs"] = macs_cell(verification.totals["macs"] or 0, len(verification.unknown))
    return list(cells.values())


def summary_markdown(outcomes: Sequence[Outcome]) -> str:
    """One row a spec, and below it mismatches, and what is only declared."""
    done = [outcome.verification for outcome in outcomes if outcome.verification is not None]
    timed = any(each.clock for each in done)
    headings = ["model", "layers", "params", "MACs", "fvcore", "torch", "covered"]
    headings += ["time", "GMAC/s", "rank corr."] * timed
    lines = [_line([*headings, ""]), _line([":--", *(["--:"] * (len(headings) - 1)), ":-:"])]
    for outcome in outcomes:
        name = escape_markdown(outcome.label)
        if outcome.verification is None:
            lines.append(_line([name, *[""] * len(headings)]))
        else:
            lines.append(_line([name, *_summary_cells(outcome.verification, timed=timed)]))
    below = [f"- {escape_markdown(f'{each.name}: {mismatch}')}" for each in done for mismatch in each.mismatches]
    below += [_item(verdict(each)) for each in done if each.ok and not each.proved]
    return "\n".join([*lines, *(["", *below] if below else [])]) + "\n"


def _summary_cells(verification: Verification, *, timed: bool) -> list[str]:
    cells = [f"{len(verification.layers):,}", *_figures(verification), coverage(verification)]
    if timed:
        seconds = verification.clock.latency.total.median if verification.clock else None
        rate = rate_cell(timed_macs(verification.layers), seconds)
        cells += [time_cell(seconds), rate, correlation_cell(verification)]
    return [*cells, summary_mark(verification)]
