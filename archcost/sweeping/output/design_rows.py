"""The designs of a space as rows for files: its grid in order, or uniform draws, a chunk at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.answers import Answers
from archcost.sweeping.exact.sampling import Draws
from archcost.sweeping.listing import filled
from archcost.sweeping.row_errors import RowErrors
from archcost.sweeping.rows import AT_ONCE, extremes, grid
from archcost.sweeping.singles import PER_ROW
from archcost.sweeping.tables import DesignChunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from archcost.hardware.device import Device
    from archcost.sweeping.output.columns import Kind
    from archcost.sweeping.space import Axis
    from archcost.sweeping.tables import SpaceTables

_INT64, _DECIMAL = 2**63, 10**38


@dataclass(frozen=True)
class DesignRows:
    """Rows of a space. Of designs that nothing tells apart one is there; invalid ones are where there is no condition.

    ``sample`` draws so many, each uniform over the designs that meet ``where``, and those of a chunk from ``seed`` and
    its number alone; else the grid is gone through. What is not a field is made again in each process.
    """

    tables: SpaceTables
    where: str = ""
    figures: tuple[str, ...] = ("params", "macs")
    sample: int | None = None
    seed: int = 0
    device: Device | None = None
    chunk_designs: int = AT_ONCE

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Those of the space."""
        return self.tables.space.axes

    @property
    def designs(self) -> int:
        """The settings of the grid, or the draws."""
        return self.tables.space.size if self.sample is None else self.sample

    @property
    def metrics(self) -> dict[str, Kind]:
        """What holds each figure for all designs."""
        return {name: self._kind(name) for name in self.figures}

    @property
    def told(self) -> Mapping[str, Any]:
        """The spec, its settings, the condition and the draw."""
        space = self.tables.space
        settings = space.settings
        drawn = None if self.sample is None else {"number": self.sample, "seed": self.seed}
        return {
            "spec": {"name": space.spec.name, "sha256": space.spec.sha256},
            "settings": {
                "params": dict(settings.params),
                "batch": settings.batch,
                "training": settings.training,
                "inputs": {name: [*shape, *filter(None, [shape.dtype])] for name, shape in settings.inputs.items()},
                **settings.dtypes,
            },
            "device": self.device.name if self.device else None,
            "where": self.where or None,
            "draw": drawn,
        }

    def check(self) -> None:
        """Raise UsageError or ArgumentError for a question without an answer, before anything is written."""
        self._answers.refuse_if_none()
        if self.sample is not None and not self._draws.among:
            raise UsageError(f"no design meets '{self.where}', so there is none to draw")
        if self.sample and self._answers.where.rest:
            self.chunk(0)  # which says where too few of the draws meet the condition

    def chunk(self, number: int) -> DesignChunk:
        """The rows of a chunk."""
        start = number * self.chunk_designs
        count = min(self.chunk_designs, self.designs - start)
        if self.sample is None:
            return self._grid(start, count)
        drawn = self._draws.draw(count, (self.seed, number), self._answers.holds_rest)
        return self._completed(self._answers.gathers.chunk(drawn))

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.tables, self.where, device=self.device, metrics=self.figures)

    @cached_property
    def _errors(self) -> RowErrors:
        return RowErrors(self._answers.gathers, self._answers.singles.error)

    @cached_property
    def _draws(self) -> Draws:
        where = self._answers.where
        if where.late:
            raise UsageError(
                f"draws for files meet what sums and params decide, not '{where.text}'",
                "leave `--sample` out, or the parts of `--where` that need an analysis each",
            )
        return Draws(self.tables, where.bounds, where.conditions)

    def _grid(self, start: int, count: int) -> DesignChunk:
        answers = self._answers
        indices = grid(self.tables.space.lengths, start, count)
        chunk = answers.gathers.chunk(indices)
        kept = answers.gathers.is_distinct(indices)
        if self.where:
            kept &= answers.where.holds(chunk)
        chunk = self._completed(_chosen(chunk, kept))
        if not self.where and chunk.invalid.any():
            chunk = replace(chunk, errors=self._errors.texts(chunk.indices, chunk.invalid))
        return _chosen(chunk, answers.where.holds_late(chunk)) if answers.where.late else chunk

    def _completed(self, chunk: DesignChunk) -> DesignChunk:
        """With the figures that single analyses give."""
        answers = self._answers
        wanted = dict.fromkeys((*self.figures, *answers.where.metrics))
        return filled(chunk, [name for name in wanted if name in PER_ROW], answers.singles)

    def _kind(self, name: str) -> Kind:
        if name not in self.tables.metrics:
            return "int64"
        low, high = extremes(self.tables.metrics[name])
        most = max(abs(low), abs(high))
        return "int64" if most < _INT64 else "decimal" if most < _DECIMAL else "string"


def _chosen(chunk: DesignChunk, rows: NDArray[np.bool_]) -> DesignChunk:
    if rows.all():
        return chunk
    return DesignChunk(
        chunk.indices[rows], {name: figures[rows] for name, figures in chunk.figures.items()}, chunk.invalid[rows]
    )
