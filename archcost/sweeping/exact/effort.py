"""How much work an exact answer may take, and the error that says which axes make it too much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_STATES = 1 << 24  # partial sums that are kept at once for one half of a space
MAX_WORK = 1 << 28  # partial sums that are made in all


class TooCoupledError(UsageError):
    """An exact answer needs too many partial sums; ``axes`` are the names of those that couple the most others."""

    def __init__(self, axes: Sequence[str], limit: int) -> None:
        named = ", ".join(f"'{name}'" for name in axes)
        which = f"the axes that depend on most others are {named}" if axes else "there are too many different figures"
        super().__init__(
            f"an exact answer needs more than {limit:,} partial sums: {which}",
            "give one of them fewer values, fix it, or draw a sample, which gives an estimate",
        )
        self.axes = tuple(axes)


class EffortError(Exception):
    """The limit was passed; who knows the names of the axes makes a TooCoupledError of it."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(slots=True)
class SolvingEffort:
    """The limits of one answer, and what it has used of them."""

    states: int = MAX_STATES
    work: int = MAX_WORK
    used: int = field(default=0, init=False)

    def spend(self, made: int) -> None:
        """Count partial sums before they are made."""
        self.used += made
        if self.used > self.work:
            raise EffortError(self.work)

    def keep(self, states: int) -> None:
        """Check how many partial sums are kept."""
        if states > self.states:
            raise EffortError(self.states)
