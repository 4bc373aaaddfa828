"""The best suggestion for a layer, a block or a whole model, quickly: beside what is asked, in few trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import ArchcostError
from archcost.paths import scopes
from archcost.suggesting.goals import Goal
from archcost.suggesting.making import SuggestionFilter, suggestions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.report import Report
    from archcost.suggesting.suggestion import Suggestion, Suggestions

FEW = 4_000  # layers that are analysed in all for one answer
_MORE = 40_000  # for the answers of a page
_MOST_LAYERS = 1_000  # of a model that is looked at beside something else


def best_for(report: Report, path: str, metric: str) -> Suggestion | None:
    """What saves most of a figure within a layer or scope, empty for the whole model; None where nothing is known."""
    found = _found(report, Goal(metric), SuggestionFilter((path,) if path else ()), FEW)
    return next(iter(found.found), None) if found is not None else None


def best_by_path(report: Report, metric: str) -> Mapping[str, Suggestion]:
    """What saves most of a figure of the model, by the path of each layer and scope that it is in.

    It is one of those that could be tried within the work of a page: of very many those that save most.
    """
    found = _found(report, Goal(metric), SuggestionFilter(), _MORE, all_sizes=True)
    best: dict[str, Suggestion] = {}
    for one in found.found if found is not None else ():
        for node in sorted(one.site.changed) if one.is_tried else ():
            for path in ("", *scopes(report.layers[node].path)):
                best.setdefault(path, one)
    return best


def _found(
    report: Report, goal: Goal, wanted: SuggestionFilter, allowed: int, *, all_sizes: bool = False
) -> Suggestions | None:
    """Suggestions, if the model is one to make cheaper; what goes wrong is told by who is asked for them."""
    lora = report.graph.settings.lora
    if not report.complete or lora is not None or len(report.layers) > _MOST_LAYERS:
        return None
    try:
        return suggestions_of(report, goal, wanted, allowed=allowed, all_sizes=all_sizes)
    except ArchcostError:
        return None
