"""An einsum of three and more operands as steps of two, from the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from archcost.importers.typing_steps import Unmapped
from archcost.ops.base import OpError
from archcost.ops.einsum import pairwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PairMaker(Protocol):
    """Whatever makes steps of one output."""

    def step(self, kind: str, inputs: Sequence[int], attributes: Mapping[str, Any] | None = None) -> int:
        """Add a step and return its value."""


def einsum_of_many(maker: PairMaker, equation: str, values: Sequence[int]) -> int:
    """The last of the steps; raises Unmapped for an equation that the op does not take."""
    try:
        pairs = pairwise(equation)
    except OpError as refusal:
        raise Unmapped(refusal.message) from None
    if len(pairs) + 1 != len(values):
        raise Unmapped(f"its equation is of {len(pairs) + 1} operands, and it has {len(values)}")
    found = values[0]
    for pair, value in zip(pairs, values[1:], strict=True):
        found = maker.step("einsum", [found, value], {"equation": pair})
    return found
