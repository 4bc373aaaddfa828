"""Axes that decide together, walked as one: its index is a combination of theirs.

A fork parts designs along one axis. Where what decides couples several, as the quantised widths of a RegNet do, groups
along one axis after another are many more than the values that they differ by: in the end, each design is walked alone.
So the walk counts the groups that it makes beyond those values. Where axes have cost :data:`MOST_BEYOND` of them, the
walk begins anew with these axes fused, and a fork groups their combinations by equal values, whichever these are. At
the end all tables are unfolded. The count is of groups, not of time, so that a space is always walked the same way.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.alongs import Along, along_of
from archcost.sweeping.arrays import np
from archcost.sweeping.space import Axis, Space
from archcost.sweeping.varying import VaryingTable, fewest_groups, from_entries, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.sweeping.accounts import Account
    from archcost.sweeping.alongs import ForkError
    from archcost.sweeping.arrays import Array

MOST_FUSED = 100_000  # indices of an axis
MOST_BEYOND = 32  # groups beyond the values that they differ by, before their axes are fused
OF_ALL = 16  # groups of a step that one of the whole spec counts for


class FuseError(Exception):
    """Axes are to be walked as one: their numbers in the walk under way."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__("axes decide together")
        self.axes = axes


class Couplings:
    """Counts, by the axes that decide together, the groups beyond the values that they differ by."""

    def __init__(self, lengths: Sequence[int]) -> None:
        """``lengths`` are those of the axes; without them nothing is fused."""
        self._lengths = lengths
        self._beyond: dict[tuple[int, ...], int] = {}

    def note(self, fork: ForkError, weight: int = 1) -> None:
        """Count a fork; raises FuseError where its axes have cost enough."""
        table = fork.table
        if table is None or len(table.axes) < 2 or table.array.size > MOST_FUSED:  # noqa: PLR2004 - nothing couples
            return
        axes = tuple([along.axis for along in table.axes])
        if not self._lengths or prod([self._lengths[axis] for axis in axes]) > MOST_FUSED:
            return
        labels = table.labels()
        beyond = _groups(labels) - len(np.unique(labels))
        self._beyond[axes] = self._beyond.get(axes, 0) + beyond * weight
        if self._beyond[axes] >= MOST_BEYOND:
            raise FuseError(axes)


def _groups(labels: Array) -> int:
    """How many groups forks along one axis at a time make of a table."""
    if labels.ndim == 0:
        return 1
    dim, groups = fewest_groups(labels)
    return sum([_groups(labels.take(group[0], axis=dim)) for group in groups])


# --- axes as one ------------------------------------------------------------------------------------------------------


class AxisFusion:
    """A space, and which of its axes are walked as one: ``members`` has their numbers for each axis of the walk."""

    def __init__(self, space: Space, members: Sequence[tuple[int, ...]] | None = None) -> None:
        self.members = tuple(members) if members is not None else tuple([(axis,) for axis in range(len(space.axes))])
        self.whole = space
        self.axes = [along_of(axis, range(length), (length,)) for axis, length in enumerate(space.lengths)]
        self.space = (
            space
            if not self.fuses
            else Space(space.spec, space.settings, tuple(map(self._axis, self.members)), space.lists, space.name)
        )
        self.alongs = [
            along_of(number, range(len(axis)), tuple([len(space.axes[one]) for one in members]))
            for number, (axis, members) in enumerate(zip(self.space.axes, self.members, strict=True))
        ]

    @property
    def fuses(self) -> bool:
        """Whether any axes are walked as one."""
        return any(len(members) > 1 for members in self.members)

    def fused(self, axes: Sequence[int]) -> AxisFusion:
        """The same space with some more axes of the walk as one."""
        one = tuple(sorted([member for axis in axes for member in self.members[axis]]))
        rest = [members for number, members in enumerate(self.members) if number not in axes]
        return AxisFusion(self.whole, sorted([one, *rest]))

    def _axis(self, members: tuple[int, ...]) -> Axis:
        axes = [self.whole.axes[member] for member in members]
        if len(axes) == 1:
            return axes[0]
        values: list[tuple[Any, ...]] = [()]
        for axis in axes:
            values = [(*before, *own) for before in values for own in axis.values]
        return Axis(tuple([target for axis in axes for target in axis.targets]), tuple(values))

    # --- back ---------------------------------------------------------------------------------------------------------

    def unfold(self, account: Account) -> None:
        """Turn the tables of an account into those over the axes of the space."""
        if not self.fuses:
            return
        sums, account.sums = account.sums, {}
        for name, terms in sums.items():
            account.sums[name] = {}
            for value in terms.values():
                for part in _separate(self._unfolded(value)):
                    account.add(name, part)
        account.valid = [self._unfolded(value) for value in account.valid]
        account.read = {
            (self.members[axis][place], 0): self._unfolded(by) for (axis, place), by in account.read.items()
        }

    def _unfolded(self, value: Any) -> Any:
        """A table over the axes of the walk as one over those of the space; it has all indices of its axes."""
        if type(value) is not VaryingTable:
            return value
        members = [member for along in value.axes for member in self.members[along.axis]]
        shape = [size for along in value.axes for size in along.shape]
        order = sorted(range(len(members)), key=members.__getitem__)
        return made(
            tuple([self.axes[member] for member in sorted(members)]), value.array.reshape(shape).transpose(order)
        )


def _separate(value: Any) -> Iterator[Any]:
    """A sum of tables, one for each axis that adds something of its own, and one for those that do not."""
    for along in value.axes if type(value) is VaryingTable and len(value.axes) > 1 else ():
        if type(value) is not VaryingTable or along not in value.axes:
            continue
        place = value.axes.index(along)
        first = made(value.axes, np.broadcast_to(value.array.take([0], axis=place), value.array.shape))
        own = value - first
        if type(own) is VaryingTable and own.axes == (along,):
            yield own
            value = first
    yield value


# --- what was read ----------------------------------------------------------------------------------------------------


def members_read(table: VaryingTable, along: Along) -> list[int]:
    """Which of the axes that are walked as one a table tells apart: it is a function of these alone."""
    if len(along.shape) == 1:
        return [0]
    rows = np.moveaxis(table.labels(), table.axes.index(along), 0).reshape(len(along), -1)
    labels: dict[bytes, int] = {}
    found = np.array([labels.setdefault(row.tobytes(), len(labels)) for row in rows])
    places = np.unravel_index(along.indices, along.shape)
    kept = list(range(len(along.shape)))
    last = np.empty(prod(along.shape), np.int64)
    for member in range(len(along.shape)):
        less = [one for one in kept if one != member]
        codes = np.zeros(len(along), np.int64)
        for one in less:
            codes = codes * along.shape[one] + places[one]
        last[codes] = found
        if (last[codes] == found).all():  # all that are alike in these have one label
            kept = less
    return kept


def read_by_fork(along: Along, parts: Sequence[Along]) -> Iterator[tuple[int, Any]]:
    """The axes, of those walked as one, that designs read which part into groups, and by which of them (True: all).

    As if they forked along one axis after the other: a design reads those that part it from others.
    """
    if len(along.shape) == 1:
        yield 0, True
        return
    labels = np.full(prod(along.shape), -1)
    for number, part in enumerate(parts):
        labels[list(part.indices)] = number
    by = np.zeros((len(along.shape), *along.shape), bool)
    box = np.unravel_index(along.indices, along.shape)
    kept = [np.unique(places) for places in box]
    _mark(labels.reshape(along.shape), kept, by)
    for member in range(len(along.shape)):
        entries = by[member].reshape(-1)[list(along.indices)]
        if entries.any():
            yield member, from_entries((along,), entries.tolist())


def _mark(labels: Array, kept: list[Array], by: Array) -> None:
    """Mark in ``by`` which axes part the designs of a box, whose places along each axis are ``kept``."""
    own = labels[np.ix_(*kept)]
    if (own == own.flat[0]).all():
        return
    varying = [dim for dim in range(own.ndim) if not (own == own.take([0], axis=dim)).all()]
    index = tuple([slice(None) if dim in varying else 0 for dim in range(own.ndim)])
    place, groups = fewest_groups(own[index])
    dim = varying[place]
    by[dim][np.ix_(*kept)] = True
    for group in groups:
        _mark(labels, [*kept[:dim], kept[dim][group], *kept[dim + 1 :]], by)
