"""What tests of lowering share: a module becomes a model, which is proven as a flat spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from archcost.importers.flat import flat
from archcost.importers.proof import prove
from archcost.importers.torch.lowering import lower
from archcost.importers.torch.recorded import Inputs
from archcost.importers.torch.recording import record
from archcost.importers.writing import Figures, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from archcost.importers.form import Form, FormStep


def lowered(make: Callable[[], nn.Module], *shapes: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Form:
    """The model of a module on inputs of these shapes, without the batch; its flat spec has passed the proof."""

    def inputs(batch: int, device: torch.device) -> Inputs:
        tensors = tuple([torch.zeros(batch, *shape, dtype=dtype, device=device) for shape in shapes])
        return Inputs(tensors, {}, tuple([f"x{place}" for place in range(len(shapes))]))

    model = lower(record(make, inputs), name="net", source="a test")
    proof = prove(write(model, flat(model), Figures(None, None, None)), model, in_order=True)
    assert not proof.differences
    return model


def kinds(model: Form) -> list[str]:
    """The kinds of all steps in order."""
    return [each.kind for each in model.steps]


def step(model: Form, kind: str) -> FormStep:
    """The only step of a kind."""
    (found,) = [each for each in model.steps if each.kind == kind]
    return found
