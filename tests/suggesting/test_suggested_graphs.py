"""Random edits of random specs: the text that is written has the edits, and all else is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

import archcost
from archcost.errors import SpecError
from archcost.paths import inside
from archcost.spec.loader import loads
from archcost.suggesting.applying import applied
from archcost.suggesting.edits import LocalChange, NewSteps
from archcost.suggesting.grounds import grounded
from archcost.suggesting.places import JointChange
from archcost.suggesting.rewrites.convolutions import Reduction
from archcost.suggesting.yaml_text import UnwritableError
from tests.profiles import examples
from tests.spec.strategies import sound_specs
from tests.suggesting.random_edits import as_text, edits_of, without

if TYPE_CHECKING:
    from archcost.graph.model import Graph

REFUSED = (
    "is hidden by that of another one inside",  # the rounds of two repeated steps are both called i
    "in the rounds of a step with branches",
    "has no id, and not the same name",
    "how often a step is repeated depends on its input",
    "too many",
    "too long",
)
Shapes = dict[str, tuple[object, ...]]


def shapes(graph: Graph) -> Shapes:
    """What goes into each layer and comes out, by its path."""
    return {node.path: (node.op.kind, node.signature.inputs, node.signature.outputs) for node in graph.nodes}


@settings(
    max_examples=examples(150, usual=60),
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(st.data(), sound_specs(), st.sampled_from(["lines", "braces", "mixed", "json"]))
def test_edits_change_what_they_say_and_nothing_else(data: st.DataObject, drawn: dict[str, Any], style: str) -> None:
    spec = without(drawn, "share")  # whose weights a step uses is another question
    try:
        graph = archcost.analyze(loads(as_text(spec, style))).graph
    except SpecError:
        assume(False)
    edits = data.draw(edits_of(graph))
    assume(edits)
    ground = grounded(graph)
    assert shapes(ground.graph) == shapes(graph)
    try:
        made = applied(ground, [JointChange(Reduction, (LocalChange(edits),))])
    except UnwritableError as error:
        event(str(error))
        if any(reason in str(error) for reason in REFUSED):
            return
        raise
    event("written")
    after = shapes(archcost.analyze(loads(made.text)).graph)
    before = shapes(graph)
    for index, node in enumerate(graph.nodes):
        edit = edits.get(index)
        if edit is None:
            assert after.pop(node.path) == before[node.path]
        elif isinstance(edit, NewSteps):
            _, inputs, outputs = before[node.path]
            first, last = (after.pop(f"{node.path}.{name}") for name in _names(node.op.kind))
            assert (first[1], last[2]) == (inputs, outputs)
    left = {index: edit for index, edit in edits.items() if not isinstance(edit, NewSteps)}
    assert len(after) == len(left)
    for index in left:
        assert any(inside(path, graph.nodes[index].path) for path in after)


def _names(kind: str) -> tuple[str, str]:
    return (kind, "relu_1" if kind == "relu" else "relu")
