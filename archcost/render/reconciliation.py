"""Reconciliation to text: each tool's figure as an exact sum, and what a published figure means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.console import buffered_console
from archcost.render.output import write_text
from archcost.render.reconciliation_data import MOST, away, chance, to_document, to_markdown
from archcost.render.table import title
from archcost.render.text import known_total
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


def _text(found: Reconciliation, path: str | None) -> str:
    console, buffer = buffered_console(path)
    console.print(title(found.report), style="bold", soft_wrap=True)
    console.print(f"archcost counts {known_total(found.report, 'macs')} MACs", soft_wrap=True)
    for explanation in found.explanations:
        console.print()
        console.print(headline(explanation), style="bold", soft_wrap=True)
        for line in _difference_lines(explanation):
            console.print(line, soft_wrap=True)
    for lines in (_search_lines(found.search), _quoted_lines(found.quoted)):
        for index, line in enumerate(lines):
            if index == 0:
                console.print()
            console.print(line, style="" if index else "bold", soft_wrap=True)
    if found.hint:
        console.print()
        console.print(HINT, style="dim", soft_wrap=True)
    return buffer.getvalue()


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


def _difference_lines(explanation: Explanation) -> Iterator[str]:
    amounts = [signed(difference.difference) for difference in explanation.differences]
    names = [difference.what for difference in explanation.differences]
    wide, long = max(map(len, amounts), default=0), max(map(len, names), default=0)
    for amount, name, difference in zip(amounts, names, explanation.differences, strict=True):
        yield f"  {amount:>{wide}}  {name:<{long}}  {because(difference)}"
    missed = explanation.reading.missed
    if missed:
        share = format_share(missed, explanation.reading.report.totals.macs)
        yield f"  {missed:,} of archcost's MACs ({share}) are not covered"


def because(difference: Difference) -> str:
    """Why, and in how many layers."""
    layers = f"{difference.layers:,} layer{'s' * (difference.layers != 1)}"
    return f"{difference.rate}, {layers}" if difference.covered else f"not covered: {difference.rate}, {layers}"


def signed(amount: Amount) -> str:
    """An amount with its sign, ``+1,000``; a fraction in two decimals."""
    return f"{amount:+,}" if isinstance(amount, int) else f"{float(amount):+,.2f}"


def _search_lines(search: Search | None) -> Iterator[str]:
    if search is None:
        return
    text = search.written.text
    if not search.matches:
        yield f"No convention and no setting that archcost knows gives {text}; the nearest figures:"
        yield from _match_lines(search.nearest)
        return
    yield f"{text} may be, the likeliest first:"
    yield from _match_lines(search.matches[:MOST])
    if len(search.matches) > MOST:
        yield f"  and {len(search.matches) - MOST} more: --format json lists them all"
    yield chance(search)
    if search.nearest:
        yield "The plain figure does not fit:"
        yield from _match_lines(search.nearest)


def _match_lines(matches: Sequence[Match]) -> Iterator[str]:
    values = [format_exact(match.figure.value) for match in matches]
    wide = max(map(len, values), default=0)
    for value, match in zip(values, matches, strict=True):
        yield f"  {value:>{wide}}  {match_words(match)} ({match.way or away(match)})"
        if match.figure.arithmetic:
            yield f"  {'':>{wide}}    {match.figure.arithmetic}"


def match_words(match: Match) -> str:
    """What a figure is, and the settings that it takes."""
    return ", ".join((match.figure.what, *match.settings))


def _quoted_lines(rows: Sequence[Quoted]) -> Iterator[str]:
    if not rows:
        return
    wrong = [row for row in rows if not row.reproduced]
    yield f"The spec quotes {len(rows)} published figure{'s' * (len(rows) != 1)}: {len(rows) - len(wrong)} reproduced"
    if not wrong:
        return
    yield f"No convention comes within 2.5% of {'this one' if len(wrong) == 1 else f'these {len(wrong)}'}:"
    wide = max(len(row.path or "the model") for row in wrong)
    for row in wrong:
        yield f"  {row.path or 'the model':<{wide}}  {quoted_words(row)}"


def quoted_words(row: Quoted) -> str:
    """``macs 34,000,000 (Table 1); archcost: 118,013,952; nearest: 118,013,952 MACs (247.1% off)``."""
    nearest = f"{row.nearest.value:,} {row.nearest.what} ({off(row)})"
    return f"{row.metric} {row.value:,} ({row.source}); archcost: {row.computed:,}; nearest: {nearest}"


def off(row: Quoted) -> str:
    """How far the nearest figure is from the published one, in percent."""
    return f"{float(100 * row.deviation):.1f}% off"
