"""Random edits of the nodes of a graph that keep every shape, and specs as text in several styles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

from archcost.suggesting.edits import Attributes, Edit, NewSteps, Removed
from archcost.suggesting.view import GraphView

if TYPE_CHECKING:
    from archcost.graph.model import Graph

PLAIN = ("relu", "gelu", "tanh", "dropout", "batch_norm2d")


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def as_text(spec: dict[str, Any], style: str) -> str:
    """A spec as YAML: in lines, in braces, a mixture of both, or as JSON."""
    if style == "json":
        return json.dumps(spec)
    flow = {"lines": False, "braces": True, "mixed": None}[style]
    return yaml.dump(spec, Dumper=_WithoutAliases, default_flow_style=flow, sort_keys=False, allow_unicode=True)


def without(spec: Any, key: str) -> Any:
    """A spec without a modifier, wherever it stands."""
    if isinstance(spec, dict):
        return {name: without(value, key) for name, value in spec.items() if name != key}
    return [without(item, key) for item in spec] if isinstance(spec, list) else spec


@st.composite
def edits_of(draw: st.DrawFn, graph: Graph) -> dict[int, Edit]:
    """What becomes of some nodes: alike in all uses of a step, or in some of them."""
    view = GraphView(graph)
    steps = sorted({view.place(index) for index, node in enumerate(graph.nodes) if _editable(view, index, node.path)})
    chosen = draw(st.lists(st.sampled_from(steps), max_size=3, unique=True)) if steps else []
    found: dict[int, Edit] = {}
    for step in chosen:
        uses = [index for index in range(len(graph.nodes)) if view.place(index) == step and view.step(index)]
        uses = [index for index in uses if _editable(view, index, graph.nodes[index].path)]
        some = draw(st.one_of(st.just(uses), st.lists(st.sampled_from(uses), min_size=1, unique=True)))
        number = draw(st.integers(0, 2))
        for index in some:
            found[index] = _edit(view, index, number)
    return found


def _editable(view: GraphView, index: int, path: str) -> bool:
    step = view.step(index)
    is_plain = view.kind(index) in PLAIN or view.kind(index) == "conv2d"
    return is_plain and step is not None and step.group is None and not path.endswith(".add")


def _edit(view: GraphView, index: int, number: int) -> Edit:
    kind = view.kind(index)
    if number == 0:
        return Removed() if view.input(index) == view.output(index) else _twice(view, index)
    if number == 1 and kind == "conv2d":
        return Attributes((("bias", "false"),))
    return _twice(view, index)


def _twice(view: GraphView, index: int) -> NewSteps:
    return NewSteps(f"longer_{view.kind(index)}", (view.call(index), "relu"))
