"""Changes -> lines of a comparison; neighbouring changes of the same kind are folded into one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import Costs
from archcost.comparing.comparison import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.comparing.comparison import Change, Difference


class ChangeLine(NamedTuple):
    """One line of a comparison: a change, or a run of neighbours folded into one."""

    depth: int
    mark: str
    name: str
    op: str
    before: Costs
    after: Costs

    def difference(self, metric: str) -> Difference:
        """One figure before and after."""
        return difference(self.before, self.after, metric)


def change_lines(
    changes: Sequence[Change], *, depth: int | None, only_changed: bool, level: int = 1
) -> list[ChangeLine]:
    """The lines of a comparison: what is the same, and added or removed neighbours of one kind, are folded."""
    found: list[ChangeLine] = []
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


def _line(run: list[Change], level: int, depth: int | None, *, only_changed: bool) -> list[ChangeLine]:
    first = run[0]
    if first.mark == " ":
        return [] if only_changed else [_summed(run, level, _names(run), "unchanged")]
    name = first.name if first.name == first.old_name else f"{first.old_name} → {first.name}"
    if len(run) > 1:
        name = f"{first.name} … {run[-1].name} ×{len(run)}"
    op = first.op if first.op == first.old_op else f"{first.old_op} → {first.op}"
    found = [_summed(run, level, name, op)]
    if first.mark == "~" and (depth is None or level < depth):
        found += change_lines(first.children, depth=depth, only_changed=only_changed, level=level + 1)
    return found


def _names(run: list[Change]) -> str:
    if len(run) <= 3:  # noqa: PLR2004 - as many as are read at a glance
        return ", ".join(change.name for change in run)
    return f"{run[0].name} … {run[-1].name} ({len(run)})"


def _summed(run: list[Change], level: int, name: str, op: str) -> ChangeLine:
    before = sum([change.before for change in run], Costs())
    after = sum([change.after for change in run], Costs())
    return ChangeLine(level, run[0].mark, name, op, before, after)
