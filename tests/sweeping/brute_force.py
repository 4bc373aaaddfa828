"""The tables of a small space by one analysis a design: what everything that is faster is held against."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

import archcost
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables

if TYPE_CHECKING:
    from archcost.sweeping.space import Space

METRICS = ("params", "macs", "flops", "weight_bytes", "activation_bytes", "layers")


def figures_of(space: Space, design: tuple[int, ...]) -> dict[str, int] | None:
    """The figures of a design by a single analysis; None where it is invalid."""
    settings = space.settings
    try:
        report = archcost.analyze(
            space.spec,
            params=space.params_of(design),
            batch=settings.batch,
            dtype=settings.dtype,
            weight_dtype=settings.weight_dtype,
        )
    except archcost.SpecError:
        return None
    return {name: getattr(report.totals, name) for name in METRICS}


def tables_of(space: Space) -> SpaceTables:
    """One factor over all axes a metric; all designs count as distinct."""
    axes = tuple(range(len(space.axes)))
    entries = {name: np.zeros(space.lengths, np.int64) for name in METRICS}
    valid = np.zeros(space.lengths, bool)
    for design in product(*map(range, space.lengths)):
        figures = figures_of(space, design)
        valid[design] = figures is not None
        for name, value in (figures or {}).items():
            entries[name][design] = value
    metrics = {name: MetricSum(0, (Factor(axes, entries[name]),)) for name in METRICS}
    return SpaceTables(space, metrics, (Factor(axes, valid),) if not valid.all() else ())
