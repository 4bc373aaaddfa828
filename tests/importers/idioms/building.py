"""Small models, step by step: archcost's own ops say what a step gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.importers.form import ROOT, Batched, Form, FormScope, FormStep, FormTensor, Input, Truth, size_at
from archcost.importers.typing_steps import Typist

if TYPE_CHECKING:
    from archcost.importers.form import Size

BATCH = Batched(1)


class Building:
    """A model under construction; its params and MACs are those of its steps."""

    def __init__(self, *shape: Size, dtype: str = "float32") -> None:
        self.typist = Typist((2, 3), "float32")
        self.model = Form("built", "a test", "float32", [], [], [FormScope(ROOT, "", "Built")], [], (), Truth(0, None))
        self.scope = ROOT
        self.x = self.input("x", *shape, dtype=dtype)

    def input(self, name: str, *shape: Size, dtype: str = "float32") -> int:
        self.model.values.append(FormTensor((BATCH, *shape), dtype))
        self.model.inputs.append(Input(name, len(self.model.values) - 1))
        return len(self.model.values) - 1

    def within(self, id: str, kind: str, parent: int = ROOT) -> int:  # noqa: A002 - as the form calls it
        """Enter a module: the steps that follow stand in it."""
        self.model.scopes.append(FormScope(parent, id, kind))
        self.scope = len(self.model.scopes) - 1
        return self.scope

    def steps(self, kind: str, *inputs: int, called: str = "", **attributes: Any) -> list[int]:
        """A step, and its outputs."""
        model = self.model
        typed = self.typist.typed(kind, [model.values[value] for value in inputs], attributes)
        outputs = range(len(model.values), len(model.values) + len(typed.outputs))
        model.values += typed.outputs
        taken = {step.id for step in model.steps if step.scope == self.scope}
        name, count = called or kind, 0
        while name in taken:
            count += 1
            name = f"{called or kind}_{count}"
        tensors = (name,) if kind == "parameter" else tuple(typed.weights)
        step = FormStep(kind, name, self.scope, inputs, tuple(outputs), typed.attributes, tensors)
        model.steps.append(step)
        truth = model.truth
        params = sum([_product(shape) for shape in typed.weights.values()])
        truth.params = (truth.params or 0) + params
        macs = [size_at(truth.macs or 0, batch) + size_at(typed.macs or 0, batch) for batch in (2, 3)]
        truth.macs = Batched(macs[1] - macs[0], 3 * macs[0] - 2 * macs[1]) if macs[0] != macs[1] else macs[0]
        return list(outputs)

    def step(self, kind: str, *inputs: int, called: str = "", **attributes: Any) -> int:
        return self.steps(kind, *inputs, called=called, **attributes)[0]

    def done(self, *outputs: int) -> Form:
        self.model.outputs = outputs
        return self.model


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
