"""What a manifest says of the rows of a part: how many, the range of each figure, and the best of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.sweeping.output.plan import Objectives, PartPlan
    from archcost.sweeping.tables import DesignChunk


class Summary:
    """Rows as they come by; ``front`` of two objectives are those that no other of these rows is as good as in both."""

    def __init__(self, plan: PartPlan) -> None:
        self.rows = self.invalid = 0
        self._ranges: dict[str, tuple[Any, Any]] = {}
        self._metrics = tuple(plan.metrics)
        self._front = _Front(plan.objectives) if plan.objectives else None

    def add(self, chunk: DesignChunk) -> None:
        """Take the rows of a chunk in."""
        valid = np.flatnonzero(~chunk.invalid)
        for name in self._metrics if len(valid) else ():
            figures = chunk.figures[name]
            some = figures if len(valid) == len(figures) else figures[valid]
            low, high = _plain(some.min()), _plain(some.max())
            least, most = self._ranges.get(name, (low, high))
            self._ranges[name] = min(low, least), max(high, most)
        if self._front and len(valid):
            self._front.add(self.rows + valid, {name: chunk.figures[name][valid] for name in self._front.names})
        self.rows += len(chunk.invalid)
        self.invalid += len(chunk.invalid) - len(valid)

    def to_dict(self) -> dict[str, Any]:
        """As a note has it; the front as the places of its rows in the part, and their figures."""
        found: dict[str, Any] = {
            "rows": self.rows,
            "invalid": self.invalid,
            "min": {name: self._ranges[name][0] for name in self._metrics if name in self._ranges},
            "max": {name: self._ranges[name][1] for name in self._metrics if name in self._ranges},
        }
        return found | ({"front": self._front.to_dict()} if self._front else {})


class _Front:
    """The front of two objectives, by ascending cost of the first; of equal rows the first stays."""

    def __init__(self, objectives: Objectives) -> None:
        self.names = [name for name, _ in objectives]
        self._signs = [-1 if sense == "max" else 1 for _, sense in objectives]
        self._rows: Any = np.empty(0, np.int64)
        self._costs: list[Any] = [np.empty(0, np.int64)] * 2

    def add(self, rows: Any, figures: dict[str, Any]) -> None:
        first, second = (sign * figures[name] for name, sign in zip(self.names, self._signs, strict=True))
        if len(self._rows):  # most rows are worse than what is here, and need not be sorted
            better = np.searchsorted(self._costs[0], first, side="right") - 1
            new = (better < 0) | (second < self._costs[1][np.maximum(better, 0)])
            rows, first, second = rows[new], first[new], second[new]
        rows = np.concatenate([self._rows, rows])
        first, second = np.concatenate([self._costs[0], first]), np.concatenate([self._costs[1], second])
        kept = front_places(first, second)
        self._rows, self._costs = rows[kept], [first[kept], second[kept]]

    def to_dict(self) -> dict[str, list[Any]]:
        columns = zip(self.names, self._signs, self._costs, strict=True)
        return {"row": self._rows.tolist(), **{name: (sign * costs).tolist() for name, sign, costs in columns}}


def front_places(first: Any, second: Any) -> Any:
    """Where the front is, both costs to be small, by ascending first cost; of equal points the first."""
    if not len(first):
        return np.empty(0, np.int64)
    if np.object_ in {first.dtype.type, second.dtype.type}:
        order = np.array(sorted(range(len(first)), key=lambda place: (first[place], second[place])))
    else:
        order = np.lexsort((second, first))
    best = np.minimum.accumulate(second[order])
    return order[np.concatenate([[True], best[1:] < best[:-1]])]


def merged_front(parts: Iterable[tuple[str, dict[str, list[Any]]]], objectives: Objectives) -> list[dict[str, Any]]:
    """The front of all parts from theirs, each with its file: what costs least first."""
    signs = {name: -1 if sense == "max" else 1 for name, sense in objectives}
    points = [
        {"file": file, "row": row, **{name: front[name][index] for name in signs}}
        for file, front in parts
        for index, row in enumerate(front["row"])
    ]
    costs = [np.array([sign * point[name] for point in points], object) for name, sign in signs.items()]
    return [points[place] for place in front_places(*costs)] if points else []


def _plain(value: Any) -> Any:
    """A number of Python's."""
    return value.item() if isinstance(value, np.generic) else value


def ranges_of(notes: Sequence[dict[str, Any]], names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The least and the most of each figure over parts."""
    found: dict[str, dict[str, Any]] = {"min": {}, "max": {}}
    for name in names:
        some = [note for note in notes if name in note["min"]]
        if some:
            found["min"][name] = min(note["min"][name] for note in some)
            found["max"][name] = max(note["max"][name] for note in some)
    return found
