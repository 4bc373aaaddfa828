"""What PyTorch's optimizers hold: their state, and what exists while they work on one tensor after the other."""

from __future__ import annotations

from typing import NamedTuple

STEP_BYTES = 4  # Adam counts the steps of every tensor in a float32


class Optimizer(NamedTuple):
    """An optimizer: its state in copies of the params, counters a tensor, and the copies it makes while it works."""

    name: str
    copies: int = 0
    counters: int = 0
    scratch: int = 0

    def state_bytes(self, tensors: list[int]) -> int:
        """Bytes of the state for learnable tensors of these bytes."""
        return self.copies * sum(tensors) + self.counters * STEP_BYTES * len(tensors)

    def step_bytes(self, tensors: list[int], *, foreach: bool = False) -> int:
        """The most bytes beside params, gradients and state during a step.

        Adam makes the root of the second moment and its quotient for each tensor while it still holds the quotient for
        the one before; with ``foreach`` (PyTorch's default on GPUs) it makes the roots of all tensors at once.
        """
        if not self.scratch or not tensors:
            return 0
        if foreach:
            return sum(tensors)
        before = [0, *tensors[:-1]]
        return max(last + self.scratch * size for last, size in zip(before, tensors, strict=True))


OPTIMIZERS = {
    "sgd": Optimizer("sgd"),
    "momentum": Optimizer("momentum", copies=1),
    "adam": Optimizer("adam", copies=2, counters=1, scratch=2),
}
