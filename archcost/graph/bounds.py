"""A lower bound of a model's size, to refuse a spec that is far too large before it is unrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import VaryingSizeError, decided
from archcost.graph.context import MAX_DEPTH, MAX_NODES
from archcost.ops import REGISTRY
from archcost.ops.fields import whole_number
from archcost.spec.expressions import UNKNOWN, Expression, ExpressionError, Names

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


class Bounds:
    """The least sizes of a spec's blocks under its names, each looked at once."""

    def __init__(self, spec: Spec, names: Names) -> None:
        self.main = spec.main
        self.blocks = spec.blocks
        self.names = names
        self.sizes: dict[str, _Size] = {}

    def too_large(self) -> Mark | None:
        """The step that makes too many nodes, as far as constants and the params show; None if there is none."""
        try:
            _size_of(self.main.steps, self, self.names, 0)
        except _TooLargeError as found:
            return found.mark
        return None

    def are_too_many(self, step: Step, kind: str, rounds: int, names: Names) -> bool:
        """Whether so many rounds of a step make too many nodes, whatever its params are."""
        try:
            size = _round_size(step, kind or step.kind, self, _round_names(step, names), 0)
        except _TooLargeError:
            return True
        return max(size) * rounds > MAX_NODES


def _size_of(steps: list[Step], known: Bounds, names: Names, depth: int) -> _Size:
    """The least that steps make."""
    nodes = scopes = 0
    for step in steps:
        if step.broken or depth > MAX_DEPTH:
            continue
        count = _rounds(step, names)
        if count == 0:
            continue
        inner_names = _round_names(step, names) if step.repeat is not None else names
        own = _round_size(step, step.kind, known, inner_names, depth)
        nodes += own.nodes * count
        scopes += own.scopes * count
        if nodes > MAX_NODES or scopes > MAX_NODES:
            raise _TooLargeError(step.repeat.mark if step.repeat is not None and count > 1 else step.mark)
    return _Size(nodes, scopes)


def _round_names(step: Step, names: Names) -> Names:
    """The names in a round of a step, those that differ by round unknown."""
    return Names(dict.fromkeys(step.indices, UNKNOWN), names)


def _round_size(step: Step, kind: str | Expression, known: Bounds, names: Names, depth: int) -> _Size:
    """The least that one round of a step makes: its branches, and its op, block or group."""
    group = step.group
    nodes, scopes = _kind_size(kind, known, depth) if group is None else (int(group.adds_input), 0)
    for steps in step.inner():
        inner = _size_of(steps, known, names, depth + 1)
        nodes, scopes = nodes + inner.nodes, scopes + inner.scopes
    return _Size(nodes, scopes)


def _kind_size(kind: str | Expression, known: Bounds, depth: int) -> _Size:
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
    if "when" in step.varies:
        return 0
    try:
        if step.when is not None and (step.when.uses_input or not decided(step.when.evaluate(names))):
            return 0
        if step.repeat is None:
            return 1
        rounds = 0 if step.repeat.uses_input else decided(step.repeat.evaluate(names))
        count = len(rounds) if isinstance(rounds, (list, tuple)) else whole_number(rounds)
    except (ExpressionError, VaryingSizeError):
        return 0
    return count if type(count) is int and count > 0 else 0
