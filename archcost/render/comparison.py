"""A comparison as a document: what changed, by scope, before → after, and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing import telling_metrics
from archcost.comparing.data import comparison_data
from archcost.comparing.lines import change_lines
from archcost.figures import METRICS
from archcost.render.comparison_cells import (
    after_cell,
    before_cell,
    delta_cell,
    factor,
    percent,
    share_of_change,
)
from archcost.render.csv_cells import Own
from archcost.render.document import Cell, Column, Heading, Line, Records, Table, TreeLine, rows_left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.comparing import Comparison, Difference
    from archcost.comparing.lines import ChangeLine
    from archcost.render.document import Block

_STYLES = {"+": "green", "-": "red", "~": "yellow", " ": "dim"}
_SAME = "no layer differs"


class ComparisonDocument(NamedTuple):
    """Two models: the changes told in one metric, down to a depth, and all totals."""

    comparison: Comparison
    metric: str = "macs"
    depth: int | None = None
    only_changed: bool = False

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        yield Heading(self.comparison.title)
        found = self._lines()
        if not self.comparison.changed():
            yield Line(_SAME)
        elif found:
            shown = found[:most]
            yield _change_table(shown, self.comparison, self.metric)
            yield from rows_left_out(len(shown), len(found))
        yield _total_table(self.comparison)

    def branches(self) -> Iterator[TreeLine]:
        """The changes by scope, and the totals."""
        yield TreeLine(0, self.comparison.title)
        if not self.comparison.changed():
            yield TreeLine(1, _SAME)
        else:
            for line in self._lines():
                told = _told(line.difference(self.metric), self.metric)
                yield TreeLine(line.depth, f"{line.mark} {line.name} ({line.op}): {told}".strip())
        yield TreeLine(0, "total")
        for metric in _metrics(self.comparison):
            yield TreeLine(1, _told(self.comparison.total(metric), metric))

    def records(self) -> Records:
        """Every layer of both models, with params and MACs; nothing where these are unknown."""
        rows = []
        for change in (item for top in self.comparison.changes for item in top.walk()):
            if change.group or (self.only_changed and not change.changed()):
                continue
            sides = [side for metric in ("params", "macs") for side in _known_sides(change.difference(metric))]
            rows.append((Own(change.mark.strip() or "="), change.path, change.op, *sides))
        figures = ("params_before", "params_after", "macs_before", "macs_after")
        return Records(("change", "path", "op", *figures), rows)

    def data(self) -> object:
        """The document of a comparison."""
        return comparison_data(self.comparison)

    def _lines(self) -> list[ChangeLine]:
        return change_lines(self.comparison.changes, depth=self.depth, only_changed=self.only_changed)


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


def _change_table(found: Sequence[ChangeLine], comparison: Comparison, metric: str) -> Table:
    other = "macs" if metric == "params" else "params"
    name = METRICS[metric].label
    whole = comparison.total(metric)
    differences = [line.difference(metric) for line in found]
    others = [line.difference(other) for line in found]
    styles = [_STYLES[line.mark] for line in found]

    def styled(cells: Iterable[Cell | str]) -> list[Cell]:
        return [
            (one if isinstance(one, Cell) else Cell(one))._replace(style=style)
            for one, style in zip(cells, styles, strict=True)
        ]

    def side(figure: Callable[[Difference, str], Cell], absent: str) -> list[Cell]:
        """A figure of every line; nothing for those that are absent there."""
        pairs = zip(found, differences, strict=True)
        return styled(["" if line.mark == absent else figure(each, metric) for line, each in pairs])

    columns = [
        Column("change", styled([Cell(line.name, level=line.depth, mark=line.mark) for line in found]), flexible=True),
        Column("op", styled([line.op for line in found]), leaves=1),
        Column(f"{name} before", side(before_cell, "+"), right=True),
        Column("after", side(after_cell, "-"), right=True),
        Column(f"Δ {name}", styled([delta_cell(each, metric) for each in differences]), right=True),
        Column("%", styled(map(percent, differences)), right=True),
        Column("factor", styled(map(factor, differences)), right=True, leaves=3),
        Column("of change", styled([share_of_change(each, whole) for each in differences]), right=True, leaves=2),
        Column(f"Δ {METRICS[other].label}", styled([delta_cell(each, other) for each in others]), right=True, leaves=4),
    ]
    return Table(columns)


def _total_table(comparison: Comparison) -> Table:
    totals = {metric: comparison.total(metric) for metric in _metrics(comparison)}
    columns = [
        Column("total", [METRICS[metric].label for metric in totals], flexible=True),
        Column("before", [before_cell(each, metric) for metric, each in totals.items()], right=True),
        Column("after", [after_cell(each, metric) for metric, each in totals.items()], right=True),
        Column("Δ", [delta_cell(each, metric) for metric, each in totals.items()], right=True, leaves=3),
        Column("%", list(map(percent, totals.values())), right=True, leaves=2),
        Column("factor", list(map(factor, totals.values())), right=True, leaves=1),
    ]
    return Table(columns)


def _metrics(comparison: Comparison) -> tuple[str, ...]:
    return telling_metrics((comparison.before, comparison.after))
