"""The blocks that bodies become: one for each body and what its steps are given, under a name that is free."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.importers.yaml_values import name_text
from archcost.ops import REGISTRY
from archcost.spec.vocabulary import GROUPS, MODIFIERS
from archcost.suggesting.block_text import STEP

if TYPE_CHECKING:
    from archcost.spec.model import Spec
    from archcost.suggesting.edits import NewSteps
    from archcost.suggesting.rewrite import Rewrite

INPUT = "input"
_SEVERAL = 2
_ANY = -1  # inputs of a block that reads the first alone
_EXPRESSION = re.compile(r"\$(\w+|\([^$]*)")  # one in brackets as far as the next one, which is too far at worst
_WIDTH = 120  # columns of a line
_ENDS_IN_FLOW = frozenset(",[]{}:?#\"'")


class Helpers:
    """Collects the blocks that a text gets."""

    def __init__(self, spec: Spec) -> None:
        self._taken = {*spec.blocks, *REGISTRY, *MODIFIERS, *GROUPS}
        self._names: dict[tuple[NewSteps, tuple[str, ...], int], str] = {}
        self._rewrites: dict[str, type[Rewrite]] = {}

    def free(self, wanted: str) -> str:
        """The first free name of ``wanted``, ``wanted_2`` … is taken."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def name(self, body: NewSteps, given: tuple[str, ...], inputs: int, rewrite: type[Rewrite]) -> str:
        """The name of the block of a body whose step gives some attributes and takes so many inputs.

        One that reads the first of several alone is the same for any number of them.
        """
        key = (body, given, inputs if inputs < _SEVERAL or _reads_others(body) else _ANY)
        known = self._names.get(key)
        if known is None:
            known = self._names[key] = self.free(body.name)
            self._rewrites[known] = rewrite
        return known

    def texts(self, column: int) -> list[str]:
        """The blocks from their comments on, for a place at a column."""
        return [self._text(name, *key, column) for key, name in self._names.items()]

    def _text(self, name: str, body: NewSteps, given: tuple[str, ...], inputs: int, column: int) -> str:
        rewrite = self._rewrites[name]
        own = dict(body.params)
        params = [f"{one}:" for one in given if one not in own] + [f"{one}: {value}" for one, value in own.items()]
        outer, inner, items = (" " * (column + depth * STEP) for depth in range(3))
        lines = [f"# {rewrite.title}: {rewrite.paper}", f"{outer}{name_text(name, flow=False)}:"]
        if params:
            on_a_line = f"{inner}params: {{{', '.join([one if one[-1] != ':' else f'{one} ' for one in params])}}}"
            fits = len(on_a_line) <= _WIDTH and not any(_ENDS_IN_FLOW.intersection(value) for value in own.values())
            lines += [on_a_line] if fits else [f"{inner}params:", *[f"{items}{one}" for one in params]]
        if inputs != 1:
            names = [INPUT, "others..."] if inputs == _ANY else input_names(inputs)
            lines.append(f"{inner}inputs: [{', '.join(names)}]")
        return "\n".join([*lines, f"{inner}layers:", *[f"{items}- {step}" for step in body.steps]])


def _reads_others(body: NewSteps) -> bool:
    return any(re.search(rf"\b{INPUT}_\d", step) for step in body.steps)


def input_names(count: int) -> list[str]:
    """What the inputs of a body are called in it: ``input``, ``input_1``, ``input_2`` and so on."""
    return [INPUT if number == 0 else f"{INPUT}_{number}" for number in range(count)]


def names_in(body: NewSteps) -> set[str]:
    """The names that the expressions of a body may use, and those of its own params."""
    texts = [*body.steps, *[default for _, default in body.params]]
    found = [word for text in texts for part in _EXPRESSION.findall(text) for word in re.findall(r"\w+", part)]
    return {*found, *[name for name, _ in body.params]}
