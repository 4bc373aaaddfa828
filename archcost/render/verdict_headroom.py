"""How much of its limits a model uses: a line a limit, the nearest to its limit first."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.verdict_figures import pair, signed
from archcost.budget.verdict_sentences import what
from archcost.budget.verdict_words import Cause, Status
from archcost.printable import one_line
from archcost.render.cell_text import bar
from archcost.render.verdict_table import has_row
from archcost.render.wrapping import padded, shortened, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.verdict import Finding, Verdict

MOST = 20  # limits that are listed
NEAR = Fraction(9, 10)  # of a limit, from which a change is likely to exceed it
_BAR = 10  # signs of a limit that is used up
_NARROW = 20  # signs that a label is left with before bars go
_SHORTEST = 8  # signs of a label on a page that is too narrow for anything
_EIGHTHS = 8 * _BAR
_WITHOUT_END = 10**9  # the share of a limit of nothing that is exceeded


class LimitUse(NamedTuple):
    """What of a limit is used: the figure of a maximum, or how far it has grown of what it may grow."""

    finding: Finding
    used: int
    allowed: int
    share: Fraction

    @property
    def words(self) -> tuple[str, str]:
        """``37.5 k`` and ``50 k``; of a growth ``+1,200`` and ``+6,000``."""
        metric = self.finding.metric
        if self.finding.baseline is not None and _grows(self.finding):
            return signed(self.used, metric, exact=False), signed(self.allowed, metric, exact=False)
        return pair(self.used, self.allowed, metric)


def _grows(finding: Finding) -> bool:
    return finding.limit is not None and finding.limit.is_growth


def uses(verdict: Verdict) -> list[LimitUse]:
    """The limits of which it is known what they leave, the nearest to its limit first."""
    found = [use for finding in verdict.all_findings() if (use := _use(finding)) is not None]
    found.sort(key=lambda use: (-use.share, use.finding.status is Status.OK))
    return found


def _use(finding: Finding) -> LimitUse | None:
    """What of one limit is used; None where that is not known, or where layers stand together."""
    known = has_row(finding) and finding.headroom is not None and finding.status is not Status.NOT_MEASURED
    if not known or finding.figure is None or finding.allowed is None or finding.cause is Cause.UNKNOWN:
        return None
    used, allowed = finding.figure, finding.allowed
    if _grows(finding):
        if finding.baseline is None:
            return None
        used, allowed = used - finding.baseline, allowed - finding.baseline
    share = Fraction(max(0, used), allowed) if allowed > 0 else Fraction(_WITHOUT_END if used > allowed else 0)
    return LimitUse(finding, used, allowed, share)


def headroom_lines(verdict: Verdict, width: int) -> list[tuple[str, LimitUse]]:
    """A line a limit within a width: what it is of, the figure, the limit, a bar and the share."""
    found = uses(verdict)
    shown = found[:MOST]
    names = len({use.finding.spec for use in found}) > 1
    labels = [_label(use.finding, name=names) for use in shown]
    figures = _aligned([use.words for use in shown])
    shares = _right([percent_of(use.share) for use in shown])
    taken = 2 + 2 + _widest(figures) + 2 + _BAR + 1 + _widest(shares)
    bars = width >= taken + min(_NARROW, _widest(labels))
    room = width - taken + (0 if bars else _BAR + 1)
    label_width = min(_widest(labels), max(_SHORTEST, room))
    lines = []
    for use, label, figure, share in zip(shown, labels, figures, shares, strict=True):
        drawn = f"{_drawn(use.share):{_BAR}} " * bars
        lines.append((f"  {padded(shortened(label, label_width), label_width)}  {figure}  {drawn}{share}", use))
    return lines


def _drawn(share: Fraction) -> str:
    """A bar that is full where nothing is left, and no sooner."""
    eighths = share.numerator * _EIGHTHS // share.denominator
    return bar(min(_EIGHTHS, max(eighths, int(share > 0))), _EIGHTHS, _BAR)


def percent_of(share: Fraction) -> str:
    """A share in whole percent: rounded down below a limit, so that 100% is all of it, and up above."""
    if share >= _WITHOUT_END:
        return "over"
    hundredths = share * 100
    whole = hundredths.numerator // hundredths.denominator
    exact = whole == hundredths
    if share > 1 and not exact:
        whole += 1
    return "<1%" if not whole and share else f"{whole:,}%"


def left_over(verdict: Verdict) -> int:
    """How many limits have more room than those that are listed, and how many layers that hold stand together."""
    more = max(0, len(uses(verdict)) - MOST)
    return more + sum(f.count for f in verdict.all_findings() if f.is_rest and f.status is Status.OK)


def _label(finding: Finding, *, name: bool) -> str:
    label = what(finding)
    if _grows(finding):
        label = f"growth of {label}"
    return one_line(f"{finding.name}: {label}" if name else label)


def _aligned(words: Sequence[tuple[str, str]]) -> list[str]:
    before, after = _right([one for one, _ in words]), [other for _, other in words]
    width = _widest(after)
    return [f"{one} of {other:{width}}" for one, other in zip(before, after, strict=True)]


def _right(texts: Sequence[str]) -> list[str]:
    width = _widest(texts)
    return [text.rjust(width) for text in texts]


def _widest(texts: Sequence[str]) -> int:
    return max(map(text_width, texts), default=0)
