"""A graph as a flat spec, one step for each node, with the edits of rewrites in it: so that figures can be counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import archcost
import archcost.suggesting.rewrites
from archcost.spec.loader import loads
from archcost.suggesting.edits import Attributes, NewSteps, Removed, Shares
from archcost.suggesting.rewrite import REWRITES
from archcost.suggesting.view import GraphView, attribute_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.suggesting.edits import Edit, LocalChange

Steps = list[str | dict[str, Any]]


def small(layers: Steps, shape: Iterable[int], *, training: bool = False, **more: Any) -> Report:
    """A small model of one input as a report."""
    spec = {"archcost": 1, "name": "small", "input": list(shape), "layers": layers, **more}
    return archcost.analyze(loads(json.dumps(spec)), training=training)


def found(report: Report, name: str) -> list[LocalChange]:
    """All changes of a rewrite in a model, in order."""
    view = GraphView(report.graph)
    changes = [REWRITES[name].at(view, index) for index in range(len(view.nodes))]
    return [change for change in changes if change is not None]


def rewritten(report: Report, *changes: LocalChange) -> Report:
    """The model with some changes; all shapes but those of edited nodes and of those between must be the same."""
    graph = report.graph
    edits = {index: edit for change in changes for index, edit in change.edits.items()}
    assert len(edits) == sum(len(change.edits) for change in changes), "two changes edit one node"
    after = archcost.analyze(loads(_text(graph, edits)))
    free = edits.keys() | {index for change in changes for index in change.inside}
    there = {node.path: node.signature for node in after.graph.nodes}
    for index, node in enumerate(graph.nodes):
        found_there = there.get(f"n{index}")
        if index not in free:
            assert found_there is not None, node.path
            assert found_there.inputs == node.signature.inputs, node.path
            assert found_there.outputs == node.signature.outputs, node.path
    outputs = [_shape(after.graph, value) for value in after.graph.outputs]
    assert outputs == [_shape(graph, value) for value in graph.outputs]
    return after


def _shape(graph: Graph, value: int) -> tuple[int, ...]:
    """The shape of a value."""
    index, place = graph.producers()[value]
    return graph.nodes[index].signature.output_shapes[place]


def _text(graph: Graph, edits: dict[int, Edit]) -> str:
    view, blocks = GraphView(graph), [""]
    layers = [_step(view, index, edits.get(index), blocks) for index in range(len(graph.nodes))]
    lines = ["archcost: 1", "name: flat", f"dtype: {graph.dtype}", "inputs:"]
    for name, tensor in graph.inputs.items():
        batch = graph.spec.inputs[name].batch
        shape = list(tensor.shape[1:] if batch else tensor.shape)
        lines.append(f"  {name}: {{shape: {shape}, dtype: {tensor.dtype}, batch: {str(batch).lower()}}}")
    lines += ["blocks:", *blocks] if len(blocks) > 1 else []
    outputs = ", ".join([_value(graph, value) for value in graph.outputs])
    return "\n".join([*lines, "layers:", *layers, f"outputs: [{outputs}]"])


def _step(view: GraphView, index: int, edit: Edit | None, blocks: list[str]) -> str:
    """A node as a step; the block of its body, if it has one, is added to the blocks."""
    node, kind = view.nodes[index], view.kind(index)
    attributes = node.op.changed() | {name: node.op.attribute(name) for name in view.given(index)}
    texts = {name: attribute_text(value) for name, value in attributes.items()}
    owner = node.weights_of if node.signature.weights() else -1
    match edit:
        case Removed():
            kind, texts = "identity", {}
        case Shares(other):
            owner = other
        case Attributes(changed):
            given = {name: text for name, text in changed if text is not None}
            taken = {name for name, text in changed if text is None}
            texts = {name: text for name, text in (texts | given).items() if name not in taken}
        case NewSteps(name, steps, params):
            kind = f"{name}_{index}"
            declared = [f"{param}: " for param in texts] + [f'{param}: "{text}"' for param, text in params]
            names = ["input", *[f"input_{place}" for place in range(1, len(node.inputs))]]
            blocks += [
                f"  {kind}:",
                f"    inputs: [{', '.join(names)}]",
                f"    params: {{{', '.join(declared)}}}",
                "    layers:",
            ]
            blocks += [f"      - {step}" for step in steps]
    inputs = ", ".join([_value(view.graph, value) for value in node.inputs])
    share = f"share: n{owner}, " if owner >= 0 else ""
    given_text = ", ".join([f"{name}: {text}" for name, text in texts.items()])
    return f"  - {{id: n{index}, from: [{inputs}], {share}{kind}: {{{given_text}}}}}"


def _value(graph: Graph, value: int) -> str:
    if value < 0:
        return list(graph.inputs)[-1 - value]
    index, place = graph.producers()[value]
    return f"n{index}" + (f".{place}" if len(graph.nodes[index].outputs) > 1 else "")
