"""Designs in a list: chosen from a grid or drawn, in an order, with their figures made a chunk at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.rows import AT_ONCE, grid_chunks, numbered
from archcost.sweeping.singles import MAX_ANALYSES, PER_ROW, Refusal
from archcost.sweeping.tables import DesignChunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from archcost.sweeping.asking import Objective, SortKey
    from archcost.sweeping.causes import Invalid
    from archcost.sweeping.rows import Gathers
    from archcost.sweeping.singles import Singles
    from archcost.sweeping.space import Space
    from archcost.sweeping.where import WhereClause


class Listing:
    """Designs in order, by their numbers in a grid or by their indices."""

    def __init__(self, gathers: Gathers, singles: Singles, designs: NDArray[Any], metrics: Iterable[str]) -> None:
        """``designs`` are numbers (one dimension) or indices (a row each); ``metrics`` those that chunks have."""
        self._gathers = gathers
        self._singles = singles
        self.designs = designs
        self.metrics = tuple(metrics)

    def __len__(self) -> int:
        return len(self.designs)

    @property
    def _space(self) -> Space:
        return self._gathers.tables.space

    def chunks(self, at_once: int = AT_ONCE) -> Iterator[DesignChunk]:
        """All of them in order, with their figures."""
        for start in range(0, len(self.designs), at_once):
            yield self._chunk(self.designs[start : start + at_once])

    def first(self, number: int) -> Listing:
        """The first of them."""
        return self.chosen(slice(0, number))

    def chosen(self, places: Any) -> Listing:
        """Those at some places."""
        return Listing(self._gathers, self._singles, self.designs[places], self.metrics)

    def indices(self) -> NDArray[np.int32]:
        """The indices of all of them."""
        return self.designs if self.designs.ndim > 1 else numbered(self._space.lengths, self.designs)

    def figures(self, metrics: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Some figures of all of them; those of single analyses are made. Raises UsageError where they are too many."""
        late = tuple([name for name in metrics if name in PER_ROW])
        if late and len(self) > MAX_ANALYSES:
            raise Refusal(len(self), late).error()
        listing = Listing(self._gathers, self._singles, self.designs, metrics)
        found = list(listing.chunks())
        return {
            name: np.concatenate([chunk.figures[name] for chunk in found]) if found else np.zeros(0, np.int64)
            for name in metrics
        }

    def invalid(self) -> NDArray[np.bool_]:
        """Which of them are invalid."""
        found = [chunk.invalid for chunk in Listing(self._gathers, self._singles, self.designs, ()).chunks()]
        return np.concatenate(found) if found else np.zeros(0, bool)

    def _chunk(self, designs: NDArray[Any]) -> DesignChunk:
        indices = designs if designs.ndim > 1 else numbered(self._space.lengths, designs)
        chunk = self._gathers.chunk(indices)
        return filled(chunk, [name for name in self.metrics if name in PER_ROW], self._singles)

    # --- order --------------------------------------------------------------------------------------------------------

    def sorted_by(self, keys: Sequence[SortKey]) -> Listing:
        """The same in the order of keys, equal ones as they were; invalid designs at the end."""
        names = self._space.column_names
        metrics = [key.name for key in keys if key.name not in names]
        figures = self.figures(list(dict.fromkeys(metrics)))
        indices = self.indices()
        order = np.arange(len(self))
        for key in reversed(keys):
            column = ranks(self._space, key.name, indices) if key.name in names else figures[key.name]
            order = order[np.argsort(-column[order] if key.falls else column[order], kind="stable")]
        order = order[np.argsort(self.invalid()[order], kind="stable")]
        return self.chosen(order)

    def front(self, objectives: Sequence[Objective]) -> Listing:
        """A design for each of the undominated figures, in ascending order of the objectives, best first."""
        figures = self.figures([name for name, _ in objectives])
        costs = [figures[name] if sense == "min" else -figures[name] for name, sense in objectives]
        return self.chosen(undominated(costs))


def filled(chunk: DesignChunk, late: Sequence[str], singles: Singles) -> DesignChunk:
    """A chunk with the figures that single analyses give, zero where a design is invalid."""
    if not late:
        return chunk
    figures = {name: np.zeros(len(chunk.indices), object) for name in late}
    for row, design in enumerate(chunk.indices.tolist()):
        if not chunk.invalid[row]:
            for name, value in singles.figures(design, late).items():
                figures[name][row] = value
    return DesignChunk(chunk.indices, {**chunk.figures, **figures}, chunk.invalid)


def select(gathers: Gathers, where: WhereClause, invalid: Invalid) -> tuple[NDArray[np.int64], int]:
    """The distinct designs of a grid that meet a condition, by number, and how many valid ones there are in all.

    Without a condition the invalid ones are among them. ``invalid`` is told those.
    """
    lengths = gathers.tables.space.lengths
    chosen: list[NDArray[np.int64]] = []
    start = designs = 0
    for indices in grid_chunks(lengths):
        chunk = gathers.chunk(indices)
        distinct = gathers.is_distinct(indices)
        wrong = chunk.invalid & distinct
        if wrong.any():
            invalid.add(indices[wrong])
        designs += int((distinct & ~chunk.invalid).sum())
        kept = distinct & where.holds(chunk) if where.text else distinct
        chosen.append(np.flatnonzero(kept) + start)
        start += len(indices)
    return (np.concatenate(chosen) if chosen else np.zeros(0, np.int64)), designs


def ranks(space: Space, name: str, indices: NDArray[np.int32]) -> NDArray[Any]:
    """The place of what an axis sets among its values in order; as they were given where they have none."""
    for place, axis in enumerate(space.axes):
        for number, target in enumerate(axis.targets):
            if target.column == name:
                values = [each[number] for each in axis.values]
                try:
                    order = {value: rank for rank, value in enumerate(sorted(set(values)))}
                except TypeError:  # of kinds that do not compare, or lists
                    return indices[:, place]
                return np.array([order[value] for value in values])[indices[:, place]]
    raise KeyError(name)


def undominated(costs: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """The rows that no other is at most as large as in all costs: of equal ones the first, in ascending order."""
    order = np.arange(len(costs[0]))
    for column in reversed(costs):
        order = order[np.argsort(column[order], kind="stable")]
    if len(costs) == 2 and len(order):  # noqa: PLR2004 - each must be below all before it in the second
        second = costs[1][order]
        least = np.minimum.accumulate(second)
        kept = np.concatenate([[True], second[1:] < least[:-1]])
        return np.asarray(order[kept.astype(bool)])
    found: list[int] = []
    rest = order
    while len(rest):
        first = rest[0]
        found.append(int(first))
        beaten = np.ones(len(rest), bool)
        for column in costs:
            beaten &= (column[rest] >= column[first]).astype(bool)
        rest = rest[~beaten]
    return np.array(found, np.intp)
