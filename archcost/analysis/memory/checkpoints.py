"""Activation checkpointing by block: which ranges of layers are computed again in the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.paths import ancestors, first, join, level, matching, unmatched_help

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
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


def refuse_no_blocks(report: Report, patterns: Sequence[str]) -> None:
    """Raise UsageError for a pattern that names no block of a model."""
    paths = [scope.path for scope in report.graph.scopes]
    for pattern in patterns:
        if not matching(paths, pattern):
            raise _no_block(report, pattern)


def _no_block(report: Report, pattern: str) -> UsageError:
    tops = list(dict.fromkeys(first(scope.path) for scope in report.graph.scopes))
    shown = ", ".join(tops[:8]) + (", …" if len(tops) > 8 else "")  # noqa: PLR2004 - a line of them
    paths = [scope.path for scope in report.graph.scopes]
    hint = (
        f"its blocks are {shown}; `*` stays within a name, `**` crosses dots: `layer1.*`"
        if tops
        else "it has no blocks"
    )
    hint = unmatched_help(paths, pattern) or hint
    return UsageError(f"no block of {report.name} fits --checkpoint '{pattern}'", hint)
