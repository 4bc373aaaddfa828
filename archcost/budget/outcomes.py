"""What a limit comes to for many layers: all of them are judged and counted, the worst are listed one by one."""

from __future__ import annotations

from heapq import heappush, heapreplace
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.verdict_words import Cause
from archcost.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.budget.verdict_words import Rule, Status

LISTED = 20  # layers that one limit lists with one result
ROOM = 1000  # findings of a spec; beyond, every further limit lists the worst layer alone


class Outcome(NamedTuple):
    """A figure of the whole model, of a layer or of a scope, held against a limit; fields as in Finding."""

    rule: Rule
    status: Status
    figure: int
    allowed: int | None = None
    cause: Cause = Cause.NONE
    path: str = ""

    @property
    def excess(self) -> int:
        """Figure - allowed: the larger, the worse; below 0 within the limit."""
        return self.figure - (self.allowed or 0)


class LimitPlace(NamedTuple):
    """A layer or scope that a limit is for: which one it is in order, and its path."""

    number: int
    path: str


class Rest(NamedTuple):
    """So many outcomes like this one, which are none of them listed."""

    like: Outcome
    size: int


class Room:
    """How many findings a spec still lists in full; the bound of every format, which print what they are given."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room

    def take(self, count: int, most: int = ROOM) -> int:
        """How many of a count are listed: at least one, and all if only one were left."""
        listed = max(1, min(count, most, self.room))
        listed += count - listed == 1
        self.room -= listed
        return listed


class _Group:
    """Outcomes with one result: their count, and the worst, the first of equal ones."""

    __slots__ = ("count", "worst")

    def __init__(self) -> None:
        self.count = 0
        self.worst: list[tuple[int, int, Outcome]] = []  # a heap: excess, minus the place, the outcome

    def add(self, outcome: Outcome, places: Sequence[LimitPlace]) -> None:
        self.count += len(places)
        excess = outcome.excess
        for number, path in places[: LISTED + 1]:
            if len(self.worst) <= LISTED:
                heappush(self.worst, (excess, -number, outcome._replace(path=path)))
            elif (excess, -number) > self.worst[0][:2]:
                heapreplace(self.worst, (excess, -number, outcome._replace(path=path)))
            else:
                return


def told(names: Sequence[str]) -> str:
    """Names in a line: the first LISTED, and how many more there are."""
    return listed(names[:LISTED], len(names))


class LimitTally:
    """The outcomes of one limit."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Status, Cause], _Group] = {}

    def add(self, outcome: Outcome, places: Sequence[LimitPlace]) -> None:
        """Count an outcome of some places, in order, and keep those that are among the worst."""
        key = (outcome.status, outcome.cause)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        group.add(outcome, places)

    def listed(self, room: Room) -> Iterator[Outcome | Rest]:
        """Of each result the worst outcomes, the worst first, and how many more there are.

        A rest is of two at least: one alone is listed.
        """
        for group in self._groups.values():
            most = room.take(group.count, LISTED)
            worst = [outcome for _, _, outcome in sorted(group.worst, reverse=True)]
            yield from worst[:most]
            if group.count > most:
                yield Rest(worst[0], group.count - most)
