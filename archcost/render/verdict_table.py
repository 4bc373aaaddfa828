"""The limits of a verdict in a table: a row each, with what is left until it is exceeded."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.budget.verdict_figures import amount, pair, percent, signed
from archcost.budget.verdict_sentences import what
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.printable import one_line
from archcost.render.document import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.verdict import Finding

STATUS_STYLES = {Status.FAIL: "red", Status.WARN: "yellow", Status.STALE: "yellow", Status.INCONCLUSIVE: "yellow"}
_NONE = "–"


def has_row(finding: Finding) -> bool:
    """Whether it is of one limit on one figure."""
    return finding.rule in (Rule.MAXIMUM, Rule.GROWTH) and finding.limit is not None and not finding.is_rest


def limits_table(findings: Sequence[Finding]) -> Table:
    """A row for each finding; on a narrow page the place to edit goes first."""
    names = [Cell(one_line(finding.name)) for finding in findings]
    columns = [
        Column("status", [_status(finding) for finding in findings]),
        Column("model", names, flexible=True),
        Column("figure", [Cell(one_line(what(finding))) for finding in findings], flexible=True),
    ]
    if any(finding.baseline is not None for finding in findings):
        columns.append(Column("before", [_before(finding) for finding in findings], right=True, leaves=3))
    columns += [
        Column("now", [now_cell(finding) for finding in findings], right=True),
        Column("limit", [Cell(limit_words(finding)) for finding in findings], right=True),
        Column("headroom", [headroom_cell(finding) for finding in findings], right=True),
        Column("%", [_share(finding) for finding in findings], right=True, leaves=2),
        Column("where", [_where(finding) for finding in findings], leaves=1),
    ]
    return Table(columns)


def limit_words(finding: Finding) -> str:
    """The limit as it was written: ``60 k``, or ``growth of 1%``."""
    if finding.limit is None:
        return ""
    return one_line(f"growth of {finding.limit.text}" if finding.limit.is_growth else finding.limit.text)


def now_cell(finding: Finding) -> Cell:
    """The figure; at least so much where it is not known of all layers."""
    if finding.figure is None or finding.status is Status.NOT_MEASURED:
        return Cell(_NONE)
    if finding.cause is Cause.UNKNOWN and not finding.figure:
        return Cell("unknown")
    least = "≥ " * (finding.cause is Cause.UNKNOWN)
    spread = f" ± {amount(finding.spread, finding.metric)}" if finding.spread else ""
    short, _ = pair(finding.figure, finding.allowed or 0, finding.metric)
    return Cell(f"{least}{amount(finding.figure, finding.metric)}{spread}", f"{least}{short}{spread}")


def headroom_cell(finding: Finding) -> Cell:
    """What is left until the limit is exceeded; with a minus what it is exceeded by."""
    left, metric = finding.headroom, finding.metric
    if left is None:
        return Cell("unknown" if finding.cause is Cause.UNKNOWN else _NONE)
    if left < 0:
        return Cell(signed(left, metric), signed(left, metric, exact=False), style="red")
    return Cell(amount(left, metric), amount(left, metric, exact=False))


def _before(finding: Finding) -> Cell:
    if finding.baseline is None:
        return Cell(_NONE)
    short, _ = pair(finding.baseline, finding.figure or 0, finding.metric)
    return Cell(amount(finding.baseline, finding.metric), short)


def _share(finding: Finding) -> str:
    """The headroom over what is allowed."""
    if finding.headroom is None or not finding.allowed:
        return _NONE
    return percent(Fraction(finding.headroom, finding.allowed))


def _status(finding: Finding) -> Cell:
    return Cell(finding.status.value, style=STATUS_STYLES.get(finding.status, ""))


def _where(finding: Finding) -> str:
    """The file and the line of the limit."""
    return one_line(str(finding.mark).rpartition(":")[0]) if finding.mark else ""
