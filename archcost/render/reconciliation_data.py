"""Reconciliation to JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.render.markup import escape_markdown
from archcost.render.text import known_total
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.conventions.differences import Difference, Explanation
    from archcost.conventions.expected import Quoted
    from archcost.conventions.model import Amount
    from archcost.conventions.published import Match, Search
    from archcost.conventions.reconciliation import Reconciliation

SCHEMA = "archcost.reconciliation/1"
MOST = 10  # matches that are shown outside of JSON


def to_document(found: Reconciliation) -> dict[str, Any]:
    """The JSON form."""
    report = found.report
    spec = report.spec
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "archcost", "version": __version__},
        "spec": {"name": spec.name, "path": spec.path, "sha256": spec.sha256, "params": report.params},
        "batch": report.batch,
        "macs": report.totals.macs,
        "conventions": [_explanation(explanation) for explanation in found.explanations],
        "quoted": [_quoted(row) for row in found.quoted],
    }
    if found.search is not None:
        document["published"] = _search(found.search)
    return document


def _explanation(explanation: Explanation) -> dict[str, Any]:
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


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "what": difference.what,
        "rate": difference.rate,
        "layers": difference.layers,
        "figure": number(difference.amount),
        "macs": difference.macs,
        "difference": number(difference.difference),
        "covered": difference.covered,
    }


def number(amount: Amount) -> int | float:
    """An integer, or the double of a fraction."""
    return amount if isinstance(amount, int) else float(amount)


def _quoted(row: Quoted) -> dict[str, Any]:
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


def _search(search: Search) -> dict[str, Any]:
    return {
        "text": search.written.text,
        "matches": [_match(match) for match in search.matches],
        "nearest": [_match(match) for match in search.nearest],
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "figure": match.figure.value,
        "what": match.figure.what,
        "settings": list(match.settings),
        "way": match.way or None,
        "rank": match.rank,
    }


def to_markdown(found: Reconciliation) -> str:
    """A table of the tools' figures, and one of their differences; then the published figures."""
    known = known_total(found.report, "macs")
    lines = [f"### {escape_markdown(found.report.name)}", "", f"archcost counts {known} MACs.", ""]
    lines += ["| tool | version | figure | unit | difference | because |", "| :-- | :-- | --: | :-- | --: | :-- |"]
    for explanation in found.explanations:
        lines += _markdown_rows(explanation)
    if found.search is not None:
        lines += _markdown_search(found.search)
    if found.quoted:
        lines += ["", "| published | | figure | source | nearest | |", "| :-- | :-- | --: | :-- | --: | :-- |"]
        for row in found.quoted:
            verdict = row.nearest.what if row.reproduced else f"**not reproduced**: {row.nearest.what}"
            where = escape_markdown(row.path) or "the model"
            source = escape_markdown(row.source)
            lines.append(f"| {where} | {row.metric} | {row.value:,} | {source} | {row.nearest.value:,} | {verdict} |")
    return "\n".join(lines) + "\n"


def _markdown_rows(explanation: Explanation) -> list[str]:
    reading = explanation.reading
    convention = reading.convention
    figure = "–" if reading.total is None else f"**{reading.total:,}**"
    base = "" if convention.factor == 1 else f"beyond {convention.factor} × MACs"
    why = reading.failure or base
    total = "" if reading.failure else f"{explanation.difference:+,}"
    rows = [f"| **{convention.name}** | {convention.version} | {figure} | {convention.unit} | {total} | {why} |"]
    for difference in explanation.differences:
        covered = "" if difference.covered else "not covered: "
        what = escape_markdown(f"{difference.what}: {covered}{difference.rate}")
        rows.append(f"| | | | | {number(difference.difference):+,} | {what} |")
    return rows


def _markdown_search(search: Search) -> list[str]:
    matches: Sequence[Match] = search.matches[:MOST] or search.nearest
    verdict = "may be" if search.matches else "is given by no convention and no setting; the nearest figures are"
    lines = [
        "",
        f"{escape_markdown(search.written.text)} {verdict}",
        "",
        "| figure | what | settings | |",
        "| --: | :-- | :-- | :-- |",
    ]
    for match in matches:
        settings = escape_markdown(", ".join(match.settings))
        lines.append(f"| {match.figure.value:,} | {escape_markdown(match.figure.what)} | {settings} | {match.way} |")
    if len(search.matches) > MOST:
        lines += ["", f"and {len(search.matches) - MOST} more"]
    return lines
