"""A reconciliation as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from archcost.analysis.data import spec_data
from archcost.documents import Count, Envelope, Positive, SpecData, envelope

if TYPE_CHECKING:
    from archcost.conventions.differences import ToolDifference, ToolExplanation
    from archcost.conventions.model import Amount
    from archcost.conventions.published_search import Match, Search
    from archcost.conventions.quoted_figures import Quoted
    from archcost.conventions.reconciliation import Reconciliation


class ToolDifferenceData(TypedDict):
    """What a class of ops adds to a tool's figure, or what is missing from it, over all layers."""

    what: str
    rate: str
    layers: Positive
    figure: float
    macs: Count
    difference: float
    covered: bool


class ConventionData(TypedDict):
    """A tool's figure: its factor × archcost's MACs, plus the sum of the differences; null where it has none."""

    name: str
    tool: str
    version: str
    unit: str
    word: str
    called: str
    figure: int | None
    failure: str | None
    factor: Positive
    base: Count
    difference: int | None
    differences: list[ToolDifferenceData]
    not_covered_macs: Count


class QuotedData(TypedDict):
    """A figure that the spec quotes, archcost's own, and the nearest one."""

    path: str
    metric: str
    published: int
    source: str
    computed: int
    reproduced: bool
    nearest: int
    nearest_is: str
    deviation: float


class TermData(TypedDict):
    """A part of a figure."""

    what: str
    amount: float


class MatchData(TypedDict):
    """A figure that is printed as the published one, or near it, and the settings that it takes."""

    figure: int
    what: str
    kind: str
    settings: list[str]
    arithmetic: str | None
    terms: list[TermData]
    way: str | None
    deviation: float
    rank: Count


class PublishedData(TypedDict):
    """What may give a published figure, the likeliest first."""

    text: str
    digits: Count
    kinds: list[str] | None
    fit: Count
    by_chance: float
    matches: list[MatchData]
    nearest: list[MatchData]


class ReconciliationData(Envelope):
    """Why other tools print other figures, and what a published figure counts."""

    spec: SpecData
    batch: Positive
    macs: Count
    conventions: list[ConventionData]
    quoted: list[QuotedData]
    published: NotRequired[PublishedData]


def reconciliation_data(found: Reconciliation) -> ReconciliationData:
    """The JSON form."""
    report = found.report
    return {
        **envelope("reconciliation"),
        "spec": spec_data(report),
        "batch": report.batch,
        "macs": report.totals.macs,
        "conventions": [_convention(explanation) for explanation in found.explanations],
        "quoted": [_quoted(row) for row in found.quoted],
        **_searched(found.search),
    }


class _Searched(TypedDict, total=False):
    published: PublishedData


def _searched(search: Search | None) -> _Searched:
    return {} if search is None else {"published": _published(search)}


def _convention(explanation: ToolExplanation) -> ConventionData:
    reading = explanation.reading
    convention = reading.convention
    return {
        "name": convention.name,
        "tool": convention.tool,
        "version": convention.version,
        "unit": convention.unit,
        "word": convention.word,
        "called": convention.called,
        "figure": reading.total,
        "failure": reading.failure or None,
        "factor": convention.factor,
        "base": explanation.base,
        "difference": None if reading.failure else explanation.difference,
        "differences": [_difference(difference) for difference in explanation.differences],
        "not_covered_macs": reading.missed,
    }


def _difference(difference: ToolDifference) -> ToolDifferenceData:
    return {
        "what": difference.what,
        "rate": difference.rate,
        "layers": difference.layers,
        "figure": number(difference.amount),
        "macs": difference.macs,
        "difference": number(difference.difference),
        "covered": difference.covered,
    }


def number(amount: Amount) -> float:
    """An integer, or the double of a fraction."""
    return amount if isinstance(amount, int) else float(amount)


def _quoted(row: Quoted) -> QuotedData:
    return {
        "path": row.path,
        "metric": row.metric,
        "published": row.value,
        "source": row.source,
        "computed": row.computed,
        "reproduced": row.reproduced,
        "nearest": row.nearest.value,
        "nearest_is": row.nearest.what,
        "deviation": float(row.deviation),
    }


def _published(search: Search) -> PublishedData:
    return {
        "text": search.written.text,
        "digits": search.written.digits,
        "kinds": list(search.written.kinds[0]) if search.written.kinds else None,
        "fit": len(search.matches),
        "by_chance": round(search.by_chance, 3),
        "matches": [_match(match) for match in search.matches],
        "nearest": [_match(match) for match in search.nearest],
    }


def _match(match: Match) -> MatchData:
    figure = match.figure
    return {
        "figure": figure.value,
        "what": figure.what,
        "kind": figure.kind,
        "settings": list(match.settings),
        "arithmetic": figure.arithmetic or None,
        "terms": [{"what": term.text, "amount": number(term.amount)} for term in figure.terms],
        "way": match.way or None,
        "deviation": float(match.times - 1),
        "rank": match.rank,
    }
