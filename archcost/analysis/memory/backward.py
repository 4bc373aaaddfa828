"""The backward pass on a machine: steps in reverse, gradients gathered, what was kept let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.gradients import fitted, matched
from archcost.analysis.memory.shadow_torch import Leaf, MachineStep
from archcost.analysis.memory.strides import dense_like, is_dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.shadow_torch import Gradients, Machine, Tensor


def reachable(root: MachineStep) -> list[MachineStep]:
    """The steps that lead to one, in the order in which they were recorded."""
    found = {root.number: root}
    waiting = [root]
    while waiting:
        for source, _ in waiting.pop().sources:
            if isinstance(source, MachineStep) and source.number not in found:
                found[source.number] = source
                waiting.append(source)
    return [found[number] for number in sorted(found)]


def run_backward(
    machine: Machine,
    steps: list[MachineStep],
    before: Callable[[MachineStep], list[Tensor]],
    after: Callable[[MachineStep], None],
    share: Callable[[int], int] | None = None,
) -> None:
    """Run the steps from the last to the first: the order of PyTorch's engine, which takes the latest that is ready.

    The gradients of the outputs must be in place; the callbacks frame every step that has one, and ``before`` gives
    what is held while the step computes. With ``share``, which says how many of its bytes stay on a device, a learnable
    tensor's gradient is divided once it is whole.
    """
    machine.recording = False
    for step in steps:
        for source, _ in step.sources:
            if isinstance(source, Leaf):
                source.waiting += 1
    while steps:
        step = steps.pop()
        if any(gradient is not None for gradient in step.gradients):
            needed = before(step)
            machine.label = step.label
            machine.high = machine.live
            _run(machine, step, needed, share)
            after(step)
        step.release()


def _run(machine: Machine, step: MachineStep, needed: list[Tensor], share: Callable[[int], int] | None) -> None:
    """A gradient for every input that needs one, from those of the outputs."""
    wanted = [source is not None for source, _ in step.sources]
    results = step.backward(machine, step.gradients, wanted)
    needed.clear()
    results = [result if want else None for result, want in zip(results, wanted, strict=True)]
    for place, (shape, dtype) in enumerate(step.types):
        result = results[place]
        if result is not None:
            results[place] = fitted(machine, result, shape, dtype)
        del result
    step.gradients = []
    step.release()
    learnt = _distribute(machine, step, results)
    del results
    while learnt:
        _gather(machine, *learnt.pop(0), share)


def _distribute(machine: Machine, step: MachineStep, results: Gradients) -> list[tuple[Leaf, Tensor]]:
    """Hand the gradients on to the steps before; those of learnable tensors come later, one by one."""
    learnt = []
    for (source, output), result in zip(step.sources, results, strict=True):
        if isinstance(source, Leaf) and result is not None:
            learnt.append((source, result))
        elif isinstance(source, MachineStep) and result is not None:
            before, source.gradients[output] = source.gradients[output], None
            source.gradients[output] = result if before is None else _total(machine, before, result)
            del before
    return learnt


def _gather(machine: Machine, leaf: Leaf, gradient: Tensor, share: Callable[[int], int] | None) -> None:
    """Keep a learnable tensor's gradient, or add it to the one that is there.

    That of a pass before grows in its place once the pass has all of its own.
    """
    before, leaf.gradient = leaf.gradient, None
    if leaf.earlier is None:
        gradient = matched(machine, gradient)
    leaf.gradient = gradient if before is None else _total(machine, before, gradient)
    leaf.gradient.storage.kind = "gradient"
    leaf.waiting -= 1
    if leaf.waiting:
        return
    if share is not None and leaf.earlier is None:
        leaf.earlier = machine.other(share(leaf.gradient.bytes), "gradient")
    if leaf.earlier is not None:
        leaf.gradient = None


def _total(machine: Machine, before: Tensor, gradient: Tensor) -> Tensor:
    """The sum of two gradients: in the first's place if nobody else holds it."""
    alone = before.storage.holders == 1 and is_dense(before.shape, before.strides)
    if alone and not machine.watched:
        return before
    return machine.new(before.shape, gradient.dtype, dense_like(before.shape, before.strides), parts=before.parts)
