"""Functions that a file defines itself, and the nodes of one where a node calls it.

A call is replaced by the nodes of its function: names that stand for its inputs and outputs become those of the call,
all others get names of their own. What it leaves to the call, an attribute by its name, is filled in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.importers.onnx.graph import MAX_NODES, CallAttribute, OnnxGraph, OnnxNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archcost.importers.onnx.graph import NodeAttribute, OnnxFile, OnnxFunction

MAX_CALLS = 32  # of functions within functions


def without_calls(file: OnnxFile) -> OnnxFile:
    """The file with the nodes of its functions in place of calls; raises UsageError beyond the bounds."""
    if not file.functions:
        return file
    return replace(file, graph=_Calls(file.functions).graph(file.graph, 0))


class _Calls:
    """Replaces calls by nodes, and counts them."""

    def __init__(self, functions: Mapping[tuple[str, str], OnnxFunction]) -> None:
        self._functions = functions
        self._made = 0  # nodes that came in
        self._calls = 0

    def graph(self, graph: OnnxGraph, depth: int) -> OnnxGraph:
        return replace(graph, nodes=list(self._inlined(graph.nodes, depth)))

    def _inlined(self, nodes: Iterable[OnnxNode], depth: int) -> Iterator[OnnxNode]:
        for node in nodes:
            function = self._functions.get((node.op, node.overload))
            if function is None:
                yield replace(
                    node, attributes={name: self._value(each, depth) for name, each in node.attributes.items()}
                )
            elif depth == MAX_CALLS:
                raise UsageError(f"functions of the file call each other more than {MAX_CALLS} deep")
            else:
                yield from self._inlined(self._body(node, function), depth + 1)

    def _value(self, value: NodeAttribute, depth: int) -> NodeAttribute:
        return self.graph(value, depth) if isinstance(value, OnnxGraph) else value

    def _body(self, call: OnnxNode, function: OnnxFunction) -> Iterator[OnnxNode]:
        """The nodes of a function, in the names of a call."""
        if len(call.inputs) > len(function.inputs) or len(call.outputs) > len(function.outputs):
            raise UsageError(f"{call.title} has more inputs or outputs than its function")
        self._made += 1 + len(function.nodes)
        if self._made > MAX_NODES:
            raise UsageError(f"the functions of the file come to more than {MAX_NODES:,} nodes")
        self._calls += 1
        names = dict.fromkeys(function.inputs, "") | dict(zip(function.inputs, call.inputs, strict=False))
        results = {inner: outer for inner, outer in zip(function.outputs, call.outputs, strict=False) if outer}
        given = {inner: outer for inner, outer in results.items() if inner in names}  # as they came in
        attributes = {**function.defaults, **call.attributes}
        renamed = _Renamed(results | names, f"{call.op} {self._calls}: ", call, attributes)
        yield from map(renamed.node, function.nodes)
        for inner, outer in given.items():
            yield OnnxNode("Identity", call.name, (names[inner],), (outer,), {}, call.scopes, call.classes)


class _Renamed(NamedTuple):
    """Nodes of a function as one call has them."""

    names: Mapping[str, str]
    prefix: str
    call: OnnxNode
    attributes: Mapping[str, NodeAttribute]

    def name(self, name: str) -> str:
        return self.names[name] if name in self.names else name and self.prefix + name

    def node(self, node: OnnxNode) -> OnnxNode:
        call = self.call
        given = {
            name: self.attributes.get(value.name) if isinstance(value, CallAttribute) else value
            for name, value in node.attributes.items()
        }
        return replace(
            node,
            name=node.name or call.name,
            inputs=tuple(map(self.name, node.inputs)),
            outputs=tuple(map(self.name, node.outputs)),
            attributes={name: self._graph(value) for name, value in given.items() if value is not None},
            scopes=node.scopes or call.scopes,
            classes=node.classes or call.classes,
        )

    def _graph(self, value: NodeAttribute) -> NodeAttribute:
        if not isinstance(value, OnnxGraph):
            return value
        return OnnxGraph(
            [self.node(node) for node in value.nodes],
            {self.name(name): tensor._replace(name=self.name(name)) for name, tensor in value.tensors.items()},
            {self.name(name): declared for name, declared in value.inputs.items()},
            tuple(map(self.name, value.outputs)),
            {self.name(name): declared for name, declared in value.declared.items()},
        )
