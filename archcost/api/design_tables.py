"""The costs of all designs of a space, and single designs of it; both print themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.arguments import checked_methods
from archcost.displays import in_line, in_notebook
from archcost.errors import UsageError
from archcost.sweeping.asking import BINS, DEFAULT_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.render.sweep import DesignsDocument
    from archcost.sweeping.answers import Answers
    from archcost.sweeping.asking import Objective
    from archcost.sweeping.exact.counting import Histogram
    from archcost.sweeping.exact.intervals import Estimate
    from archcost.sweeping.listing import Listing
    from archcost.sweeping.row_values import DesignRow
    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import SpaceTables


@checked_methods
class DesignTables:
    """The costs of all designs of a space: look-ups for single ones, exact answers for all.

    A condition ``where`` is an expression over metrics and params with units: ``"macs <= 300 M and width >= 0.5"``.
    """

    def __init__(self, tables: SpaceTables) -> None:
        self.tables = tables
        self._answers: dict[tuple[str, tuple[str, ...]], Answers] = {}

    def __repr__(self) -> str:
        entries = sum([factor.entries.size for each in self.tables.metrics.values() for factor in each.terms])
        return in_line(self, self.tables.space.spec.name, settings=self.tables.space.size, entries=entries)

    def _repr_html_(self) -> str | None:
        return in_notebook(self.tables)

    def at(self, params: Mapping[str, Any]) -> dict[str, int]:
        """The figures of one design, by the values along the axes; raises SpecError where it is invalid."""
        from archcost.sweeping.arrays import np
        from archcost.sweeping.singles import Singles

        space = self.tables.space
        design = space.indices_of(params)
        chunk = self._ask("", ()).gathers.chunk(np.array([design], np.int32))
        if chunk.invalid[0]:
            raise Singles(space).error(design)
        return {name: int(figure[0]) for name, figure in chunk.figures.items()}

    def figures(self, indices: Any, metrics: Sequence[str] = DEFAULT_METRICS) -> dict[str, Any]:
        """Figures of many designs at once, an array each: ``indices`` has a row a design, a column for each axis.

        ``invalid`` says which of them have none. This is what a search calls for its population.
        """
        from archcost.sweeping.arrays import np

        chunk = self._ask("", tuple(metrics)).gathers.chunk(np.asarray(indices, np.int32))
        return {**{name: chunk.figures[name] for name in metrics}, "invalid": chunk.invalid}

    def rows(self, where: str = "", metrics: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """The designs that meet a condition, in order: arrays of figures, of what axes set, and ``indices``, by name.

        A chunk of at most 32,768 rows at a time. What an axis sets is ``param.NAME`` where a metric has the same name.
        Without a condition ``invalid`` says which rows have no figures.
        """
        space = self.tables.space
        wanted = tuple(metrics) or tuple(self.tables.metrics)
        columns = [
            (target.column, place, _cells([values[number] for values in axis.values]))
            for place, axis in enumerate(space.axes)
            for number, target in enumerate(axis.targets)
        ]
        for chunk in self._ask(where, wanted).listing().chunks():
            values = {name: choices[chunk.indices[:, place]] for name, place, choices in columns}
            yield {**values, **chunk.figures, "indices": chunk.indices, "invalid": chunk.invalid}

    def count(self, where: str = "") -> int | Estimate:
        """How many designs meet a condition: exact, or an Estimate where several budgets couple too much."""
        return self._ask(where, ()).count()

    def front(self, *, min: str | Sequence[str] = (), max: str | Sequence[str] = (), where: str = "") -> Designs:  # noqa: A002 - the words that people use
        """A design for each of the undominated figures: least of what ``min`` names, most of what ``max`` does."""
        objectives: list[Objective] = [
            *[(name, "min") for name in _names(min)],
            *[(name, "max") for name in _names(max)],
        ]
        metrics = tuple([name for name, _ in objectives])
        return self._designs(self._ask(where, metrics).front(objectives), metrics)

    def best(self, metric: str = "", *, min: str = "", max: str = "", where: str = "") -> Design | None:  # noqa: A002 - the words that people use
        """A design with the most of a metric, or the least of ``min``; None where none meets the condition."""
        name = metric or max or min
        if not name or bool(metric) + bool(min) + bool(max) > 1:
            raise UsageError("best() is of one metric", 'for instance `best(max="params", where="macs <= 300 M")`')
        metrics = tuple(self.tables.metrics)
        found = self._designs(self._ask(where, metrics).best((name, "min" if min else "max")), metrics)
        return found[0] if len(found) else None

    def histogram(self, metric: str, *, where: str = "", bins: int = BINS) -> Histogram | None:
        """The designs that meet a condition by a metric, each counted exactly."""
        return self._ask(where, (metric,)).histogram(metric, bins)

    def sample(
        self, number: int, *, where: str = "", seed: int = 0, metrics: Sequence[str] = DEFAULT_METRICS
    ) -> Designs:
        """Independent draws, each uniform over the designs that meet a condition."""
        return self._designs(self._ask(where, tuple(metrics)).sample(number, seed), tuple(metrics))

    def _ask(self, where: str, metrics: tuple[str, ...]) -> Answers:
        from archcost.sweeping.answers import Answers

        key = (where, metrics)
        if key not in self._answers:
            self._answers[key] = Answers(self.tables, where, metrics=metrics)
            self._answers[key].refuse_if_none()
        return self._answers[key]

    def _designs(self, listing: Listing, metrics: tuple[str, ...]) -> Designs:
        return Designs(self.tables.space, listing, metrics)


class Design:
    """A design: what the axes set, by name, and its figures by metric."""

    def __init__(self, values: Mapping[str, Any], params: Mapping[str, Any], figures: Mapping[str, int]) -> None:
        self.values = dict(values)
        self.params = dict(params)
        self.figures = dict(figures)

    def __getitem__(self, name: str) -> Any:
        """A figure, or what an axis sets; ``param.NAME`` is the latter where a metric has the same name."""
        return self.figures[name] if name in self.figures else self.values[name.removeprefix("param.")]

    def __repr__(self) -> str:
        return f"Design({', '.join([f'{name}={value!r}' for name, value in {**self.values, **self.figures}.items()])})"

    def _repr_html_(self) -> str | None:
        from archcost.sweeping.row_values import DesignRow

        return in_notebook(DesignRow((), self.values, self.figures))

    def to_dict(self) -> dict[str, Any]:
        """As plain data; ``params`` are those that :func:`archcost.analyze` takes."""
        return {"values": self.values, "params": self.params, "figures": self.figures}


class Designs:
    """Designs in order; a sequence that prints itself as a table."""

    def __init__(self, space: Space, listing: Listing, metrics: tuple[str, ...]) -> None:
        self._space = space
        self._listing = listing
        self._metrics = metrics

    def __len__(self) -> int:
        return len(self._listing)

    def __iter__(self) -> Iterator[Design]:
        for row in self._rows():
            figures = {name: row.figures[name] for name in self._metrics}
            yield Design(row.values, self._space.params_of(row.indices), figures)

    def _rows(self) -> Iterator[DesignRow]:
        from archcost.sweeping.row_values import rows_of
        from archcost.sweeping.singles import Singles

        return rows_of(self._listing, self._space, Singles(self._space))

    @property
    def indices(self) -> Any:
        """The indices along the axes, an array with a row for each design."""
        return self._listing.indices()

    def __getitem__(self, place: int) -> Design:
        places = range(len(self))[place]
        return next(iter(Designs(self._space, self._listing.chosen(slice(places, places + 1)), self._metrics)))

    def __repr__(self) -> str:
        return in_line(self, self._space.spec.name, designs=len(self))

    def __str__(self) -> str:
        return self._printed("terminal")

    def _repr_markdown_(self) -> str:
        return self._printed("markdown")

    def _repr_html_(self) -> str | None:
        return in_notebook(self._document())

    def _document(self) -> DesignsDocument:
        from archcost.render.sweep import DesignsDocument

        return DesignsDocument(self._space, self._rows, len(self), self._metrics)

    def _printed(self, printer: str) -> str:
        from importlib import import_module

        found: str = import_module(f"archcost.render.printers.{printer}").text(self._document(), None)
        return found


def _names(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given


def _cells(values: Sequence[Any]) -> Any:
    """The values of an axis as an array: a list stays as its text, and kinds that are mixed as they are."""
    from archcost.sweeping.arrays import np
    from archcost.sweeping.values import shown

    cells = [shown(value) if isinstance(value, (list, tuple)) or value is None else value for value in values]
    kinds = {type(cell) for cell in cells}
    return np.array(cells, object if len(kinds) > 1 and not kinds <= {int, float} else None)
