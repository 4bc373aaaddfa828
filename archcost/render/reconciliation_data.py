"""Reconciliation to JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.render.markup import escape_markdown
from archcost.render.text import known_total
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        "digits": search.written.digits,
        "fit": len(search.matches),
        "by_chance": round(search.by_chance, 3),
        "matches": [_match(match) for match in search.matches],
        "nearest": [_match(match) for match in search.nearest],
    }


def _match(match: Match) -> dict[str, Any]:
    figure = match.figure
    return {
        "figure": figure.value,
        "what": figure.what,
        "kind": figure.kind,
        "settings": list(match.settings),
        "arithmetic": figure.arithmetic or None,
        "terms": [{"what": term.text, "amount": number(term.amount)} for term in figure.terms],
        "way": match.way or None,
        "deviation": float(match.ratio - 1),
        "rank": match.rank,
    }


def chance(search: Search) -> str:
    """How many figures fit, and how many of so few digits would by chance."""
    count, digits = len(search.matches), search.written.digits
    fit = f"{digits} digit{'s' * (digits != 1)}: {count:,} figure{'s fit' if count != 1 else ' fits'}"
    expected = round(search.by_chance)
    return f"{fit}, and about {expected:,} would by chance" if expected else f"{fit}, and none would by chance"


def away(match: Match) -> str:
    """How far a figure is from the published one: ``1.2% away``, ``31.5 times the figure``."""
    if match.ratio < 2:  # noqa: PLR2004 - twice as much
        return f"{float(100 * (match.ratio - 1)):.1f}% away"
    times = match.ratio if match.more else 1 / match.ratio
    return f"{float(times):.3g} times the figure"


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
    verdict = "may be" if search.matches else "is given by no convention and no setting; the nearest figures are"
    lines = ["", f"{escape_markdown(search.written.text)} {verdict}", "", *_markdown_matches(search)]
    if len(search.matches) > MOST:
        lines += ["", f"and {len(search.matches) - MOST} more"]
    if search.matches:
        lines += ["", f"{chance(search)}."]
    return lines


def _markdown_matches(search: Search) -> Iterator[str]:
    yield "| figure | what | settings | arithmetic | |"
    yield "| --: | :-- | :-- | :-- | :-- |"
    for match in (*search.matches[:MOST], *search.nearest):
        settings = escape_markdown(", ".join(match.settings))
        what, arithmetic = escape_markdown(match.figure.what), escape_markdown(match.figure.arithmetic)
        how = match.way or f"{'does not fit: ' if search.matches else ''}{away(match)}"
        yield f"| {match.figure.value:,} | {what} | {settings} | {arithmetic} | {how} |"
