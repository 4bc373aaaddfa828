"""Steps that take the place of one, each with the op that it is here: what they cost follows from the ops' own rules.

What this says of costs decides only whether a rewrite is worth a change. Figures come from an analysis of the changed
spec.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import numel
from archcost.ops.base import REGISTRY, apply
from archcost.suggesting.view import step_text, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcost.dims import Shape
    from archcost.ops.base import Op

_REMEMBERED = 4096  # steps, and what they cost: deep networks ask for the same ones again and again


class NamedValue(NamedTuple):
    """A value that has a name in a body: ``$out_channels``, and what it is here."""

    text: str
    value: Any


class BodyStep(NamedTuple):
    """A step with the op that it is here."""

    text: str
    op: Op


class Fork(NamedTuple):
    """Branches from one tensor, joined by channel; an empty one passes it through."""

    branches: Mapping[str, tuple[BodyStep, ...]]

    @property
    def text(self) -> str:
        """The step."""
        written_out = [f"{name}: [{', '.join([step.text for step in row])}]" for name, row in self.branches.items()]
        return f"{{concat, branches: {{{', '.join(written_out)}}}}}"


class Cost(NamedTuple):
    """MACs, params, and the shape that comes out."""

    macs: int
    params: int
    shape: Shape


def step_of(kind: str, attributes: Mapping[str, Any]) -> BodyStep:
    """A step of a kind; each attribute is a value, or a :class:`NamedValue`."""
    return _step_of(kind, tuple(attributes.items()))


@lru_cache(maxsize=_REMEMBERED)
def _step_of(kind: str, given: tuple[tuple[str, Any], ...]) -> BodyStep:
    attributes = dict(given)
    texts = {name: value.text if isinstance(value, NamedValue) else value for name, value in attributes.items()}
    values = {name: value.value if isinstance(value, NamedValue) else value for name, value in attributes.items()}
    return BodyStep(step_text(kind, texts), REGISTRY[kind](**values))


@lru_cache(maxsize=_REMEMBERED)
def like(op: Op) -> BodyStep:
    """A step that is the same op."""
    return BodyStep(written(op), op)


def cost(steps: Iterable[BodyStep | Fork], shape: Shape) -> Cost:
    """What steps one after the other cost on a tensor of a shape; OpError if one does not take it."""
    macs = params = 0
    for step in steps:
        if isinstance(step, Fork):
            parts = [cost(branch, shape) for branch in step.branches.values()]
            joined = apply(REGISTRY["concat"](), tuple([part.shape for part in parts]))[0]
            macs, params, shape = macs + sum(p.macs for p in parts), params + sum(p.params for p in parts), joined
            continue
        own = _cost_of(step.op, shape)
        macs, params, shape = macs + own.macs, params + own.params, own.shape
    return Cost(macs, params, shape)


@lru_cache(maxsize=_REMEMBERED)
def _cost_of(op: Op, shape: Shape) -> Cost:
    inputs = (shape,)
    outputs = apply(op, inputs)
    return Cost(op.macs(inputs, outputs), sum(map(numel, op.weights(inputs).values())), outputs[0])
