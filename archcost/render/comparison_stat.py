"""A comparison in a line a block, as ``git diff --stat`` has it, for hooks and the texts of pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing.lines import change_lines
from archcost.figures import METRICS
from archcost.render.comparison import SAME, ComparisonDocument, by_cost, left_out, styled
from archcost.render.comparison_cells import delta_cell, percent
from archcost.render.document import Cell, Column, Heading, Line, Table, branches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.comparing import Difference
    from archcost.comparing.lines import ChangeLine
    from archcost.render.document import Block, Records, TreeLine

_WIDEST = 24  # signs of the largest difference
_ALWAYS = ("params", "macs")  # in the last line, beside the metric that is shown


class ChangeStatDocument(NamedTuple):
    """Two models: the blocks that change, the difference of each, and the sum."""

    whole: ComparisonDocument

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A line for every block that changes, and one for the sum."""
        comparison, shown = self.whole.comparison, self.whole.shown
        yield Heading(comparison.title)
        if not comparison.changed():
            yield Line(SAME)
            return
        every = self._lines()
        found = every[: shown.top or most]
        differences = [line.difference(shown.metric) for line in found]
        costs = by_cost(differences, comparison.total(shown.metric))
        yield Table(
            [
                Column("block", [Cell(line.name, level=line.depth, mark=line.mark) for line in found], flexible=True),
                Column(
                    f"Δ {METRICS[shown.metric].label}",
                    styled([delta_cell(each, shown.metric)._replace(strong=False) for each in differences], costs),
                    right=True,
                    rounded=True,
                ),
                Column("%", styled(map(percent, differences), costs), right=True),
                Column("", styled(_signs(differences), costs), leaves=1),
            ]
        )
        yield Line(self._sum(sum([line.folded for line in every])))
        yield from left_out(len(found), len(every), shown.top)

    def branches(self) -> Iterator[TreeLine]:
        """The same lines."""
        yield from branches_of(self.blocks(None))

    def records(self) -> Records:
        """Those of the comparison."""
        return self.whole.records()

    def data(self) -> object:
        """The document of the comparison."""
        return self.whole.data()

    def _lines(self) -> list[ChangeLine]:
        shown = self.whole.shown
        if shown.by_delta:
            return shown._replace(depth=shown.depth or 1).changes(self.whole.comparison, totals=0).lines
        lines = change_lines(
            self.whole.comparison.changes, depth=shown.depth or 1, only_changed=True, metrics=shown.metrics
        )
        return [line._replace(name=line.name + (f" ×{line.times}" if line.times > 1 else "")) for line in lines]

    def _sum(self, count: int) -> str:
        """``3 blocks change · params +86.5% · MACs +102.0%``."""
        comparison = self.whole.comparison
        told = [f"{count} block{'s change' if count != 1 else ' changes'}"]
        for metric in dict.fromkeys((*_ALWAYS, self.whole.shown.metric)):
            found = comparison.total(metric)
            share = percent(found) or ("±0" if found.known else "unknown")
            told.append(f"{METRICS[metric].label} {share}")
        return " · ".join(told)


def _signs(differences: Sequence[Difference]) -> list[str]:
    """``+++++`` and ``---``, as many as a difference is of the largest; one at least for what is not nothing."""
    largest = max([abs(each.delta) for each in differences if each.known], default=0)
    return [_row(each, largest) for each in differences]


def _row(found: Difference, largest: int) -> str:
    if not found.known or not found.delta:
        return "?" * (not found.known)
    count = max(1, (2 * abs(found.delta) * _WIDEST + largest) // (2 * largest))
    return ("+" if found.delta > 0 else "-") * count
