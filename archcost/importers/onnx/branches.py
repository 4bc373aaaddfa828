"""The nodes of a graph that its outputs need, who reads a name, and the branch of an ``If`` that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError, shortened
from archcost.importers.onnx.graph import OnnxGraph
from archcost.importers.onnx.tensors import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.onnx.graph import OnnxNode

_BRANCHES = {True: "then_branch", False: "else_branch"}


def readers_of(graph: OnnxGraph) -> tuple[dict[str, list[OnnxNode | None]], list[OnnxNode]]:
    """Who reads each name, None for the graph's outputs; and the nodes that are needed, in their order."""
    readers: dict[str, list[OnnxNode | None]] = {name: [None] for name in graph.outputs}
    alive: list[OnnxNode] = []
    for node in reversed(graph.nodes):
        if any(name in readers for name in node.outputs):
            alive.append(node)
            for name in _read(node):
                readers.setdefault(name, []).append(node)
    alive.reverse()
    return readers, alive


def raise_on_two_makers(graph: OnnxGraph) -> None:
    """Raise UsageError where two nodes, or a node and the file, say what a name stands for."""
    made = {*graph.tensors, *graph.inputs}
    for node in graph.nodes:
        for name in filter(None, node.outputs):
            if name in made:
                shown = shortened(name, MAX_NAME)
                raise UsageError(f"{node.title} makes '{shown}', which is made before it", "a name is one value's")
            made.add(name)


def inlined(node: OnnxNode, truth: bool) -> tuple[OnnxGraph, dict[str, str]]:  # noqa: FBT001 - it is the condition
    """The branch that runs, and what its outputs are called outside."""
    branch = node.attributes.get(_BRANCHES[truth])
    if not isinstance(branch, OnnxGraph) or len(branch.outputs) != len(node.outputs):
        raise UsageError(f"{node.title} has no branch that gives its outputs")
    return branch, dict(zip(node.outputs, branch.outputs, strict=True))


def _read(node: OnnxNode) -> Iterator[str]:
    """The names that a node reads, and those that graphs within it do."""
    yield from filter(None, node.inputs)
    for value in node.attributes.values():
        if isinstance(value, OnnxGraph):
            for inner in value.nodes:
                yield from _read(inner)
            yield from value.outputs
