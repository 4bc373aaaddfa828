"""What would bring a model back within a limit that it exceeds: the suggestion that saves most of the figure there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.budget.verdict import Remedy
from archcost.budget.verdict_words import Rule, Status
from archcost.figures import PEAK, RUN

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.budget.verdict import Finding, SpecVerdict

# What to make less where a limit on a figure is exceeded; the saving is told in the figure itself.
_GOALS = {
    **dict.fromkeys(("macs", "flops"), "macs"),
    **dict.fromkeys(("params", "trainable_params", "active_params", "weight_bytes"), "params"),
    **dict.fromkeys((RUN, PEAK), RUN),
}
_MOST = 3  # findings of a spec that are looked at


def with_remedies(verdict: SpecVerdict, report: Report) -> SpecVerdict:
    """A verdict whose first failed limits name what would save most there; one without any stays as it is."""
    findings, looked = list(verdict.findings), 0
    for place, finding in enumerate(findings):
        if looked < _MOST and _may_be_mended(finding):
            looked += 1
            findings[place] = replace(finding, remedy=_remedy(finding, report))
    return replace(verdict, findings=tuple(findings)) if looked else verdict


def _may_be_mended(finding: Finding) -> bool:
    exceeded = finding.rule in (Rule.MAXIMUM, Rule.GROWTH) and finding.status is Status.FAIL
    return exceeded and finding.metric in _GOALS and bool(finding.overshoot) and not finding.is_rest


def _remedy(finding: Finding, report: Report) -> Remedy | None:
    from archcost.suggesting.asking import asked_of
    from archcost.suggesting.best import best_for
    from archcost.suggesting.goals import MACS

    best = best_for(report, finding.path, _GOALS[finding.metric])
    if best is None:
        return None
    saved: int = getattr(report.totals, finding.metric) - getattr(best.report.totals, finding.metric)
    goal = "" if best.goal.word == MACS else best.goal.word
    words = f"{best.words} ({best.boldness.rewrite})"
    asked = tuple(asked_of(report.graph.settings))
    return Remedy(words, saved, saved >= finding.overshoot, goal, asked) if saved > 0 else None
