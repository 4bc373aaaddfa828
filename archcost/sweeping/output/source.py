"""Where rows come from: what gives a chunk of them by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.sweeping.output.columns import Kind
    from archcost.sweeping.space import Axis
    from archcost.sweeping.tables import DesignChunk


class RowSource(Protocol):
    """Rows by chunks, each of which depends on its number alone; other processes get a source by pickle.

    ``designs`` is how many there are to go through, and ``chunk_designs`` how many in a chunk; its rows are fewer where
    a condition leaves some out. ``told`` is all that decides what the rows are, as plain data for the manifest: the
    spec and its hash, settings, condition, draw.
    """

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes that the indices of a chunk are along."""

    @property
    def metrics(self) -> Mapping[str, Kind]:
        """The figures of a row, by their names, and what holds each of them for all designs."""

    @property
    def designs(self) -> int:
        """The number of designs to go through."""

    @property
    def chunk_designs(self) -> int:
        """The number of designs in a chunk, but for the last."""

    @property
    def told(self) -> Mapping[str, Any]:
        """What decides the rows beside axes, metrics and numbers."""

    def chunk(self, number: int) -> DesignChunk:
        """The rows of a chunk, from 0."""
