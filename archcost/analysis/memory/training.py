"""A training step: forward, backward and the optimizer, with all that is alive on the way."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory import kernels
from archcost.analysis.memory.backward import reachable, run_backward
from archcost.analysis.memory.division import DIVIDES_GRADIENTS, GATHERS, Division
from archcost.analysis.memory.gradients import each, spread
from archcost.analysis.memory.graph_run import Execution, Segment, buffer_bytes
from archcost.analysis.memory.optimizers import FLOAT32, OPTIMIZERS, Optimizer, UpdatedTensor, learnt
from archcost.analysis.memory.shadow_torch import Held, Leaf, Machine, MachineStep, Tensor, alias
from archcost.analysis.memory.tensor_parallel import shards_of
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
    master: bool = False  # the optimizer has float32 copies of the params
    passes: int = 1  # forward and backward passes, whose gradients add up
    checkpoints: tuple[range, ...] = ()  # nodes that are computed again in the backward pass
    inplace: frozenset[int] = frozenset()  # activations that work in place
    division: Division = Division()
    watched: bool = False


class Moment(NamedTuple):
    """The most bytes alive while a node runs in one direction, params and all."""

    phase: str
    node: int
    live: int


class TrainingMemory(NamedTuple):
    """The bytes of a training step.

    ``fixed``: params, buffers and optimizer state, which are there all the time. ``saved`` is what the backward pass
    needs when it begins, beyond params and inputs. Where devices divide the step, all is that of one of them.
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

    The step is one of many: the optimizer has its state, and the gradients are None when it begins. Of several passes
    the moments are those of the last, which has the gradients of those before; a third is as a second. Without
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
        shards = shards_of(graph, setting.division.tensor)
        gathers = setting.division.stage >= GATHERS
        self.execution = Execution(graph, self.machine, inplace=setting.inplace, shards=shards, gathers=gathers)
        self.saved = 0
        for _ in range(min(setting.passes, 2)):
            self.moments: list[Moment] = []
            self.loss: Tensor | None = None  # the caller holds it, and the outputs, to the end of the step
            self._pass()
        self._update()

    def _pass(self) -> None:
        """Forward and backward; gradients that are there grow."""
        machine = self.machine
        for leaf in self._leaves():
            leaf.earlier, leaf.gradient, leaf.waiting = leaf.gathered, None, 0
        machine.recording = True
        outputs = self.execution.forward([Segment(nodes) for nodes in self.setting.checkpoints])
        self.moments += [Moment(FORWARD, index, high) for index, high in enumerate(self.execution.highs)]
        machine.label, machine.parts, machine.high = LOSS, 1, machine.live
        self.loss = loss = self._loss(outputs)
        self.moments.append(Moment(FORWARD, LOSS, machine.high))
        steps = reachable(loss.source) if loss is not None and isinstance(loss.source, MachineStep) else []
        kept = {id(storage): storage for step in steps for storage in step.saved if storage.kind != INPUT}
        self.saved = sum(storage.bytes for storage in kept.values())
        del kept
        machine.high = machine.live
        if loss is not None:
            self._backward(loss, steps)
        self.moments.append(Moment(BACKWARD, LOSS, machine.high))

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

        def note(node: int, high: int) -> None:
            highs[node] = max(highs.get(node, 0), high)

        def prepare(step: MachineStep) -> list[Tensor]:
            machine.mark = self.graph.nodes[step.label].mark if step.label != LOSS else None
            segment = step.segment
            if segment is not None and segment.steps:
                for node, high in zip(segment.nodes, self.execution.recompute(segment), strict=True):
                    note(node, high)
            return self.execution.enter(step.label)

        def finish(step: MachineStep) -> None:
            note(step.label, machine.high)
            if step.segment is not None:
                step.segment.done()

        division = self.setting.division
        divides = division.stage >= DIVIDES_GRADIENTS and division.replicas > 1
        run_backward(machine, steps, prepare, finish, division.gradients if divides else None)
        self.moments += [Moment(BACKWARD, node, high) for node, high in highs.items()]

    def _update(self) -> None:
        """The optimizer's work; of half-precision gradients with float32 copies, as DeepSpeed's FP16_Optimizer does."""
        machine, setting = self.machine, self.setting
        machine.label, machine.parts, machine.high = LOSS, 1, machine.live
        tensors = self._learnt()
        size = setting.optimizer.step_bytes(tensors, foreach=setting.foreach)
        if setting.master:
            size += sum(tensor.bytes for tensor in tensors)
        work = machine.other(setting.division.state(size), "optimizer work")
        self.moments.append(Moment(UPDATE, LOSS, machine.high))
        del work

    def _leaves(self) -> list[Leaf]:
        """All that learns: params in the order of the layers, then inputs."""
        sources = [tensor.source for tensor in self.execution.leaves.values()]
        return [*[source for source in sources if isinstance(source, Leaf)], *self.execution.learnt_inputs.values()]

    def _learnt(self) -> list[UpdatedTensor]:
        """The learnable tensors that have a gradient, as the optimizer has them; others have no state."""
        size = FLOAT32 if self.setting.master else DTYPE_BYTES[self.graph.dtype]
        return [
            learnt(tensor.shape, size, tensor.parts)
            for tensor in self.execution.leaves.values()
            if isinstance(tensor.source, Leaf) and tensor.source.gathered is not None
        ]

    def result(self) -> TrainingMemory:
        """The figures, without what is alive at the peak."""
        graph, division = self.graph, self.setting.division
        made = [leaf.gathered.storage for leaf in self._leaves() if leaf.gathered is not None]
        gradients = {id(storage): storage.bytes for storage in made}  # a view holds all of it
        params = division.params(sum(map(self.execution.stored_bytes, self.execution.leaves)))
        tensors = self._learnt()
        state = self.setting.optimizer.state_bytes(tensors)
        if self.setting.master:
            state += sum(tensor.bytes for tensor in tensors)
        state = division.state(state)
        buffers = buffer_bytes(graph)
        fixed = params + buffers + state
        moments = [moment._replace(live=moment.live + fixed) for moment in self.moments]
        inputs = sum(map(tensor_bytes, graph.inputs.values()))
        return TrainingMemory(params, buffers, sum(gradients.values()), state, inputs, self.saved, moments, [])
