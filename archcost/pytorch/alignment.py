"""Two models laid side by side: which layer of the one is which of the other. Imports no torch.

What is aligned are tensors, in the order in which a run comes to them. Anchors are convolutions and matrices, tensors
of two and more dims: first the heaviest common subsequence of anchors of equal shapes, those of equal outputs weighing
more. An anchor that is left over may stand elsewhere in the other model, if that is an order in which the spec could
run as well (parallel branches); otherwise it is out of order. Vectors are aligned only between anchors that are, and
never away from the layer that holds an anchor. Layers whose tensors found each other are a pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.pytorch.common_subsequence import heaviest_common
from archcost.pytorch.vector_alignment import SAME, align_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.dims import Shape
    from archcost.pytorch.kinds import Kind

MAX_MOVED = 500  # anchors left over that are looked for elsewhere


class Unit(NamedTuple):
    """A layer with tensors: what can correspond to one of the other model.

    ``output`` is None where none is known, of a module that only holds others; ``macs`` where they are not those of
    these tensors alone. ``kind`` is None of a class of somebody's own.
    """

    path: str
    op: str
    shapes: tuple[Shape, ...]
    output: Shape | None
    macs: int | None
    place: tuple[str, int] | None = None
    kind: Kind | None = None
    input: Shape | None = None  # the first one's


class Item(NamedTuple):
    """A tensor: its layer by number, its place there, and what it is compared by: the essential shape."""

    unit: int
    number: int
    shape: Shape
    output: int  # elements of the layer's output; 0: not known

    def gives(self, other: Item) -> bool:
        """Whether both layers' outputs have as many elements, as far as they are known."""
        return self.output == other.output or not self.output or not other.output

    @property
    def anchor(self) -> bool:
        """Whether it is a matrix or the weight of a convolution."""
        return len(self.shape) > 1


class Group(NamedTuple):
    """Layers that correspond: one and one, or one and the several that share its work; by number, in order."""

    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    tensors: tuple[tuple[Item, Item], ...]


class Alignment(NamedTuple):
    """The groups in the order of the spec, and the pairs of equal anchors that stand in another order."""

    groups: list[Group]
    out_of_order: list[tuple[int, int]]  # layers by number


def essential(shape: Shape) -> Shape:
    """A shape without dims of size 1: a 1×1 convolution is a matrix, a class token is a vector."""
    return tuple([size for size in shape if size != 1])


def align(ours: Sequence[Unit], theirs: Sequence[Unit], before: Callable[[int, int], bool]) -> Alignment:
    """Which units correspond; ``before(a, b)`` says whether our unit ``a`` must run before ``b``."""
    mine, other = _items(ours), _items(theirs)
    pairs = _anchors(mine, other)
    pairs |= _stacked(mine, other, pairs, before)
    moved, out_of_order = _moved(mine, other, pairs, before)
    pairs |= moved
    align_vectors(mine, other, pairs, (ours, theirs))
    joined = _groups(mine, other, pairs)
    return Alignment([group for group in joined if _holds(group, ours, theirs)], out_of_order)


def _items(units: Sequence[Unit]) -> list[Item]:
    from math import prod

    return [
        Item(index, number, essential(shape), prod(unit.output) if unit.output is not None else 0)
        for index, unit in enumerate(units)
        for number, shape in enumerate(unit.shapes)
    ]


def _anchors(mine: list[Item], other: list[Item]) -> dict[int, int]:
    a = [index for index, item in enumerate(mine) if item.anchor]
    b = [index for index, item in enumerate(other) if item.anchor]

    def weight(i: int, j: int) -> int:
        x, y = mine[a[i]], other[b[j]]
        return 0 if x.shape != y.shape else SAME if x.gives(y) else 1

    return {a[i]: b[j] for i, j in heaviest_common(len(a), len(b), weight, SAME)}


def _moved(
    mine: list[Item], other: list[Item], pairs: dict[int, int], before: Callable[[int, int], bool]
) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Anchors that are left over and equal: those in an order that the spec allows, and those that are not."""
    taken = set(pairs.values())
    waiting: dict[Shape, list[int]] = {}
    for index, item in enumerate(other):
        if item.anchor and index not in taken:
            waiting.setdefault(item.shape, []).append(index)
    moved: dict[int, int] = {}
    out_of_order: list[tuple[int, int]] = []
    rest = [index for index, item in enumerate(mine) if item.anchor and index not in pairs]
    if len(rest) > MAX_MOVED:
        return moved, out_of_order
    for index in rest:
        item = mine[index]
        left = waiting.get(item.shape, [])
        candidates = [k for k in left if other[k].gives(item)]
        if not candidates:
            continue
        known = {**pairs, **moved}
        fitting = next((k for k in candidates if _fits(mine, index, k, known, before)), None)
        if fitting is None:
            out_of_order.append((item.unit, other[candidates[0]].unit))
        else:
            moved[index] = fitting
        left.remove(candidates[0] if fitting is None else fitting)
    return moved, out_of_order


def _stacked(
    mine: list[Item], other: list[Item], pairs: dict[int, int], before: Callable[[int, int], bool]
) -> dict[int, int]:
    """Equal anchors of one unit that are left over, and that the other model has as one tensor, along any dim."""
    taken = set(pairs.values())
    waiting = [index for index, item in enumerate(other) if item.anchor and index not in taken]
    parts: dict[tuple[int, Shape], list[int]] = {}
    for index, item in enumerate(mine) if waiting else ():
        if item.anchor and index not in pairs:
            parts.setdefault((item.unit, item.shape), []).append(index)
    stacked: dict[int, int] = {}
    for (_, shape), indices in parts.items():
        wholes = [(*shape[:dim], len(indices) * size, *shape[dim + 1 :]) for dim, size in enumerate(shape)]
        known = {**pairs, **stacked}
        fitting = (k for k in waiting if other[k].shape in wholes and _fits(mine, indices[0], k, known, before))
        whole = next(fitting, None) if len(indices) > 1 else None
        if whole is not None:
            waiting.remove(whole)
            stacked |= dict.fromkeys(indices, whole)
    return stacked


def _fits(
    mine: list[Item], index: int, candidate: int, pairs: dict[int, int], before: Callable[[int, int], bool]
) -> bool:
    """Whether what must run before and after a tensor does so on the other side, too."""
    unit = mine[index].unit
    for known, partner in pairs.items():
        if partner < candidate and before(unit, mine[known].unit):
            return False
        if partner > candidate and before(mine[known].unit, unit):
            return False
    return True


def _groups(mine: list[Item], other: list[Item], pairs: dict[int, int]) -> list[Group]:
    """Layers joined by their tensors; of several joined with several only those that anchors join."""
    groups = _joined(mine, other, pairs)
    good = [group for group in groups if _is_single(group)]
    tangled = {unit for group in groups if not _is_single(group) for unit in group.ours}
    anchors = {a: b for a, b in pairs.items() if mine[a].unit in tangled and mine[a].anchor}
    return sorted([*good, *filter(_is_single, _joined(mine, other, anchors))])


def _is_single(group: Group) -> bool:
    return len(group.ours) == 1 or len(group.theirs) == 1


def _joined(mine: list[Item], other: list[Item], pairs: dict[int, int]) -> list[Group]:
    """The connected parts of the layers that pairs of tensors join."""
    root: dict[tuple[int, int], tuple[int, int]] = {}

    def find(key: tuple[int, int]) -> tuple[int, int]:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for a, b in pairs.items():
        root[find((1, other[b].unit))] = find((0, mine[a].unit))
    parts: dict[tuple[int, int], list[tuple[Item, Item]]] = {}
    for a, b in sorted(pairs.items()):
        parts.setdefault(find((0, mine[a].unit)), []).append((mine[a], other[b]))
    return [
        Group(tuple(sorted({a.unit for a, _ in tensors})), tuple(sorted({b.unit for _, b in tensors})), tuple(tensors))
        for tensors in parts.values()
    ]


def _holds(group: Group, ours: Sequence[Unit], theirs: Sequence[Unit]) -> bool:
    """Whether layers correspond: by an anchor, or by all of their vectors."""
    if any(a.anchor for a, _ in group.tensors):
        return True
    sizes = {sum(len(units[k].shapes) for k in part) for units, part in ((ours, group.ours), (theirs, group.theirs))}
    return sizes == {len(group.tensors)}
