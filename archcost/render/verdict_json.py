"""A verdict for programs: JSON of the schema archcost.verdict/1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.budget.schema import VERDICT
from archcost.budget.verdict import Cause, Status
from archcost.render.verdict_figures import UNITS
from archcost.render.verdict_help import help_text
from archcost.render.verdict_text import sentence, summary
from archcost.strict_json import json_text
from archcost.version import __version__

if TYPE_CHECKING:
    from archcost.budget.verdict import Finding, SpecVerdict, Verdict


def to_json(verdict: Verdict) -> str:
    """The whole verdict, figures as integers; bytes in bytes, latencies in nanoseconds."""
    counts = {status.value: verdict.count(status) for status in Status}
    document = {
        "schema": VERDICT,
        "tool": {"name": "archcost", "version": __version__},
        "ok": verdict.ok,
        "judged": verdict.judged,
        "exit_code": verdict.exit_code,
        "baseline": verdict.baseline or None,
        "summary": {"text": summary(verdict), "specs": len(verdict.specs), **counts},
        "specs": [_spec(spec, verdict) for spec in verdict.specs],
        "left_out": list(verdict.left_out),
        "findings": [_finding(finding, verdict) for finding in verdict.findings],
        "errors": [diagnostic.to_dict() for diagnostic in verdict.diagnostics],
    }
    return json_text(document)


def _spec(spec: SpecVerdict, verdict: Verdict) -> dict[str, Any]:
    return {
        "name": spec.name,
        "path": spec.path,
        "batch": spec.batch,
        "changed": spec.changed,
        "renamed_from": spec.before or None,
        "totals": {
            metric: {
                "figure": total.figure,
                "baseline": total.baseline,
                **({"unknown_layers": total.unknown} if total.unknown else {}),
            }
            for metric, total in spec.totals.items()
        },
        "findings": [_finding(finding, verdict) for finding in spec.findings],
        "errors": [diagnostic.to_dict() for diagnostic in spec.diagnostics],
    }


def _finding(finding: Finding, verdict: Verdict) -> dict[str, Any]:
    limit, mark, deviation = finding.limit, finding.mark, finding.deviation
    share = finding.share
    document: dict[str, Any] = {
        "rule": finding.rule.value,
        "status": finding.status.value,
        "spec": finding.spec or None,
        "name": finding.name or None,
        "metric": finding.metric or None,
        "unit": UNITS.get(finding.metric, "count") if finding.metric else None,
        "path": finding.path or None,
        "limit": None,
        "figure": finding.figure,
        "allowed": finding.allowed,
        "baseline": finding.baseline,
        "overshoot": finding.overshoot,
        "percent": None if share is None else round(float(100 * share), 6),
        "spread": finding.spread or None,
        "layers": [weight._asdict() for weight in finding.layers],
        "file": mark.source.name if mark else None,
        "line": mark.line + 1 if mark else None,
        "column": mark.column + 1 if mark else None,
        **({"count": finding.count} if finding.is_rest else {}),
        **({"unknown": list(finding.unknown)} if finding.cause is Cause.UNKNOWN and not finding.is_rest else {}),
        "cause": finding.cause.value or None,
        "message": sentence(finding),
        "help": help_text(finding, verdict=verdict) or None,
    }
    if limit is not None:
        document["limit"] = {
            "text": limit.text,
            "max": limit.maximum,
            "increase_percent": None if limit.increase is None else float(100 * limit.increase),
            "floor": limit.floor if limit.is_growth else None,
            "level": limit.level,
            "layers": limit.pattern or None,
            "message": limit.message or None,
        }
    if deviation is not None:
        document["expected"] = {"value": deviation.stated, "source": deviation.source or None}
        document["figure"] = deviation.computed
    return document
