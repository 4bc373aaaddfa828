"""A verdict as a document: every limit with what is left of it, what else was found, and the sum.

It is what scripts, sheets and papers read. :mod:`archcost.render.verdict_full` shows each failure with its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.verdict_figures import amount, total_change
from archcost.budget.verdict_help import help_text
from archcost.budget.verdict_sentences import sentence, summary, what
from archcost.budget.verdict_words import Status
from archcost.printable import one_line
from archcost.render.document import Line, TreeLine, branches_of
from archcost.render.verdict_records import ERROR, verdict_records
from archcost.render.verdict_table import (
    STATUS_STYLES,
    has_row,
    headroom_cell,
    limit_words,
    limits_table,
    now_cell,
)
from archcost.render.verdict_text import changed_totals, left_out, mark, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.budget.verdict import Finding, SpecVerdict, Verdict
    from archcost.errors import Diagnostic
    from archcost.render.document import Block, Cell, Records

_MARK_STYLES = {"✗": "bold red", "✓": "bold green", "!": "bold yellow"}


class VerdictDocument(NamedTuple):
    """The result of a check."""

    verdict: Verdict

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A row a limit, the gravest first; in sentences what no row tells; the sum."""
        rows = [finding for finding in ordered(self.verdict) if has_row(finding)]
        if rows:
            yield limits_table(rows[:most])
            if most is not None and len(rows) > most:
                yield Line(f"{most:,} of {len(rows):,} limits: `--format csv` has all of them", style="dim")
        lines = self._lines()
        yield from lines[:most]
        if most is not None and len(lines) > most:
            yield Line(f"and {len(lines) - most:,} lines more: `--format csv` has all findings", style="dim")
        yield _sum(self.verdict)

    def branches(self) -> Iterator[TreeLine]:
        """The specs with their limits, what concerns none of them, and the sum."""
        for spec in self.verdict.specs:
            yield TreeLine(0, one_line(spec.name if spec.name == spec.path else f"{spec.name}  {spec.path}"))
            told = [_problem(diagnostic).text for diagnostic in spec.diagnostics]
            told += [_told(finding) for finding in spec.findings]
            told += [f"changed: {totals}" for totals in _changes(spec)]
            for text in told or ["no limits"]:
                yield TreeLine(1, one_line(text))
        for finding in self.verdict.findings:
            yield TreeLine(0, one_line(_told(finding)))
        yield from branches_of([*map(_problem, self.verdict.diagnostics), *self._left_out(), _sum(self.verdict)])

    def records(self) -> Records:
        """Every finding, and every problem."""
        return verdict_records(self.verdict)

    def data(self) -> object:
        """The whole verdict."""
        return self.verdict.to_dict()

    def _lines(self) -> list[Line]:
        """What kept specs from being judged, what no row tells, the teams' messages, and what changed."""
        lines = [_problem(diagnostic) for diagnostic in self.verdict.all_diagnostics()]
        for finding in ordered(self.verdict):
            if not _told_by_row(finding):
                lines += self._explained(finding)
            elif finding.status in (Status.FAIL, Status.WARN) and finding.limit and finding.limit.message:
                lines.append(Line(one_line(f"note: {finding.name}: {finding.limit.message}"), literal=True))
        for spec in self.verdict.specs:
            lines += [Line(one_line(f"changed: {spec.name}: {told}"), literal=True) for told in _changes(spec)]
        return list(dict.fromkeys([*lines, *self._left_out()]))

    def _explained(self, finding: Finding) -> Iterator[Line]:
        """A finding in a sentence, and what would help."""
        style = STATUS_STYLES.get(finding.status, "")
        yield Line(one_line(f"{finding.status.value}: {sentence(finding)}"), style=style, literal=True)
        helps = help_text(finding, verdict=self.verdict)
        if helps:
            yield Line(one_line(helps), head="  help: ")

    def _left_out(self) -> list[Line]:
        told = left_out(self.verdict)
        return [Line(one_line(f"left out: {told}"), literal=True)] if told else []


def _told_by_row(finding: Finding) -> bool:
    """Whether figure and limit say all: both are known, and tell one from the other."""
    return has_row(finding) and finding.headroom is not None and finding.status in (Status.OK, Status.WARN, Status.FAIL)


def _told(finding: Finding) -> str:
    """``ok params: 37.5 k of 50 k, 12.5 k left``; in a sentence where that does not tell it all."""
    status = finding.status.value
    if not _told_by_row(finding) or finding.headroom is None:
        return f"{status}: {sentence(finding)}"
    limit = limit_words(finding)
    if finding.limit is not None and finding.limit.is_growth:
        limit += f" from {amount(finding.baseline or 0, finding.metric)}"
    if finding.headroom < 0:
        end = f"over by {amount(finding.overshoot, finding.metric)}"
    else:
        end = f"{_short(headroom_cell(finding))} left"
    return f"{status}: {what(finding)} {_short(now_cell(finding))}, limit {limit}, {end}"


def _short(one: Cell) -> str:
    return one.short or one.text


def _problem(diagnostic: Diagnostic) -> Line:
    """What could not be judged, and why, in a line."""
    place = f"{diagnostic.mark}: " if diagnostic.mark else ""
    return Line(one_line(f"{ERROR}: {place}{diagnostic.message}"), style="red", literal=True)


def _changes(spec: SpecVerdict) -> list[str]:
    """The totals that differ from the baseline in a line; no line where none does."""
    told = ", ".join(total_change(metric, total) for metric, total in changed_totals(spec))
    return [told] if told else []


def _sum(verdict: Verdict) -> Line:
    sign = mark(verdict)
    return Line(f"{sign} {summary(verdict)}", style=_MARK_STYLES[sign], literal=True)
