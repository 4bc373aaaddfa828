"""Why designs are invalid: few causes for many designs, each with what a single analysis says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from archcost.sweeping.arrays import np
from archcost.sweeping.rows import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from archcost.errors import Diagnostic, SpecError
    from archcost.sweeping.rows import Gathers

MAX_ASKED = 200  # single analyses that tell causes apart


class InvalidCause(NamedTuple):
    """A problem of designs: how many have it (None: not counted), one of them, and what its analysis says."""

    designs: int | None
    example: tuple[int, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def diagnostic(self) -> Diagnostic:
        """The first problem."""
        return self.diagnostics[0]


class Invalid:
    """The invalid designs that rows came by, by the entries of the tables that say so."""

    def __init__(self, gathers: Gathers) -> None:
        self._gathers = gathers
        self._seen: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}

    @property
    def designs(self) -> int:
        """How many they are."""
        return sum([count for count, _ in self._seen.values()])

    def add(self, indices: NDArray[np.int32]) -> None:
        """Note invalid designs: the first entry that is false tells them apart."""
        for number, places, rows in first_false(self._gathers, indices):
            for place, first, count in zip(*np.unique(places, return_index=True, return_counts=True), strict=True):
                example = tuple(indices[rows[first]].tolist())
                known, kept = self._seen.get((number, int(place)), (0, example))
                self._seen[number, int(place)] = (known + int(count), kept)

    def causes(self, error_of: Callable[[Sequence[int]], SpecError]) -> tuple[InvalidCause, ...]:
        """The causes, the most frequent first."""
        return grouped([(count, example) for count, example in self._seen.values()], error_of)


def first_false(
    gathers: Gathers, indices: NDArray[np.int32]
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Invalid designs by the first table that is false for them: its number, their entries, and which they are."""
    columns = np.ascontiguousarray(indices.T, dtype=np.intp)
    left = np.arange(len(indices))
    for number, gather in enumerate(gathers.valid):
        places = place_of(gather, columns[:, left], {})
        false = ~gather.entries.take(places)
        if false.any():
            yield number, places[false], left[false]
        left = left[~false]


def grouped(
    examples: Iterable[tuple[int | None, tuple[int, ...]]], error_of: Callable[[Sequence[int]], SpecError]
) -> tuple[InvalidCause, ...]:
    """Examples of invalid designs, joined where the same is wrong at the same place, whatever the sizes are."""
    found: dict[tuple[str, str], InvalidCause] = {}
    rest = 0
    for asked, (count, example) in enumerate(sorted(examples, key=lambda one: -(one[0] or 0))):
        if asked >= MAX_ASKED:
            rest += count or 0
            continue
        diagnostics = error_of(example).diagnostics
        key = (str(diagnostics[0].mark), re.sub(r"\d+", "#", diagnostics[0].message))
        known = found.get(key)
        if known is None:
            found[key] = InvalidCause(count, example, diagnostics)
        elif known.designs is not None and count is not None:
            found[key] = known._replace(designs=known.designs + count)
    causes = sorted(found.values(), key=lambda one: -(one.designs or 0))
    if rest and causes and causes[0].designs is not None:  # as wrong as those that were asked
        causes = [cause._replace(designs=None) for cause in causes]
    return tuple(causes)


def examples_in(gathers: Gathers, lengths: Sequence[int], most: int = MAX_ASKED) -> list[tuple[None, tuple[int, ...]]]:
    """Invalid designs of a space that is too large to go through: one for each false entry, the first elsewhere."""
    found: list[tuple[None, tuple[int, ...]]] = []
    for gather in gathers.valid:
        for place in np.flatnonzero(~gather.entries)[: most - len(found)].tolist():
            design = [0] * len(lengths)
            for axis, stride in zip(gather.axes, gather.strides, strict=True):
                design[axis] = place // stride % lengths[axis]
            found.append((None, tuple(design)))
    return found
