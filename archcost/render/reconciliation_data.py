"""Reconciliation to JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.render.markup import escape_markdown
from archcost.render.text import known_total
from archcost.units import format_ratio
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        "kinds": list(search.written.kinds[0]) if search.written.kinds else None,
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
        "deviation": float(match.times - 1),
        "rank": match.rank,
    }


def grouped(search: Search) -> Iterator[tuple[str, Sequence[Match]]]:
    """The likeliest figures below their headings: those of the kind that the words name, then those of another.

    The nearest ones where nothing fits.
    """
    text, shown = search.written.text, search.matches[:MOST]
    if not shown:
        yield f"No convention and no setting that archcost knows gives {text}; the nearest figures:", search.nearest
        return
    named = [match for match in shown if not (search.written.kinds and match.tier)]
    others = shown[len(named) :]
    if named:
        yield f"{text} may be, the likeliest first:", named
    if others:
        nothing = "" if named else f"No {' or '.join(search.written.kinds[0])} fit. "
        yield f"{nothing}Of another kind:", others


def unshown(search: Search) -> int:
    """How many figures fit beside those that are shown."""
    return max(0, len(search.matches) - MOST)


def chance(search: Search) -> str:
    """How many figures fit, and how many of so few digits would by chance."""
    count, digits = len(search.matches), search.written.digits
    fit = f"{digits} digit{'s' * (digits != 1)}: {count:,} figure{'s fit' if count != 1 else ' fits'}"
    return f"{fit}, and {_expected(search.by_chance)} would by chance"


def _expected(number: float) -> str:
    """A mean number in words: ``about 12``, ``about 0.1``, ``fewer than 0.01``."""
    for least, decimals in ((0.95, 0), (0.05, 1), (0.01, 2)):
        if number >= least:
            return f"about {number:,.{decimals}f}"
    return "fewer than 0.01"


def away(match: Match) -> str:
    """How far a figure is from the published one, in shares of that: ``12.2% below``, ``3.20 times the figure``."""
    times = match.times
    if times >= 2:  # noqa: PLR2004 - twice as much
        return f"{format_ratio(times)} times the figure"
    side = "above" if times > 1 else "below"
    permille = round(1000 * abs(times - 1))
    if not permille:
        return f"less than 0.1% {side}"
    if permille == 1000 and times < 1:  # noqa: PLR2004 - 100%, which only 0 would be
        return "more than 99.9% below"
    return f"{permille // 10}.{permille % 10}% {side}"


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


def _markdown_search(search: Search) -> Iterator[str]:
    for heading, matches in grouped(search):
        yield from ("", escape_markdown(heading), "", *_markdown_matches(matches))
    if not search.matches:
        return
    if unshown(search):
        yield from ("", f"and {unshown(search)} more")
    yield from ("", f"{chance(search)}.")
    if search.nearest:
        yield from ("", "The plain figure does not fit:", "", *_markdown_matches(search.nearest))


def _markdown_matches(matches: Sequence[Match]) -> Iterator[str]:
    yield "| figure | what | settings | arithmetic | |"
    yield "| --: | :-- | :-- | :-- | :-- |"
    for match in matches:
        settings = escape_markdown(", ".join(match.settings))
        what, arithmetic = escape_markdown(match.figure.what), escape_markdown(match.figure.arithmetic)
        yield f"| {match.figure.value:,} | {what} | {settings} | {arithmetic} | {match.way or away(match)} |"
