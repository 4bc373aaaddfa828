"""What is known where a mistake stands, and the ways out that are made of it: helps are loaded where one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic
from archcost.spec.value_reader import merge_help

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.meter import Meter
    from archcost.spec.checks import StepError
    from archcost.spec.model import Block, Step

ALONE = ("", None)  # in place of an attribute's name and value: those of the value that stands alone
_SHOWN = 60  # characters of a name in a message


class Surroundings:
    """What is known where a step stands, for helps.

    ``names`` are those of expressions, in parts; ``shape`` is that of the step's input, None where it is not known.
    """

    __slots__ = ("blocks", "mark", "meter", "names", "shape")

    def __init__(
        self,
        names: tuple[Container[str], ...],
        blocks: Mapping[str, Block],
        meter: Meter,
        mark: Mark,
        shape: Shape | None = None,
    ) -> None:
        self.names = names
        self.blocks = blocks
        self.meter = meter
        self.mark = mark
        self.shape = shape

    def knows(self, name: str) -> bool:
        """Whether an expression may use a name here."""
        return any(name in part for part in self.names)


def unknown_kind(step: Step, kind: str, around: Surroundings) -> Diagnostic:
    """The problem that there is no such kind, with the step that is meant as far as that can be told."""
    from archcost.spec.helps.steps import unknown_kind_help

    hint = merge_help(kind) or unknown_kind_help(step, kind, around)
    return Diagnostic(f"unknown kind '{brief_name(kind)}'", step.mark, hint)


def with_help(problem: StepError, step: Step, kind: str, around: Surroundings) -> Diagnostic:
    """The problem of a step, with a way out that is made of what is written there."""
    if problem.wrong is None:
        return problem.diagnostic
    from archcost.spec.helps.steps import attribute_help

    hint = merge_help(problem.wrong[0]) or attribute_help(step, kind, *problem.wrong, around)
    return problem.diagnostic._replace(help=hint or problem.diagnostic.help)


def brief_name(name: str) -> str:
    """A name as messages show it."""
    text = " ".join(name.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
