"""Latencies, measured in whole nanoseconds and compared with their limits.

A latency is beyond its limit only if its spread clears it, within only if it stays below with its spread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.baseline import Pace
from archcost.budget.baseline_state import exceeded, lacking
from archcost.budget.contributors import TOP
from archcost.budget.verdict import Contributor
from archcost.budget.verdict_words import Cause, Status
from archcost.figures import LATENCY

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.budget.judge import Case
    from archcost.budget.verdict import Finding
    from archcost.pytorch.timing import Latency
    from archcost.spec.budget_limits import Limit


class MeasuredPace(NamedTuple):
    """A latency and what takes most of it; ``before`` is the baseline's, of this ``device``.

    ``declared`` are the layers for which stand-ins ran, here or in what was measured beside it: their time is missing.
    """

    pace: Pace
    device: str
    layers: tuple[Contributor, ...] = ()
    before: Pace | None = None
    declared: tuple[str, ...] = ()


def judge_latency(finding: Finding, limit: Limit, measured: MeasuredPace, *, strict: bool) -> Finding:
    """The finding of a limit on latency, with its result; growth is held against both spreads.

    A time that lacks that of declared layers is a lower bound: it may exceed a limit, and never keeps within one.
    """
    pace, before = measured.pace, measured.before
    finding = replace(finding, figure=pace.median_ns, spread=pace.spread_ns, detail=measured.device)
    if limit.is_growth and before is None:
        return replace(finding, status=lacking([limit], strict=strict), cause=Cause.NO_PACE)
    allowed = limit.allowed(before.median_ns if before else 0)
    baseline_spread = before.spread_ns if before and limit.is_growth else 0
    spread = pace.spread_ns + baseline_spread
    if pace.median_ns - spread > allowed:
        status = exceeded(limit)
    else:
        status = Status.INCONCLUSIVE if pace.median_ns + spread > allowed else Status.OK
    if measured.declared and (limit.is_growth or status in (Status.OK, Status.INCONCLUSIVE)):
        unknown = ", ".join(measured.declared)
        return replace(finding, status=exceeded(limit), cause=Cause.UNKNOWN, detail=unknown, allowed=_bound(limit))
    return replace(
        finding,
        status=status,
        allowed=allowed,
        baseline=before.median_ns if before else None,
        baseline_spread=baseline_spread,
        layers=measured.layers[:TOP] if status is not Status.OK else (),
    )


def _bound(limit: Limit) -> int | None:
    """The limit as a time, where it does not depend on another time."""
    return None if limit.is_growth else limit.allowed(0)


def measured(case: Case, before: Report | None) -> MeasuredPace | None:
    """The latency of a case, where a limit asks for it; ``before`` is measured in turn, so that drift hits both.

    Raises MissingExtraError without torch.
    """
    limits = (*case.report.spec.budgets, *case.limits)
    if all(limit.metric != LATENCY for limit in limits):
        return None
    results = measure(case.report, *([before] if before is not None else []))
    latency, device = results[0], device_key(results[0])
    if before is not None:
        past: Pace | None = pace_of(results[1])
    else:
        past = case.baseline.latencies.get(device, {}).get(case.key) if case.baseline else None
        past = past if past is not None and past.batch == case.report.batch else None
    weights = [
        Contributor(layer.path, layer.op, _nanoseconds(timing.median))
        for layer, timing in zip(case.report.layers, latency.layers, strict=False)
        if timing is not None
    ]
    weights.sort(key=lambda weight: -weight.figure)
    declared = tuple(dict.fromkeys(path for result in results for path in result.declared))
    return MeasuredPace(pace_of(latency), device, tuple(weights), past, declared)


def measure(*reports: Report) -> list[Latency]:
    """Measure models in turn, twice at least: what is judged needs a spread; raises MissingExtraError without torch."""
    from archcost.extras import require

    require("torch")
    from archcost.pytorch import latency

    return latency.measure(reports, latency.MeasureSettings(layers=len(reports) == 1, min_runs=2))


def device_key(latency: Latency) -> str:
    """The machine that a latency belongs to: the device's name, and the threads of a CPU."""
    environment = latency.environment
    if environment.device != "cpu":
        return environment.name
    return f"{environment.name}, {environment.threads} thread{'s' * (environment.threads != 1)}"


def pace_of(latency: Latency) -> Pace:
    """Median and interquartile range in nanoseconds."""
    report, total = latency.report, latency.total
    return Pace(_nanoseconds(total.median), _nanoseconds(total.iqr or 0.0), report.batch, report.spec.sha256)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
