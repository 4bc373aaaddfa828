"""Activation checkpointing by block: which ranges of layers are computed again in the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.paths import ancestors, join, level, matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph


def checkpoint_ranges(graph: Graph, patterns: Sequence[str]) -> tuple[range, ...]:
    """The nodes of every scope that a pattern names; of nested ones the outermost.

    ``layer1.*`` names the rounds of layer1, and nothing in them.
    """
    paths = [scope.path for scope in graph.scopes]
    spans = _spans(graph, {path for pattern in patterns for path in matching(paths, pattern)})
    found: list[range] = []
    for span in sorted(spans.values(), key=lambda span: (span.start, -span.stop)):
        if not found or span.start >= found[-1].stop:
            found.append(span)
    return tuple(found)


def _spans(graph: Graph, scopes: set[str]) -> dict[str, range]:
    """The range of nodes below each path; the layers of a scope follow one another."""
    spans: dict[str, range] = {}
    for index, node in enumerate(graph.nodes):
        for path in ancestors(node.path):
            if path in scopes:
                spans[path] = range(spans[path].start if path in spans else index, index + 1)
    return spans


def depths(graph: Graph) -> list[str]:
    """Patterns that name all scopes of a level, from the outermost level on: ``*``, ``*.*``."""
    deepest = max((level(scope.path) for scope in graph.scopes), default=0)
    return [join(*"*" * depth) for depth in range(1, deepest + 1)]
