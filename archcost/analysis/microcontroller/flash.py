"""Flash: what a microcontroller keeps of a model, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.kernels import FOLDING, INT8_BYTES
from archcost.dims import numel
from archcost.ops.base import MATRIX

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.kernels import Kernels
    from archcost.graph.model import Graph, Node

WORD_BYTES = 4  # of an int32, and of a scale

# What a program has beside the model: the kernels of the engine and what starts it. It is the flash that TinyEngine's
# authors measured of mcunet-vww1 on an STM32H743, 521 kB (of 1,024 B: mit-han-lab/tinyengine@022fc11, README.md), less
# the MODEL_SIZE of 469,432 B that TinyEngine writes into its genModel.h.
ENGINE_BYTES = 521 * 1024 - 469_432


class Flash(NamedTuple):
    """The parts: matrices in int8, their biases in int32, and a scale of four bytes for each channel they make.

    ``others`` are the tensors of four bytes an element that no kernel folds. ``engine`` is the code.
    """

    weights: int = 0
    biases: int = 0
    scales: int = 0
    others: int = 0
    engine: int = ENGINE_BYTES

    @property
    def model(self) -> int:
        """All but the code."""
        return self.weights + self.biases + self.scales + self.others

    @property
    def total(self) -> int:
        """All of it."""
        return self.model + self.engine


def flash_of(graph: Graph, kernels: Kernels) -> Flash:
    """The flash of a graph's kernels. Tensors that several nodes share count once.

    A convolution or linear layer has a bias for each channel that it makes, written or not: a batch norm behind it is
    in its weights, biases and scales.
    """
    weights = biases = scales = others = 0
    folded = {index for kernel in kernels.kernels for index in kernel.nodes[1:]}
    for index, node in enumerate(graph.nodes):
        signature, op = node.signature, node.op
        if index in folded and op.stem == "batch_norm":
            continue
        own = _own(graph, index, node)
        matrices = [shape for name, shape in own.items() if op.role(name) == MATRIX]
        folds = op.work in FOLDING and len(matrices) == 1
        channels = _made_channels(node) if folds else sum(shape[0] for shape in matrices)
        weights += INT8_BYTES * sum(map(numel, matrices))
        scales += WORD_BYTES * channels
        if folds:
            biases += WORD_BYTES * channels
        else:
            others += WORD_BYTES * sum(numel(shape) for name, shape in own.items() if op.role(name) != MATRIX)
        if node.weights_of < 0:
            buffers = signature.buffers()
            others += WORD_BYTES * sum(numel(shape) for shape in buffers.values() if shape)  # a counter is not needed
    return Flash(weights, biases, scales, others)


def _own(graph: Graph, index: int, node: Node) -> dict[str, tuple[int, ...]]:
    """The learnable tensors of a node that it does not take from another one."""
    return {name: shape for name, shape in node.signature.weights().items() if graph.owner(index, name) == index}


def _made_channels(node: Node) -> int:
    """The channels that a convolution or linear layer makes."""
    place = -1 if node.op.family == "Linear and embedding" else 1
    return node.signature.output_shapes[0][place]
