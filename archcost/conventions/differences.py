"""Why a tool's figure is not archcost's: an exact sum of differences, op class by op class."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcost.conventions.model import Amount
    from archcost.conventions.tool_report import ToolReport


class ToolDifference(NamedTuple):
    """What one class of ops adds to a tool's figure, or what is missing from it, over all layers.

    ``amount`` is the tool's, ``macs`` are archcost's that it stands for; ``difference`` is ``amount`` less the tool's
    factor × ``macs``. Without ``covered`` the tool does not see the MACs, and ``rate`` says why.
    """

    what: str
    rate: str
    layers: int
    amount: Amount
    macs: int
    difference: Amount
    covered: bool


class ToolExplanation(NamedTuple):
    """A tool's figure as ``base``, its factor × archcost's MACs, plus the sum of the differences."""

    reading: ToolReport
    base: int
    differences: tuple[ToolDifference, ...]

    @property
    def difference(self) -> int:
        """The sum of all differences."""
        return self.reading.sum - self.base


def explain(reading: ToolReport) -> ToolExplanation:
    """The differences between a tool's figure and archcost's MACs, the largest first."""
    factor = reading.convention.factor
    sums: dict[tuple[str, str, bool], list[Amount]] = {}
    for count in reading.counts:
        if count.failure and count.layer.macs:
            _add(sums, (count.layer.op, count.failure, False), 0, count.layer.macs)
        for part in count.parts:
            _add(sums, (part.what, part.rate, part.covered), part.amount, part.macs)
    found = [
        ToolDifference(what, rate, int(layers), amount, int(macs), amount - factor * macs, covered)
        for (what, rate, covered), (layers, amount, macs) in sums.items()
        if amount != factor * macs
    ]
    found.sort(key=lambda found: max(found.difference, -found.difference), reverse=True)
    return ToolExplanation(reading, factor * reading.report.totals.macs, tuple(found))


def _add(
    sums: dict[tuple[str, str, bool], list[Amount]], key: tuple[str, str, bool], amount: Amount, macs: int
) -> None:
    entry = sums.setdefault(key, [0, 0, 0])
    entry[0] += 1
    entry[1] += amount
    entry[2] += macs
