"""A verdict for programs: JSON of the schema archcost.verdict/1."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from archcost.budget.verdict import Cause, Status
from archcost.documents import envelope
from archcost.render.verdict_figures import UNITS
from archcost.render.verdict_help import help_text
from archcost.render.verdict_text import sentence, summary

if TYPE_CHECKING:
    from archcost.analysis.expectations import Deviation
    from archcost.budget.data import (
        FindingData,
        LimitData,
        RestData,
        SpecVerdictData,
        StatusCounts,
        UnknownFigureData,
        UnmetData,
        VerdictData,
        VerdictTotalData,
        WeightData,
    )
    from archcost.budget.verdict import Contributor, Finding, SpecVerdict, Total, Verdict
    from archcost.spec.budget_limits import Limit


def verdict_data(verdict: Verdict) -> VerdictData:
    """The whole verdict, figures as integers; bytes in bytes, latencies in nanoseconds."""
    counts = cast("StatusCounts", {status.value: verdict.count(status) for status in Status})
    return {
        **envelope("verdict"),
        "ok": verdict.ok,
        "judged": verdict.judged,
        "exit_code": verdict.exit_code,
        "baseline": verdict.baseline or None,
        "summary": {"text": summary(verdict), "specs": len(verdict.specs), **counts},
        "specs": [_spec(spec, verdict) for spec in verdict.specs],
        "left_out": list(verdict.left_out),
        "findings": [finding_data(finding, verdict) for finding in verdict.findings],
        "errors": [diagnostic.to_dict() for diagnostic in verdict.diagnostics],
    }


def _spec(spec: SpecVerdict, verdict: Verdict) -> SpecVerdictData:
    return {
        "name": spec.name,
        "path": spec.path,
        "batch": spec.batch,
        "changed": spec.changed,
        "renamed_from": spec.before or None,
        "totals": {metric: _total(total) for metric, total in spec.totals.items()},
        "findings": [finding_data(finding, verdict) for finding in spec.findings],
        "errors": [diagnostic.to_dict() for diagnostic in spec.diagnostics],
    }


def _total(total: Total) -> VerdictTotalData:
    data: VerdictTotalData = {"figure": total.figure, "baseline": total.baseline}
    if total.unknown:
        data["unknown_layers"] = total.unknown
    return data


def finding_data(finding: Finding, verdict: Verdict) -> FindingData:
    """A finding of a verdict: its figures, its place, and what is said of it."""
    limit, mark, deviation, share = finding.limit, finding.mark, finding.deviation, finding.share
    rest: RestData = {"count": finding.count} if finding.is_rest else {}
    lacks = finding.cause is Cause.UNKNOWN and not finding.is_rest
    unknown: UnknownFigureData = {"unknown": list(finding.unknown)} if lacks else {}
    unmet: UnmetData = {}
    if deviation is not None:
        unmet = {"expected": {"value": deviation.stated, "source": deviation.source or None}}
    return {
        "rule": finding.rule.value,
        "status": finding.status.value,
        "spec": finding.spec or None,
        "name": finding.name or None,
        "metric": finding.metric or None,
        "unit": UNITS.get(finding.metric, "count") if finding.metric else None,
        "path": finding.path or None,
        "limit": None if limit is None else _limit(limit),
        "figure": finding.figure if deviation is None else _computed(deviation),
        "allowed": finding.allowed,
        "baseline": finding.baseline,
        "overshoot": finding.overshoot,
        "percent": None if share is None else round(float(100 * share), 6),
        "spread": finding.spread or None,
        "layers": [_weight(weight) for weight in finding.layers],
        "file": mark.source.name if mark else None,
        "line": mark.line + 1 if mark else None,
        "column": mark.column + 1 if mark else None,
        **rest,
        **unknown,
        "cause": finding.cause.value or None,
        "message": sentence(finding),
        "help": help_text(finding, verdict=verdict) or None,
        **unmet,
    }


def _limit(limit: Limit) -> LimitData:
    return {
        "text": limit.text,
        "max": limit.maximum,
        "increase_percent": None if limit.increase is None else float(100 * limit.increase),
        "floor": limit.floor if limit.is_growth else None,
        "level": limit.level,
        "layers": limit.pattern or None,
        "message": limit.message or None,
    }


def _computed(deviation: Deviation) -> int | list[int] | None:
    """The figure or the shape where another was expected; None for what is unknown, and for layers that are none."""
    computed = deviation.computed
    if isinstance(computed, tuple):
        return list(computed)
    return computed if isinstance(computed, int) else None


def _weight(weight: Contributor) -> WeightData:
    return {"path": weight.path, "op": weight.op, "figure": weight.figure, "baseline": weight.baseline}
