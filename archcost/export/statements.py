"""What a forward pass does, in order, and which results stand inside of the statement that takes them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archcost.export.ops import LAYERS
from archcost.export.units import FUNCTION, LAYER, LOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.export.classes import Class
    from archcost.export.plans import RowPlan
    from archcost.export.units import Unit


class Statement:
    """A unit whose results are used: it becomes one statement, or stands ``inside`` of the one that reads it."""

    __slots__ = ("inside", "place", "plan", "unit")

    def __init__(self, plan: RowPlan, place: int) -> None:
        self.plan = plan
        self.place = place
        self.unit: Unit = plan.row.pattern
        self.inside = False

    @property
    def is_loop(self) -> bool:
        """Whether it is a loop over nn.ModuleList."""
        return self.unit.form == LOOP and len(self.unit.reads) > 1

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a module with one result."""
        return self.unit.form != FUNCTION and self.has_one_result

    @property
    def has_one_result(self) -> bool:
        """Whether its expression is the value that it writes."""
        unpacks = self.unit.form == LAYER and bool(LAYERS[self.unit.kind].results)
        parted = self.unit.kind in ("chunk", "split")
        return len(self.unit.writes) == 1 and not (unpacks or parted or self.is_loop)


class Statements:
    """The statements of a class, how often values are read, and where last; the return comes after all of them."""

    def __init__(self, made: Class, plans: Sequence[RowPlan]) -> None:
        needed = set(made.pattern.needed())
        self.outputs = made.pattern.outputs
        used = [plan for plan in plans if plan.row.pattern in needed]
        self.all = [Statement(plan, place) for place, plan in enumerate(used)]
        self.makers = {value: found for found in self.all if found.has_one_result for value in found.unit.writes}
        self.counts = Counter([*self.outputs, *[value for found in self.all for value in found.unit.reads]])
        self.last = {value: place for place, found in enumerate(self.all) for value in found.unit.reads}
        self.last |= dict.fromkeys(self.outputs, len(self.all))
        for place, statement in enumerate(self.all):
            if len(statement.unit.reads) > 1 and statement.unit.form == FUNCTION:
                self._put_inside(place, statement.unit.reads)
        if len(self.outputs) > 1:
            self._put_inside(len(self.all), self.outputs)
        elif self.all and self._is_returned(self.all[-1]):
            self.all[-1].inside = True
        self._hosts = [*range(len(self.all) + 1)]  # by statement: the one that is written for it
        for place in reversed(range(len(self.all))):
            if self.all[place].inside:
                self._hosts[place] = self._hosts[place + 1]

    def _put_inside(self, place: int, reads: Sequence[int]) -> None:
        """Put calls into the statement that takes their results, where it follows and takes them in their order."""
        places = {value: number for number, value in reversed([*enumerate(reads)])}  # the first of each
        wanted = len(reads)
        for before in range(place - 1, -1, -1):
            statement = self.all[before]
            value = statement.unit.writes[0]
            follows = places.get(value, wanted) < wanted
            if not statement.is_call or not follows or self.counts[value] > 1 or self._has_inside(statement):
                break
            wanted = places[value]
            statement.inside = True

    def _has_inside(self, statement: Statement) -> bool:
        return any(value in self.makers and self.makers[value].inside for value in statement.unit.reads)

    def _is_returned(self, last: Statement) -> bool:
        value = self.outputs[0]
        return last.has_one_result and last.unit.writes[0] == value and self.counts[value] == 1

    def inside_of(self, reads: Sequence[int]) -> dict[int, Statement]:
        """The statements that stand inside of the one that reads these values, by what they write."""
        return {value: self.makers[value] for value in reads if value in self.makers and self.makers[value].inside}

    def is_read_next(self, place: int, value: int) -> bool:
        """Whether the statement after ``place`` alone reads a value, as the first that it reads."""
        reader = self.last[value]
        reads = self.all[reader].unit.reads if reader < len(self.all) else self.outputs
        return self.counts[value] == 1 and reads[0] == value and self._hosts[reader] == self._hosts[place + 1]
