"""A verdict as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from archcost.budget.verdict_words import Rule, Status
from archcost.render.finding_locations import error_fingerprint, errors_by_spec, fingerprint, located
from archcost.render.verdict_text import TOLD, full_text, ordered
from archcost.strict_json import json_text
from archcost.version import __version__

if TYPE_CHECKING:
    from archcost.budget.verdict import Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5000  # as many as GitHub takes
_LEVELS = {Status.FAIL: "error", Status.WARN: "warning", Status.INCONCLUSIVE: "warning", Status.STALE: "warning"}
_RULES: dict[str, tuple[str, str]] = {
    Rule.MAXIMUM: ("A figure is over its limit", "An absolute limit of `budgets` is exceeded."),
    Rule.GROWTH: ("A figure grew", "A figure grew more over its baseline than a limit of `budgets` allows."),
    Rule.BASELINE: (
        "The baseline does not match these specs",
        "A spec is new, gone, or has changed since it was recorded.",
    ),
    Rule.EXPECT: ("An expected figure is not met", "The spec does not give the figure that its `expect` states."),
    Rule.UNUSED: ("A budget guards nothing", "Globs or patterns of a budget choose no spec or no layer."),
    "error": ("Something could not be judged", "A spec, a configuration or a lock file is wrong."),
}


def to_sarif(verdict: Verdict) -> str:
    """SARIF 2.1.0: a run with the rules and at most as many results as GitHub takes."""
    rules = [
        {
            "id": f"archcost/{rule}",
            "name": f"Archcost{rule.title()}",
            "shortDescription": {"text": short},
            "fullDescription": {"text": full},
        }
        for rule, (short, full) in _RULES.items()
    ]
    numbers = {f"archcost/{rule}": number for number, rule in enumerate(_RULES)}
    results = []
    for spec, diagnostic in errors_by_spec(verdict):
        place = located(diagnostic.mark, spec or ".")
        mark = error_fingerprint(diagnostic, spec)
        results.append(_result("archcost/error", "error", diagnostic.message, place, mark, numbers))
    for finding in ordered(verdict, *TOLD):
        place = located(finding.mark, finding.spec or ".")
        level = _LEVELS.get(finding.status, "note")
        rule = f"archcost/{finding.rule.value}"
        text = full_text(finding, verdict=verdict)
        results.append(_result(rule, level, text, place, fingerprint(finding), numbers))
    driver = {
        "name": "archcost",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results[:MAX_RESULTS],
        "properties": {"judged": verdict.judged, "leftOut": list(verdict.left_out)},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(document)


def _result(
    rule: str, level: str, text: str, place: tuple[str, int, int], mark: str, numbers: dict[str, int]
) -> dict[str, Any]:
    path, line, column = place
    region = {"startLine": line, "startColumn": column}
    location = {"artifactLocation": {"uri": quote(path, safe="/", errors="surrogatepass")}, "region": region}
    return {
        "ruleId": rule,
        "ruleIndex": numbers[rule],
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"archcost/v1": mark},
    }
