"""What a rule is given: the op of a node, the tensors it reads, the types it gives, and its learnable tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.memory.shadow_torch import alias
from archcost.dtypes import FLOAT_DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.shadow_torch import Machine, Tensor
    from archcost.graph.model import TensorType

    Rule = Callable[["Machine", "Call"], Any]  # a tensor, or several


class Call:
    """One run of an op. ``inplace``: an activation works in its input's storage, whatever its attribute says.

    Whole numbers and truth values among the inputs count as what the op makes of them: a sum of int32 is made in int64,
    a sigmoid in float32, and no copy of the input is made for that. Indices and masks stay what they are.
    """

    __slots__ = ("inplace", "inputs", "learnt", "op", "outputs")

    def __init__(
        self,
        op: Any,
        inputs: list[Tensor],
        outputs: tuple[TensorType, ...],
        learnt: Callable[[], dict[str, Tensor]],
        *,
        inplace: bool = False,
    ) -> None:
        self.op = op
        apart = (*op.index_inputs, *op.mask_inputs)
        dtype = outputs[0].dtype
        self.inputs = [x if place in apart else _worked_on(x, dtype) for place, x in enumerate(inputs)]
        self.outputs = outputs
        self.learnt = learnt
        self.inplace = inplace

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first output."""
        return self.outputs[0].shape

    def weights(self) -> list[Tensor]:
        """The learnable tensors, in the order of the op."""
        return list(self.learnt().values())


def _worked_on(x: Tensor, dtype: str) -> Tensor:
    """The tensor with the dtype in which an op that gives another one works on it; a comparison takes it as it is."""
    if x.dtype in FLOAT_DTYPES or dtype in (x.dtype, "bool"):
        return x
    held = alias(x)
    held.dtype = dtype
    return held
