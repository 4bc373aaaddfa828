"""Reconciliation to text: each tool's figure as an exact sum, and what a published figure means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.console import buffered_console
from archcost.render.output import write_text
from archcost.render.reconciliation_data import away, chance, grouped, to_document, to_markdown, unshown
from archcost.render.table import title
from archcost.render.text import known_total
from archcost.render.wrapping import hanging
from archcost.units import format_exact, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.conventions.differences import Difference, Explanation
    from archcost.conventions.expected import Quoted
    from archcost.conventions.model import Amount
    from archcost.conventions.published import Match, Search
    from archcost.conventions.reconciliation import Reconciliation

HINT = "torchvision's source writes some layers otherwise than archcost does: --functional torchvision counts them so"


def write_reconciliation(found: Reconciliation, format: str, path: str | None) -> None:  # noqa: A002 - the option's name
    """Print it in the format asked for."""
    if format == "json":
        from archcost.render.plain import to_json

        write_text(to_json([to_document(found)]), path, format)
    elif format == "markdown":
        write_text(to_markdown(found), path, format)
    else:
        write_text(_text(found, path), path, format)


class Line(NamedTuple):
    """A line before it is broken: a text behind its head, or below it, set in, where the head leaves no room."""

    text: str
    head: str = ""
    style: str = ""
    indent: int = 2


def _text(found: Reconciliation, path: str | None) -> str:
    console, buffer = buffered_console(path)
    for line in _lines(found):
        for part in hanging(line.head, line.text, console.width, indent=line.indent):
            console.print(part, style=line.style, soft_wrap=True)
    return buffer.getvalue()


def _lines(found: Reconciliation) -> Iterator[Line]:
    yield Line(title(found.report), style="bold")
    yield Line(f"archcost counts {known_total(found.report, 'macs')} MACs")
    for explanation in found.explanations:
        yield Line("")
        yield Line(headline(explanation), style="bold")
        yield from _difference_lines(explanation)
    if found.search is not None:
        yield Line("")
        yield from _search_lines(found.search)
    if found.quoted:
        yield Line("")
        yield from _quoted_lines(found.quoted)
    if found.hint:
        yield Line("")
        yield Line(HINT, style="dim")


def headline(explanation: Explanation) -> str:
    """``fvcore 0.1.5 prints 4,111,512,576 flops: 22,328,320 more than archcost's MACs``."""
    reading = explanation.reading
    convention = reading.convention
    start = f"{convention.name} {convention.version}"
    if reading.failure:
        return f"{start} has no figure: {reading.failure}"
    base = "archcost's MACs" if convention.factor == 1 else f"{convention.factor} × archcost's MACs"
    return f"{start} prints {reading.total:,} {unit_words(explanation)}: {_relation(explanation.difference, base)}"


def unit_words(explanation: Explanation) -> str:
    """The unit, and the tool's own word for it where that is another."""
    unit, word = explanation.reading.convention.unit, explanation.reading.convention.word
    return unit if word.upper().rstrip("S") == unit.upper().rstrip("S") else f"{unit} ({word})"


def _relation(difference: int, base: str) -> str:
    if not difference:
        return f"just {base}"
    return f"{abs(difference):,} {'more' if difference > 0 else 'less'} than {base}"


def _difference_lines(explanation: Explanation) -> Iterator[Line]:
    amounts = [signed(difference.difference) for difference in explanation.differences]
    names = [difference.what for difference in explanation.differences]
    wide, long = max(map(len, amounts), default=0), max(map(len, names), default=0)
    for amount, name, difference in zip(amounts, names, explanation.differences, strict=True):
        yield Line(because(difference), f"  {amount:>{wide}}  {name:<{long}}  ", indent=wide + 4)
    missed = explanation.reading.missed
    if missed:
        share = format_share(missed, explanation.reading.report.totals.macs)
        yield Line(f"{missed:,} of archcost's MACs ({share}) are not covered", "  ")


def because(difference: Difference) -> str:
    """Why, and in how many layers."""
    layers = f"{difference.layers:,} layer{'s' * (difference.layers != 1)}"
    return f"{difference.rate}, {layers}" if difference.covered else f"not covered: {difference.rate}, {layers}"


def signed(amount: Amount) -> str:
    """An amount with its sign, ``+1,000``; a fraction in two decimals."""
    return f"{amount:+,}" if isinstance(amount, int) else f"{float(amount):+,.2f}"


def _search_lines(search: Search) -> Iterator[Line]:
    for number, (heading, matches) in enumerate(grouped(search)):
        yield Line(heading, style="" if number else "bold")
        yield from _match_lines(matches)
    if not search.matches:
        return
    if unshown(search):
        yield Line(f"and {unshown(search)} more: --format json lists them all", "  ")
    yield Line(chance(search))
    if search.nearest:
        yield Line("The plain figure does not fit:")
        yield from _match_lines(search.nearest)


def _match_lines(matches: Sequence[Match]) -> Iterator[Line]:
    values = [format_exact(match.figure.value) for match in matches]
    wide = max(map(len, values), default=0)
    for value, match in zip(values, matches, strict=True):
        yield Line(f"{match_words(match)} ({match.way or away(match)})", f"  {value:>{wide}}  ")
        if match.figure.arithmetic:
            yield Line(match.figure.arithmetic, " " * (wide + 6))


def match_words(match: Match) -> str:
    """What a figure is, and the settings that it takes."""
    return ", ".join((match.figure.what, *match.settings))


def _quoted_lines(rows: Sequence[Quoted]) -> Iterator[Line]:
    wrong = [row for row in rows if not row.reproduced]
    count = f"{len(rows)} published figure{'s' * (len(rows) != 1)}"
    yield Line(f"The spec quotes {count}: {len(rows) - len(wrong)} reproduced", style="bold")
    if not wrong:
        return
    yield Line(f"No convention comes within 2.5% of {'this one' if len(wrong) == 1 else f'these {len(wrong)}'}:")
    wide = max(len(row.path or "the model") for row in wrong)
    for row in wrong:
        yield Line(quoted_words(row), f"  {row.path or 'the model':<{wide}}  ", indent=4)


def quoted_words(row: Quoted) -> str:
    """``macs 34,000,000 (Table 1); archcost: 118,013,952; nearest: 118,013,952 MACs (247.1% off)``."""
    nearest = f"{row.nearest.value:,} {row.nearest.what} ({off(row)})"
    return f"{row.metric} {row.value:,} ({row.source}); archcost: {row.computed:,}; nearest: {nearest}"


def off(row: Quoted) -> str:
    """How far the nearest figure is from the published one, in percent."""
    return f"{float(100 * row.deviation):.1f}% off"
