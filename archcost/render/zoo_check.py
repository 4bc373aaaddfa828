"""The check of the zoo as a document: the list of figures, what differs, and how many come from which source."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.sources import MEANING, SourceKind
from archcost.analysis.zoo_check import StatedData, tolerance_text, zoo_check_data
from archcost.phrases import plural
from archcost.render.document import Cell, Column, Line, Records, Table, TreeLine
from archcost.zoo_index import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.sources import Stated
    from archcost.analysis.zoo_check import ZooCheck
    from archcost.render.document import Block


class ZooCheckDocument(NamedTuple):
    """What differs, the verdict and the kinds of sources; before them every figure where these are ``listed``."""

    check: ZooCheck
    listed: bool = True

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        del most  # there are as many rows as figures
        if self.listed:
            yield _table(self.check.figures)
        for line in _wrong(self.check):
            yield Line(line, literal=True)
        yield Line(_verdict(self.check))
        counts = self.check.kinds
        for kind in SourceKind:
            if counts[kind]:
                yield Line(MEANING[kind], head=f"  {kind.value:<10} {counts[kind]:>5,}  ")

    def branches(self) -> Iterator[TreeLine]:
        """The figures by kind of source, what differs, and the verdict."""
        for kind in SourceKind:
            own = [figure for figure in self.check.figures if figure.source.kind is kind]
            yield from [TreeLine(0, kind.value)] * bool(own)
            for figure in own:
                told = " – ".join(filter(None, (_named(figure), figure.text)))
                yield TreeLine(1, f"{_mark(figure)} {told}".strip())
        for line in _wrong(self.check):
            yield TreeLine(0, line)
        yield TreeLine(0, _verdict(self.check))

    def records(self) -> Records:
        """A row a figure."""
        rows = [list(row.values()) for row in zoo_check_data(self.check)]
        return Records(list(StatedData.__annotations__), rows)

    def data(self) -> object:
        """A list of figures."""
        return zoo_check_data(self.check)


def _wrong(check: ZooCheck) -> Iterator[str]:
    """A line for each figure that its model does not meet, or that is not what its source prints."""
    for model, found in check.deviations:
        source = f" ({found.source})" if found.source else ""
        yield f"{found.mark}: {model}: {found}{source}"
    for figure in check.misprinted:
        yield (f"{figure.mark}: {_named(figure)} is {figure.computed:,}, which is not what is printed ({figure.text})")


def _verdict(check: ZooCheck) -> str:
    """``229 models in 50 families: all 527 figures and 252 shapes hold``."""
    models, groups = len(check.reports), len(families(check.reports, lambda report: report.spec.family))
    named = f"{models} model{'s' * (models != 1)} in {groups} famil{'ies' if groups != 1 else 'y'}"
    figures = [figure.holds for figure in check.figures]
    shapes = check.shapes
    if check.holds:
        return f"{named}: all {plural(len(figures), 'figure')} and {plural(len(shapes), 'shape')} hold"
    counts = ((figures, "figure"), (shapes, "shape"))
    differing = [f"{found.count(False):,} of {plural(len(found), noun)}" for found, noun in counts]
    return f"{named}: {' and '.join(differing)} differ"


def _table(figures: Sequence[Stated]) -> Table:
    """A row for every model, and one for each of its figures; the mark of one that fails comes first."""
    rows: list[tuple[Cell | str, ...]] = []
    for model, own in groupby(figures, key=lambda figure: figure.model):
        rows.append(("", Cell(model, strong=True), "", "", "", "", ""))
        rows += [_row(figure) for figure in own]
    marks, names, stated, tolerances, computed, kinds, sources = zip(*rows, strict=True) if rows else [()] * 7
    return Table(
        [
            Column("", marks),
            Column("figure", names),
            Column("stated", stated, right=True, leaves=2),
            Column("±", tolerances, right=True, leaves=1),
            Column("computed", computed, right=True, leaves=4),
            Column("kind", kinds, leaves=3),
            Column("source", sources, flexible=True, folds=True),
        ]
    )


def _row(figure: Stated) -> tuple[Cell | str, ...]:
    return (
        _mark(figure),
        Cell(_name(figure), level=2),
        _number(figure.stated),
        tolerance_text(figure.tolerance),
        _number(figure.computed),
        figure.source.kind.value,
        figure.text,
    )


def _mark(figure: Stated) -> str:
    return "" if figure.holds else "✗"


def _name(figure: Stated) -> str:
    return f"{figure.path}: {figure.metric}" if figure.path else figure.metric


def _named(figure: Stated) -> str:
    return f"{figure.model}: {_name(figure)}"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
