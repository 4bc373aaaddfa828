"""Two folded trees: which nodes stand for one another, each at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.comparing.alignment import align, fingerprint, inside

if TYPE_CHECKING:
    from archcost.analysis.tree import Tree
    from archcost.render.page.folded_nodes import Folded
    from archcost.render.page.page_data import PagePairsData


def comparison_of(before: Folded, after: Folded) -> PagePairsData:
    """Pairs of nodes in the order of the second model, and nodes of one model alone, each above what is below it.

    What is below a scope that is paired with a layer has no rows, so that the rows below another one sum to it, of
    either model; nor has a scope that only stands around what is paired.
    """
    rows = _Rows(before, after)
    rows.pair(0, 0)
    return {"pairs": rows.pairs, "marks": rows.marks}


class _Rows:
    """Pairs nodes from the top down."""

    def __init__(self, before: Folded, after: Folded) -> None:
        self.before = before
        self.after = after
        self.pairs: list[list[int | None]] = []
        self.marks: list[str] = []
        self._below = _children(before), _children(after)
        self._taken: tuple[set[int], set[int]] = set(), set()

    def pair(self, old: int, new: int) -> None:
        """A row for two nodes, and rows for what is below them."""
        one, other = self.before.nodes[old], self.after.nodes[new]
        alike = len(one.members) == len(other.members) and fingerprint(one.tree) == fingerprint(other.tree)
        same = one.costs == other.costs  # those of bytes depend on settings
        row = len(self.marks)
        self._add(" " if alike and same else "~", old, new)
        if bool(one.tree.children) == bool(other.tree.children):
            for left, right in align(self._parts(0, one.tree, other.tree), self._parts(1, other.tree, one.tree)):
                self._row(left, right)
            if same and self.marks[row + 1 :] and set(self.marks[row + 1 :]) == {" "}:
                self.marks[row] = " "  # grouped otherwise, and no more

    def _parts(self, side: int, tree: Tree, other: Tree) -> list[Tree]:
        """What stands below a scope, to be aligned with what is below the other one."""
        folded = self.after if side else self.before
        place = folded.by_path[inside(tree, other).path]
        return [folded.nodes[child].tree for child in self._below[side].get(place, ())]

    def _row(self, left: Tree | None, right: Tree | None) -> None:
        old = self._free(self.before, left, 0)
        new = self._free(self.after, right, 1)
        if old is not None and new is not None:
            self.pair(old, new)
        elif old is not None:
            self._alone("-", old, 0)
        elif new is not None:
            self._alone("+", new, 1)

    def _free(self, folded: Folded, tree: Tree | None, side: int) -> int | None:
        """The node that stands for a tree, unless it has a row already."""
        place = None if tree is None else folded.by_path[tree.path]
        return None if place in self._taken[side] else place

    def _alone(self, mark: str, place: int, side: int) -> None:
        """Rows for a node of one model and all that is below it."""
        self._add(mark, *((place, None) if side == 0 else (None, place)))
        for child in self._below[side].get(place, ()):
            if child not in self._taken[side]:
                self._alone(mark, child, side)

    def _add(self, mark: str, old: int | None, new: int | None) -> None:
        for place, taken in zip((old, new), self._taken, strict=True):
            if place is not None:
                taken.add(place)
        self.pairs.append([old, new])
        self.marks.append(mark)


def _children(folded: Folded) -> dict[int, list[int]]:
    """By node: those one level below it."""
    found: dict[int, list[int]] = {}
    for place, node in enumerate(folded.nodes):
        if node.parent >= 0:
            found.setdefault(node.parent, []).append(place)
    return found
