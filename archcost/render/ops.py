"""Ops as documents: all of them by family, and one with its attributes, formulas and an example."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from archcost.explaining.op_words import computed
from archcost.render.document import (
    Cell,
    Code,
    Column,
    Field,
    Gap,
    Heading,
    Line,
    Records,
    Table,
    TreeLine,
    branches_of,
    without_marks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.explaining.op_reference import OpReference
    from archcost.render.document import Block

_RECORDS = ("kind", "family", "about", "least_inputs", "most_inputs", "layout", "page")
_LEAST_WORDS = 30  # cells of what an attribute takes, and of what is told of it


class OpsDocument(NamedTuple):
    """A line an op, by family."""

    ops: Sequence[OpReference]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # there are as many as there are
        names: list[Cell] = []
        words: list[str] = []
        for family, members in groupby(self.ops, lambda op: op.family):
            own = list(members)
            names += [Cell(family, strong=True), *[Cell(op.kind, level=2) for op in own]]
            words += ["", *[without_marks(computed(op.text)) for op in own]]
        yield Table([Column("op", names), Column("what it computes", words, flexible=True, folds=True)])
        yield Line("`archcost ops NAME` has the attributes of one, its formulas and an example")

    def branches(self) -> Iterator[TreeLine]:
        """The names alone."""
        for family, members in groupby(self.ops, lambda op: op.family):
            yield TreeLine(0, family)
            yield from [TreeLine(1, op.kind) for op in members]

    def records(self) -> Records:
        """A row an op."""
        rows = [op.to_dict() for op in self.ops]
        return Records(_RECORDS, [[row[name] for name in _RECORDS] for row in rows])

    def data(self) -> object:
        """A list of ops."""
        return [op.to_dict() for op in self.ops]


class OpDocument(NamedTuple):
    """One op: what it computes, its attributes, the formulas of its example, and the example."""

    reference: OpReference

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # it is short
        op = self.reference
        yield Heading(op.kind, op.family)
        for paragraph in op.text.split("\n\n"):
            yield Line(" ".join(paragraph.split("\n")), indent=0)
            yield Gap()
        alone = f"; a value alone is its {op.alone}" if op.alone else ""
        yield Field("takes", op.takes + (f": {op.layout}" if op.layout else "") + alone)
        yield self._attributes() if op.attributes else Gap()
        for label, formula in op.formulas:
            yield Field(label, formula.text(), formula.latex())
        yield Gap()
        yield Line(f"An example, as `archcost ops {op.kind} --example` prints it:", indent=0)
        yield Code(op.example.text(), "yaml")
        if op.page:
            yield Gap()
            yield Line(f"In torch: {op.page}", indent=0, literal=True)

    def branches(self) -> Iterator[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row an attribute."""
        rows = [[one.name, one.takes, one.default or None, one.symbol, one.about] for one in self.reference.attributes]
        return Records(["attribute", "takes", "default", "symbol", "about"], rows)

    def data(self) -> object:
        """A list of this one op."""
        return [self.reference.to_dict()]

    def _attributes(self) -> Table:
        own = self.reference.attributes
        defaults = [Cell(one.default, code=True) if one.default else one.without_default for one in own]
        both = ["; ".join(filter(None, (one.takes, one.about))) for one in own]
        names = Column("attribute", [Cell(one.name, code=True) for one in own])
        about = Column("", [one.about for one in own], flexible=True, folds=True)

        def beside(takes: list[str], leaves: int = 0) -> list[Column]:
            words = Column("takes", takes, flexible=True, folds=True)
            symbols = Column("in formulas", [one.symbol for one in own], leaves=leaves)
            return [names, words, Column("default", defaults), symbols]

        narrow = Table(beside(both, leaves=1), least_flexible=_LEAST_WORDS)
        return Table([*beside([one.takes for one in own]), about], least_flexible=_LEAST_WORDS, narrow=narrow)
