"""What a baseline may not record unseen: figures that are larger than the recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.tree import build_tree
from archcost.budget.contributors import named, pattern_meter
from archcost.displays import in_line
from archcost.figures import LATENCY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.budget.baseline import Baseline, LockEntry, Pace
    from archcost.errors import Diagnostic
    from archcost.spec.budget_limits import Limit

RATCHET = ("params", "macs")  # never grow unseen, whatever the limits are


class Increase(NamedTuple):
    """A figure that is larger than the one recorded; ``path`` as in limits."""

    name: str
    metric: str
    path: str
    before: int
    after: int


class Done(NamedTuple):
    """What came of it; with ``refused`` or ``diagnostics`` nothing was written. ``written``: the file changed."""

    path: str
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    increases: tuple[Increase, ...] = ()
    refused: bool = False
    written: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()  # of the specs

    def __repr__(self) -> str:
        counts = {"new": len(self.new), "changed": len(self.changed), "gone": len(self.gone)}
        return in_line(self, self.path, written=self.written, refused=self.refused, **counts)


def increases(before: LockEntry, after: LockEntry, report: Report, limits: Sequence[Limit]) -> list[Increase]:
    """Of params, MACs, and what growth limits name."""
    watched = dict.fromkeys((metric, "") for metric in RATCHET)
    tree, meter = build_tree(report), pattern_meter(report)
    for limit in limits:
        if limit.is_growth and limit.metric != LATENCY:
            paths = (
                [scope.path for scope in named(tree, limit.pattern, meter, limit.mark).trees] if limit.pattern else [""]
            )
            watched |= dict.fromkeys((limit.metric, path) for path in paths)
    found = []
    for metric, path in watched:
        old, new = before.figure(metric, path), after.figure(metric, path)
        if old is not None and new is not None and new > old:
            found.append(Increase(after.name, metric, path, old, new))
    return found


def slower(
    before: Baseline,
    paces: Sequence[tuple[str, str, Pace]],
    limits: Mapping[str, Sequence[Limit]],
    names: Mapping[str, str],
) -> list[Increase]:
    """Latencies that a growth limit names and that grew by more than the spread."""
    found = []
    for device, key, pace in paces:
        old = before.latencies.get(device, {}).get(key)
        watched = any(limit.is_growth and limit.metric == LATENCY for limit in limits[key])
        if watched and old and old.batch == pace.batch:
            clear = pace.median_ns - pace.spread_ns - old.spread_ns > old.median_ns
            if clear:
                found.append(Increase(names[key], LATENCY, "", old.median_ns, pace.median_ns))
    return found
