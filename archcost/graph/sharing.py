"""``share``: a step that uses the weights of another one, which an id or a path names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic, suggestion
from archcost.graph.model import owner_of
from archcost.graph.places import Places
from archcost.graph.references import ids_before, may_be_default
from archcost.ops.base import shape_text
from archcost.paths import above, first
from archcost.spec.checks import StepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.graph.context import Context
    from archcost.graph.model import Node, Signature
    from archcost.graph.scope import Frame
    from archcost.spec.model import Reference

_SHOWN = 60  # characters of an id or path in a message


def share_weights(context: Context, reference: Reference, frame: Frame, start: int, end: int) -> None:
    """Let the nodes from ``start`` use the weights of another step's nodes; raises StepError."""
    nodes = frame.body.nodes
    name, mark = reference
    found = _target(context, reference, frame, start)
    if found is None:
        return
    other, stop = found
    context.look_into(nodes, range(other, stop))
    context.look_into(nodes, range(start, end))
    if other == stop:
        raise StepError(Diagnostic(f"'{name}' has no layers whose weights can be shared", mark))
    if stop - other != end - start:
        message = f"'{name}' has {_layers(stop - other)}, this step has {_layers(end - start)}"
        raise StepError(Diagnostic(message, mark, "weights are shared between steps of the same kind"))
    common = 0
    for index, target in zip(range(start, end), range(other, stop), strict=True):
        common += _shared_tensors(context, reference, nodes, index, target)
        nodes[index] = nodes[index]._replace(weights_of=target)
    if not common:
        message = f"this step and '{name}' have no weights in common"
        raise StepError(Diagnostic(message, mark, "weights are shared by name: weight, bias …"))


def _shared_tensors(context: Context, reference: Reference, nodes: Sequence[Node], index: int, target: int) -> int:
    """How many tensors a node has in common with another; raises StepError for one that cannot be the same."""
    mark = reference.mark
    mine, theirs = _tensors(nodes[index].signature), _tensors(nodes[target].signature)
    shared = [tensor for tensor in mine if tensor in theirs]
    there = context.inside(nodes[target].path)
    for tensor in shared:
        if mine[tensor] != theirs[tensor]:
            shapes = f"{shape_text(mine[tensor])} here and {shape_text(theirs[tensor])} in '{there}'"
            raise StepError(Diagnostic(f"'{tensor}' is {shapes}: it cannot be shared", mark))
        if nodes[index].signature.frozen and _trains(nodes, target, tensor):
            owner = context.inside(nodes[owner_of(nodes, target, tensor)].path)
            message = f"`requires_grad: false` freezes weights that '{owner}' trains"
            raise StepError(Diagnostic(message, mark, f"a tensor has one state: freeze '{owner}' as well, or neither"))
    return len(shared)


def _target(context: Context, reference: Reference, frame: Frame, before: int) -> tuple[int, int] | None:
    """The nodes that a reference names, all of them before a node; None if what it names is wrong itself."""
    name, mark = reference
    other = frame.find(name)
    if other is not None:
        return None if None in other.values else (other.start, other.end)
    if not name or may_be_default(context, name, frame):
        return None
    context.look_into(frame.body.nodes, range(before))
    places = _places(context)
    for prefix in _scopes(frame):
        span = places.of(prefix + name, frame.body.nodes, mark)
        if span is not None and span[0] < before:
            if span[1] > before:
                raise StepError(Diagnostic(f"'{name[:_SHOWN]}' holds this step, which cannot share with itself", mark))
            return span
    top = frame.find(first(name))
    if top is not None and None in top.values:
        return None
    message = f"'share' must name a step before this one, got '{name[:_SHOWN]}'"
    raise StepError(Diagnostic(message, mark, _help(context, name, frame, mark)))


def _places(context: Context) -> Places:
    """Where the layers stand; counted from when a path is first asked for."""
    if context.places is None:
        context.places = Places(context.meter)
    return context.places


def _scopes(frame: Frame) -> Iterator[str]:
    """What may stand before a path: the scopes around within the block, and nothing, which is the whole model."""
    around: Frame | None = frame
    while around is not None:
        if around.prefix:
            yield around.prefix
        around = around.outer
    yield ""


def _help(context: Context, name: str, frame: Frame, mark: Mark) -> str:
    """What is there: the steps in what the path gets right, or the ids that resemble it."""
    base, hints = above(name), context.meter.hints
    places = _places(context)
    while base:
        for prefix in _scopes(frame):
            inside = places.below(prefix + base, mark)
            if inside:
                return suggestion(name, [path.removeprefix(prefix) for path in inside], f"steps in '{base}'", hints)
        base = above(base)
    return suggestion(name, ids_before(context, frame, mark), "ids before this step", hints)


def _trains(nodes: Sequence[Node], index: int, tensor: str) -> bool:
    """Whether a tensor of a node is learnable and needs a gradient."""
    owner = nodes[owner_of(nodes, index, tensor)].signature
    return owner.trains and tensor in owner.weights()


def _tensors(signature: Signature) -> dict[str, Shape]:
    return {**signature.weights(), **signature.buffers()}


def _layers(count: int) -> str:
    return f"{count} layer{'s' * (count != 1)}"
