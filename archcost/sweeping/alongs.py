"""The indices of an axis that a table is over, and the fork of designs that part along one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_known: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Along] = {}


class Along:
    """Some of the indices of an axis, in order: those of the designs that are looked at together.

    ``shape`` has the lengths of the axes that are walked as this one, which has an index for each combination of
    theirs, the last of them fastest: one length where nothing is fused. Made by :func:`along_of`, one for the same
    indices, so that it is compared by identity.
    """

    __slots__ = ("_places", "axis", "indices", "restricted", "shape")

    def __init__(self, axis: int, indices: tuple[int, ...], shape: tuple[int, ...]) -> None:
        self.axis = axis
        self.indices = indices
        self.shape = shape
        self.restricted: dict[int, tuple[Any, Any]] = {}  # by the id of a table what is left of it, and the table
        self._places: dict[Along, list[int]] = {}

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"Along({self.axis}, {list(self.indices)})"

    def places_in(self, other: Along) -> list[int]:
        """Where the indices stand in another, which has them all."""
        found = self._places.get(other)
        if found is None:
            places = {index: place for place, index in enumerate(other.indices)}
            found = self._places[other] = [places[index] for index in self.indices]
        return found


class ForkError(VaryingSizeError):
    """Designs differ in what Python decides by. They part along one axis, into ``parts`` of its indices.

    ``before``: the scope must be walked anew from before this node, of those that have been made; None: the innermost
    step will do. ``table`` is what they differ in, where it is known.
    """

    def __init__(self, axis: int, parts: Sequence[Sequence[int]], before: int | None = None, table: Any = None) -> None:
        super().__init__("designs differ in what must be the same for all")
        self.axis = axis
        self.parts = parts
        self.before = before
        self.table = table


class CoupledError(ForkError):
    """A table would have too many entries; the axes are those that it couples."""

    def __init__(self, axes: Sequence[Along]) -> None:
        longest = max(axes, key=len)
        super().__init__(longest.axis, [[index] for index in longest.indices], before=-1)
        self.axes = tuple([along.axis for along in axes])


def along_of(axis: int, indices: Iterable[int], shape: tuple[int, ...]) -> Along:
    """The one object for these indices of an axis; ``shape`` as in :class:`Along`."""
    key = (axis, tuple(indices), shape)
    found = _known.get(key)
    if found is None:
        found = _known[key] = Along(*key)
    return found


def forget_alongs() -> None:
    """Forget all that were made, at the end of a walk."""
    _known.clear()


def parts_of(fork: ForkError, along: Along) -> list[Along]:
    """The parts of a fork among some indices of its axis, all that it does not name as one more."""
    rest = dict.fromkeys(along.indices)
    parts = []
    for part in [*fork.parts, along.indices]:
        own = [index for index in part if index in rest]
        for index in own:
            del rest[index]
        if own:
            parts.append(along_of(along.axis, own, along.shape))
    return parts
