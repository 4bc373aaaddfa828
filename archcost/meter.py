"""One budget for all the work that a spec causes, whatever its size turns out to be.

Reading a spec has one meter (``Spec.meter``), and each analysis of it a fresh one, so that a spec that is analysed a
thousand times is never refused. Everything whose amount the text decides is counted where it is done: values read,
characters parsed, nodes and items of expressions, references resolved, files included, names compared for a hint. A
step of work takes about 0.2 µs. What a model truly has adds to the budget: every step read, every layer made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic, Hints, SpecError

if TYPE_CHECKING:
    from archcost.errors import Mark

BUDGET = 10_000_000  # steps of work of reading a spec, and of each analysis
PER_LAYER = 100  # what a step in the text, or a layer of the graph, adds
_HELP = "write repeated parts once, as a block with `repeat`, and shorter expressions and lists"


class WorkError(SpecError):
    """A spec asks for more work than its meter allows; caught where its other problems are collected."""


class Meter:
    """Counts steps of work: ``spent`` so far, and ``allowed`` at most."""

    __slots__ = ("allowed", "budget", "hints", "spent")

    def __init__(self, allowed: int = BUDGET) -> None:
        self.budget = allowed  # before anything is granted
        self.allowed = allowed
        self.spent = 0
        self.hints = Hints()

    def take_layer(self, work: int, mark: Mark | None) -> None:
        """Count the work of a layer that is there from now on, and allow what a layer may take."""
        self.allowed += PER_LAYER
        self.spent += work
        if self.spent > self.allowed:
            raise self.error(mark)

    def spend(self, work: int, mark: Mark | None) -> None:
        """Count steps of work; raises WorkError, with the place that caused them, if more than allowed."""
        self.spent += work
        if self.spent > self.allowed:
            raise self.error(mark)

    @property
    def is_used_up(self) -> bool:
        """Whether the budget is used up; for callers that can leave something out instead of failing."""
        return self.spent > self.allowed

    def grant(self, layers: int = 1) -> None:
        """Allow the work of this many more steps or layers."""
        self.allowed += PER_LAYER * layers

    def error(self, mark: Mark | None) -> WorkError:
        """The error for a used-up budget; the caller raises it."""
        message = f"the spec asks for more than {self.budget:,} steps of work"
        if self.allowed > self.budget:
            message += f" and {PER_LAYER} for each step or layer"
        return WorkError([Diagnostic(message, mark, _HELP)])
