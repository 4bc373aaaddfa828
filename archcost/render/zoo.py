"""The zoo as documents: its models by family, and one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import METRICS, RUN
from archcost.quantities import format_bytes, format_bytes_twice
from archcost.render.cell_text import figure_cell, input_cell, setting
from archcost.render.document import Cell, Column, Field, Gap, Heading, Line, Records, Table, TreeLine, branches_of
from archcost.zoo_index import ZooModelData, families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.render.document import Block
    from archcost.zoo_index import ZooModel


class ZooDocument(NamedTuple):
    """Params, MACs, memory to run and the origin of every model, by family."""

    models: Sequence[ZooModel]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read: a row a family, and one for each of its models."""
        del most  # the zoo is as large as it is
        rows: list[ZooModel | None] = []
        names: list[Cell] = []
        for family, members in self.families().items():
            rows += [None, *members]
            names += [Cell(family, strong=True), *[Cell(model.name, level=2) for model in members]]
        yield _table(names, rows)

    def branches(self) -> Iterator[TreeLine]:
        """The names alone."""
        for family, members in self.families().items():
            yield TreeLine(0, family)
            yield from [TreeLine(1, model.name) for model in members]

    def records(self) -> Records:
        """A row a model; of its settings the names, and of its inputs the shapes."""
        rows = [
            {**model.to_dict(), "settings": " ".join(model.settings), "inputs": _inputs(model)}
            for members in self.families().values()
            for model in members
        ]
        return Records(list(ZooModelData.__annotations__), [list(row.values()) for row in rows])

    def data(self) -> object:
        """A list of models, by family."""
        return [model.to_dict() for members in self.families().values() for model in members]

    def families(self) -> dict[str, list[ZooModel]]:
        """The models by family."""
        return families(self.models, lambda model: model.family)


class ZooModelDocument(NamedTuple):
    """One model: what it is, its figures, the params that can be set, and what to do with it.

    ``others`` is the number of models that have its name in theirs.
    """

    model: ZooModel
    others: int = 0

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # it is short
        model = self.model
        yield Heading(model.name, _inputs(model))
        yield from [Field(*pair) for pair in (("family", model.family), ("source", model.source)) if pair[1]]
        yield Field("params", f"{model.params:,}")
        yield Field("MACs", f"{model.macs:,}")
        for metric in (METRICS[RUN], *[METRICS[name] for name in METRICS[RUN].parts]):
            size = getattr(model, metric.name)
            if size:
                yield Field(metric.short, format_bytes_twice(size, rounded_first=True))
        if model.about:
            yield Gap()
            yield from _about(model.about)
        if model.settings:
            values = [Cell(setting(value)) for value in model.settings.values()]
            yield Table(
                [Column("--set", [Cell(name, code=True) for name in model.settings]), Column("default", values)]
            )
        else:
            yield Gap()
        yield Line(f"`archcost analyze {model.name}` has its layers")
        yield Line(f"`archcost zoo {model.name} --copy FILE` writes its spec")
        if self.others:
            have = f"{self.others} more model{'s have' if self.others > 1 else ' has'}"
            yield Line(f"{have} this name in theirs: `archcost zoo '*{model.name}*'`", style="dim")

    def branches(self) -> Iterator[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """The row of the model."""
        return ZooDocument([self.model]).records()

    def data(self) -> object:
        """A list of this one model."""
        return ZooDocument([self.model]).data()


def _table(names: Sequence[Cell], rows: Sequence[ZooModel | None]) -> Table:
    """Exact figures where there is room for them; the origin leaves first."""

    def told(cell: Callable[[ZooModel], Cell | str]) -> list[Cell | str]:
        return ["" if model is None else cell(model) for model in rows]

    return Table(
        [
            Column("model", names),
            Column("params", told(lambda model: _count(model.params)), right=True),
            Column("MACs", told(lambda model: _count(model.macs)), right=True),
            Column("memory to run", told(_memory), right=True, rounded=True),
            Column(
                "source", told(lambda model: _origin(model.source)), flexible=True, folds=True, style="dim", leaves=1
            ),
        ]
    )


def _count(value: int) -> Cell:
    return Cell(figure_cell(value, exact=True), figure_cell(value, exact=False), amount=value or None)


def _memory(model: ZooModel) -> Cell:
    return Cell(f"{model.run_bytes:,} B", format_bytes(model.run_bytes), amount=model.run_bytes, binary=True)


def _origin(source: str) -> str:
    """Who and when: a source up to its first comma or semicolon."""
    return source.partition(",")[0].partition(";")[0]


def _inputs(model: ZooModel) -> str:
    """``1×3×224×224 float32``, with names for several."""
    return ", ".join([input_cell(each["name"], tuple(each["shape"]), each["dtype"]) for each in model.inputs])


def _about(lines: Sequence[str]) -> Iterator[Block]:
    """Sentences as one text; a line that is laid out in columns stays as it is."""
    text: list[str] = []
    for line in lines:
        if "  " not in line.strip():
            text.append(line)
            continue
        if text:
            yield Line(" ".join(text), indent=0, literal=True)
        text = []
        yield Line(line, literal=True)
    if text:
        yield Line(" ".join(text), indent=0, literal=True)
