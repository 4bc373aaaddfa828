"""Report to rows: the path tree, equal neighbours folded, cut at a depth or sorted flat. No text is laid out here."""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import Costs
from archcost.analysis.report import Layer, Report
from archcost.analysis.tree import Tree, build_tree, stem

if TYPE_CHECKING:
    from archcost.dims import Shape

MAX_ROWS = 48  # what the default depth aims at


class Row(NamedTuple):
    """One line of a table: ``times`` neighbours that are equal, ``costs`` being their sum.

    Where it is ``opened``, the rows of one of them follow.
    """

    depth: int
    name: str
    path: str
    op: str
    output: "tuple[Shape, ...]"
    costs: Costs
    layers: int
    times: int
    group: bool
    paths: tuple[str, ...] = ()  # of the neighbours, the first among them
    opened: bool = False


class Shown(NamedTuple):
    """The first rows of a report, how many there are in all, the depth they go to, and the depth there is."""

    rows: list[Row]
    found: int
    depth: int
    deepest: int


Place = tuple[int, list[Tree], bool]  # of a row: its level, the neighbours told in it, whether it is opened


def tree_rows(tree: Tree, depth: int | None) -> list[Row]:
    """Rows in the order of the graph, groups above their layers, down to ``depth`` levels."""
    return list(map(_row, _places(tree, 1, depth)))


def _places(tree: Tree, level: int, depth: int | None) -> Iterator[Place]:
    siblings = list(tree.children.values())
    start = 0
    while start < len(siblings):
        first = siblings[start]
        stop = start + 1
        while stop < len(siblings) and folds(first, siblings[stop]):
            stop += 1
        opened = first.layer is None and (depth is None or level < depth)
        yield level, siblings[start:stop], opened
        if opened:
            yield from _places(first, level + 1, depth)
        start = stop


def folds(first: Tree, other: Tree) -> bool:
    """Whether a sibling is told in one row with the first: it is equal, and its name was not chosen by anyone."""
    return stem(first.name) == stem(other.name) and first.equals(other)


def _row(place: Place) -> Row:
    level, same, opened = place
    first, count = same[0], len(same)
    name = first.name if count == 1 else f"{first.name} … {same[-1].name}"
    costs = first.costs.times(count)
    group = first.layer is None
    paths = tuple([tree.path for tree in same])
    return Row(
        level, name, first.path, first.kind, first.output, costs, first.layers * count, count, group, paths, opened
    )


def automatic_depth(tree: Tree, deepest: int) -> int:
    """The deepest level whose table stays within MAX_ROWS rows; at least 1."""
    depth = 1
    while depth < deepest and not _exceeds(_places(tree, 1, depth + 1), MAX_ROWS):
        depth += 1
    return depth


def _exceeds(places: Iterator[Place], most: int) -> bool:
    return next(islice(places, most, None), None) is not None


def _flat(tree: Tree, depth: int | None, sort: str) -> list[Tree]:
    """Layers (or scopes at ``depth``), the largest and what is unknown first; not folded."""
    found: list[Tree] = []
    _leaves(tree, 1, depth, found)
    found.sort(key=lambda each: _rank(each.costs, sort))
    return found


def _rank(costs: Costs, sort: str) -> tuple[bool, int]:
    """What is unknown first, then the largest."""
    return not costs.unknown(sort), -getattr(costs, sort)


def largest_first(layers: Sequence[Layer], sort: str | None) -> Sequence[int]:
    """The places of layers, those with the largest figure and with an unknown one first; as they are without one."""
    places = range(len(layers))
    return places if sort is None else sorted(places, key=lambda place: _rank(layers[place].costs, sort))


def _leaves(tree: Tree, level: int, depth: int | None, found: list[Tree]) -> None:
    for child in tree.children.values():
        if child.layer is None and (depth is None or level < depth):
            _leaves(child, level + 1, depth, found)
        else:
            found.append(child)


def first_rows(report: Report, most: int | None, *, depth: int | None = None, sort: str | None = None) -> Shown:
    """As many rows as are shown (None: all), down to a depth (None: one that fits); the others are only counted."""
    tree = build_tree(report)
    deepest = tree.depth()
    if sort is not None:
        trees = _flat(tree, depth, sort)
        rows = [_row((1, [each], False))._replace(name=each.path) for each in trees[:most]]
        return Shown(rows, len(trees), depth or deepest, deepest)
    chosen = automatic_depth(tree, deepest) if depth is None else depth
    places = _places(tree, 1, chosen)
    rows = list(map(_row, islice(places, most)))
    return Shown(rows, len(rows) + _count(places), min(chosen, deepest), deepest)


def _count(found: Iterable[object]) -> int:
    return sum(1 for _ in found)
