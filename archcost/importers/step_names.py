"""The scopes and ids of steps that a reader has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import ROOT
from archcost.importers.input_names import names_in_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import FormScope, FormStep
    from archcost.importers.made_steps import MadeStep


class StepNames:
    """Scopes that are left, and the scope and id of each step.

    A module call with one step and nothing else is that step, by the name of the module. All other steps go by their
    kind, or by the path of the tensor that they are. In the model's own scope none has the name of an input: where a
    module or a tensor has it, it is the input that goes by another.
    """

    def __init__(self, scopes: Sequence[FormScope], steps: Sequence[MadeStep], inputs: Sequence[str] = ()) -> None:
        count = len(scopes)
        direct, below = [0] * count, [0] * count
        for step in steps:
            direct[step.scope] += 1
        for scope in range(count - 1, 0, -1):
            below[scopes[scope].parent] += bool(direct[scope] or below[scope])
        alone = {
            step.scope
            for step in steps
            if step.scope != ROOT and direct[step.scope] == 1 and not below[step.scope] and not step.name
        }
        numbers: dict[int, int] = {}
        self.scopes: list[FormScope] = []
        self._taken: set[tuple[int, str]] = set()
        self._numbers: dict[tuple[int, str], int] = {}  # the last that was given to a name in a scope
        for scope, each in enumerate(scopes):
            if scope != ROOT and (scope in alone or not (direct[scope] or below[scope])):
                continue
            numbers[scope] = len(self.scopes)
            each.parent = numbers.get(each.parent, -1)
            self.scopes.append(each)
        for scope, each in enumerate(scopes):
            if scope in alone:
                self._taken.add((numbers[each.parent], each.id))
            elif scope in numbers and scope != ROOT:
                self._taken.add((each.parent, each.id))
        given: list[tuple[int, str] | None] = []
        for step in steps:
            if step.scope in alone:
                each = scopes[step.scope]
                given.append((numbers[each.parent], each.id))
            else:
                given.append(self._free(numbers[step.scope], step.name) if step.name else None)
        self.inputs = names_in_spec(inputs, {name for scope, name in self._taken if scope == ROOT})
        self._taken |= {(ROOT, name) for name in self.inputs}
        self.of_steps = [
            found or self._free(numbers[step.scope], step.kind) for step, found in zip(steps, given, strict=True)
        ]

    def _free(self, scope: int, name: str) -> tuple[int, str]:
        """A scope and a name that is free in it."""
        number, free = self._numbers.get((scope, name), 0), name
        while (scope, free) in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._numbers[scope, name] = number
        self._taken.add((scope, free))
        return scope, free

    def path(self, step: FormStep) -> str:
        """The path of a step."""
        names, scope = [step.id], step.scope
        while scope != ROOT:
            names.append(self.scopes[scope].id)
            scope = self.scopes[scope].parent
        return ".".join(reversed(names))


def label(name: str) -> str:
    """A name of a module or tensor as an id of a spec, which has no spaces and does not begin with $."""
    found = "".join(["_" if mark.isspace() or not mark.isprintable() else mark for mark in name])
    return f"_{found[1:]}" if found.startswith("$") else found
