"""A model made whole again after rewrites: places, scopes of one step, and ids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.form import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from archcost.importers.form import Form, FormScope, FormStep

_NAMED_BY_PATH = ("parameter", "buffer")  # their ids are those of tensors, whatever stands around them


def tidied(model: Form, steps: Sequence[FormStep | None], changed: set[int], made: Iterable[FormStep]) -> Form:
    """The model of the steps that are left; ``changed`` are the scopes in which some went or came, ``made`` those."""
    left = [index for index, step in enumerate(steps) if step is not None]
    places = {index: place for place, index in enumerate(left)}
    kept = [step for step in steps if step is not None]
    for step in kept:
        if step.shares is not None:
            step.shares = places[step.shares]
    _collapse(model.scopes, kept, changed)
    unnamed = {id(step) for step in made if step.id == step.kind}
    _name(model.scopes, kept, changed, unnamed, [given.name for given in model.inputs])
    scopes = _numbered(model.scopes, kept)
    return replace(model, scopes=scopes, steps=kept)


def _collapse(scopes: Sequence[FormScope], steps: Sequence[FormStep], changed: set[int]) -> None:
    """Let the only step of a module take the module's place and name."""
    direct: dict[int, list[FormStep]] = {}
    for step in steps:
        direct.setdefault(step.scope, []).append(step)
    parents = {scopes[scope].parent for scope in direct if scope != ROOT}
    for scope in list(parents):
        while scope != ROOT:
            scope = scopes[scope].parent  # noqa: PLW2901 - up to the model
            parents.add(scope)
    for scope in changed - {ROOT} - parents:
        alone = direct.get(scope, [])
        if len(alone) == 1 and alone[0].kind not in _NAMED_BY_PATH and not scopes[scope].transparent:
            alone[0].scope, alone[0].id = scopes[scope].parent, scopes[scope].id


def _name(
    scopes: Sequence[FormScope],
    steps: Sequence[FormStep],
    changed: set[int],
    unnamed: set[int],
    inputs: Collection[str],
) -> None:
    """Number the steps of a changed scope anew that go by their kind; the names of modules and tensors stay.

    ``unnamed`` are new ones that have no other name, by identity; no step has the name of an input.
    """
    taken: dict[int, set[str]] = {scope: set() for scope in changed}
    taken[ROOT] = set(inputs)
    for each in {step.scope for step in steps}:
        scope = each
        while scope != ROOT:
            parent = scopes[scope].parent
            taken.setdefault(parent, set()).add(scopes[scope].id)
            scope = parent
    going = [step for step in steps if step.scope in changed and (_goes_by_kind(step) or id(step) in unnamed)]
    numbered = set(map(id, going))
    for step in steps:
        if id(step) not in numbered:
            taken.setdefault(step.scope, set()).add(step.id)
    for step in going:
        name, count = step.kind, 0
        while name in taken[step.scope]:
            count += 1
            name = f"{step.kind}_{count}"
        step.id = name
        taken[step.scope].add(name)


def _goes_by_kind(step: FormStep) -> bool:
    """Whether the id of a step is its kind, perhaps with a number."""
    return not step.tensors and step.id.rstrip("0123456789").removesuffix("_") == step.kind.rstrip("0123456789")


def _numbered(scopes: Sequence[FormScope], steps: Sequence[FormStep]) -> list[FormScope]:
    """The scopes that are left, each with its parent and steps by the new numbers."""
    alive = {ROOT}
    for each in {step.scope for step in steps}:
        scope = each
        while scope not in alive:
            alive.add(scope)
            scope = scopes[scope].parent
    numbers = {scope: number for number, scope in enumerate(sorted(alive))}
    for step in steps:
        step.scope = numbers[step.scope]
    return [replace(scopes[scope], parent=numbers.get(scopes[scope].parent, ROOT)) for scope in sorted(alive)]
