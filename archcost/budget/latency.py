"""A measured latency against its limit: beyond it only if the spread clears it, within only if it stays below."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.state import exceeded, lacking
from archcost.budget.verdict import Cause, Status
from archcost.budget.weights import TOP

if TYPE_CHECKING:
    from archcost.budget.baseline import Pace
    from archcost.budget.verdict import Finding, Weight
    from archcost.spec.limits import Limit


class Measured(NamedTuple):
    """A latency and what takes most of it; ``before`` is the baseline's, of this ``device``.

    ``declared`` are the layers for which stand-ins ran, here or in what was measured beside it: their time is missing.
    """

    pace: Pace
    device: str
    layers: tuple[Weight, ...] = ()
    before: Pace | None = None
    declared: tuple[str, ...] = ()


def judge_latency(finding: Finding, limit: Limit, measured: Measured, *, strict: bool) -> Finding:
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
