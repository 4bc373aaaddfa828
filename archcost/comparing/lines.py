"""Changes -> lines of a comparison; neighbours that change alike, or cost the same, are folded into one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import Costs
from archcost.analysis.tree import stem
from archcost.comparing.comparison import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.comparing.comparison import Change, Difference

_AT_A_GLANCE = 3  # names that are told one by one
FIGURES = ("macs", "params")  # those that a comparison tells of a change, unless it is asked for others


class ChangeLine(NamedTuple):
    """One line of a comparison: a change, or ``folded`` neighbours folded into one, whose sum it tells.

    Where these are alike, each is one of ``times``; where the line is ``opened``, the lines of one of them follow.
    """

    depth: int
    mark: str
    name: str
    op: str
    before: Costs
    after: Costs
    folded: int = 1
    times: int = 1
    opened: bool = False

    def difference(self, metric: str) -> Difference:
        """One figure before and after."""
        return difference(self.before, self.after, metric)


class ShownChanges(NamedTuple):
    """The lines of a comparison, the depth that they go to, and the depth there is."""

    lines: list[ChangeLine]
    depth: int
    deepest: int


def shown_changes(
    changes: Sequence[Change],
    *,
    depth: int | None,
    only_changed: bool,
    room: int,
    metrics: Sequence[str] = FIGURES,
) -> ShownChanges:
    """The lines down to a depth; without one down to the deepest at which there are at most ``room``, at least 1."""
    every = change_lines(changes, depth=None, only_changed=only_changed, metrics=metrics)
    deepest = max([line.depth for line in every], default=1)
    if depth is None:
        depth = deepest
        while depth > 1 and sum(line.depth <= depth for line in every) > room:
            depth -= 1
    if depth < deepest:
        every = [line._replace(opened=line.opened and line.depth < depth) for line in every if line.depth <= depth]
    return ShownChanges(every, min(depth, deepest), deepest)


def change_lines(
    changes: Sequence[Change],
    *,
    depth: int | None,
    only_changed: bool,
    metrics: Sequence[str] = FIGURES,
    level: int = 1,
) -> list[ChangeLine]:
    """The lines of a comparison, which tells these figures.

    Neighbours are one line if they are the same, change alike, or differ in nothing that is told; such are not opened.
    """
    found: list[ChangeLine] = []
    for run in _runs(changes, metrics):
        first = run[0]
        if first.mark == " ":
            found += [] if only_changed else [_summed(run, level, _names(run), "unchanged")]
            continue
        if _costs_the_same(first, metrics):
            op = first.op if len({change.op for change in run}) == 1 else "same cost"
            found.append(_summed(run, level, _name(run) if len(run) == 1 else _names(run), op))
            continue
        opened = first.mark == "~" and bool(first.children) and (depth is None or level < depth)
        below = []
        if opened:
            below = change_lines(
                first.children, depth=depth, only_changed=only_changed, metrics=metrics, level=level + 1
            )
        found.append(_summed(run, level, _name(run), _op(first))._replace(times=len(run), opened=bool(below)))
        found += below
    return found


def _costs_the_same(change: Change, metrics: Sequence[str]) -> bool:
    """Whether these figures are known and equal, of it and all below, so that only others differ, and its shapes."""
    if change.mark == " ":
        return True
    if change.mark != "~" or change.op != change.old_op:
        return False
    differences = [change.difference(metric) for metric in metrics]
    return all(each.known and not each.delta for each in differences) and all(
        _costs_the_same(child, metrics) for child in change.children
    )


def largest_changes(changes: Sequence[Change], metric: str, *, depth: int | None) -> list[ChangeLine]:
    """What changes, each with its path, that with the largest difference in a metric first, and what is unknown.

    What is below a scope stands in its place, down to a depth; equal ones are folded.
    """
    found = list(_leaves(changes, "", 1, 1, depth))
    found.sort(key=lambda line: _rank(line.difference(metric)))
    return found


def _rank(found: Difference) -> tuple[bool, int]:
    return found.known, -abs(found.delta)


def _leaves(changes: Sequence[Change], prefix: str, times: int, level: int, depth: int | None) -> Iterator[ChangeLine]:
    for run in _runs(changes, ()):
        first, count = run[0], times * len(run)
        if first.mark == " ":
            continue
        name = prefix + (first.name if len(run) == 1 else f"{first.name}…{run[-1].name}")
        if first.mark == "~" and first.children and (depth is None or level < depth):
            yield from _leaves(first.children, f"{name}.", count, level + 1, depth)
        else:
            yield ChangeLine(
                1, first.mark, name, _op(first), first.before.times(count), first.after.times(count), count, count
            )


def _runs(changes: Sequence[Change], metrics: Sequence[str]) -> Iterator[list[Change]]:
    """Neighbours that are told in one line, by figures; without figures only those that are alike."""
    run: list[Change] = []
    for change in changes:
        if run and not _folds(run[-1], change, metrics):
            yield run
            run = []
        run.append(change)
    if run:
        yield run


def _folds(one: Change, other: Change, metrics: Sequence[str]) -> bool:
    """Whether two neighbours are told in one line; names that somebody chose stand each for itself where it changes."""
    if one.mark == other.mark == " ":
        return True
    if metrics and one.mark == other.mark and _costs_the_same(one, metrics) and _costs_the_same(other, metrics):
        return True
    if one.mark == "~" and (stem(one.name) != stem(other.name) or stem(one.old_name) != stem(other.old_name)):
        return False
    return _alike(one, other)


def _alike(one: Change, other: Change) -> bool:
    """Whether two changes are the same, whatever they are called."""
    told = [(each.mark, each.op, each.old_op, each.before, each.after, len(each.children)) for each in (one, other)]
    return told[0] == told[1] and all(map(_same, one.children, other.children))


def _same(one: Change, other: Change) -> bool:
    return one.name == other.name and _alike(one, other)


def _name(run: list[Change]) -> str:
    first = run[0]
    if len(run) > 1:
        return f"{first.name} … {run[-1].name}"
    return first.name if first.name == first.old_name else f"{first.old_name} → {first.name}"


def _op(change: Change) -> str:
    return change.op if change.op == change.old_op else f"{change.old_op} → {change.op}"


def _names(run: list[Change]) -> str:
    if len(run) <= _AT_A_GLANCE:
        return ", ".join(change.name for change in run)
    return f"{run[0].name} … {run[-1].name} ({len(run)})"


def _summed(run: list[Change], level: int, name: str, op: str) -> ChangeLine:
    before = sum([change.before for change in run], Costs())
    after = sum([change.after for change in run], Costs())
    return ChangeLine(level, run[0].mark, name, op, before, after, len(run))
