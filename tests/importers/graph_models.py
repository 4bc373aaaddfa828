"""Models of the import made of archcost's own graphs: what a reader would give, without a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.report import analyze
from archcost.graph.inputs import takes_batch
from archcost.importers.form import ROOT, Batched, Form, FormScope, FormStep, FormTensor, Input, Truth
from archcost.ops.field_types import SpatialField
from archcost.paths import join, split
from archcost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.graph.model import Graph, Node
    from archcost.spec.model import Spec

_FIRST, _SECOND = 2, 3  # batch sizes


def model_of(spec: Spec) -> Form:
    """The model that a spec describes, as if it had been recorded at two batch sizes, or at 1 alone.

    It has a scope for each of a path. Its kind is the block's name; groups, branches and rounds are mere containers.
    """
    first, second = _runs(spec)
    graph = first.graph
    shapes = [_values(report.graph) for report in (first, second)]
    values = [FormTensor(_fitted(one.shape, other.shape), one.dtype) for one, other in zip(*shapes, strict=True)]
    inputs = [Input(name, place) for place, name in enumerate(graph.inputs)]
    numbers = {-1 - place: place for place in range(len(inputs))}
    numbers |= {value: len(inputs) + value for value in range(len(values) - len(inputs))}
    scopes, steps = [FormScope(ROOT, "", spec.name)], []
    known: dict[tuple[str, ...], int] = {(): ROOT}
    kinds = {scope.path: scope.kind for scope in graph.scopes if scope.params is not None}
    for index, (node, other) in enumerate(zip(graph.nodes, second.graph.nodes, strict=True)):
        *above, name = split(node.path)
        for depth in range(1, len(above) + 1):
            place = tuple(above[:depth])
            if place not in known:
                known[place] = len(scopes)
                kind = kinds.get(join(*place))
                scopes.append(FormScope(known[place[:-1]], place[-1], kind or "", transparent=kind is None))
        outputs = range(node.first_value, node.first_value + len(node.outputs))
        owners = {graph.owner(index, tensor) for tensor in (*node.signature.weights(), *node.signature.buffers())}
        steps.append(
            FormStep(
                node.op.kind,
                name,
                known[tuple(above)],
                tuple([numbers[value] for value in node.inputs]),
                tuple([numbers[value] for value in outputs]),
                _attributes(node, other),
                tuple(node.signature.weights()),
                shares=next(iter(owners - {index}), None),
            )
        )
    macs = _fitted(first.totals.macs, second.totals.macs)
    truth = Truth(first.totals.params, macs)
    named = tuple([numbers[value] for value in graph.outputs])
    return Form(spec.name, "a graph", graph.dtype, inputs, values, scopes, steps, named, truth)


def _runs(spec: Spec) -> tuple[Report, Report]:
    """At two batch sizes; twice at 1 where no batch may be asked for, or the MACs are no line in it."""
    one = analyze(spec)
    if not takes_batch(spec):
        return one, one
    first, second = (analyze(spec, Settings(batch=batch)) for batch in (_FIRST, _SECOND))
    straight = second.totals.macs - first.totals.macs == first.totals.macs - one.totals.macs
    return (first, second) if straight else (one, one)


def _values(graph: Graph) -> list[Any]:
    return [*graph.inputs.values(), *[tensor for node in graph.nodes for tensor in node.outputs]]


def _attributes(node: Node, other: Node) -> dict[str, Any]:
    """What differs from the defaults, fitted to the batch; one number where all spatial dims have the same."""
    found = {}
    for name, field in type(node.op).fields.items():
        value = node.op.attribute(name)
        if value != node.op._default(name):  # what the op's repr compares as well
            alike = isinstance(field, SpatialField) and isinstance(value, tuple) and len(set(value)) == 1
            found[name] = value[0] if alike else _fitted(value, other.op.attribute(name))
    return found


def _fitted(one: Any, other: Any) -> Any:
    """A value that follows the batch, from what it is at two batch sizes."""
    if isinstance(one, (tuple, list)):
        items: Sequence[Any] = [_fitted(a, b) for a, b in zip(one, other, strict=True)]
        return tuple(items)
    if one == other:
        return one
    times = (other - one) // (_SECOND - _FIRST)
    return Batched(times, one - times * _FIRST)
