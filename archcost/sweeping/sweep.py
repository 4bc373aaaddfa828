"""A sweep: a question about a space, and all that is told of its answer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.displays import in_line, in_notebook
from archcost.errors import UsageError
from archcost.figures import METRICS
from archcost.sweeping.answers import Answers
from archcost.sweeping.rows import extremes
from archcost.sweeping.singles import PER_ROW
from archcost.sweeping.where import MAX_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.sweeping.asking import Question
    from archcost.sweeping.causes import InvalidCause
    from archcost.sweeping.exact.counting import Histogram
    from archcost.sweeping.exact.intervals import Estimate
    from archcost.sweeping.listing import Listing
    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import SpaceTables
    from archcost.timing.prediction import Prediction


class Sweep:
    """What a space answers to a question; the designs that were asked for are its ``listing``.

    Raises, as it is made, UsageError for a question that the space cannot answer, and SpecError where no design is
    valid: that of a single analysis.
    """

    def __init__(self, tables: SpaceTables, ask: Question, expected: int | None = None) -> None:
        """``expected`` is the number of designs that is published for the space."""
        self.ask = ask
        self.expected = expected
        self.space: Space = tables.space
        metrics = (*ask.metrics, *[name for name in ask.used if name not in self.space.column_names])
        self.answers = Answers(tables, ask.where, device=ask.device, metrics=(*metrics, *filter(None, [ask.histogram])))
        self.answers.refuse_if_none()
        self.found = 0  # designs, before the first of them are taken
        self.listing: Listing | None = self._listed() if ask.lists_designs else None
        self.histogram: Histogram | None = self.answers.histogram(ask.histogram) if ask.histogram else None

    def __repr__(self) -> str:
        return in_line(self, self.name, settings=self.space.size)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def name(self) -> str:
        """What the space is called: as in its file, else as its spec."""
        return self.space.name or self.space.spec.name

    @property
    def where(self) -> str:
        """The condition as it was written."""
        return self.answers.where.text

    @cached_property
    def designs(self) -> int:
        """The valid and distinct designs, counted exactly."""
        return self.answers.designs()

    @property
    def as_expected(self) -> bool:
        """Whether there are as many designs as is published, if that was asked and is."""
        return self.expected is None or not self.ask.counts or self.designs == self.expected

    @cached_property
    def invalid(self) -> int:
        """The settings that are no design."""
        return self.answers.invalid()

    @cached_property
    def causes(self) -> tuple[InvalidCause, ...]:
        """Why they are not."""
        return self.answers.causes() if self.invalid else ()

    @cached_property
    def meeting(self) -> int | Estimate | None:
        """How many designs meet the condition; None without one, and where nobody asked and it takes long to count."""
        asked = self.ask.counts or self.answers.counts_at_once
        return self.answers.count() if self.where and asked else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What may surprise."""
        made = self.answers.singles.made
        told = [f"{made:,} designs were analysed one by one for figures that are no sums"] if made else []
        return (*self.answers.where.notes, *self._unknown(), *told)

    @property
    def predictions(self) -> list[Prediction]:
        """Of the times that were predicted for designs one of each kind, for what is to be said of all."""
        return list(self.answers.singles.predictions.values())

    def _unknown(self) -> Iterator[str]:
        """Which figures are the known part of what they are called."""
        for name, layers in self.answers.tables.unknown.items():
            if name in (*self.answers.metrics, *self.answers.where.metrics) and extremes(layers)[1]:
                label = METRICS[name].label if name in METRICS else name
                yield f"layers leave {label} unknown: the figures are what is known of them"

    def _listed(self) -> Listing:
        """The designs that were asked for, in their order."""
        ask, answers = self.ask, self.answers
        if ask.sample is not None:
            found = answers.sample(ask.sample, ask.seed)
            found = found.front(ask.pareto) if ask.pareto else found
        elif ask.pareto:
            found = answers.front(ask.pareto)
        elif self._wants_best and self.space.size > MAX_ROWS:
            (key,) = ask.sort
            found = answers.best((key.name, "max" if key.falls else "min"))
        else:
            found = answers.listing()
        if ask.sort:
            found = found.sorted_by(ask.sort)
        self.found = len(found)
        found = found.first(ask.top) if ask.top is not None else found
        late = [name for name in ask.metrics if name in PER_ROW]
        if late:
            found.figures(late)  # refuses what takes too long, before anything is printed
        return found

    @property
    def _wants_best(self) -> bool:
        """Whether one design is asked for, the first by one metric."""
        keys = self.ask.sort
        return self.ask.top == 1 and len(keys) == 1 and keys[0].name not in self.space.column_names


def checked(value: Any, least: int, what: str) -> int:
    """A whole number of at least so much; raises UsageError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{what} is a whole number of at least {least}, got {value!r}")
    return value
