"""How verdicts are told: the gravest first, titles, and the lines below a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.budget.verdict import WORKSPACE
from archcost.budget.verdict_figures import amount, signed
from archcost.budget.verdict_help import help_text
from archcost.budget.verdict_sentences import sentence, what
from archcost.budget.verdict_words import Behind, Cause, Rule, Status
from archcost.phrases import listed

if TYPE_CHECKING:
    from archcost.budget.verdict import Contributor, Finding, SpecVerdict, Total, Verdict

ORDER = (
    Status.FAIL,
    Status.WARN,
    Status.INCONCLUSIVE,
    Status.STALE,
    Status.GONE,
    Status.NEW,
    Status.RENAMED,
    Status.NOT_MEASURED,
    Status.OK,
)
TOLD = ORDER[:-1]  # all but what is fine
_MOST_LEFT_OUT = 5


def layers_text(finding: Finding) -> str:
    """The layers behind a finding in a line; empty for none."""
    metric = finding.metric
    if not finding.layers:
        return ""
    if finding.behind is Behind.GREW:
        told = [f"{w.path} {signed(w.figure - (w.baseline or 0), metric)}" for w in finding.layers]
    else:
        told = [f"{layer_name(weight)} {amount(weight.figure, metric)}" for weight in finding.layers]
    return f"{finding.behind.value}: {', '.join(told)}"


def layer_name(weight: Contributor) -> str:
    """Its path; what a layer needs at the peak for itself is its workspace."""
    return f"workspace of {weight.path}" if weight.op == WORKSPACE else weight.path


def full_text(finding: Finding, *, verdict: Verdict) -> str:
    """The sentence, the layers behind it, the team's message and what would help, a line each."""
    message = finding.limit.message if finding.limit else ""
    parts = (sentence(finding), layers_text(finding), message, help_text(finding, verdict=verdict))
    return "\n".join(part for part in parts if part)


def title(finding: Finding) -> str:
    """A few words for headings: the model and what is the matter."""
    if finding.lacks_baseline:
        return f"{finding.name}: {what(finding)}: no baseline" if finding.metric else f"{finding.name}: no baseline"
    words = {
        Status.FAIL: "over budget",
        Status.WARN: "over budget (warning)",
        Status.INCONCLUSIVE: "inconclusive",
        Status.NOT_MEASURED: "not measured",
        Status.STALE: "stale baseline",
        Status.NEW: "new",
        Status.RENAMED: "renamed",
        Status.GONE: "gone",
        Status.OK: "within budget",
    }
    if finding.rule is Rule.UNUSED:
        return f"{finding.name}: narrow pattern" if finding.cause is Cause.NARROW else "unused budget"
    if finding.rule is Rule.EXPECT:
        return f"{finding.name}: {'expected figure' if finding.deviation else 'expected figures'}"
    if finding.cause is Cause.UNKNOWN:
        return f"{finding.name}: {what(finding)} unknown"
    if finding.rule is Rule.GROWTH and finding.status in (Status.FAIL, Status.WARN):
        return f"{finding.name}: {what(finding)} grew"
    middle = f"{finding.count:,} more " * finding.is_rest + f"{what(finding)} " * bool(finding.metric)
    return f"{finding.name}: {middle}{words[finding.status]}"


def ordered(verdict: Verdict, *statuses: Status) -> list[Finding]:
    """The findings of some statuses, the gravest first, specs in their order."""
    chosen = statuses or ORDER
    found = [finding for finding in verdict.all_findings() if finding.status in chosen]
    return sorted(found, key=lambda finding: ORDER.index(finding.status))


def changed_totals(spec: SpecVerdict, most: int = 3) -> list[tuple[str, Total]]:
    """The totals that differ from the baseline, the first few."""
    return [(metric, total) for metric, total in spec.totals.items() if total.delta][:most]


def mark(verdict: Verdict) -> str:
    """The sign before the summary: a failure, a verdict that holds, or one that does not prove much."""
    if verdict.exit_code:
        return "✗"
    return "✓" if verdict.holds else "!"


def left_out(verdict: Verdict) -> str:
    """The files that globs found and that were not judged; empty for none."""
    paths = verdict.left_out
    if not paths:
        return ""
    return f"{listed(paths[:_MOST_LEFT_OUT], len(paths))} hold{'s' * (len(paths) == 1)} only blocks"
