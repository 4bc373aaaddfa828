"""Comparison to lines: what is told of each change, and how figures and differences are spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import Costs
from archcost.compare import difference
from archcost.render.text import lower_bound
from archcost.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.compare import Change, Comparison, Difference

LABELS = {
    "params": "params",
    "active_params": "active params",
    "macs": "MACs",
    "flops": "FLOPs",
    "weight_bytes": "weight bytes",
    "activation_bytes": "activation bytes",
    "peak_activation_bytes": "peak activations",
    "cache_bytes": "caches",
}
_FACTOR = 1.5  # from which a change is also told as "times less"


class Line(NamedTuple):
    """One line of a comparison: a change, or a run of neighbours that are told in one."""

    depth: int
    mark: str
    name: str
    op: str
    before: Costs
    after: Costs

    def difference(self, metric: str) -> Difference:
        """One figure before and after."""
        return difference(self.before, self.after, metric)


def lines(changes: Sequence[Change], *, depth: int | None, only_changed: bool, level: int = 1) -> list[Line]:
    """The lines of a comparison: what is the same, and added or removed neighbours of one kind, are folded."""
    found: list[Line] = []
    run: list[Change] = []
    for change in changes:
        if run and not _folds(run[-1], change):
            found += _line(run, level, depth, only_changed=only_changed)
            run = []
        run.append(change)
    if run:
        found += _line(run, level, depth, only_changed=only_changed)
    return found


def _folds(one: Change, other: Change) -> bool:
    """Whether two neighbours are told in one line."""
    if one.mark == other.mark == " ":
        return True
    return (
        one.mark == other.mark
        and one.mark in "+-"
        and (one.op, one.before, one.after)
        == (
            other.op,
            other.before,
            other.after,
        )
    )


def _line(run: list[Change], level: int, depth: int | None, *, only_changed: bool) -> list[Line]:
    first = run[0]
    if first.mark == " ":
        return [] if only_changed else [_summed(run, level, _names(run), "unchanged")]
    name = first.name if first.name == first.old_name else f"{first.old_name} → {first.name}"
    if len(run) > 1:
        name = f"{first.name} … {run[-1].name} ×{len(run)}"
    op = first.op if first.op == first.old_op else f"{first.old_op} → {first.op}"
    found = [_summed(run, level, name, op)]
    if first.mark == "~" and (depth is None or level < depth):
        found += lines(first.children, depth=depth, only_changed=only_changed, level=level + 1)
    return found


def _names(run: list[Change]) -> str:
    if len(run) <= 3:  # noqa: PLR2004 - as many as are read at a glance
        return ", ".join(change.name for change in run)
    return f"{run[0].name} … {run[-1].name} ({len(run)})"


def _summed(run: list[Change], level: int, name: str, op: str) -> Line:
    before = sum([change.before for change in run], Costs())
    after = sum([change.after for change in run], Costs())
    return Line(level, run[0].mark, name, op, before, after)


def figure(value: int, metric: str, *, exact: bool) -> str:
    """A figure of a metric: to the unit, or in few digits."""
    if exact:
        return f"{value:,}"
    return format_bytes(value) if metric.endswith("_bytes") else format_count(value)


def before_cell(difference: Difference, metric: str, *, exact: bool) -> str:
    """The figure before, as far as it is known."""
    return lower_bound(figure(difference.before, metric, exact=exact), difference.before, difference.unknown_before)


def after_cell(difference: Difference, metric: str, *, exact: bool) -> str:
    """The figure after, as far as it is known."""
    return lower_bound(figure(difference.after, metric, exact=exact), difference.after, difference.unknown_after)


def delta_cell(difference: Difference, metric: str, *, exact: bool) -> str:
    """The difference with its sign; unknown where one of both figures is."""
    return signed(difference.delta, metric, exact=exact) if difference.known else "unknown"


def signed(value: int, metric: str, *, exact: bool) -> str:
    """A difference with its sign (a true minus), ``±0`` for none."""
    if not value:
        return "±0"
    return ("+" if value > 0 else "−") + figure(abs(value), metric, exact=exact)


def percent(difference: Difference) -> str:
    """The change in percent of before; ``new`` and ``gone`` where there is nothing to divide."""
    if not difference.delta or not difference.known:
        return ""
    if not difference.before:
        return "new"
    if not difference.after:
        return "gone"
    value = abs(difference.percent or 0.0)
    sign = "+" if difference.delta > 0 else "−"
    return f"{sign}{value:.1f}%" if value >= 0.05 else f"{sign}<0.1%"  # noqa: PLR2004 - rounds to nothing


def factor(difference: Difference) -> str:
    """``9.68× less``, for changes of half and more."""
    before, after = difference.before, difference.after
    if not before or not after or not difference.known:
        return ""
    if before >= _FACTOR * after:
        return f"{before / after:.2f}× less"
    return f"{after / before:.2f}× more" if after >= _FACTOR * before else ""


def share_of_change(difference: Difference, whole: Difference) -> str:
    """What part of the model's change this is."""
    if not whole.delta or not difference.delta or not whole.known:
        return ""
    value = 100 * difference.delta / whole.delta
    return f"{value:.1f}%".replace("-", "−")


def title(comparison: Comparison) -> str:
    """``before → after``, told apart by their settings or paths where the names are the same."""
    before, after = label(comparison.before), label(comparison.after)
    if before == after:
        before, after = comparison.before.spec.path, comparison.after.spec.path
    return f"{before} → {after}"


def label(report: Report) -> str:
    """A model's name and the params that were set."""
    defaults = {name: param.default for name, param in report.spec.params.items()}
    given = [
        f"{name}={value}"
        for name, value in report.params.items()
        if (default := defaults[name]) is None or (default.constant and default.value != value)
    ]
    batch = [f"batch={report.batch}"] if report.batch != 1 else []
    return " ".join([report.name, *given, *batch])
