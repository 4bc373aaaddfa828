"""Steps whose results nobody reads, and modules of which that is so: a ``_`` in front of a name says that it is meant.

A model has such steps where a parameter takes part without a layer of its own, as the gain of a standardised weight.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.form import ROOT
from archcost.spec.unused import MEANT

if TYPE_CHECKING:
    from archcost.importers.form import Form


def marked(model: Form) -> Form:
    """The same model with names that a spec can have without a warning; the given one stays as it is."""
    readers = model.readers()
    outputs = set(model.outputs)
    unread = [
        index
        for index, step in enumerate(model.steps)
        if outputs.isdisjoint(step.outputs) and not any(value in readers for value in step.outputs)
    ]
    if not unread:
        return model
    around = _around(model)
    idle = set(range(1, len(model.scopes)))  # scopes of which nothing is read outside
    for step in model.steps:
        for value in step.outputs:
            for reader in readers.get(value, ()):
                idle -= around[step.scope] - around[model.steps[reader].scope]
            if value in outputs:
                idle -= around[step.scope]
    steps, scopes_now = list(model.steps), list(model.scopes)
    for index in unread:
        outermost = min(around[steps[index].scope] & idle, default=None)
        if outermost is None:
            steps[index] = replace(steps[index], id=_meant(steps[index].id))
        else:
            scopes_now[outermost] = replace(scopes_now[outermost], id=_meant(scopes_now[outermost].id))
    return replace(model, scopes=scopes_now, steps=steps)


def _around(model: Form) -> list[set[int]]:
    """For each scope itself and those that hold it."""
    found: list[set[int]] = [{ROOT}]
    for number, scope in enumerate(model.scopes[1:], 1):
        found.append({number} | found[scope.parent])
    return found


def _meant(name: str) -> str:
    return name if name.startswith(MEANT) else MEANT + name
