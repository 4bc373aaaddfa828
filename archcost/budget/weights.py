"""What stands behind a figure: the layers that weigh most or grew most, and the scopes that a pattern names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from archcost.budget.verdict import Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.budget.baseline import LayerChange

TOP = 3  # layers that a finding names


def matching(tree: Tree, pattern: str) -> Iterator[Tree]:
    """The outermost scopes and layers whose paths match; what lies inside of one is part of it."""
    for child in tree.children.values():
        if child.path == pattern or fnmatchcase(child.path, pattern):
            yield child
        else:
            yield from matching(child, pattern)


def heaviest(report: Report, metric: str, path: str) -> tuple[Weight, ...]:
    """The layers with the largest figures at and below a path; for the peak, those with the largest outputs."""
    name = "activation_bytes" if metric == "peak_activation_bytes" else metric
    weights = [
        Weight(layer.path, layer.op, getattr(layer.costs, name)) for layer in report.layers if inside(layer.path, path)
    ]
    weights.sort(key=lambda weight: -weight.figure)
    return tuple(weight for weight in weights[:TOP] if weight.figure)


def grown(changes: Sequence[LayerChange], metric: str, path: str) -> tuple[Weight, ...]:
    """The layers at and below a path whose figure grew most."""
    weights = []
    for change in changes:
        if inside(change.row.path, path):
            before, after = change.figures(metric)
            weights.append(Weight(change.row.path, change.row.op, after, before if change.before else None))
    weights.sort(key=lambda weight: (weight.baseline or 0) - weight.figure)
    return tuple(weight for weight in weights[:TOP] if weight.figure > (weight.baseline or 0))


def inside(path: str, scope: str) -> bool:
    """Whether a layer is at or below a path; everything is inside of the empty path."""
    return not scope or path == scope or path.startswith(f"{scope}.")
