"""All rewrites as a document: what each does, how far it goes, and where it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.document import Cell, Column, Gap, Heading, Line, Records, Table, branches_of
from archcost.suggesting.data import rewrites_data
from archcost.suggesting.rewrite import Boldness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.render.document import Block, TreeLine
    from archcost.suggesting.rewrite import Rewrite

_WIDEST = 56  # of a column of sentences: two of them, and the names, are as wide as other lists
_RECORDS = ("name", "title", "does", "boldness", "training", "paper", "accuracy")


class RewritesDocument(NamedTuple):
    """A row a rewrite, the mildest first."""

    rewrites: Sequence[type[Rewrite]]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # there are as many as there are
        for boldness in Boldness:
            own = [one for one in self.rewrites if one.boldness is boldness]
            if own:
                yield Heading(boldness.name.lower(), boldness.value)
                yield _table(own)
                yield Gap()
        yield Line("`archcost suggest SPEC --only NAME` looks for one of them")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a rewrite."""
        rows: list[dict[str, object]] = [{**row} for row in rewrites_data(self.rewrites)]
        return Records(_RECORDS, [[row[name] for name in _RECORDS] for row in rows])

    def data(self) -> object:
        """A list of rewrites."""
        return rewrites_data(self.rewrites)


def _table(rewrites: Sequence[type[Rewrite]]) -> Table:
    return Table(
        [
            Column("name", [Cell(one.name, code=True) for one in rewrites]),
            Column("what it does", [one.does for one in rewrites], flexible=True, folds=True, widest=_WIDEST),
            Column("paper", [one.paper for one in rewrites], flexible=True, folds=True, widest=_WIDEST),
        ],
        least_flexible=20,
    )
