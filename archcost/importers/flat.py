"""Model → Draft, one step for each step of the model, all in one scope: the form that can say every model.

An id is the path with ``_`` for its dots: ``layer1_0_conv1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.default_ids import leave_out_default_ids
from archcost.importers.draft import Draft, DraftStep
from archcost.ops import REGISTRY
from archcost.paths import split
from archcost.spec.unused import MEANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.importers.form import Form, FormStep


def flat(model: Form) -> Draft:
    """The draft with all steps of a model in one list, in the order in which they ran."""
    ids = _ids(model)
    names = _references(model, ids)
    current: tuple[int, ...] = (model.inputs[0].value,) if model.inputs else ()
    layers: list[DraftStep] = []
    is_plain = True  # an id alone, or none, means all outputs of the step before
    for index, step in enumerate(model.steps):
        op = REGISTRY[step.kind]
        share = None if step.shares is None else ids[step.shares]
        follows = (step.inputs == current and is_plain) if op.max_inputs != 0 else not step.inputs
        reads = None if follows else [names[value] for value in step.inputs]
        layers.append(DraftStep(step.kind, ids[index], dict(step.attributes), reads, share=share, note=step.note))
        current = step.outputs
        is_plain = len(current) == 1 or not op.main_output
    leave_out_default_ids(layers, [given.name for given in model.inputs])
    return Draft([], layers, None if model.outputs == current else [names[value] for value in model.outputs])


def _ids(model: Form) -> list[str]:
    """An id for each step."""
    taken = {given.name for given in model.inputs}
    found: list[str] = []
    for step in model.steps:
        found.append(_fresh(_name(model, step), taken))
        taken.add(found[-1])
    return found


def _name(model: Form, step: FormStep) -> str:
    """The path as one name; what begins with ``_`` anywhere in it does so as a whole."""
    names = split(model.path_of(step))
    is_meant = any(name.startswith(MEANT) for name in names)
    return MEANT * is_meant + "_".join([name.removeprefix(MEANT) for name in names])


def _fresh(wanted: str, taken: Iterable[str]) -> str:
    """The first of ``wanted``, ``wanted_1``, ``wanted_2`` … that is not taken."""
    name, count = wanted, 0
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    return name


def _references(model: Form, ids: Sequence[str]) -> dict[int, str]:
    """How ``from`` names each value: an input, a step, or an output of a step that has several."""
    names = {given.value: given.name for given in model.inputs}
    for step, name in zip(model.steps, ids, strict=True):
        several = len(step.outputs) > 1
        names |= {value: f"{name}.{number}" if several else name for number, value in enumerate(step.outputs)}
    return names
