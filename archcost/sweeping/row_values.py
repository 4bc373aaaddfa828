"""Rows as plain values: what axes set, by name, and figures to the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.errors import Diagnostic
    from archcost.sweeping.causes import Cause
    from archcost.sweeping.listing import Listing
    from archcost.sweeping.singles import Singles
    from archcost.sweeping.space import Space

MAX_ERRORS = 1_000  # invalid rows whose own message is asked for; the others have that of a design like them


class DesignRow(NamedTuple):
    """A design: ``values`` by the names of what axes set, ``figures`` by metric, or what is wrong with it."""

    indices: tuple[int, ...]
    values: Mapping[str, Any]
    figures: Mapping[str, int]
    error: Diagnostic | None = None


def rows_of(listing: Listing, space: Space, singles: Singles, causes: Sequence[Cause] = ()) -> Iterator[DesignRow]:
    """The designs of a listing, one after the other, however many there are."""
    names = space.target_names
    choices = [[values[number] for values in axis.values] for axis in space.axes for number in range(len(axis.targets))]
    places = [place for place, axis in enumerate(space.axes) for _ in axis.targets]
    asked = 0
    for chunk in listing.chunks():
        figures = {name: chunk.figures[name].tolist() for name in listing.metrics}
        invalid = chunk.invalid.tolist()
        for number, design in enumerate(chunk.indices.tolist()):
            chosen = [choice[design[place]] for choice, place in zip(choices, places, strict=True)]
            values = dict(zip(names, chosen, strict=True))
            if invalid[number]:
                asked += 1
                known = causes and asked > MAX_ERRORS
                error = causes[0].diagnostic if known else singles.error(design).diagnostics[0]
                yield DesignRow(tuple(design), values, {}, error)
            else:
                yield DesignRow(tuple(design), values, {name: column[number] for name, column in figures.items()})
