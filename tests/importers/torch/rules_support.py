"""What the tests of rules share: a function of tensors is recorded, lowered, typed at a batch never seen, and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from archcost.importers.form import Batched, Worded, shape_at
from archcost.importers.torch.lowering import lower
from archcost.importers.torch.recorded import Inputs
from archcost.importers.torch.recording import record
from archcost.ops import REGISTRY
from archcost.ops.base import apply
from archcost.pytorch.builders import BUILDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.importers.form import Attribute, Form, FormStep
    from archcost.ops.base import Op

UNSEEN_BATCH = 3  # recordings have 1 and 6


class Case(NamedTuple):
    """A function, its inputs, and the kinds of the steps that say it.

    An input is its sizes behind the batch, after a dtype if it is no float32: ``"bool 4 4"``. ``exact`` is False where
    the steps have tables that specs cannot hold: their numbers differ from torch's then, their shapes do not.
    ``alone``: it is recorded at batch 1 alone, as it does something else at others.
    """

    name: str
    forward: Callable[..., Any]
    inputs: tuple[str, ...]
    kinds: str
    exact: bool = True
    alone: bool = False


class Probe(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def lowered(function: Callable[..., Any], inputs: Sequence[str]) -> Form:
    """The model of a function."""

    def make_inputs(batch: int, device: torch.device) -> Inputs:
        tensors = tuple([tensor_of(text, batch, device) for text in inputs])
        return Inputs(tensors, {}, tuple([f"x{place}" for place in range(len(tensors))]))

    return lower(record(lambda: Probe(function).eval(), make_inputs), name="probe", source="a test")


def tensor_of(text: str, batch: int, device: torch.device | str = "cpu") -> Tensor:
    """An input: positive numbers below 1, or places, or truth values."""
    words = text.split()
    dtype = getattr(torch, words.pop(0)) if words and not words[0].isdigit() else torch.float32
    shape = (batch, *map(int, words))
    if torch.device(device).type == "meta":
        return torch.empty(shape, dtype=dtype, device=device)
    torch.manual_seed(len(text))
    numbers = torch.rand(shape) + 0.01
    return numbers.to(dtype) if dtype.is_floating_point else (numbers * 3).floor().to(dtype)


def op_at(step: FormStep, batch: int) -> Op:
    """The op of a step at a batch size."""
    return REGISTRY[step.kind](**{name: _at(value, batch) for name, value in step.attributes.items()})


def _at(value: Attribute, batch: int) -> Attribute:
    assert not isinstance(value, Worded)
    if isinstance(value, Batched):
        return value.at(batch)
    return tuple([_at(item, batch) for item in value]) if isinstance(value, tuple) else value


def ran(model: Form, inputs: Sequence[Tensor]) -> list[Tensor]:
    """What the steps give, each as the module that archcost builds of its op, in shapes that the ops infer."""
    values: dict[int, Tensor] = {given.value: tensor for given, tensor in zip(model.inputs, inputs, strict=True)}
    batch = inputs[0].shape[0]
    for step in model.steps:
        op = op_at(step, batch)
        read = [values[value] for value in step.inputs]
        shapes = tuple([tuple(tensor.shape) for tensor in read])
        found = BUILDERS[step.kind](op, shapes).eval()(*read)
        given = found if isinstance(found, tuple) else (found,)
        assert [tuple(tensor.shape) for tensor in given] == list(apply(op, shapes)), step
        dtypes = [str(tensor.dtype).removeprefix("torch.") for tensor in read]
        for place, tensor in enumerate(given):
            dtype = "int64" if place in op.index_outputs else op.result_dtype(shapes, dtypes, "float32")
            assert str(tensor.dtype) == f"torch.{dtype}", step
        values.update(zip(step.outputs, given, strict=True))
    return [values[value] for value in model.outputs]


def check(case: Case) -> None:
    """Hold the steps of a case against torch: their kinds, the shapes and dtypes at an unseen batch, the numbers."""
    model = lowered(case.forward, case.inputs)
    assert " ".join(step.kind for step in model.steps) == case.kinds
    assert (model.batch_sizes == (1,)) is case.alone
    batch = 1 if case.alone else UNSEEN_BATCH
    inputs = [tensor_of(text, batch) for text in case.inputs]
    truth = case.forward(*[tensor.clone() for tensor in inputs])
    wanted = list(truth) if isinstance(truth, (tuple, list)) else [truth]
    found = ran(model, inputs)
    described = [(shape_at(model.shape(value), batch), model.values[value].dtype) for value in model.outputs]
    assert described == [(tuple(each.shape), str(each.dtype).removeprefix("torch.")) for each in wanted]
    for have, want in zip(found, wanted, strict=True):
        assert (have.shape, have.dtype) == (want.shape, want.dtype)
        if case.exact:
            torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-5, equal_nan=True)
