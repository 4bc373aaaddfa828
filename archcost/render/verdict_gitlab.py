"""A verdict as GitLab's Code Quality report."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from archcost.budget.verdict_sentences import sentence
from archcost.budget.verdict_words import Status
from archcost.printable import one_line
from archcost.render.finding_locations import error_fingerprint, errors_by_spec, fingerprint, located
from archcost.render.verdict_text import TOLD, layers_text, ordered
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from archcost.budget.verdict import Verdict

_SEVERITIES = {Status.FAIL: "major", Status.WARN: "minor", Status.INCONCLUSIVE: "minor", Status.STALE: "minor"}


def to_gitlab(verdict: Verdict) -> str:
    """GitLab's Code Quality report: a list of issues."""
    issues = []
    for spec, diagnostic in errors_by_spec(verdict):
        path, line, _ = located(diagnostic.mark, spec or ".")
        mark = error_fingerprint(diagnostic, spec)
        issues.append(_issue(one_line(diagnostic.message), "archcost/error", mark, "critical", path, line))
    for finding in ordered(verdict, *TOLD):
        path, line, _ = located(finding.mark, finding.spec or ".")
        severity = _SEVERITIES.get(finding.status, "info")
        check = f"archcost/{finding.rule.value}"
        text = "; ".join(part for part in (sentence(finding), layers_text(finding)) if part)
        issues.append(_issue(one_line(text), check, fingerprint(finding), severity, path, line))
    _tell_apart(issues)
    return json_text(issues)


def _tell_apart(issues: list[dict[str, Any]]) -> None:
    """GitLab keeps one issue a fingerprint: further ones of the same limits get one with their number."""
    seen: dict[str, int] = {}
    for issue in issues:
        mark = issue["fingerprint"]
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] > 1:
            issue["fingerprint"] = sha256(f"{mark} {seen[mark]}".encode()).hexdigest()


def _issue(description: str, check: str, mark: str, severity: str, path: str, line: int) -> dict[str, Any]:
    return {
        "description": description,
        "check_name": check,
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
