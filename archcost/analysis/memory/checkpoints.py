"""Activation checkpointing by block: which ranges of layers are computed again in the backward pass."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph


def matches(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, part by part: ``layer1.*`` names the rounds of layer1, and nothing in them."""
    parts, wanted = path.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def checkpoint_ranges(graph: Graph, patterns: Sequence[str]) -> tuple[range, ...]:
    """The nodes of every scope that a pattern names; of nested ones the outermost."""
    scopes = [scope.path for scope in graph.scopes if any(matches(scope.path, pattern) for pattern in patterns)]
    spans = _spans(graph, set(scopes))
    found: list[range] = []
    for span in sorted(spans.values(), key=lambda span: (span.start, -span.stop)):
        if not found or span.start >= found[-1].stop:
            found.append(span)
    return tuple(found)


def _spans(graph: Graph, scopes: set[str]) -> dict[str, range]:
    """The range of nodes below each path; the layers of a scope follow one another."""
    spans: dict[str, range] = {}
    for index, node in enumerate(graph.nodes):
        path = node.path
        while "." in path:
            path = path.rpartition(".")[0]
            if path in scopes:
                spans[path] = range(spans[path].start if path in spans else index, index + 1)
    return spans


def depths(graph: Graph) -> list[str]:
    """Patterns that name all scopes of a level, from the outermost level on: ``*``, ``*.*``."""
    deepest = max((scope.path.count(".") + 1 for scope in graph.scopes), default=0)
    return [".".join("*" * level) for level in range(1, deepest + 1)]
