"""A lower bound of a model's size, so that a spec that grows without measure is refused before it is unrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.context import MAX_DEPTH, MAX_NODES
from archcost.ops import REGISTRY
from archcost.ops.fields import whole_number
from archcost.spec.expressions import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.errors import Mark
    from archcost.spec.expressions import Names
    from archcost.spec.model import Spec, Step


class _TooLargeError(Exception):
    """A step makes too many nodes."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class _Size(NamedTuple):
    nodes: int
    scopes: int


def too_large(spec: Spec, names: Names) -> Mark | None:
    """The step that makes more nodes than there may be, as far as constants and the spec's params tell."""
    sizes: dict[str, _Size] = {}
    try:
        _size_of(spec.main.steps, spec, names, sizes, 0)
    except _TooLargeError as found:
        return found.mark
    return None


def _size_of(steps: list[Step], spec: Spec, names: Names | None, sizes: dict[str, _Size], depth: int) -> _Size:
    """The least that steps make; ``names`` is None in blocks, where params are not known."""
    nodes = scopes = 0
    for step in steps:
        count = _rounds(step, names)
        if count == 0 or step.broken or depth > MAX_DEPTH:
            continue
        own_nodes, own_scopes = _step_size(step, spec, sizes, depth)
        for branch in (step.branches or {}).values():
            inner = _size_of(branch.steps, spec, names, sizes, depth + 1)
            own_nodes, own_scopes = own_nodes + inner.nodes, own_scopes + inner.scopes
        nodes += own_nodes * count
        scopes += own_scopes * count
        if nodes > MAX_NODES or scopes > MAX_NODES:
            raise _TooLargeError(step.repeat.mark if step.repeat is not None and count > 1 else step.mark)
    return _Size(nodes, scopes)


def _step_size(step: Step, spec: Spec, sizes: dict[str, _Size], depth: int) -> _Size:
    kind = step.kind
    if not isinstance(kind, str):
        return _Size(0, 0)
    block = spec.blocks.get(kind)
    if block is None:
        return _Size(1 if kind in REGISTRY else 0, 0)
    if kind not in sizes:
        sizes[kind] = _Size(0, 0)  # while it is looked at: a block may not use itself
        inner = _size_of(block.steps, spec, None, sizes, depth + 1)
        sizes[kind] = _Size(inner.nodes, inner.scopes + 1)
    return sizes[kind]


def _rounds(step: Step, names: Mapping[str, object] | None) -> int:
    """How often a step is made at least: 0 where that is not known."""
    if step.when is not None:
        return 0
    if step.repeat is None:
        return 1
    if not step.repeat.constant and (names is None or step.repeat.uses_input):
        return 0
    try:
        count = whole_number(step.repeat.evaluate(names or {}))
    except ExpressionError:
        return 0
    return count if type(count) is int and count > 0 else 0
