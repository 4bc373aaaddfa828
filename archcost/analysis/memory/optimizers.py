"""What optimizers hold: their state, and what exists while they work on one tensor after the other.

Lion and those of 8 bits are bitsandbytes' (``bitsandbytes/optim/optimizer.py`` at 0.50, ``Optimizer1State`` and
``Optimizer2State``), whose kernels update in place; Adafactor is in :mod:`archcost.analysis.memory.adafactor`; the
others are PyTorch's (``torch/optim`` at 2.14).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.adafactor import state_elements, torch_foreach_work, torch_work, transformers_work
from archcost.dims import ceil_div, numel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape

FLOAT32 = 4  # bytes
BLOCK = 256  # elements that share a scale, a float32
LEAST_8BIT = 4096  # tensors with fewer elements keep their states in float32: bitsandbytes' min_8bit_size
CODES = 256 * FLOAT32  # what the 256 codes of a state stand for; one table for all tensors


class UpdatedTensor(NamedTuple):
    """A learnable tensor as an optimizer has it: its elements, the bytes of each, and the shape of the whole."""

    elements: int
    size: int
    shape: Shape = ()

    @property
    def bytes(self) -> int:
        """Elements times their size."""
        return self.elements * self.size


def learnt(shape: Shape, size: int, parts: int = 1) -> UpdatedTensor:
    """A tensor of which a device has one part of so many."""
    return UpdatedTensor(ceil_div(numel(shape), parts), size, shape)


class Optimizer(NamedTuple):
    """An optimizer: its states, each as large as the params, and what it makes while it works.

    ``steps``: it counts the steps of every tensor in a float32. ``made`` are the tensors that it makes of each, and the
    last of them is still there while it makes the first of the next. ``own``: bitsandbytes', whose states are in
    float32 whatever the params are in, or with ``eight`` in 8 bits.
    """

    name: str
    states: int = 0
    steps: bool = False
    made: int = 0
    own: bool = False
    eight: bool = False
    factored: bool = False

    def state_bytes(self, tensors: Sequence[UpdatedTensor]) -> int:
        """Bytes of the state for learnable tensors.

        In 8 bits a byte an element and a scale a block of 256, and the tables of codes once.
        """
        counters = FLOAT32 * self.steps * len(tensors)
        if self.factored:
            sizes = [FLOAT32 if self.own else tensor.size for tensor in tensors]
            return sum(size * state_elements(tensor) for size, tensor in zip(sizes, tensors, strict=True)) + counters
        if not self.own:
            return self.states * sum(tensor.bytes for tensor in tensors) + counters
        coded = [tensor.elements for tensor in tensors if self.eight and tensor.elements >= LEAST_8BIT]
        plain = sum(tensor.elements for tensor in tensors) - sum(coded)
        each = FLOAT32 * plain + sum(count + FLOAT32 * ceil_div(count, BLOCK) for count in coded)
        return self.states * (each + CODES * bool(coded))

    def step_bytes(self, tensors: Sequence[UpdatedTensor], *, foreach: bool = False) -> int:
        """The most bytes beside params, gradients and state during a step.

        Adam makes the root of the second moment and its quotient for each tensor while it still holds the quotient for
        the one before; with ``foreach`` (PyTorch's default on GPUs) it makes the roots of all tensors at once.
        """
        if self.factored:
            if self.own:
                return transformers_work(tensors)
            return torch_foreach_work(tensors) if foreach else torch_work(tensors)
        if not self.made or not tensors:
            return 0
        sizes = [tensor.bytes for tensor in tensors]
        if foreach:
            return sum(sizes)
        return max(last + self.made * size for last, size in zip([0, *sizes[:-1]], sizes, strict=True))


OPTIMIZERS = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer("sgd"),
        Optimizer("momentum", states=1),
        Optimizer("adam", states=2, steps=True, made=2),
        Optimizer("adamw", states=2, steps=True, made=2),
        Optimizer("rmsprop", states=1, steps=True, made=1),
        Optimizer("adafactor", steps=True, factored=True),
        Optimizer("adafactor-transformers", steps=True, own=True, factored=True),
        Optimizer("lion", states=1, own=True),
        Optimizer("adam8bit", states=2, own=True, eight=True),
        Optimizer("adamw8bit", states=2, own=True, eight=True),
        Optimizer("lion8bit", states=1, own=True, eight=True),
        Optimizer("momentum8bit", states=1, own=True, eight=True),
    )
}
IN_8_BITS = {"adam": "adam8bit", "adamw": "adamw8bit", "momentum": "momentum8bit", "lion": "lion8bit"}
