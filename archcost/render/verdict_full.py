"""A verdict for people: each finding with its limit, figure, heaviest layers, the line to edit, and what would help."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.budget.verdict import WORKSPACE
from archcost.budget.verdict_figures import amount, percent, total_change
from archcost.budget.verdict_help import help_text
from archcost.budget.verdict_sentences import sentence, summary
from archcost.budget.verdict_words import Behind, Cause, Rule, Status
from archcost.errors import PLAIN, snippet
from archcost.phrases import listed
from archcost.printable import one_line
from archcost.render.verdict_headroom import NEAR, headroom_lines, left_over
from archcost.render.verdict_text import changed_totals, layer_name, layers_text, left_out, mark, ordered
from archcost.render.wrapping import broken, padded, shortened, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.verdict import Contributor, Finding, Verdict
    from archcost.spec.budget_limits import Limit

_NOTES = (Status.STALE, Status.NEW, Status.RENAMED, Status.GONE, Status.NOT_MEASURED)  # told in a line each
_MAX_NOTES = 5  # lines of a kind
STYLES = {
    Status.FAIL: "\x1b[1;31m",
    Status.WARN: "\x1b[1;33m",
    Status.STALE: "\x1b[1;33m",
    Status.INCONCLUSIVE: "\x1b[1;33m",
}
_NEAR_STYLE = "\x1b[33m"
_NOTE_STYLE = "\x1b[1;36m"
_MARK_STYLES = {"✗": STYLES[Status.FAIL], "✓": "\x1b[1;32m", "!": STYLES[Status.WARN]}
_LABEL_WIDTH = 9
_WIDEST_LINE = 160  # of a source line
_MIN_PATH = 12
_NEW = "new"


def to_full(verdict: Verdict, width: int, style: dict[str, str] = PLAIN, *, quiet: bool = False) -> str:
    """Every finding but those that hold, the models that changed, how near limits are, and the sum in the last line.

    ``quiet`` leaves out how near they are, and which specs have none.
    """
    writer = _Writer(verdict, width, style)
    blocks = [writer.finding(finding) for finding in ordered(verdict, Status.FAIL, Status.WARN)]
    blocks += [writer.finding(finding) for finding in ordered(verdict, Status.INCONCLUSIVE)]
    notes = [line for status in _NOTES for line in writer.notes(status)] + writer.left_out() + writer.changes()
    notes += [] if quiet else writer.unlimited()
    blocks += ["\n".join(notes)] if notes else []
    headroom = [] if quiet else writer.headroom()
    blocks += ["\n".join(headroom)] if headroom else []
    blocks.append(writer.summary())
    return "\n\n".join(blocks) + "\n"


class _Writer:
    """Lays out findings within a width."""

    def __init__(self, verdict: Verdict, width: int, style: dict[str, str]) -> None:
        self.verdict = verdict
        self.width = width
        self.style = style

    def finding(self, finding: Finding) -> str:
        """A finding in full."""
        lines = [self._wrapped(self._head(finding), sentence(finding), bold=True)]
        lines += self._figures(finding)
        if finding.mark is not None:
            room = min(_WIDEST_LINE, max(20, self.width - len(str(finding.mark.line + 1)) - 3))
            lines += snippet(finding.mark, self.style, room)
        if finding.limit is not None and finding.limit.message:
            lines.append(self._wrapped("note", finding.limit.message))
        helps = help_text(finding, verdict=self.verdict)
        if helps:
            lines.append(self._wrapped("help", helps))
        return "\n".join(lines)

    def notes(self, status: Status) -> list[str]:
        """The findings of a status in a line each; the rest is counted."""
        found = ordered(self.verdict, status)
        more = len(found) - _MAX_NOTES
        lines = [self.note(finding) for finding in found[:_MAX_NOTES]]
        return lines + ([self._wrapped(status.value, f"and {more:,} more")] if more > 0 else [])

    def note(self, finding: Finding) -> str:
        """A finding in a line."""
        helps = help_text(finding, verdict=self.verdict)
        return self._wrapped(self._head(finding), sentence(finding) + (f"; {helps}" if helps else ""))

    def left_out(self) -> list[str]:
        """The files of blocks that were passed over, in a line."""
        told = left_out(self.verdict)
        return [self._wrapped("left out", told)] if told else []

    def unlimited(self) -> list[str]:
        """The specs that no limit is for, in a line."""
        names = [spec.name for spec in self.verdict.unlimited]
        return [self._wrapped("no limits", listed(names[:_MAX_NOTES], len(names)))] if names else []

    def changes(self) -> list[str]:
        """The models whose totals differ from the baseline, a line each."""
        specs = [spec for spec in self.verdict.specs if changed_totals(spec)]
        lines = []
        for spec in specs[:_MAX_NOTES]:
            shown = ", ".join(total_change(metric, total) for metric, total in changed_totals(spec))
            lines.append(self._wrapped("changed", f"{spec.name}: {shown}"))
        more = len(specs) - _MAX_NOTES
        return lines + ([self._wrapped("changed", f"and {more:,} more")] if more > 0 else [])

    def headroom(self) -> list[str]:
        """A line a limit, in the colour of how near it is."""
        lines = []
        for line, use in headroom_lines(self.verdict, self.width):
            near = _NEAR_STYLE if use.share >= NEAR else ""
            colour = STYLES.get(use.finding.status, near)
            lines.append(self._coloured(line, colour) if colour else line)
        more = left_over(self.verdict)
        return lines + ([f"  and {more:,} more with more room"] if more else [])

    def summary(self) -> str:
        """The last line."""
        sign = mark(self.verdict)
        return self._wrapped("", f"{self._coloured(sign, _MARK_STYLES[sign])} {summary(self.verdict)}")

    def _head(self, finding: Finding) -> str:
        return str(finding.status.value)

    def _coloured(self, text: str, colour: str) -> str:
        return f"{colour}{text}{self.style['reset']}" if self.style["reset"] else text

    def _wrapped(self, head: str, text: str, *, bold: bool = False) -> str:
        """``head: text``, wrapped, with the head in its colour."""
        prefix, text = (f"{head}: ", one_line(text)) if head else ("", text)
        lines = broken(prefix + text, self.width, further="  ") or [prefix]
        reset = self.style["reset"]
        if not head or not reset:
            return "\n".join(lines)
        known = {status.value: colour for status, colour in STYLES.items()}
        colour = known.get(head) or (self.style["help"] if head == "help" else _NOTE_STYLE)
        lines[0] = lines[0].replace(head, f"{colour}{head}{reset}", 1)
        if bold:
            first, rest = lines[0][: len(colour + head + reset) + 1], lines[0][len(colour + head + reset) + 1 :]
            lines = [f"{first}{self.style['bold']}{rest}{reset}"] + [
                f"{self.style['bold']}{line}{reset}" for line in lines[1:]
            ]
        return "\n".join(lines)

    def _figures(self, finding: Finding) -> list[str]:
        """Limit, figure, overshoot and the layers behind them."""
        metric, limit = finding.metric, finding.limit
        if limit is None or finding.figure is None or finding.lacks_baseline:
            return []
        pairs = [("limit", self._limit(finding, limit)), ("figure", self._figure(finding))]
        if finding.baseline is not None and finding.rule is Rule.GROWTH:
            pairs.insert(1, ("baseline", amount(finding.baseline, metric)))
        if finding.overshoot:
            share = percent(finding.excess)
            pairs.append(("over by", amount(finding.overshoot, metric) + (f" ({share})" if share else "")))
        lines = [f"  {label:<{_LABEL_WIDTH}} {one_line(text)}" for label, text in pairs]
        return lines + self._layers(finding)

    def _limit(self, finding: Finding, limit: Limit) -> str:
        """The limit as it was written, and what a growth limit comes to."""
        if finding.rule is not Rule.GROWTH or finding.allowed is None:
            return limit.text
        return f"growth of {limit.text}: at most {amount(finding.allowed, finding.metric)}"

    def _figure(self, finding: Finding) -> str:
        text = amount(finding.figure or 0, finding.metric)
        if finding.cause is Cause.UNKNOWN:
            return f"{f'≥ {text}, ' if finding.figure else ''}unknown for {finding.detail}"
        return f"{text} ± {amount(finding.spread, finding.metric)}" if finding.spread else text

    def _layers(self, finding: Finding) -> list[str]:
        """The layers that weigh most or grew most, one a line; the path is the last thing that is cut."""
        rows = [_layer_cells(finding, weight) for weight in finding.layers]
        if not rows:
            return []
        paths, ops, figures, shares, tails = ([row[column] for row in rows] for column in range(5))
        room = self.width - (2 + _LABEL_WIDTH + 1 + 2) - _widest(figures) - 1 - _widest(shares)
        if room < _widest(paths) + 1 + _widest(tails):
            tails = [_NEW if tail.endswith(_NEW) else "" for tail in tails]
        room -= _widest(tails) + 1 if any(tails) else 0
        if room < _widest(paths) + 2 + _widest(ops):
            ops = [""] * len(ops)
        else:
            room -= 2 + _widest(ops)
        width = min(max(_MIN_PATH, room), _widest(paths))
        lines = []
        for path, op, figure, share, tail in zip(paths, ops, figures, shares, tails, strict=True):
            parts = [padded(shortened(path, width), width)] + ([padded(op, _widest(ops))] if op else [])
            parts.append(f"{figure.rjust(_widest(figures))} {share.rjust(_widest(shares))} {tail}".rstrip())
            lines.append("  ".join(parts))
        heads = [finding.behind.value, *[""] * (len(lines) - 1)]
        return [f"  {head:<{_LABEL_WIDTH}} {line}" for head, line in zip(heads, lines, strict=True)]


def _layer_cells(finding: Finding, weight: Contributor) -> tuple[str, str, str, str, str]:
    """Path, op, figure, share, and what it is a share of."""
    path, metric = one_line(layer_name(weight)), finding.metric
    if finding.behind is not Behind.GREW:
        share = Fraction(weight.figure, finding.figure) if finding.figure else None
        op = "" if weight.op == WORKSPACE else weight.op
        return path, op, amount(weight.figure, metric), percent(share), ""
    more = weight.figure - (weight.baseline or 0)
    share = Fraction(more, finding.growth) if finding.growth else None
    tail = "of the growth" + (f", {_NEW}" if weight.baseline is None else "")
    return path, weight.op, f"+{amount(more, metric)}", percent(share), tail


def _widest(texts: Sequence[str]) -> int:
    return max(map(text_width, texts))


def to_concise(verdict: Verdict) -> str:
    """One line a finding: ``file:line:column: status: what was found``, and the sum at the end."""
    lines = []
    for diagnostic in verdict.all_diagnostics():
        place = f"{diagnostic.mark}: " if diagnostic.mark else ""
        lines.append(one_line(f"{place}error: {diagnostic.message}"))
    for finding in ordered(verdict):
        if finding.status is Status.OK:
            continue
        place = f"{finding.mark}: " if finding.mark else ""
        note = f" [{finding.limit.message}]" if finding.limit is not None and finding.limit.message else ""
        layers = f"; {layers_text(finding)}" if finding.layers else ""
        lines.append(one_line(f"{place}{finding.status.value}: {sentence(finding)}{layers}{note}"))
    if verdict.left_out:
        lines.append(one_line(f"left out: {left_out(verdict)}"))
    return "\n".join([*lines, summary(verdict)]) + "\n"
