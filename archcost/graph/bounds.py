"""A lower bound of a model's size, to refuse a spec that is far too large before it is unrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import VaryingSizeError, decided
from archcost.graph.context import MAX_DEPTH, MAX_NODES
from archcost.ops import REGISTRY
from archcost.ops.fields import whole_number
from archcost.spec.expressions import UNKNOWN, ExpressionError, Names

if TYPE_CHECKING:
    from archcost.errors import Mark
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
    """The step that makes too many nodes, as far as constants and the params show; None if there is none."""
    try:
        _size_of(spec.main.steps, _Known(spec, names), names, 0)
    except _TooLargeError as found:
        return found.mark
    return None


class _Known:
    """The spec, its names, and the sizes of the blocks looked at so far."""

    def __init__(self, spec: Spec, names: Names) -> None:
        self.blocks = spec.blocks
        self.names = names
        self.sizes: dict[str, _Size] = {}


def _size_of(steps: list[Step], known: _Known, names: Names, depth: int) -> _Size:
    """The least that steps make."""
    nodes = scopes = 0
    for step in steps:
        if step.broken or depth > MAX_DEPTH:
            continue
        count = _rounds(step, names)
        if count == 0:
            continue
        own_nodes, own_scopes = _step_size(step, known, depth)
        inner_names = Names({step.repeat_as: UNKNOWN}, names) if step.repeat is not None else names
        for branch in (step.branches or {}).values():
            inner = _size_of(branch.steps, known, inner_names, depth + 1)
            own_nodes, own_scopes = own_nodes + inner.nodes, own_scopes + inner.scopes
        nodes += own_nodes * count
        scopes += own_scopes * count
        if nodes > MAX_NODES or scopes > MAX_NODES:
            raise _TooLargeError(step.repeat.mark if step.repeat is not None and count > 1 else step.mark)
    return _Size(nodes, scopes)


def _step_size(step: Step, known: _Known, depth: int) -> _Size:
    kind = step.kind
    if not isinstance(kind, str):
        return _Size(0, 0)
    block = known.blocks.get(kind)
    if block is None:
        return _Size(1 if kind in REGISTRY else 0, 0)
    if kind not in known.sizes:
        known.sizes[kind] = _Size(0, 0)  # while it is looked at: a block may not use itself
        names = Names(dict.fromkeys(block.params, UNKNOWN), known.names)
        inner = _size_of(block.steps, known, names, depth + 1)
        known.sizes[kind] = _Size(inner.nodes, inner.scopes + 1)
    return known.sizes[kind]


def _rounds(step: Step, names: Names) -> int:
    """How often a step is made at least: 0 where that is not known."""
    try:
        if step.when is not None and (step.when.uses_input or not decided(step.when.evaluate(names))):
            return 0
        if step.repeat is None:
            return 1
        count = 0 if step.repeat.uses_input else whole_number(decided(step.repeat.evaluate(names)))
    except (ExpressionError, VaryingSizeError):
        return 0
    return count if type(count) is int and count > 0 else 0
