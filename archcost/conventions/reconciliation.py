"""All that is known of a model's figures: each tool's, a published one, and those that the spec quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.report import analyze
from archcost.conventions import convention
from archcost.conventions.differences import explain
from archcost.conventions.printed_figures import parse_written
from archcost.conventions.published_search import search
from archcost.conventions.quoted_figures import quoted
from archcost.conventions.tool_report import check_patterns, read
from archcost.conventions.torchvision_style import TORCHVISION, patterns
from archcost.displays import in_line, in_notebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from archcost.analysis.report import Report
    from archcost.conventions.differences import ToolExplanation
    from archcost.conventions.published_search import Search
    from archcost.conventions.quoted_figures import Quoted


class Reconciliation(NamedTuple):
    """A report, its figure in every convention asked for, what was found for a published one, and the spec's own."""

    report: Report
    explanations: tuple[ToolExplanation, ...]
    quoted: tuple[Quoted, ...]
    search: Search | None = None
    hint: bool = False  # torchvision writes the model in another way, which was not asked for

    def __repr__(self) -> str:
        equal = sum(not each.difference for each in self.explanations)
        figures = {"macs": self.report.totals.macs, "tools": len(self.explanations), "equal": equal}
        return in_line(self, self.report.name, **figures, **self.report.costs.unknown_figures("macs"))

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.reconciliation/1``."""
        from archcost.conventions.data import reconciliation_data

        return {**reconciliation_data(self)}


def reconcile(
    report: Report, names: Sequence[str], functional: Sequence[str] = (), *, with_quoted: bool = True
) -> Reconciliation:
    """Explain the tools' figures for a report; raises UsageError for an unknown tool or a pattern without a layer.

    ``with_quoted`` also judges the figures that the spec quotes, which are those of its own params.
    """
    chosen = patterns(functional, report.name)
    check_patterns(report, chosen)
    explanations = tuple([explain(read(report, convention(name), chosen)) for name in names])
    found = tuple(quoted(report, chosen)) if with_quoted else ()
    return Reconciliation(report, explanations, found, hint=report.name in TORCHVISION and not functional)


def search_published(text: str, report: Report, functional: Sequence[str] = ()) -> Search:
    """What gives a figure that is published for the spec of a report; raises UsageError for what is no figure."""
    asked = report.graph.settings

    def analyse(changed: Mapping[str, Any], *, training: bool) -> Report:
        return analyze(report.spec, asked._replace(params={**asked.params, **changed}, training=training))

    return search(parse_written(text), analyse, patterns(functional, report.name))
