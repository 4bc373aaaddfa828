"""All figures that people may have published of a report: of every scope, its size and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.embedding_tables import tables
from archcost.conventions.published_figures import Term, merged
from archcost.conventions.published_scopes import scopes
from archcost.conventions.published_sizes import sizes
from archcost.conventions.published_work import work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.conventions.embedding_tables import Tables
    from archcost.conventions.published_figures import CandidateFigure
    from archcost.conventions.published_scopes import LayerScope
    from archcost.conventions.tool_report import ToolReport


def candidates(report: Report, tools: Sequence[ToolReport]) -> Iterator[tuple[LayerScope, CandidateFigure]]:
    """Every figure of every scope; equal ones of a scope once."""
    found = tables(report.graph)
    for scope in scopes(report):
        bases = _base(report, scope, "params"), _base(report, scope, "macs")
        for figure in merged(
            [*sizes(report, scope.layers, found, bases[0]), *work(report, scope.layers, tools, bases[1])]
        ):
            yield scope, figure


def figures(report: Report, chosen: Sequence[int], tools: Sequence[ToolReport], found: Tables) -> list[CandidateFigure]:
    """Every figure of the chosen layers; equal ones once, named by all that give them."""
    return list(merged([*sizes(report, chosen, found), *work(report, chosen, tools)]))


def _base(report: Report, scope: LayerScope, metric: str) -> tuple[Term, ...]:
    """What a scope's params or MACs are made of: the whole, less the layers that are left out."""
    words = "MACs" if metric == "macs" else metric
    whole = getattr(report.totals, metric)
    if not scope.left_out:
        part = sum(getattr(report.layers[index], metric) for index in scope.layers)
        return (Term(part, f"{words} of {len(scope.layers)} convolutions" if scope.words else words),)
    gone = [report.layers[index] for index in scope.left_out]
    where = gone[0].path if len(gone) == 1 else f"{gone[0].path} … {gone[-1].path}"
    return (Term(whole, words), Term(-sum(getattr(layer, metric) for layer in gone), f"of {where}"))
