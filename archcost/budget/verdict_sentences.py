"""A verdict in words: one sentence a finding, with figures that never look equal to the limit they exceed; the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.budget.verdict_figures import LABELS, amount, percent
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.phrases import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.budget.verdict import Finding, Verdict

_COUNTED = {
    Status.INCONCLUSIVE: "inconclusive",
    Status.STALE: "stale",
    Status.NEW: "new",
    Status.RENAMED: "renamed",
    Status.GONE: "gone",
    Status.NOT_MEASURED: "not measured",
}  # and how the sum calls them, after failures and warnings
_STALE = {
    Cause.CHANGED: "{name} has changed since its baseline was recorded",
    Cause.TEXT: "the text of {name} has changed since its baseline was recorded (its figures are the same)",
    Cause.RECOUNTED: "the figures of {name} differ from its baseline though the spec is the same: "
    "{version} of archcost counted them",
}
_NO_BASELINE = {
    Cause.NEW: "{name} is new: the baseline does not have it",
    Cause.BROKEN: "{name} cannot be compared with its baseline: {detail}",
    Cause.SETTINGS: "{name} cannot be compared with its baseline: {detail}",
    Cause.UNREADABLE: "{name} cannot be compared with its baseline: {detail}",
    Cause.OUTSIDE: "{name} has no baseline: it is outside the repository",
    Cause.ZOO: "{name} has no baseline: it comes with archcost, and is no file of the repository",
    Cause.STDIN: "{name} has no baseline: it is read from standard input",
    Cause.IMPORTED: "{name} has no baseline: it is imported, and nothing is imported from a revision",
}


def what(finding: Finding) -> str:
    """The metric, and of which part of the model."""
    label = LABELS.get(finding.metric, finding.metric)
    return f"{label} of {finding.path}" if finding.path else label


def sentence(finding: Finding) -> str:
    """What was found, in one sentence that begins with the model's name."""
    tell = _rest_sentence if finding.is_rest else _TELLERS.get(finding.rule, _limit_sentence)
    return tell(finding)


def _limit_sentence(finding: Finding) -> str:
    """A figure of the analysis, or a latency, and its limit."""
    if finding.metric == "latency":
        return f"{finding.name}: {_latency_text(finding)}"
    if finding.cause is Cause.NEW_LAYER:
        new = f"{finding.path} is new" if finding.path else "the baseline has no such figure"
        return f"{finding.name}: {new}, so there is nothing that its {finding.metric} could grow from"
    figure = f"{what(finding)} {amount(finding.figure or 0, finding.metric)}"
    if finding.cause is Cause.UNKNOWN:
        return (
            f"{finding.name}: {what(finding)} cannot be judged by {limit_text(finding)}: unknown for {finding.detail}"
        )
    if finding.status is Status.OK:
        return f"{finding.name}: {figure}, within {limit_text(finding)}"
    if finding.rule is Rule.GROWTH:
        return f"{finding.name}: {_growth_text(finding)}"
    share = percent(finding.share)
    over = amount(finding.overshoot, finding.metric) + (f" ({share})" if share else "")
    return f"{finding.name}: {figure}, over {limit_text(finding)} by {over}"


def _rest_sentence(finding: Finding) -> str:
    """What a limit comes to for the layers that are not listed, or that so many more figures are not as expected."""
    if finding.rule is Rule.EXPECT:
        return f"{finding.name}: and {finding.count:,} more expected figures are not met"
    pattern = finding.limit.pattern if finding.limit else ""
    many = f"{finding.name}: and {finding.count:,} more layers of '{pattern}'"
    label = LABELS.get(finding.metric, finding.metric)
    if finding.cause is Cause.NEW_LAYER:
        return f"{many} are new, so there is nothing that their {finding.metric} could grow from"
    if finding.cause is Cause.UNKNOWN:
        return f"{many}, whose {label} cannot be judged by {limit_text(finding)}"
    if finding.status is Status.OK:
        return f"{many}, whose {label} are within {limit_text(finding)}"
    if finding.rule is Rule.GROWTH:
        return f"{many}, whose {label} grew by more than {limit_text(finding)}"
    return f"{many}, whose {label} are over {limit_text(finding)}"


def _growth_text(finding: Finding) -> str:
    metric, limit = finding.metric, finding.limit
    share = percent(finding.share, limit.increase if limit else None)
    by = amount(finding.growth or 0, metric) + (f" ({share})" if share else "")
    ends = f"from {amount(finding.baseline or 0, metric)} to {amount(finding.figure or 0, metric)}"
    over = amount(finding.overshoot, metric)
    renamed = f" (renamed from {finding.before})" if finding.before else ""
    return f"{what(finding)} grew by {by}, {ends}: {over} more than {limit_text(finding)}{renamed}"


def _latency_text(finding: Finding) -> str:
    limit = limit_text(finding)
    if finding.status is Status.NOT_MEASURED:
        return f"latency is not measured, so {limit} is not judged"
    if finding.cause is Cause.UNKNOWN:
        return f"latency cannot be judged by {limit}: unknown for {finding.detail}, for which a stand-in ran"
    shown = f"latency {amount(finding.figure or 0, 'latency')} ± {amount(finding.spread, 'latency')}"
    if finding.cause is Cause.NO_PACE:
        return f"{shown}, and the baseline has none of {finding.detail}"
    if finding.baseline is not None and finding.rule is Rule.GROWTH:
        shown += f", {amount(finding.baseline, 'latency')} ± {amount(finding.baseline_spread, 'latency')} before"
    if finding.status is Status.INCONCLUSIVE:
        return f"{shown}: {limit} lies within the spread"
    share = percent(finding.share)
    if finding.status is Status.OK:
        tail = f", within {limit}"
    elif finding.rule is Rule.GROWTH:
        tail = f": {share} more, and {limit} is exceeded by more than the spread"
    else:
        tail = f", over {limit} by {amount(finding.overshoot, 'latency')} ({share})"
    return shown + tail


def _baseline_sentence(finding: Finding) -> str:
    name = finding.name
    if finding.status is Status.GONE:
        return f"{name} is gone: the baseline has it, and no spec is left ({finding.spec})"
    if finding.cause in _NO_BASELINE:
        told = _NO_BASELINE[finding.cause].format(name=name, detail=finding.detail)
        if finding.before:
            told += f" (renamed from {finding.before})"
        return f"{told}; its growth is not judged" if finding.lacks_baseline else told
    if finding.status is Status.RENAMED:
        return f"{name} is renamed: the baseline has it as {finding.before}"
    version = f"version {finding.detail}" if finding.detail else "another version"
    return _STALE[finding.cause].format(name=name, version=version)


def _expected_sentence(finding: Finding) -> str:
    deviation = finding.deviation
    if deviation is None:
        return f"{finding.name}: all expected figures hold"
    told = f"{deviation} ({deviation.publication})" if deviation.publication else str(deviation)
    if finding.cause is not Cause.NOT_ASKED:
        return f"{finding.name}: {told}"
    unmet = "is not met: " if finding.detail.startswith("1 of ") else "are not met, the first: "
    return f"{finding.name}: {finding.detail} expected figures {unmet}{told}"


def _unused_sentence(finding: Finding) -> str:
    if finding.limit is None:
        return "this budget is for no spec: its globs choose none of those that are checked"
    if finding.cause is Cause.NARROW:
        return f"{finding.name}: not named by '{finding.limit.pattern}', and not judged: {finding.detail}"
    return f"no layer or block matches '{finding.limit.pattern}' in any checked spec that this limit is for"


_TELLERS: dict[Rule, Callable[[Finding], str]] = {
    Rule.BASELINE: _baseline_sentence,
    Rule.EXPECT: _expected_sentence,
    Rule.UNUSED: _unused_sentence,
}


def limit_text(finding: Finding) -> str:
    """``the limit of 60 k`` or ``the allowed 5%``."""
    if finding.limit is None:
        return "the limit"
    return f"the {'allowed' if finding.limit.is_growth else 'limit of'} {finding.limit.text}"


def summary(verdict: Verdict) -> str:
    """The whole verdict in one line."""
    specs = plural(len(verdict.specs), "spec")
    errors = sum(1 for _ in verdict.all_diagnostics())
    failures, warnings = verdict.count(Status.FAIL), verdict.count(Status.WARN)
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(failures, "failure")] if failures else []
    parts += [plural(warnings, "warning")] if warnings else []
    for status, word in _COUNTED.items():
        count = verdict.count(status)
        parts += [f"{count:,} {word}"] if count else []
    held = _held(verdict)
    unmet = sum(finding.cause is Cause.NOT_ASKED for finding in verdict.all_findings())
    if not held and not errors and verdict.count(*[status for status in Status if status is not Status.OK]) == unmet:
        return f"{specs}: no limits to judge; {_not_asked(verdict)}"
    return f"{specs}: {', '.join([*parts, *held])}{_unlimited(verdict)}{_unknown(verdict)}"


def _held(verdict: Verdict) -> list[str]:
    """How many limits hold, and of how many specs the expected figures do."""
    expected = sum(finding.rule is Rule.EXPECT and finding.status is Status.OK for finding in verdict.all_findings())
    limits = verdict.count(Status.OK) - expected
    of = "" if len(verdict.specs) == 1 else f" of {plural(expected, 'spec')}"
    found = [f"{plural(limits, 'limit')} hold{'s' * (limits == 1)}"] if limits else []
    return [*found, f"all expected figures{of} hold"] if expected else found


def _unlimited(verdict: Verdict) -> str:
    """How many specs have no limits beside others that do, so that nobody takes them for guarded."""
    count = len(verdict.unlimited)
    return f"; no limits on {plural(count, 'spec')}" if count else ""


def _not_asked(verdict: Verdict) -> str:
    """The expected figures that would be judged if they were asked for; where there are none, how to set a limit."""
    count = sum(spec.expected for spec in verdict.specs)
    if not count:
        return "`budgets: {params: 5 M}` in a spec sets one, and so does archcost.toml"
    return f"{plural(count, 'expected figure')}: --expect judges {'it' if count == 1 else 'them'}"


def _unknown(verdict: Verdict) -> str:
    """The expected figures beside limits of which it is not known whether they are met; others are found if not."""
    count = sum(spec.expected for spec in verdict.specs if not spec.as_it_stands)
    if not count:
        return ""
    of = "it is" if count == 1 else "they are"
    return f"; {plural(count, 'expected figure')} not judged: --set, --input and --batch change what {of} of"
