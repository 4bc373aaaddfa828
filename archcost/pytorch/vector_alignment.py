"""Which vectors of two models correspond, once their anchors do. Imports no torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.pytorch.common_subsequence import heaviest_common
from archcost.pytorch.kinds import is_bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.alignment import Item, Unit

SAME = 4  # weight of tensors in the same place of layers that give as much; of others, 1
_START = -1


def align_vectors(
    mine: list[Item], other: list[Item], pairs: dict[int, int], units: tuple[Sequence[Unit], Sequence[Unit]]
) -> None:
    """Add the vectors that follow aligned anchors, then those that stand before them."""
    partners: dict[int, set[int]] = {}
    owners: dict[int, set[int]] = {}
    for a, b in pairs.items():
        partners.setdefault(mine[a].unit, set()).add(other[b].unit)
        owners.setdefault(other[b].unit, set()).add(mine[a].unit)

    def apart(x: Item, y: Item) -> bool:
        """Whether an anchor ties either tensor to a single layer, and not that of the other.

        A tensor that is a step of its own may belong to any layer of the other model.
        """
        tied, tying = partners.get(x.unit, set()), owners.get(y.unit, set())
        elsewhere = len(tying) == 1 and x.unit not in tying and not is_bare(units[0][x.unit].kind)
        return (len(tied) == 1 and y.unit not in tied) or elsewhere

    def weight(a: int, b: int, *, shifted: bool) -> int:
        x, y = mine[a], other[b]
        if x.shape != y.shape or apart(x, y):
            return 0
        if not x.gives(y) and not shifted:
            return 0
        exact = len(units[0][x.unit].shapes) == len(units[1][y.unit].shapes) and x.number == y.number
        return SAME if exact or y.unit in partners.get(x.unit, ()) else 1

    def between(left: list[int], right: list[int], shifted: bool, i: int, j: int) -> int:  # noqa: FBT001 - for partial
        return weight(left[i], right[j], shifted=shifted)

    anchored = dict(pairs)
    pairs |= _within(mine, other, partners, owners)
    for forward in (True, False):
        runs, their_runs = _runs(mine, forward=forward), _runs(other, forward=forward)
        taken = set(pairs.values())
        for a, b in ((_START, _START), *anchored.items()):
            left = [index for index in runs.get(a, ()) if index not in pairs]
            right = [index for index in their_runs.get(b, ()) if index not in taken]
            shifted = a != _START and not mine[a].gives(other[b])
            found = heaviest_common(len(left), len(right), partial(between, left, right, shifted), SAME)
            pairs.update((left[i], right[j]) for i, j in found)
    pairs |= _beside(mine, other, pairs, units[0])


def _within(
    mine: list[Item], other: list[Item], partners: dict[int, set[int]], owners: dict[int, set[int]]
) -> dict[int, int]:
    """Vectors of layers whose anchors tie them to each other alone, in whatever order each side holds them."""
    vectors: dict[int, list[int]] = {}
    for index, item in enumerate(other):
        if not item.anchor:
            vectors.setdefault(item.unit, []).append(index)
    found: dict[int, int] = {}
    for index in reversed(range(len(mine))):
        item = mine[index]
        tied = partners.get(item.unit, ())
        if item.anchor or len(tied) != 1:
            continue
        (unit,) = tied
        left = [k for k in vectors.get(unit, ()) if other[k].shape == item.shape and len(owners[unit]) == 1]
        if left:
            found[index] = left[-1]
            vectors[unit].remove(left[-1])
    return found


def _beside(mine: list[Item], other: list[Item], pairs: dict[int, int], ours: Sequence[Unit]) -> dict[int, int]:
    """Vectors that are steps of their own, of the layer whose anchor is the one beside them, in whatever order."""
    taken = set(pairs.values())
    left: dict[int, list[int]] = {}
    for index, item in enumerate(other):
        if not item.anchor and index not in taken:
            left.setdefault(item.unit, []).append(index)
    found: dict[int, int] = {}
    for runs in (_runs(mine, forward=True), _runs(mine, forward=False)) if left else ():
        for anchor, run in runs.items():
            waiting = left.get(other[pairs[anchor]].unit, []) if anchor in pairs else []
            for index in run:
                if index in pairs or index in found or not is_bare(ours[mine[index].unit].kind):
                    continue
                fitting = next((k for k in waiting if other[k].shape == mine[index].shape), None)
                if fitting is not None:
                    found[index] = fitting
                    waiting.remove(fitting)
    return found


def _runs(items: list[Item], *, forward: bool) -> dict[int, list[int]]:
    """The vectors that follow each anchor (or that stand before it); START: those at the end of the model."""
    runs: dict[int, list[int]] = {}
    at = _START
    for index in range(len(items)) if forward else reversed(range(len(items))):
        if items[index].anchor:
            at = index
        else:
            runs.setdefault(at, []).append(index)
    return {at: sorted(run) for at, run in runs.items()}
