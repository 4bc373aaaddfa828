"""Latencies for checks and baselines: measured seconds as whole nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.budget.baseline import Pace
from archcost.budget.latency import Measured
from archcost.budget.verdict import Weight
from archcost.spec.limits import LATENCY

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.budget.judge import Case
    from archcost.pytorch.timing import Latency


def measured(case: Case, before: Report | None) -> Measured | None:
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
        Weight(layer.path, layer.op, _nanoseconds(timing.median))
        for layer, timing in zip(case.report.layers, latency.layers, strict=False)
        if timing is not None
    ]
    weights.sort(key=lambda weight: -weight.figure)
    declared = tuple(dict.fromkeys(path for result in results for path in result.declared))
    return Measured(pace_of(latency), device, tuple(weights), past, declared)


def measure(*reports: Report) -> list[Latency]:
    """Measure models in turn, twice at least: what is judged needs a spread; raises MissingExtraError without torch."""
    from archcost.pytorch import require

    require("torch")
    from archcost.pytorch import latency

    return latency.measure(reports, latency.Settings(layers=len(reports) == 1, min_runs=2))


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
