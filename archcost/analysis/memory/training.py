"""A training step: forward, backward and the optimizer, with all that is alive on the way."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory import kernels
from archcost.analysis.memory.backward import reachable, run_backward
from archcost.analysis.memory.gradients import each, spread
from archcost.analysis.memory.graph_run import Execution, Segment, buffer_bytes
from archcost.analysis.memory.optimizers import OPTIMIZERS, Optimizer
from archcost.analysis.memory.shadow_torch import Held, Leaf, Machine, MachineStep, Tensor, alias
from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES
from archcost.graph.model import tensor_bytes

if TYPE_CHECKING:
    from archcost.graph.model import Graph
    from archcost.meter import Meter

LOSS = -1  # the label of what belongs to no layer
FORWARD, BACKWARD, UPDATE = "forward", "backward", "update"
INPUT, ACTIVATION = "input", "activation"


class Setting(NamedTuple):
    """How a model is trained."""

    optimizer: Optimizer = OPTIMIZERS["sgd"]
    foreach: bool = False
    half: str = ""  # the dtype of automatic mixed precision, if any
    checkpoints: tuple[range, ...] = ()  # nodes that are computed again in the backward pass
    inplace: frozenset[int] = frozenset()  # activations that work in place
    watched: bool = False


class Moment(NamedTuple):
    """The most bytes alive while a node runs in one direction, params and all."""

    phase: str
    node: int
    live: int


class TrainingMemory(NamedTuple):
    """The bytes of a training step.

    ``fixed``: params, buffers and optimizer state, which are there all the time. ``saved`` is what the backward pass
    needs when it begins, beyond params and inputs.
    """

    params: int
    buffers: int
    gradients: int
    state: int
    inputs: int
    saved: int
    moments: list[Moment]
    held: list[Held]

    @property
    def fixed(self) -> int:
        """Bytes that are there all the time."""
        return self.params + self.buffers + self.state

    @property
    def peak(self) -> Moment:
        """The moment with the most bytes: the first such."""
        return max(self.moments, key=lambda moment: moment.live)

    def kept(self) -> dict[int, int]:
        """By node: the bytes it made that the backward pass still needs at the peak."""
        kept: dict[int, int] = {}
        for held in self.held:
            if held.saved and held.kind == ACTIVATION:
                kept[held.node] = kept.get(held.node, 0) + held.bytes
        return kept

    def phase_peak(self, phase: str) -> int:
        """The most bytes of one phase."""
        return max((moment.live for moment in self.moments if moment.phase == phase), default=0)


def training_memory(
    graph: Graph, setting: Setting, *, details: bool = True, meter: Meter | None = None
) -> TrainingMemory:
    """What one training step takes: forward, the sum of all outputs as the loss, backward, update.

    The step is one of many: the optimizer has its state, and the gradients are None when it begins. Without
    ``details`` nobody learns what is alive at the peak. Raises WorkError where it takes more than ``meter`` allows, and
    UsageError where that is the steps of recurrent layers.
    """
    run = _Run(graph, setting, meter)
    result = run.result()
    if not details:
        return result
    return result._replace(held=run.machine.at_peak())


class _Run:
    """One training step on a machine."""

    def __init__(self, graph: Graph, setting: Setting, meter: Meter | None) -> None:
        self.graph = graph
        self.setting = setting
        self.machine = Machine(training=True, half=setting.half, watched=setting.watched, meter=meter)
        segments = [Segment(nodes) for nodes in setting.checkpoints]
        self.execution = Execution(graph, self.machine, inplace=setting.inplace, segments=segments)
        self.moments: list[Moment] = []
        outputs = self.execution.forward()
        self.moments += [Moment(FORWARD, index, high) for index, high in enumerate(self.execution.highs)]
        self.machine.label, self.machine.high = LOSS, self.machine.live
        loss = self._loss(outputs)
        self.moments.append(Moment(FORWARD, LOSS, self.machine.high))
        steps = reachable(loss.source) if loss is not None and isinstance(loss.source, MachineStep) else []
        kept = {id(storage): storage for step in steps for storage in step.saved if storage.kind != INPUT}
        self.saved = sum(storage.bytes for storage in kept.values())
        self.machine.high = self.machine.live
        if loss is not None:
            self._backward(loss, steps)
        self.moments.append(Moment(BACKWARD, LOSS, self.machine.high))
        self._update()

    def _loss(self, outputs: list[Tensor]) -> Tensor | None:
        """The sum of all outputs that depend on a learnable tensor."""
        machine = self.machine
        sums = []
        for output in outputs:
            if output.source is not None:
                sums.append(machine.new((), output.dtype))
                machine.record(sums[-1:], [output], each(spread(output.shape)))
        return reduce(lambda a, b: kernels.binary(machine, a, b, "add"), sums) if sums else None

    def _backward(self, loss: Tensor, steps: list[MachineStep]) -> None:
        machine = self.machine
        one = machine.new((), loss.dtype)  # the caller's, to the end of the backward pass
        if isinstance(loss.source, MachineStep):
            loss.source.gradients[loss.output] = alias(one)
        highs: dict[int, int] = {}

        def note(step: MachineStep) -> None:
            highs[step.label] = max(highs.get(step.label, 0), machine.high)

        def prepare(step: MachineStep) -> None:
            machine.mark = self.graph.nodes[step.label].mark if step.label != LOSS else None
            segment = step.segment
            if segment is not None and segment.steps:
                self.execution.recompute(segment)
                note(step)

        def finish(step: MachineStep) -> None:
            note(step)
            if step.segment is not None:
                step.segment.done()

        run_backward(machine, steps, prepare, finish)
        self.moments += [Moment(BACKWARD, node, high) for node, high in highs.items()]

    def _update(self) -> None:
        machine = self.machine
        machine.label, machine.high = LOSS, machine.live
        scratch = self.setting.optimizer.step_bytes(self._learnt(), foreach=self.setting.foreach)
        work = machine.new((scratch,), "int8", kind="optimizer work")
        self.moments.append(Moment(UPDATE, LOSS, machine.high))
        del work

    def _gradients(self) -> list[Tensor]:
        """The gradients of the learnable tensors that have one, in the order of the layers."""
        sources = [tensor.source for tensor in self.execution.leaves.values()]
        return [source.gradient for source in sources if isinstance(source, Leaf) and source.gradient is not None]

    def _learnt(self) -> list[int]:
        """The bytes of every learnable tensor that has a gradient."""
        return [gradient.bytes for gradient in self._gradients()]

    def result(self) -> TrainingMemory:
        """The figures, without what is alive at the peak."""
        graph = self.graph
        of_inputs = [leaf.gradient for leaf in self.execution.learnt_inputs.values() if leaf.gradient is not None]
        made = [gradient.storage for gradient in (*self._gradients(), *of_inputs)]
        gradients = {id(storage): storage.bytes for storage in made}  # a view holds all of it
        size = DTYPE_BYTES[graph.dtype]
        params = size * sum(numel(tensor.shape) for tensor in self.execution.leaves.values())
        state = self.setting.optimizer.state_bytes(self._learnt())  # what has no gradient has no state
        buffers = buffer_bytes(graph)
        fixed = params + buffers + state
        moments = [moment._replace(live=moment.live + fixed) for moment in self.moments]
        inputs = sum(map(tensor_bytes, graph.inputs.values()))
        return TrainingMemory(params, buffers, sum(gradients.values()), state, inputs, self.saved, moments, [])
