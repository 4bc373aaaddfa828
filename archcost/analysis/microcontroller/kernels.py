"""Nodes to kernels: what an engine for microcontrollers runs in one go, and the tensors that its arena holds.

A kernel computes an op, and what follows on each of its elements while it writes them: a batch norm, whose factors and
sums go into the weights and biases before it, and activations. What is a view in PyTorch is one here.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from archcost.analysis.memory.liveness import Storages
from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES, FLOAT_DTYPES
from archcost.ops.base import MATRIX
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node, Signature, TensorType
    from archcost.ops.base import Op

INT8 = "int8"
INT8_BYTES = DTYPE_BYTES[INT8]
FOLDING = (Work.CONVOLUTION, Work.TRANSPOSED, Work.PRODUCT)  # a batch norm after these is in their weights


class Kernel(NamedTuple):
    """What runs in one go: ``nodes``, of which the first computes, on ``reads`` to ``makes``: tensors, by number."""

    nodes: list[int]
    reads: tuple[int, ...]
    makes: tuple[int, ...]


class Kernels(NamedTuple):
    """The kernels in the order they run.

    Tensor t has ``sizes[t]`` bytes and stands for value ``values[t]``; the first ones are the model's inputs. It is
    last read by kernel ``last[t]``: their number where it is an output of the model, -1 where nobody reads it.
    """

    kernels: list[Kernel]
    sizes: list[int]
    values: list[int]
    last: list[int]


def int8_bytes(tensor: TensorType) -> int:
    """Bytes where every float is an int8; whole numbers keep their dtype."""
    each = INT8_BYTES if tensor.dtype in FLOAT_DTYPES else DTYPE_BYTES[tensor.dtype]
    return numel(tensor.shape) * each


def fused(graph: Graph) -> Kernels:
    """The kernels of a graph in inference."""
    return _Fusing(graph).run()


class _Fusing:
    """Follows the nodes, and knows of every value the tensor that holds it, and whether one alone goes on from it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sizes = [int8_bytes(tensor) for tensor in graph.inputs.values()]
        self.values = [-1 - place for place in range(len(self.sizes))]
        self.tensor = {value: place for place, value in enumerate(self.values)}
        self.kernels: list[Kernel] = []
        self.maker = [-1] * len(self.sizes)  # of a tensor, the kernel that made it
        self.readers = dict.fromkeys(graph.outputs, 1)  # of a value: the model's caller is one
        for node in graph.nodes:
            for value in node.inputs:
                self.readers[value] = self.readers.get(value, 0) + 1
        self.open: set[int] = set()  # values that a kernel has just made, and may still change

    def run(self) -> Kernels:
        storages = Storages(self.graph)
        for index, node in enumerate(self.graph.nodes):
            value = node.first_value
            viewed = self._viewed(node, storages)
            if viewed is not None:
                self._passes(viewed, value)
            elif self._joins(node):
                tensor = self.tensor[node.inputs[0]]
                self.kernels[self.maker[tensor]].nodes.append(index)
                self.values[tensor] = value
                self._passes(node.inputs[0], value)
            else:
                self._computes(index, node, storages)
        return Kernels(self.kernels, self.sizes, self.values, self._last())

    def _viewed(self, node: Node, storages: Storages) -> int | None:
        """The input that a node of one output only passes on; None for one that computes."""
        if len(node.outputs) != 1 or not node.inputs:
            return None
        mine = storages.of[node.first_value]
        return next((value for value in node.inputs if storages.of[value] == mine), None)

    def _passes(self, source: int, value: int) -> None:
        self.tensor[value] = self.tensor[source]
        if source in self.open and self.readers.get(source) == 1:
            self.open.add(value)

    def _joins(self, node: Node) -> bool:
        """Whether a node goes on in the kernel that made its input, which nobody else reads."""
        if len(node.inputs) != 1 or node.inputs[0] not in self.open or self.readers[node.inputs[0]] != 1:
            return False
        op = node.op
        if op.family == "Activation" and op.work is Work.ELEMENTWISE:
            return True
        kernel = self.kernels[self.maker[self.tensor[node.inputs[0]]]]
        alone = len(kernel.nodes) == 1 and self.graph.nodes[kernel.nodes[0]].op.work in FOLDING
        return alone and op.stem == "batch_norm" and bool(op.buffers(node.signature.input_shapes))

    def _computes(self, index: int, node: Node, storages: Storages) -> None:
        reads = tuple(dict.fromkeys([self.tensor[value] for value in node.inputs]))
        makes = []
        for place, made in enumerate(node.outputs, node.first_value):
            makes.append(len(self.sizes))
            self.tensor[place] = len(self.sizes)
            held = storages.sizes[storages.of[place]]  # nothing where it is a weight, which flash holds
            self.sizes.append(int8_bytes(made) if held else 0)
            self.values.append(place)
            self.maker.append(len(self.kernels))
            self.open.add(place)
        self.kernels.append(Kernel([index], reads, tuple(makes)))

    def _last(self) -> list[int]:
        last = [-1] * len(self.sizes)
        for number, kernel in enumerate(self.kernels):
            for tensor in kernel.reads:
                last[tensor] = number
        for value in self.graph.outputs:
            last[self.tensor[value]] = len(self.kernels)
        return last


def is_depthwise(signature: Signature) -> bool:
    """Whether a convolution makes each channel of one channel alone."""
    op = signature.op
    if op.work is not Work.CONVOLUTION:
        return False
    channels = signature.input_shapes[0][1]
    return bool(op.attribute("groups") == channels == signature.output_shapes[0][1])


def is_pointwise(signature: Signature) -> bool:
    """Whether a whole convolution is over one position."""
    op = signature.op
    if op.work is not Work.CONVOLUTION or is_depthwise(signature):
        return False
    return prod(kernel_of(op, signature)[2:]) == 1


def kernel_of(op: Op, signature: Signature) -> tuple[int, ...]:
    """The shape of a convolution's weight: (c_out, c_in / groups, *kernel)."""
    shapes = [shape for name, shape in signature.weights().items() if op.role(name) == MATRIX]
    return shapes[0] if shapes else signature.input_shapes[1]


def columns_bytes(signature: Signature, *, inplace: bool) -> int:
    """The buffer for the columns that a kernel multiplies, in TinyEngine; 0 for a kernel without.

    A convolution or linear layer has two columns of int16, 2 · 2 · taps · c_in / groups. A depthwise one has a column
    of each channel, 2 · taps · c, or in place two padded planes of one channel in int8, 2 · (h + 2p) · (w + 2p).
    """
    op = signature.op
    if op.work is Work.CONVOLUTION:
        weight = kernel_of(op, signature)
        if not is_depthwise(signature):
            return 2 * 2 * prod(weight[1:])
        if not inplace:
            return 2 * prod(weight)
        padding: tuple[int, ...] = cast("Any", op).total_padding(weight[2:])  # every forward convolution has it
        return 2 * prod([size + more for size, more in zip(signature.input_shapes[0][2:], padding, strict=True)])
    if op.family == "Linear and embedding" and op.work is Work.PRODUCT:
        return 2 * 2 * signature.input_shapes[0][-1]
    return 0


def widened_bytes(signature: Signature) -> int:
    """The copy of a kernel's weights in int16 that TinyEngine makes, of convolutions over more than one position."""
    op = signature.op
    if op.work is not Work.CONVOLUTION or is_depthwise(signature):
        return 0
    weight = kernel_of(op, signature)
    return 2 * prod(weight) if prod(weight[2:]) > 1 else 0
