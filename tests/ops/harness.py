"""What the tests of every family share: the figures of one op, its refusals, and the Check for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from archcost.dims import numel, total
from archcost.ops import REGISTRY, OpError, apply, raise_on_false

if TYPE_CHECKING:
    from tests.ops.cases import Shape


class Figures(NamedTuple):
    """One row of a table: an op, its inputs, and what must come out; ``flops`` is the arithmetic beyond the MACs."""

    kind: str
    attributes: dict[str, Any]
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    params: int = 0
    macs: int = 0
    flops: int = 0


class Refusal(NamedTuple):
    """One row of a table: an op, inputs it cannot take, and what message and help must say."""

    kind: str
    attributes: dict[str, Any]
    inputs: tuple[Shape, ...]
    message: str
    help: str = ""


def name(row: Figures | Refusal) -> str:
    """The id of a row in pytest's output."""
    return f"{row.kind}-{row.attributes}-{row.inputs}".replace(" ", "")


def figures_of(kind: str, attributes: dict[str, Any], inputs: tuple[Shape, ...]) -> Figures:
    """The row that the rules give."""
    op = REGISTRY[kind](**attributes)
    op.validate(raise_on_false)
    outputs = apply(op, inputs)
    params = total(numel(shape) for shape in op.weights(inputs).values())
    return Figures(kind, attributes, inputs, outputs, params, op.macs(inputs, outputs), op.flops(inputs, outputs))


def assert_figures(row: Figures) -> None:
    assert figures_of(row.kind, row.attributes, row.inputs) == row


def assert_refusal(row: Refusal) -> None:
    with pytest.raises(OpError) as caught:
        figures_of(row.kind, row.attributes, row.inputs)
    assert row.message in caught.value.message
    assert row.help in caught.value.help


class MaskCheck:
    """The Check for tables: ``mask`` holds which variants are valid so far."""

    def __init__(self) -> None:
        self.mask: Any = True

    def __call__(self, condition: Any, message: str, *details: object, help: object = "") -> None:  # noqa: A002
        del message, details, help
        self.mask = self.mask & condition
