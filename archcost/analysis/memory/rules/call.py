"""What a rule is given: the op of a node, the tensors it reads, the types it gives, and its learnable tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.shadow_torch import Machine, Tensor
    from archcost.graph.model import TensorType

    Rule = Callable[["Machine", "Call"], Any]  # a tensor, or several


class Call:
    """One run of an op. ``inplace``: an activation works in its input's storage, whatever its attribute says."""

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
        self.inputs = inputs
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
