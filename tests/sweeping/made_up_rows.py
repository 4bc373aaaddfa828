"""Rows of a space without a spec: figures are sums of a made-up entry for each axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archcost.sweeping.space import Axis, AxisTarget
from archcost.sweeping.tables import DesignChunk


def ofa_like_axes() -> tuple[Axis, ...]:
    """5 depths, 20 kernels and 20 expands of three values each, as once-for-all has."""
    choices = {"depths": (5, (2, 3, 4)), "kernels": (20, (3, 5, 7)), "expands": (20, (3, 4, 6))}
    return tuple(
        Axis((AxisTarget(name, (place,)),), tuple((value,) for value in values))
        for name, (number, values) in choices.items()
        for place in range(number)
    )


@dataclass(frozen=True)
class MadeUpRows:
    """Uniform draws; of seed and chunk number alone."""

    designs: int
    axes: tuple[Axis, ...] = field(default_factory=ofa_like_axes)
    seed: int = 0
    chunk_designs: int = 1 << 15
    metrics: dict[str, Any] = field(default_factory=lambda: {"params": "int64", "macs": "int64"})
    invalid_below: int = 0  # macs

    @property
    def told(self) -> dict[str, Any]:
        return {"spec": {"name": "made-up", "sha256": "0" * 64}, "where": None, "draw": {"seed": self.seed}}

    def chunk(self, number: int) -> DesignChunk:
        generator = np.random.Generator(np.random.Philox(key=[self.seed, number]))
        rows = min(self.chunk_designs, self.designs - number * self.chunk_designs)
        indices = np.empty((len(self.axes), rows), np.int32)
        figures = {name: np.full(rows, 1000, np.int64) for name in self.metrics}
        for place, axis in enumerate(self.axes):
            indices[place] = generator.integers(0, len(axis), rows, np.uint8)
            for factor, name in enumerate(self.metrics, 2):
                entries = np.array([(place + 1) * 7919**factor * index for index in range(len(axis))])
                figures[name] += entries[indices[place]]
        return DesignChunk(indices.T, figures, figures["macs"] < self.invalid_below)
