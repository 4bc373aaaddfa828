"""What is wrong with invalid rows of files, of which there may be millions: few messages, each from a single analysis.

A row has the message of a design like it, which depends on the tables alone: whichever process writes a row, it writes
the same. The table that is false first tells rows apart, and the entry of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.sweeping.arrays import np
from archcost.sweeping.causes import first_false
from archcost.sweeping.exact.effort import TooCoupledError
from archcost.sweeping.exact.free_draws import FreeDraws
from archcost.sweeping.exact.words import UniformWords
from archcost.sweeping.row_values import MAX_ERRORS
from archcost.sweeping.tables import Factor, SpaceTables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from archcost.errors import SpecError
    from archcost.sweeping.rows import Gathers


class RowErrors:
    """Messages of invalid rows, for the first ``MAX_ERRORS`` entries of the tables that are false; none for others."""

    def __init__(self, gathers: Gathers, error_of: Callable[[Sequence[int]], SpecError]) -> None:
        self._gathers, self._error_of = gathers, error_of
        entries = [
            (number, place)
            for number, gather in enumerate(gathers.valid)
            for place in np.flatnonzero(~gather.entries)[:MAX_ERRORS].tolist()
        ]
        self._asked = frozenset(entries[:MAX_ERRORS])
        self._known: dict[tuple[int, int], str] = {}

    def texts(self, indices: NDArray[np.int32], invalid: NDArray[np.bool_]) -> NDArray[np.object_] | None:
        """The message of each row, None for a valid one; None where all are valid."""
        rows = np.flatnonzero(invalid)
        if not len(rows):
            return None
        found = np.full(len(indices), None, object)
        for number, places, here in first_false(self._gathers, indices[rows]):
            kinds, kind_of = np.unique(places, return_inverse=True)
            texts = np.array([self._text(number, place) for place in kinds.tolist()], object)
            found[rows[here]] = texts[kind_of]
        return found

    def _text(self, number: int, place: int) -> str | None:
        key = (number, place)
        if key not in self._asked:
            return None
        if key not in self._known:
            self._known[key] = self._error_of(self._example(number, place)).diagnostics[0].message
        return self._known[key]

    def _example(self, number: int, place: int) -> Sequence[int]:
        """A design with this entry: where there is one all other tables are true for it, else those before are."""
        tables, gather = self._gathers.tables, self._gathers.valid[number]
        entries = np.zeros(len(gather.entries), bool)
        entries[place] = True
        here = Factor(gather.axes, entries.reshape([tables.space.lengths[axis] for axis in gather.axes]))
        before, after = tables.valid[:number], tables.valid[number + 1 :]
        for others in ((*before, *after), before):
            try:
                draws = FreeDraws(SpaceTables(tables.space, {}, others, tables.distinct), [here])
            except TooCoupledError:
                break
            if draws.among:
                example: list[int] = draws.draw(1, UniformWords(0))[0].tolist()
                return example
        design = [0] * len(tables.space.lengths)
        for axis, stride in zip(gather.axes, gather.strides, strict=True):
            design[axis] = place // stride % tables.space.lengths[axis]
        return design
