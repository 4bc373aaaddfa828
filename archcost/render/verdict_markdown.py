"""A verdict as Markdown, for a comment or a summary: the news first, details folded, within the host's limits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.budget.verdict import WORKSPACE
from archcost.budget.verdict_figures import LABELS, amount, pair, percent, signed
from archcost.budget.verdict_help import help_text
from archcost.budget.verdict_sentences import sentence, summary, what
from archcost.budget.verdict_words import Behind, Cause, Rule, Status
from archcost.figures import OF_LAYERS
from archcost.phrases import plural
from archcost.render.markup import escape_html, with_code
from archcost.render.markup import escape_markdown as cell
from archcost.render.verdict_text import layer_name, left_out, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.budget.verdict import Finding, SpecVerdict, Total, Verdict

TAG = "<!-- archcost -->"
MAX_COMMENT = 65_536
MAX_SUMMARY = 2**20
_ROWS = 50  # layers of a model's details
_ICONS = {Status.FAIL: "❌", Status.WARN: "⚠️", Status.INCONCLUSIVE: "❔"}
_FOLDS = (1_000, 200, 50, 10, 0)  # rows of each table, tried in turn
_TOLD = ("params", "macs", "peak_activation_bytes")  # of what changed; others if they have a limit
_NOTE = "_Details are left out here: the whole is longer than the host takes._"


def to_markdown(verdict: Verdict, limit: int = MAX_COMMENT) -> str:
    """Headline, what failed, what changed, notes, and the layers behind it, in at most ``limit`` bytes of UTF-8."""
    details = list(_details(verdict))
    for rows in _FOLDS:
        head = "\n\n".join(_head(verdict, rows))
        room = limit - _size(head) - _size(f"\n\n{_NOTE}\n")
        if room < 0:
            continue
        kept: list[str] = []
        for detail in details:
            room -= _size(f"\n\n{detail}")
            if room < 0:
                break
            kept.append(detail)
        note = [] if len(kept) == len(details) else [_NOTE]
        return "\n\n".join([head, *kept, *note]) + "\n"
    return f"{TAG}\n{_headline(verdict)}".encode()[: limit - 8].decode(errors="ignore") + "\n"


def _size(text: str) -> int:
    return len(text.encode())


def _head(verdict: Verdict, rows: int) -> list[str]:
    parts = [f"{TAG}\n{_headline(verdict)}"]
    parts += _table(_finding_rows(verdict), rows, "| | model | figure | now | limit | over by | where |")
    parts += _changed_table(verdict, rows)
    parts += _bullets(verdict, rows)
    return parts


def _headline(verdict: Verdict) -> str:
    """The whole in one sentence."""
    failures = ordered(verdict, Status.FAIL)
    errors = sum(1 for _ in verdict.all_diagnostics())
    if errors:
        rest = f", and {plural(verdict.count(Status.FAIL), 'limit')} exceeded" if failures else ""
        return f"❌ **archcost could not judge everything: {plural(errors, 'error')}{rest}.** {cell(summary(verdict))}"
    if len(failures) == 1:
        return f"❌ **{cell(sentence(failures[0]))}.**"
    if failures:
        return f"❌ **{_failed(failures)}.** {cell(summary(verdict))}"
    changed = sum(spec.changed for spec in verdict.specs)
    news = ""
    if verdict.baseline:
        news = f"; {plural(changed, 'spec')} changed" if changed else "; nothing changed"
    warnings = verdict.count(Status.WARN)
    if not verdict.holds:
        lacking = any(finding.lacks_baseline for finding in verdict.all_findings())
        told = "Not all growth could be judged" if lacking else "Nothing was judged"
        if verdict.judged and not lacking:
            unused = any(finding.guards_nothing for finding in verdict.all_findings())
            told = "Some limits guard nothing" if unused else "Not all expected figures are met"
        return f"⚠️ **{told}.** {cell(summary(verdict))}{news if changed else ''}."
    icon, what_ = ("⚠️", f"Within budget, with {plural(warnings, 'warning')}") if warnings else ("✅", "Within budget")
    return f"{icon} **{what_}.** {cell(summary(verdict))}{news}."


def _failed(failures: Sequence[Finding]) -> str:
    """How many limits failed, in how many specs, and in which ways."""
    lacking = any(finding.lacks_baseline for finding in failures)
    unused = any(finding.guards_nothing for finding in failures)
    exceeded = any(not finding.lacks_baseline and not finding.guards_nothing for finding in failures)
    ways = [("are exceeded", exceeded), ("have no baseline", lacking), ("guard nothing", unused)]
    specs = len({finding.spec for finding in failures if finding.spec})
    where = f" in {plural(specs, 'spec')}" if specs else ""
    return f"{len(failures):,} limits {' or '.join([way for way, holds in ways if holds])}{where}"


def _table(rows: Sequence[Sequence[str]], most: int, heading: str) -> list[str]:
    """A table of at most ``most`` rows; nothing for none. Columns with figures are set to the right."""
    if not rows:
        return []
    left = {"", "model", "figure", "where", "changed", "layer", "op"}
    names = [name.strip() for name in heading.strip().removeprefix("|").removesuffix("|").split("|")]
    rule = "| " + " | ".join(":--" if name in left else "--:" for name in names) + " |"
    lines = [heading, rule] + [f"| {' | '.join(row)} |" for row in rows[:most]]
    more = len(rows) - most
    return ["\n".join(lines), *([f"_… and {more:,} more._"] if more > 0 else [])]


def _finding_rows(verdict: Verdict) -> list[list[str]]:
    rows = []
    for finding in ordered(verdict, Status.FAIL, Status.WARN, Status.INCONCLUSIVE):
        if finding.rule not in (Rule.MAXIMUM, Rule.GROWTH) or finding.figure is None or finding.limit is None:
            continue
        if finding.lacks_baseline:
            continue
        now, _ = pair(finding.figure, finding.allowed or 0, finding.metric)
        over = amount(finding.overshoot, finding.metric) if finding.overshoot else "–"
        over += f" ({percent(finding.excess)})" if finding.overshoot and finding.excess is not None else ""
        if finding.cause is Cause.UNKNOWN:
            now, over = f"≥ {now}" if finding.figure else "unknown", "unknown"
        elif finding.rule is Rule.GROWTH:
            before, now = pair(finding.baseline or 0, finding.figure, finding.metric)
            share = percent(finding.share, finding.limit.increase)
            now = f"{before} → {now}" + (f" (+{share})" if share else "")
        limit = f"growth of {finding.limit.text}" if finding.rule is Rule.GROWTH else finding.limit.text
        where = cell(str(finding.mark).rpartition(":")[0]) if finding.mark else ""
        rows.append([_ICONS[finding.status], cell(finding.name), cell(what(finding)), now, cell(limit), over, where])
    return rows


def _changed_table(verdict: Verdict, rows: int) -> list[str]:
    """The models whose totals changed, with the metrics that did."""
    changed = [spec for spec in verdict.specs if any(total.delta for total in spec.totals.values())]
    limited = {finding.metric for spec in changed for finding in spec.findings if finding.limit is not None}
    metrics = [
        metric
        for metric in LABELS
        if (metric in _TOLD or metric in limited)
        and any(metric in s.totals and s.totals[metric].delta for s in changed)
    ]
    if not changed or not rows:
        return [f"{plural(len(changed), 'spec')} changed."] if changed else []
    heading = f"| changed | {' | '.join(LABELS[metric] for metric in metrics)} |"
    cells = [[cell(spec.name), *(_change(spec.totals[m], m) for m in metrics)] for spec in changed]
    return _table(cells, rows, heading)


def _change(total: Total, metric: str) -> str:
    """``60,000 → 61,000 (+1.7%)``; empty for no change."""
    if not total.delta or total.baseline is None:
        return ""
    before, after = pair(total.baseline, total.figure, metric)
    share = Fraction(total.delta, total.baseline) if total.baseline else None
    return f"{before} → {after}" + (f" ({'+' if total.delta > 0 else ''}{percent(share)})" if share is not None else "")


def _bullets(verdict: Verdict, rows: int) -> list[str]:
    """What could not be judged, the teams' messages, and the notes."""
    lines = []
    for diagnostic in verdict.all_diagnostics():
        place = f"{cell(str(diagnostic.mark))}: " if diagnostic.mark else ""
        helps = f" _{cell(diagnostic.help)}_" if diagnostic.help else ""
        lines.append(f"- ❌ {place}{cell(diagnostic.message)}.{helps}")
    judged = (Rule.MAXIMUM, Rule.GROWTH)
    for finding in ordered(verdict):
        message = finding.limit.message if finding.limit else ""
        exceeded = finding.status in (Status.FAIL, Status.WARN) and not finding.lacks_baseline
        if exceeded and finding.rule in judged and not finding.is_rest:
            lines += [f"- {cell(finding.name)}: {cell(message)}"] if message else []
        elif finding.status is not Status.OK:
            helps = help_text(finding, verdict=verdict)
            icon = f"{_ICONS[finding.status]} " if finding.status in _ICONS else ""
            lines.append(f"- {icon}{cell(sentence(finding))}" + (f" ({with_code(helps)})" if helps else ""))
    lines += [f"- left out: {cell(left_out(verdict))}"] if verdict.left_out else []
    lines = list(dict.fromkeys(lines))
    more = len(lines) - rows
    shown = lines[:rows] + ([f"- … and {more:,} more"] if more > 0 else [])
    return ["\n".join(shown)] if shown else []


def _details(verdict: Verdict) -> Iterator[str]:
    """Folded, for each model that fails, warns or changed: the layers behind it."""
    for spec in verdict.specs:
        told = [finding for finding in spec.findings if finding.status in (Status.FAIL, Status.WARN)]
        changed = _changed_layers(spec, told)
        table = [*changed, *_heaviest([one for one in told if not changed or one.behind is Behind.AT_PEAK])]
        if table:
            head = f"<details><summary>{escape_html(spec.name)}: the layers behind it</summary>"
            yield "\n\n".join([head, *table, "</details>"])


def _changed_layers(spec: SpecVerdict, told: Sequence[Finding]) -> list[str]:
    """The layers that differ from the baseline in the metrics that are told of: those exceeded, params and MACs."""
    changed = [metric for metric, total in spec.totals.items() if total.delta]
    metrics = [finding.metric for finding in told] + [metric for metric in _TOLD if metric in changed]
    metrics = [metric for metric in dict.fromkeys(metrics or changed) if metric in OF_LAYERS][:3]
    rows = []
    for change in spec.changes:
        figures = [(metric, *change.figures(metric)) for metric in metrics]
        cells = [_layer_change(before, after, metric) if before != after else "" for metric, before, after in figures]
        if any(cells):
            mark = "+" if change.before is None else "-" if change.after is None else "~"
            rows.append([f"`{mark}`", cell(change.row.path), cell(change.row.op), *cells])
    return _table(rows, _ROWS, f"| | layer | op | {' | '.join(LABELS[metric] for metric in metrics)} |")


def _layer_change(before: int, after: int, metric: str) -> str:
    """``448 → 560 (+112)``."""
    old, new = pair(before, after, metric)
    return f"{old} → {new} ({signed(after - before, metric)})"


def _heaviest(told: Sequence[Finding]) -> list[str]:
    """The layers that weigh most in what is exceeded, or are alive at the peak."""
    rows = []
    for finding in told:
        for weight in finding.layers:
            share = percent(Fraction(weight.figure, finding.figure)) if finding.figure else ""
            shown = amount(weight.figure, finding.metric)
            op = "" if weight.op == WORKSPACE else cell(weight.op)
            rows.append([cell(what(finding)), cell(layer_name(weight)), op, shown, share])
    return _table(list({tuple(row): row for row in rows}.values()), _ROWS, "| figure | layer | op | now | % |")
