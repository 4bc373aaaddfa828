"""The backward pass on a machine: steps in reverse, gradients gathered, what was kept let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.gradients import matched, summed
from archcost.analysis.memory.machine import Leaf
from archcost.analysis.memory.strides import dense_like, is_dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.machine import Machine, Step, Tensor


def run_backward(machine: Machine, steps: list[Step], after: Callable[[Step], None] | None = None) -> None:
    """Run the steps from the last to the first: the order of PyTorch's engine, which takes the latest that is ready.

    The gradients of the outputs must be in place; ``after`` is called behind every step that had one.
    """
    recording, machine.recording = machine.recording, False
    while steps:
        step = steps.pop()
        machine.label = step.label
        if any(gradient is not None for gradient in step.gradients):
            _run(machine, step)
            if after:
                after(step)
        else:
            _release(machine, step)
    machine.recording = recording


def _run(machine: Machine, step: Step) -> None:
    outer = machine.open()
    results = step.backward(machine, step.gradients, [source is not None for source, _ in step.sources])
    wanted = []
    for (source, output), shape, result in zip(step.sources, step.shapes, results, strict=True):
        if result is None:
            continue
        if source is None:
            machine.drop(result)
        else:
            wanted.append((source, output, summed(machine, result, shape)))
    machine.drop(*[gradient for gradient in step.gradients if gradient is not None])
    _release(machine, step)
    for source, output, result in wanted:
        if isinstance(source, Leaf):
            source.gradient = _gathered(machine, source.gradient, matched(machine, result, source.shape))
            source.gradient.storage.kind = "gradient"
        else:
            source.gradients[output] = _gathered(machine, source.gradients[output], result)
    kept = [leaf.gradient for leaf, _, _ in wanted if isinstance(leaf, Leaf)]
    kept += [source.gradients[output] for source, output, _ in wanted if not isinstance(source, Leaf)]
    machine.close(outer, kept)


def _release(machine: Machine, step: Step) -> None:
    for storage in step.saved:
        storage.saves -= 1
        machine.release(storage)
    step.saved = []


def _gathered(machine: Machine, before: Tensor | None, gradient: Tensor) -> Tensor:
    """The sum of two gradients: in the first's place if nobody else holds it."""
    if before is None:
        return gradient
    alone = before.storage.holders == 1 and is_dense(before.shape, before.strides)
    if alone and not machine.watched:
        machine.drop(gradient)
        return before
    total = machine.new(before.shape, before.dtype, dense_like(before.shape, before.strides))
    machine.drop(before, gradient)
    return total
