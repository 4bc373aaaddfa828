"""Whether what larger batches do is, at batch 1, what the model does there: if so, its calls differ in no figure.

A model may leave out at batch 1 what does nothing there: it expands no mask, and copies no view. Such calls are gone
once it is said in ops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import shape_at, size_at
from archcost.importers.typing_steps import attribute_at
from archcost.ops import REGISTRY

if TYPE_CHECKING:
    from archcost.importers.form import Form, FormStep
    from archcost.ops.base import Op

_FIRST = 1


def agree(larger: Form, first: Form) -> bool:
    """Whether two forms are the same model at batch 1: steps with their paths and weights, what they read and give."""
    if len(larger.steps) != len(first.steps) or larger.unused != first.unused or not _of_truth(larger, first):
        return False
    there = {one.value: two.value for one, two in zip(larger.inputs, first.inputs, strict=True)}
    for one, two in zip(larger.steps, first.steps, strict=True):
        if [there[value] for value in one.inputs] != list(two.inputs) or not _alike(larger, one, first, two):
            return False
        there.update(zip(one.outputs, two.outputs, strict=True))
    return [there[value] for value in larger.outputs] == list(first.outputs)


def _of_truth(larger: Form, first: Form) -> bool:
    one, two = larger.truth, first.truth
    macs = [None if truth.macs is None else size_at(truth.macs, _FIRST) for truth in (one, two)]
    return one.params == two.params and macs[0] == macs[1]


def _alike(larger: Form, one: FormStep, first: Form, two: FormStep) -> bool:
    of_one = (larger.path_of(one), one.tensors, one.shares, _op(one), _shapes(larger, one))
    return of_one == (first.path_of(two), two.tensors, two.shares, _op(two), _shapes(first, two))


def _op(step: FormStep) -> Op:
    return REGISTRY[step.kind](**{name: attribute_at(value, _FIRST) for name, value in step.attributes.items()})


def _shapes(form: Form, step: FormStep) -> list[tuple[tuple[int, ...], str]]:
    return [(shape_at(form.shape(value), _FIRST), form.values[value].dtype) for value in step.outputs]
