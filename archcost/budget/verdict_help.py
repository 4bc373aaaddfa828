"""How to fix a finding, in one line."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from archcost.budget.verdict_figures import amount
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.figures import PREDICTED
from archcost.paths import crossing_help, widened

if TYPE_CHECKING:
    from archcost.budget.verdict import Finding, Verdict

_LATENCY = {
    Status.NOT_MEASURED: "measure with `archcost check --latency`",
    Status.INCONCLUSIVE: "measure on a quieter machine, or leave more room in the limit",
}
_ALLOWED = " --allow-import"
_TARGETS = ("macs", "params")  # limits on these are targets of `archcost suggest`
_UNITS = ((9, "G"), (6, "M"), (3, "k"))
_AT_REVISION = {
    Cause.BROKEN: "compare with a revision where it is right",
    Cause.SETTINGS: "compare with a revision that takes the same --set, --input and --batch",
}


def help_text(finding: Finding, *, verdict: Verdict) -> str:
    """How to fix the finding; empty if there is nothing to do."""
    if finding.rule is Rule.BASELINE:
        return _baseline(finding, verdict)
    if finding.rule in (Rule.EXPECT, Rule.UNUSED):
        return _unused(finding) if finding.rule is Rule.UNUSED else _expected(finding)
    if finding.lacks_baseline:
        return _lacking(finding, verdict)
    if finding.cause is Cause.UNKNOWN:
        return _unknown(finding)
    if finding.status in (Status.FAIL, Status.WARN) and not finding.is_rest:
        return _over(finding, verdict)
    return _LATENCY.get(finding.status, "") if finding.metric == "latency" else ""


def _unused(finding: Finding) -> str:
    """What would let a limit guard something, or all that it may be meant for."""
    pattern = finding.limit.pattern if finding.limit else ""
    if finding.cause is Cause.NARROW:
        return crossing_help(pattern)
    return "correct it, or remove it" + (f"; {crossing_help(pattern)}" if widened(pattern) != pattern else "")


def _expected(finding: Finding) -> str:
    """What would make an expected figure be met; of those that are not listed it is said already."""
    if finding.deviation is None:
        return ""
    if finding.deviation.unknown:
        return _unknown(finding)
    mend = f"correct the spec, or the figure at {finding.mark}"
    return f"--expect judges them; {mend}" if finding.cause is Cause.NOT_ASKED else mend


def _unknown(finding: Finding) -> str:
    if finding.metric == "latency":
        return "write the custom op in ops that run, or limit other figures: what is declared has no time"
    declared = "macs" if finding.metric == PREDICTED else finding.metric  # a time has products
    return f"declare `{declared}` of the custom op: unknown is never zero"


def _update(finding: Finding, verdict: Verdict) -> str:
    """The command that records a spec; all of them where the configuration names them."""
    named = not verdict.whole and finding.status is not Status.GONE
    spec = f" {quote(finding.spec)}" if named else ""
    return f"archcost baseline update{spec}{_ALLOWED * verdict.allow_import}"


def _lacking(finding: Finding, verdict: Verdict) -> str:
    """What would give a growth limit something to grow from."""
    if finding.cause is Cause.NO_PACE:
        return f"run `{_update(finding, verdict)} --latency` on this machine" if verdict.recorded else ""
    if finding.cause is Cause.NEW_LAYER and not finding.path:
        return f"the lock file is older than this metric: run `{_update(finding, verdict)}`"
    return "limit the growth of the whole model as well"


def _baseline(finding: Finding, verdict: Verdict) -> str:
    if finding.cause is Cause.STDIN:
        return "give a file"
    update = _update(finding, verdict)
    if verdict.recorded:
        return (
            f"was {finding.perhaps} before? then give its entry in {verdict.baseline} the new path, and its growth is "
            f"judged; if not, run `{update}`"
            if finding.perhaps
            else f"run `{update}`"
        )
    if finding.cause is Cause.NEW:
        return _new_at_revision(finding)
    if finding.cause in (Cause.OUTSIDE, Cause.ZOO, Cause.IMPORTED):
        return f"measure its growth from a lock file: `{update}`, and no --baseline-ref"
    return _AT_REVISION.get(finding.cause, "")


def _new_at_revision(finding: Finding) -> str:
    """A revision cannot be told of a new spec: what it has is what was committed."""
    ways = []
    if finding.perhaps:
        ways.append(f"was {finding.perhaps} before? then `git add` both, and git may see the rename")
    if finding.status is Status.FAIL:
        ways.append(
            "leave out --strict for this change, or measure from a lock file that has it, without --baseline-ref "
            '(in the action `base: ""`)'
        )
    elif finding.lacks_baseline:
        ways.append("its growth is judged once the revision has it")
    return "; if not, ".join(ways)


def _over(finding: Finding, verdict: Verdict) -> str:
    if finding.rule is Rule.GROWTH and verdict.recorded and finding.metric != "latency":
        allowed = f"--allow-increase{_ALLOWED * verdict.allow_import}"
        return f"{_remedy(finding)}if intended: `archcost baseline update {quote(finding.spec)} {allowed}`"
    return f"{_remedy(finding)}make it smaller, or raise the limit at {finding.mark}"


def _remedy(finding: Finding) -> str:
    """What would save most, and how to have it; empty where nothing is known."""
    if finding.remedy is None:
        return ""
    words, saves, suffices, goal, settings = finding.remedy
    asked = ["--at", finding.path] if finding.path else []
    asked += ["--goal", goal] if goal else []
    asked += ["--target", _target(finding.allowed or 0)] if finding.metric in _TARGETS and not finding.path else []
    command = " ".join(map(quote, ["archcost", "suggest", finding.spec, *asked, *settings]))
    enough = "which is enough" if suffices else "which alone is not enough"
    article = "a " if words[0].isdigit() else ""  # a 1×1 reduction; shared layers
    told = f"{article}{words} would save {amount(saves, finding.metric, exact=False)}, {enough}"
    return f"{told}: see `{command}`; or "


def _target(allowed: int) -> str:
    """A limit as people write it, to the unit: ``50M``."""
    scale, unit = next(((10**n, unit) for n, unit in _UNITS if allowed and allowed % 10**n == 0), (1, ""))
    return f"{allowed // scale}{unit}"
