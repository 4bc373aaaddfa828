"""What of a class has frozen weights, in as few statements as can be: ``self.layers[:3].requires_grad_(False)``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.exporting.template import BlockUse, Member, Name
    from archcost.graph.model import Graph


def frozen_parts(use: BlockUse, graph: Graph) -> tuple[tuple[Name, str], ...]:
    """The units of a use, or items of theirs (``[0]``, ``[1:4]``), that are frozen as a whole.

    A block that is frozen as a whole names none: the class around it freezes it.
    """
    if use.kind and _is_frozen(graph, *use.nodes):
        return ()
    return tuple([(unit.name, item) for unit in use.units for item in _items(unit, graph)])


def _items(unit: Member, graph: Graph) -> Iterator[str]:
    """The frozen items of a unit: the empty text for all of it."""
    if _is_frozen(graph, unit.start, unit.end):
        yield ""
        return
    places = range(len(unit.items))
    for is_frozen, run in groupby(places, key=lambda place: _is_frozen(graph, *_nodes(unit.items[place]))):
        several = [*run]
        if is_frozen:
            first, last = several[0], several[-1]
            yield f"[{first}]" if first == last else f"[{first or ''}:{last + 1}]"
        else:
            for place in several:
                for inner in _items(unit.items[place], graph):
                    yield f"[{place}]{inner}"


def _nodes(unit: Member) -> tuple[int, int]:
    return unit.start, unit.end


def _is_frozen(graph: Graph, start: int, end: int) -> bool:
    """Whether nodes have weights that the spec freezes, and none that it trains."""
    signatures = [node.signature for node in graph.nodes[start:end]]
    if not any(signature.frozen for signature in signatures):
        return False
    learnt = [signature for signature in signatures if signature.weights()]
    return any(signature.frozen for signature in learnt) and not any(signature.trains for signature in learnt)
