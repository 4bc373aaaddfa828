"""A graph run on a machine, node by node: what PyTorch would hold at every moment of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.costs import stored_bytes, tensor_buffer_bytes
from archcost.analysis.memory import kernels
from archcost.analysis.memory.rules import rule
from archcost.analysis.memory.rules.call import Call
from archcost.analysis.memory.shadow_torch import PER_NODE, Leaf, Machine, MachineStep, Tensor
from archcost.analysis.memory.tensor_parallel import NO_SHARDS
from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.base import MATRIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.tensor_parallel import Shards
    from archcost.graph.model import Graph, Node

# What autocast on a CPU runs in half and in single precision; the rest takes what comes.
HALVED = frozenset(
    (
        *("conv", "conv_transpose", "linear", "matmul", "prelu"),
        *("scaled_dot_product_attention", "multihead_attention", "rnn", "lstm", "gru"),
        *("functional_conv", "functional_conv_transpose", "functional_linear"),
        *("rnn_cell", "lstm_cell", "gru_cell"),
    )
)
SINGLE = frozenset(("avg_pool3d", "adaptive_avg_pool3d", "max_pool3d", "adaptive_max_pool3d"))
SINGLE_PADS = ("reflect", "replicate")


class Segment:
    """A range of nodes that is computed again in the backward pass, instead of keeping what it needs."""

    def __init__(self, nodes: range) -> None:
        self.nodes = nodes
        self.inputs: dict[int, Tensor] = {}
        self.steps: list[MachineStep] = []
        self.pending = 0

    def done(self) -> None:
        """One of its steps has run; with the last one its inputs go."""
        self.pending -= 1
        if not self.pending:
            self.inputs.clear()


class Execution:
    """The values of a graph, the learnable tensors, and how nodes run on them."""

    def __init__(
        self,
        graph: Graph,
        machine: Machine,
        *,
        inplace: frozenset[int] = frozenset(),
        shards: Shards = NO_SHARDS,
        gathers: bool = False,
    ) -> None:
        self.graph = graph
        self.machine = machine
        self.inplace = inplace
        self.shards = shards
        self.gathers = gathers  # params are divided, and those of the layer that runs are brought together
        self.values: dict[int, Tensor] = {}
        self.leaves: dict[tuple[int, str], Tensor] = {}
        self.learnt_inputs: dict[int, Leaf] = {}
        self.highs: list[int] = []  # the most alive while each node ran forward
        self._halves: dict[int, Tensor] = {}
        self._segments: dict[int, Segment] = {}
        self._frees = _last_reads(graph)

    def forward(self, segments: Sequence[Segment] = ()) -> list[Tensor]:
        """Run all nodes, segments as such; the outputs of the model."""
        machine, graph = self.machine, self.graph
        machine.meter.grant(PER_NODE * len(graph.nodes))
        self._segments = {segment.nodes.start: segment for segment in segments}
        self.highs = []
        self._halves.clear()
        self.values = {value: tensor for value, tensor in self.values.items() if value < 0}  # no outputs of before
        for place, tensor in enumerate(graph.inputs.values()):
            if -1 - place not in self.values:  # the same at every pass
                self.values[-1 - place] = machine.new(tensor.shape, tensor.dtype, kind="input", parts=1)
        for value in graph.learnt_inputs() if machine.training else ():
            given = self.values[value]
            if value not in self.learnt_inputs:
                given.source = self.learnt_inputs[value] = Leaf(given.shape)
        index = 0
        while index < len(graph.nodes):
            segment = self._segments.get(index)
            if segment is None:
                self.run(index, self.values)
                index += 1
            else:
                self._run_segment(segment)
                index = segment.nodes.stop
        self._halves.clear()
        return [self.values[value] for value in graph.outputs]

    def run(self, index: int, values: dict[int, Tensor]) -> None:
        """Run one node on values, and let go of those that nothing reads after it."""
        machine, node = self.machine, self.graph.nodes[index]
        machine.label, machine.mark = index, node.mark
        machine.high = machine.live
        needed = self.enter(index)
        call = self._call(index, node, [values[value] for value in node.inputs])
        results = rule(node.op)(machine, call)
        del call, needed
        for place, tensor in enumerate(results if isinstance(results, list) else [results]):
            values[node.first_value + place] = tensor
        self.highs.append(machine.high)
        for value in self._frees[index]:
            values.pop(value, None)

    def enter(self, index: int) -> list[Tensor]:
        """A node is to run, forward or backward: its tensors are in parts, and it needs its params whole, as numbers.

        They are gathered where they are divided, and quantised matrices are brought to the dtype of the model. Below 0
        it is none of the model's.
        """
        machine, graph = self.machine, self.graph
        machine.parts = self.shards.nodes.get(index, 1)
        quantises = graph.weight_dtype and graph.settings.lora is not None
        if index < 0 or not (self.gathers or quantises):
            return []
        keys = [(graph.owner(index, name), name) for name in self.learnt(index)]
        gathered = sum(map(self.stored_bytes, keys)) if self.gathers else 0
        multiplies = quantises and graph.nodes[index].op.work.multiplies
        plain = sum(self._elements(key) for key in keys if self._quantised(key)) if multiplies else 0
        sizes = {"gathered": gathered, "dequantised": plain * DTYPE_BYTES[graph.dtype]}
        return [machine.other(size, kind) for kind, size in sizes.items() if size]

    def stored_bytes(self, key: tuple[int, str]) -> int:
        """The bytes of a learnable tensor (by owner and name) as it is stored, in the part of one device."""
        dtype = self._quantised(key) or self.graph.dtype
        return stored_bytes(self._elements(key), dtype)

    def _elements(self, key: tuple[int, str]) -> int:
        tensor = self.leaves[key]
        return ceil_div(numel(tensor.shape), tensor.parts)

    def _quantised(self, key: tuple[int, str]) -> str:
        """The dtype that a learnable tensor is quantised to beside adapters, which are trained; empty if to none."""
        signature = self.graph.nodes[key[0]].signature
        quantised = self.graph.settings.lora is not None and signature.op.role(key[1]) == MATRIX
        return self.graph.matrix_dtype(signature) if quantised else ""

    def _call(self, index: int, node: Node, inputs: list[Tensor]) -> Call:
        machine = self.machine
        dtype = _autocast(node.op, machine.half) if machine.half else ""
        halved = dtype == machine.half != ""
        if dtype:
            cast = {id(tensor): kernels.cast(machine, tensor, dtype) for tensor in inputs}
            inputs = [cast[id(tensor)] for tensor in inputs]
        inplace = index in self.inplace and not inputs[0].storage.saves
        return Call(node.op, inputs, node.signature.outputs, lambda: self.learnt(index, halved=halved), inplace=inplace)

    def learnt(self, index: int, *, halved: bool = False) -> dict[str, Tensor]:
        """The learnable tensors of a node; those that it shares are its owner's."""
        nodes = self.graph.nodes
        tensors = {}
        for name, shape in nodes[index].signature.weights().items():
            owner = self.graph.owner(index, name)
            key = (owner, name)
            if key not in self.leaves:
                tensor = self.leaves[key] = self.machine.outside(shape, self.graph.dtype)
                tensor.source = Leaf(shape) if self.graph.trains(index, name) else None
                tensor.parts = self.shards.weights.get(key, 1)
            tensors[name] = self._halved(self.leaves[key]) if halved else self.leaves[key]
        return tensors

    def _halved(self, leaf: Tensor) -> Tensor:
        """The copy of a learnable tensor in half precision: one for all of the forward pass, unless it is frozen."""
        if leaf.source is None:
            return kernels.cast(self.machine, leaf, self.machine.half)
        if id(leaf) not in self._halves:
            copy = kernels.cast(self.machine, leaf, self.machine.half)
            copy.storage.kind = "weight copy"
            self._halves[id(leaf)] = copy
        return self._halves[id(leaf)]

    def _run_segment(self, segment: Segment) -> None:
        """Run a segment, its steps without what they would keep; its inputs are kept instead."""
        machine = self.machine
        inside = {
            self.graph.nodes[index].first_value + place
            for index in segment.nodes
            for place in range(len(self.graph.nodes[index].outputs))
        }
        read = {value for index in segment.nodes for value in self.graph.nodes[index].inputs}
        segment.inputs = {value: self.values[value] for value in read - inside}
        for index in segment.nodes:
            machine.recorded = []
            self.run(index, self.values)
            for step in machine.recorded:
                step.release()
                step.segment = segment
            segment.steps += machine.recorded
        machine.recorded = None
        segment.pending = len(segment.steps)
        if not segment.steps:  # nothing in it needs a gradient
            segment.inputs.clear()

    def recompute(self, segment: Segment) -> list[int]:
        """Run a segment again; its steps get what they need. The most alive while each of its nodes ran."""
        machine = self.machine
        again: list[MachineStep] = []
        machine.recorded = again
        recording, machine.recording = machine.recording, True
        highs, self.highs = self.highs, []
        values = dict(segment.inputs)
        for index in segment.nodes:
            self.run(index, values)
        del values
        for before, after in zip(segment.steps, again, strict=True):
            before.saved, after.saved = after.saved, []
        machine.recorded, machine.recording = None, recording
        segment.steps = []
        again_highs, self.highs = self.highs, highs
        return again_highs


def _autocast(op: Any, half: str) -> str:
    """The dtype that autocast brings the inputs of an op to; empty if it leaves them alone."""
    if op.stem in HALVED:
        return half
    single = op.kind in SINGLE or (op.kind == "pad" and op.mode in SINGLE_PADS)
    return "float32" if single else ""


def _last_reads(graph: Graph) -> list[list[int]]:
    """For every node, the values that nothing after it reads; inputs and outputs of the model stay."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        last |= dict.fromkeys(range(node.first_value, node.first_value + len(node.outputs)), index)
        last |= {value: index for value in node.inputs if value >= 0}
    frees: list[list[int]] = [[] for _ in graph.nodes]
    kept = set(graph.outputs)
    for value, index in last.items():
        if value not in kept:
            frees[index].append(value)
    return frees


def buffer_bytes(graph: Graph) -> int:
    """Bytes of all buffers."""
    return sum(
        tensor_buffer_bytes(node.op, name, shape, graph.dtype)
        for node in graph.nodes
        if node.weights_of < 0
        for name, shape in node.signature.buffers().items()
    )
