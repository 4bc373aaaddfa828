"""A pooling in front of a layer that it stood behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.suggesting.edits import LocalChange, NewSteps, Removed
from archcost.suggesting.view import written

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView


def pooled_first(
    view: GraphView, index: int, pool: int, note: str, inside: frozenset[int] = frozenset()
) -> LocalChange:
    """The change by which the pooling is taken first, and the layer on its result; ``inside`` lies between them.

    The step of the layer becomes a block of both, which keeps its path, and the step of the pooling passes through.
    """
    body = NewSteps(f"pooled_{view.kind(index)}", (written(view.op(pool)), view.call(index)))
    return LocalChange({index: body, pool: Removed()}, inside, note)
