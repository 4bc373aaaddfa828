"""A comparison as a document: the totals, and what changed, by scope, before → after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing import telling_metrics
from archcost.comparing.data import comparison_data
from archcost.comparing.lines import ShownChanges, change_lines, largest_changes, shown_changes
from archcost.figures import METRICS
from archcost.render.comparison_cells import (
    after_cell,
    before_cell,
    cost_style,
    delta_cell,
    factor,
    percent,
    shape_texts,
    share_of_change,
)
from archcost.render.csv_cells import Own
from archcost.render.document import (
    LEAST_FLEXIBLE,
    Cell,
    Column,
    Heading,
    Line,
    Records,
    Table,
    TreeLine,
    cell,
    levels_left_out,
    rows_left_out,
)
from archcost.render.row_cells import folded_name
from archcost.render.table_rows import MAX_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.comparing import Comparison, Difference
    from archcost.comparing.lines import ChangeLine
    from archcost.render.document import Block

SAME = "no layer differs"
_SHAPE_HEADS = len("output  ")
_LEAST_PATH = 32  # cells of a whole path, before a column leaves
_AROUND = 9  # lines of a screen that are no row: the title, the headings with their rules, gaps, the hint


class ComparisonView(NamedTuple):
    """How changes are shown: in a metric, down to a depth, only so many, and the largest difference first."""

    metric: str = "macs"
    depth: int | None = None
    only_changed: bool = False
    by_delta: bool = False
    top: int | None = None

    @property
    def metrics(self) -> tuple[str, str]:
        """The two that are told of a change: the one asked for, and params beside it, or MACs beside these."""
        return self.metric, "macs" if self.metric == "params" else "params"

    def changes(self, comparison: Comparison, *, totals: int) -> ShownChanges:
        """The lines that these ask for; without a depth those of a screen that the totals leave room on."""
        if self.by_delta:
            lines = largest_changes(comparison.changes, self.metric, depth=self.depth)
            return ShownChanges(lines, 1, 1)
        room = max(1, MAX_ROWS - _AROUND - totals)
        return shown_changes(
            comparison.changes, depth=self.depth, only_changed=self.only_changed, room=room, metrics=self.metrics
        )


class ComparisonDocument(NamedTuple):
    """Two models: all totals, and the changes told in one metric."""

    comparison: Comparison
    shown: ComparisonView = ComparisonView()

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        yield Heading(self.comparison.title)
        totals = total_table(self.comparison)
        if not self.comparison.changed():
            yield Line(SAME, indent=0)
            yield totals
            return
        shapes = shape_texts(self.comparison)
        yield from (Line(text, head=head.ljust(_SHAPE_HEADS)) for head, text in shapes)
        yield totals
        told = len(totals.columns[0].cells) + len(shapes)
        found = self.shown.changes(self.comparison, totals=told)
        lines = found.lines[: self.shown.top or most]
        if lines:
            yield _change_table(lines, self.comparison, self.shown)
        yield from left_out(len(lines), len(found.lines), self.shown.top)
        if self.shown.depth is None:
            yield from levels_left_out(found.depth, found.deepest)

    def branches(self) -> Iterator[TreeLine]:
        """The totals, and the changes by scope."""
        yield TreeLine(0, self.comparison.title)
        yield from (TreeLine(0, f"{head} {text}") for head, text in shape_texts(self.comparison))
        yield TreeLine(0, "total")
        for metric in _metrics(self.comparison):
            yield TreeLine(1, _told(self.comparison.total(metric), metric))
        yield TreeLine(0, "change" if self.comparison.changed() else SAME)
        for line in self._lines() if self.comparison.changed() else ():
            told = _told(line.difference(self.shown.metric), self.shown.metric)
            yield TreeLine(line.depth, f"{line.mark} {_name(line).text} ({line.op}): {told}".strip())

    def records(self) -> Records:
        """Every layer of both models, with params and MACs; nothing where these are unknown.

        A scope that is the same, or takes the place of a layer, is one row: so rows add up to the totals.
        """
        rows = []
        for change in (item for top in self.comparison.changes for item in top.walk()):
            if change.children or (self.shown.only_changed and not change.changed()):
                continue
            sides = [side for metric in ("params", "macs") for side in _known_sides(change.difference(metric))]
            rows.append((Own(change.mark.strip() or "="), change.path, change.op, *sides))
        figures = ("params_before", "params_after", "macs_before", "macs_after")
        return Records(("change", "path", "op", *figures), rows)

    def data(self) -> object:
        """The document of a comparison."""
        return comparison_data(self.comparison)

    def _lines(self) -> list[ChangeLine]:
        """The lines of a tree, which nobody expects on a screen."""
        shown = self.shown
        if shown.by_delta:
            return largest_changes(self.comparison.changes, shown.metric, depth=shown.depth)[: shown.top]
        lines = change_lines(
            self.comparison.changes, depth=shown.depth, only_changed=shown.only_changed, metrics=shown.metrics
        )
        return lines[: shown.top]


def left_out(shown: int, every: int, top: int | None) -> Iterator[Line]:
    """How many rows are shown, where not all are, and what shows the others."""
    if top is None:
        yield from rows_left_out(shown, every)
    else:
        yield from rows_left_out(shown, every, f"`--top {every}` shows all of them")


def _known_sides(difference: Difference) -> tuple[int | None, int | None]:
    return (
        None if difference.unknown_before else difference.before,
        None if difference.unknown_after else difference.after,
    )


def _told(difference: Difference, metric: str) -> str:
    """``MACs 173 M → 101 M, −41.7%, 1.71× smaller``."""
    before, after = before_cell(difference, metric), after_cell(difference, metric)
    figures = f"{METRICS[metric].label} {before.short} → {after.short}"
    return ", ".join(filter(None, (figures, percent(difference), factor(difference))))


def _name(line: ChangeLine) -> Cell:
    return folded_name(line.name, line.times, opened=line.opened)


def styled(cells: Iterable[Cell | str], styles: Iterable[str]) -> list[Cell]:
    """Cells in their colours."""
    return [cell(one)._replace(style=style) for one, style in zip(cells, styles, strict=True)]


def by_cost(differences: Sequence[Difference], whole: Difference) -> list[str]:
    """The colours of differences."""
    return [cost_style(each, whole) for each in differences]


def _change_table(found: Sequence[ChangeLine], comparison: Comparison, shown: ComparisonView) -> Table:
    """What is the same is dim; what costs more or less has its colour, by the metric of its column."""
    metric, other = shown.metrics
    name = METRICS[metric].label
    whole = comparison.total(metric)
    differences = [line.difference(metric) for line in found]
    others = [line.difference(other) for line in found]
    plain = ["dim" if line.mark == " " else "" for line in found]
    costs = [dim or cost for dim, cost in zip(plain, by_cost(differences, whole), strict=True)]
    costs_of_other = [dim or cost for dim, cost in zip(plain, by_cost(others, comparison.total(other)), strict=True)]

    def side(figure: Callable[[Difference, str], Cell], absent: str) -> list[Cell]:
        """A figure of every line; nothing for those that are absent there."""
        pairs = zip(found, differences, strict=True)
        return styled(["" if line.mark == absent else figure(each, metric) for line, each in pairs], plain)

    names = [_name(line)._replace(level=line.depth, mark=line.mark) for line in found]
    columns = [
        Column("change", styled(names, plain), flexible=True, paths=shown.by_delta),
        Column("op", styled([line.op for line in found], plain), leaves=1),
        Column("before", side(before_cell, "+"), right=True, leaves=5, measure=metric),
        Column("after", side(after_cell, "-"), right=True, leaves=5, measure=metric),
        Column(
            f"Δ {name}",
            styled([delta_cell(each, metric) for each in differences], costs),
            right=True,
            measure=metric,
        ),
        Column("%", styled(map(percent, differences), costs), right=True),
        Column("factor", styled(map(factor, differences), costs), right=True, leaves=3),
        Column(
            "of change", styled([share_of_change(each, whole) for each in differences], plain), right=True, leaves=2
        ),
        Column(
            f"Δ {METRICS[other].label}",
            styled([delta_cell(each, other) for each in others], costs_of_other),
            right=True,
            leaves=4,
        ),
    ]
    return Table(columns, least_flexible=_LEAST_PATH if shown.by_delta else LEAST_FLEXIBLE)


def total_table(comparison: Comparison) -> Table:
    """The totals of both models, a row a metric."""
    totals = {metric: comparison.total(metric) for metric in _metrics(comparison)}
    costs = [cost_style(each, each) for each in totals.values()]
    columns = [
        Column("total", [METRICS[metric].label for metric in totals], flexible=True),
        Column("before", [before_cell(each, metric) for metric, each in totals.items()], right=True),
        Column("after", [after_cell(each, metric) for metric, each in totals.items()], right=True),
        Column("Δ", styled([delta_cell(each, metric) for metric, each in totals.items()], costs), right=True, leaves=3),
        Column("%", styled(map(percent, totals.values()), costs), right=True, leaves=2),
        Column("factor", styled(map(factor, totals.values()), costs), right=True, leaves=1),
    ]
    return Table(columns)


def _metrics(comparison: Comparison) -> tuple[str, ...]:
    return telling_metrics((comparison.before, comparison.after))
