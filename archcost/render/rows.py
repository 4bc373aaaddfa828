"""Report to rows: the path tree, equal neighbours folded, cut at a depth or sorted flat. No text is laid out here."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.tree import build_tree, stem, tree_depth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.dims import Shape

MAX_ROWS = 48  # what the default depth aims at
MAX_PRINTED = 2_000  # rows that anyone reads in a terminal; laying out one takes a millisecond
SORT_KEYS = ("params", "active_params", "macs", "flops", "weight_bytes", "activation_bytes", "cache_bytes")


class Row(NamedTuple):
    """One line of a table: ``times`` neighbours that are equal, ``costs`` being their sum."""

    depth: int
    name: str
    path: str
    op: str
    output: tuple[Shape, ...]
    costs: Costs
    layers: int
    times: int
    group: bool
    paths: tuple[str, ...] = ()  # of the neighbours, the first among them


def tree_rows(tree: Tree, depth: int | None) -> list[Row]:
    """Rows in the order of the graph, groups above their layers, down to ``depth`` levels."""
    return list(_rows(tree, 1, depth))


def _rows(tree: Tree, level: int, depth: int | None) -> Iterator[Row]:
    siblings = list(tree.children.values())
    start = 0
    while start < len(siblings):
        first = siblings[start]
        stop = start + 1
        while stop < len(siblings) and _folds(first, siblings[stop]):
            stop += 1
        yield _row(siblings[start:stop], level)
        if first.children and (depth is None or level < depth):
            yield from _rows(first, level + 1, depth)
        start = stop


def _folds(first: Tree, other: Tree) -> bool:
    """Whether a sibling is told in one row with the first: it is equal, and its name was not chosen by anyone."""
    return first.key == other.key and stem(first.name) == stem(other.name)


def _row(same: list[Tree], level: int) -> Row:
    first, count = same[0], len(same)
    name = first.name if count == 1 else f"{first.name} … {same[-1].name}"
    costs = first.costs.times(count)
    group = first.layer is None
    paths = tuple([tree.path for tree in same])
    return Row(level, name, first.path, first.kind, first.output, costs, first.layers * count, count, group, paths)


def automatic_depth(tree: Tree) -> int:
    """The deepest level whose table stays within MAX_ROWS rows; at least 1."""
    deepest = tree_depth(tree)
    depth = 1
    while depth < deepest and not _exceeds(_rows(tree, 1, depth + 1), MAX_ROWS):
        depth += 1
    return depth


def _exceeds(rows: Iterator[Row], most: int) -> bool:
    return next(islice(rows, most, None), None) is not None


def flat_rows(tree: Tree, depth: int | None, sort: str, top: int | None) -> list[Row]:
    """Layers (or scopes at ``depth``) by their full paths, the largest and what is unknown first; not folded."""
    rows: list[Row] = []
    _leaves(tree, 1, depth, rows)
    rows.sort(key=lambda row: (not row.costs.unknown(sort), -getattr(row.costs, sort)))
    return rows[:top]


def _leaves(tree: Tree, level: int, depth: int | None, rows: list[Row]) -> None:
    for child in tree.children.values():
        if child.children and (depth is None or level < depth):
            _leaves(child, level + 1, depth, rows)
        else:
            rows.append(_row([child], 1)._replace(name=child.path))


def report_rows(
    report: Report, *, depth: int | None = None, sort: str | None = None, top: int | None = None
) -> tuple[list[Row], int, int]:
    """The rows to show, the depth they go to, and the depth there is; ``depth=None`` chooses one that fits."""
    tree = build_tree(report)
    deepest = tree_depth(tree)
    if sort is not None:
        return flat_rows(tree, depth, sort, top), depth or deepest, deepest
    chosen = automatic_depth(tree) if depth is None else depth
    rows = tree_rows(tree, chosen)
    return rows[:top], min(chosen, deepest), deepest
