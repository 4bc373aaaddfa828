"""Verdicts as JSON values, and their types: figures are whole numbers, bytes in bytes, latencies in nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

from archcost.budget.verdict_figures import UNITS
from archcost.budget.verdict_help import help_text
from archcost.budget.verdict_sentences import sentence, summary
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.documents import AtLeast, Count, Envelope, ErrorData, OneOf, Positive, WarnedData, envelope, warned
from archcost.model_zoo import told
from archcost.spec.budget_limits import LEVELS

if TYPE_CHECKING:
    from archcost.analysis.expectations import Deviation
    from archcost.budget.verdict import Contributor, Finding, SpecVerdict, Total, Verdict
    from archcost.spec.budget_limits import Limit

StatusCounts = TypedDict(  # a call, for one of the keys is two words
    "StatusCounts",
    {
        "ok": Count,
        "warn": Count,
        "fail": Count,
        "new": Count,
        "renamed": Count,
        "gone": Count,
        "stale": Count,
        "inconclusive": Count,
        "not measured": Count,
    },
)


class SummaryData(StatusCounts):
    """The verdict in one line, and the number of specs and of findings by status."""

    text: str
    specs: Count


class VerdictTotalData(TypedDict):
    """A total, and that of the baseline; if some layers' figures are unknown, their number."""

    figure: Count
    baseline: Count | None
    unknown_layers: NotRequired[Count]


class WeightData(TypedDict):
    """A layer's part in a figure, and in the baseline's where growth is told."""

    path: str
    op: str
    figure: Count
    baseline: Count | None


class LimitData(TypedDict):
    """A limit as it was written, and what it says: a maximum, or a growth."""

    text: str
    max: Count | None
    increase_percent: Annotated[float, AtLeast(0)] | None
    floor: Count | None
    level: Annotated[str, OneOf(*LEVELS)]
    layers: str | None
    message: str | None
    device: NotRequired[Annotated[str, "Whose memory `max` is, less what is kept free."]]


class StatedFigureData(TypedDict):
    """An expected figure of a spec, and its source."""

    value: Any
    source: str | None


class RestData(TypedDict):
    """How many layers a finding stands for."""

    count: NotRequired[
        Annotated[int, AtLeast(1), "Above 1: so many more layers with this result, which are not listed."]
    ]


class UnknownFigureData(TypedDict):
    """What keeps a figure from being known."""

    unknown: NotRequired[Annotated[list[str], "The first layers whose figure is not known."]]


class UnmetData(TypedDict):
    """The expected figure that is not met."""

    expected: NotRequired[StatedFigureData]


class FindingData(RestData, UnknownFigureData, UnmetData):
    """One thing that was judged, its place, and what is said of it; null for what does not apply."""

    rule: Annotated[str, OneOf(*[rule.value for rule in Rule])]
    status: Annotated[str, OneOf(*[status.value for status in Status])]
    spec: str | None
    name: str | None
    metric: str | None
    unit: Annotated[str, OneOf("count", "bytes", "ns")] | None
    path: str | None
    limit: LimitData | None
    figure: Annotated[int | list[int] | None, "A shape for expected outputs."]
    allowed: Count | None
    baseline: Count | None
    overshoot: Count
    percent: float | None
    spread: Count | None
    layers: list[WeightData]
    file: str | None
    line: Positive | None
    column: Positive | None
    cause: Annotated[str, OneOf(*[cause.value for cause in Cause if cause])] | None
    message: str
    help: str | None


class SpecVerdictData(WarnedData):
    """The result of one spec: its totals by metric, its findings, and the problems that prevented judging it.

    ``name`` is its path where another spec has the same name.
    """

    name: str
    path: str
    batch: Positive
    changed: bool
    renamed_from: str | None
    totals: dict[str, VerdictTotalData]
    findings: list[FindingData]
    errors: list[ErrorData]


class VerdictData(Envelope):
    """Everything that a check found: by spec, and what concerns none of them."""

    ok: bool
    judged: Annotated[bool, "Whether any figure was compared with a limit."]
    exit_code: Annotated[int, OneOf(0, 1, 2)]
    baseline: str | None
    summary: SummaryData
    specs: list[SpecVerdictData]
    left_out: Annotated[list[str], "Files found by globs that hold only blocks."]
    findings: list[FindingData]
    errors: list[ErrorData]


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
        "path": told(spec.path),
        "batch": spec.batch,
        "changed": spec.changed,
        "renamed_from": spec.before or None,
        "totals": {metric: _total(total) for metric, total in spec.totals.items()},
        "findings": [finding_data(finding, verdict) for finding in spec.findings],
        "errors": [diagnostic.to_dict() for diagnostic in spec.diagnostics],
        **warned(spec.warnings),
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
        "spec": told(finding.spec) or None,
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
    told: LimitData = {
        "text": limit.text,
        "max": limit.maximum,
        "increase_percent": None if limit.increase is None else float(100 * limit.increase),
        "floor": limit.floor if limit.is_growth else None,
        "level": limit.level,
        "layers": limit.pattern or None,
        "message": limit.message or None,
    }
    if limit.device:
        told["device"] = limit.device
    return told


def _computed(deviation: Deviation) -> int | list[int] | None:
    """The figure or the shape where another was expected; None for what is unknown, and for layers that are none."""
    computed = deviation.computed
    if isinstance(computed, tuple):
        return list(computed)
    return computed if isinstance(computed, int) else None


def _weight(weight: Contributor) -> WeightData:
    return {"path": weight.path, "op": weight.op, "figure": weight.figure, "baseline": weight.baseline}
