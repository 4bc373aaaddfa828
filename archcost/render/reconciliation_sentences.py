"""What a reconciliation says: sentences about tools, their differences, and published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.quantities import format_ratio, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.conventions.differences import ToolDifference, ToolExplanation
    from archcost.conventions.model import Amount
    from archcost.conventions.published_search import Match, Search
    from archcost.conventions.quoted_figures import Quoted

HINT = (
    "torchvision's source writes some layers differently from archcost: `--functional torchvision` counts them that way"
)
MOST = 10  # matches that are shown outside of JSON and CSV


def headline(explanation: ToolExplanation) -> str:
    """``fvcore 0.1.5 prints 4,111,512,576 flops: 22,328,320 more than archcost's MACs``."""
    reading = explanation.reading
    convention = reading.convention
    start = convention.label
    if reading.failure:
        return f"{start} has no figure: {reading.failure}"
    base = "archcost's MACs" if convention.factor == 1 else f"{convention.factor} × archcost's MACs"
    return f"{start} prints {reading.total:,} {_unit(explanation)}: {_relation(explanation.difference, base)}"


def _unit(explanation: ToolExplanation) -> str:
    """The unit, and the tool's own word for it where that is another."""
    convention = explanation.reading.convention
    return f"{convention.unit} ({convention.own_word})" if convention.own_word else convention.unit


def _relation(difference: int, base: str) -> str:
    if not difference:
        return f"exactly {base}"
    return f"{abs(difference):,} {'more' if difference > 0 else 'less'} than {base}"


def because(difference: ToolDifference) -> str:
    """Why, and in how many layers."""
    layers = f"{difference.layers:,} layer{'s' * (difference.layers != 1)}"
    return f"{difference.rate}, {layers}" if difference.covered else f"not covered: {difference.rate}, {layers}"


def missed(explanation: ToolExplanation) -> str:
    """How many of archcost's MACs a tool does not see; empty where it sees all."""
    reading = explanation.reading
    if not reading.missed:
        return ""
    share = format_share(reading.missed, reading.report.totals.macs)
    return f"{reading.missed:,} of archcost's MACs ({share}) are not covered"


def signed(amount: Amount) -> str:
    """An amount with its sign, ``+1,000``; a fraction in two decimals."""
    text = f"{amount:+,}" if isinstance(amount, int) else f"{float(amount):+,.2f}"
    return text.replace("-", "−")


# --- what is published ------------------------------------------------------------------------------------------------


def grouped(search: Search) -> Iterator[tuple[str, Sequence[Match]]]:
    """The likeliest figures below their headings: those of the kind that the words name, then those of another.

    The nearest ones where nothing fits.
    """
    text, shown = search.written.text, search.matches[:MOST]
    if not shown:
        yield f"No convention and no setting that archcost knows gives {text}; the nearest are:", search.nearest
        return
    named = [match for match in shown if not (search.written.kinds and match.tier)]
    others = shown[len(named) :]
    if named:
        yield f"{text} could be, most likely first:", named
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


def words(match: Match) -> str:
    """What a figure is, and the settings that it takes."""
    return ", ".join((match.figure.what, *match.settings))


def way(match: Match) -> str:
    """How it is printed as the published figure, or else how far it is from that."""
    return match.way or away(match)


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


# --- what the spec quotes ---------------------------------------------------------------------------------------------


def where(row: Quoted) -> str:
    """What a quoted figure is of."""
    return row.path or "the model"


def quoted_words(row: Quoted) -> str:
    """``macs 34,000,000 (Table 1); archcost: 118,013,952; nearest: 118,013,952 MACs (247.1% off)``."""
    nearest = f"{row.nearest.value:,} {row.nearest.what} ({off(row)} off)"
    return f"{row.metric} {row.value:,} ({row.source}); archcost: {row.computed:,}; nearest: {nearest}"


def off(row: Quoted) -> str:
    """How far the nearest figure is from the published one, in percent."""
    return f"{float(100 * row.deviation):.1f}%"
