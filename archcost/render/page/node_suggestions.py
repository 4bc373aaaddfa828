"""What would make the parts of a model cheaper, said once for each suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.suggestion_words import saved_text
from archcost.suggesting.best import best_by_path
from archcost.suggesting.goals import MACS, PARAMS

if TYPE_CHECKING:
    from archcost.render.page.folded_nodes import Folded
    from archcost.render.page.page_data import PageSuggestionData
    from archcost.suggesting.suggestion import Suggestion


class NodeSuggestions(NamedTuple):
    """The suggestions of a page, and by node the place of the best one for it; None where there is none."""

    found: list[PageSuggestionData]
    of_nodes: list[int | None]


def suggestions_of_nodes(folded: Folded) -> NodeSuggestions:
    """What saves most MACs at each node, or where nothing does, most params."""
    best = {**best_by_path(folded.report, PARAMS), **best_by_path(folded.report, MACS)}
    places: dict[Suggestion, int] = {}
    of_nodes: list[int | None] = []
    for node in folded.nodes:
        one = best.get(node.tree.path)
        of_nodes.append(None if one is None else places.setdefault(one, len(places)))
    return NodeSuggestions(list(map(_data, places)), of_nodes)


def _data(one: Suggestion) -> PageSuggestionData:
    note = f", {one.site.note}" if one.site.note else ""
    return {
        "text": f"{one.words}{note}",
        "saves": saved_text(one),
        "training": one.boldness.value,
        "paper": one.rewrite.paper,
    }
