"""Templates: how each row of a class is built, with slots for what differs between its uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.exporting.template import Argument, Class, ClassRow, Slot


@dataclass
class Constructed:
    """``nn.Conv2d(…)`` or a class of the source, with arguments; ``steps`` are what grows with the round."""

    made: Class | str
    arguments: list[tuple[Argument, Slot]]
    steps: dict[str, Slot] = field(default_factory=dict)
    has_state: bool = True


@dataclass
class Chained:
    """``nn.Sequential`` of named items."""

    names: list[str]
    items: list[Plan]


@dataclass
class Repeated:
    """``nn.Sequential`` or ``nn.ModuleList`` of rounds: each part an item and how often it comes (None: once)."""

    container: str
    parts: list[tuple[Plan, Slot | None, int]]  # the last: how much less than the slot


Plan = Constructed | Chained | Repeated


@dataclass
class RowPlan:
    """A row of a class: its template, and the slot of the truth value that decides whether it is there."""

    row: ClassRow
    plan: Plan | None  # None: a function
    condition: Slot | None = None
    arguments: list[tuple[Argument, Slot]] = field(default_factory=list)  # of a function
