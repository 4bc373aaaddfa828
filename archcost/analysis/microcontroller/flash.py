"""Flash: what a microcontroller keeps of a model, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.kernels import FOLDING, INT8_BYTES
from archcost.dims import numel
from archcost.engines import TINYENGINE, TINYENGINE_2020
from archcost.ops.base import MATRIX

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.kernels import Kernels
    from archcost.graph.model import Graph, Node

WORD_BYTES = 4  # of an int32, and of a scale

# What a program has beside the model: the kernels of the engine and what starts it. It is the flash that TinyEngine's
# authors measured of mcunet-vww1 on an STM32H743, 521 kB (of 1,024 B: mit-han-lab/tinyengine@022fc11, README.md), less
# the MODEL_SIZE of 469,432 B that TinyEngine writes into its genModel.h.
ENGINE_BYTES = 521 * 1024 - 469_432

# The same of the TinyEngine of 2020: 878 kB measured of mcunet-in2 on an STM32F746 (mit-han-lab/mcunet@c47b685,
# README.md), less the 782,856 B that flash_of gives for the model.
ENGINE_2020_BYTES = 878 * 1024 - 782_856
CODE = {TINYENGINE: ENGINE_BYTES, TINYENGINE_2020: ENGINE_2020_BYTES}


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


def flash_of(graph: Graph, kernels: Kernels, engine: str = TINYENGINE) -> Flash:
    """The flash of a graph's kernels and an engine's code. Tensors that several nodes share count once."""
    parts = flash_by_layer(graph, kernels)
    return Flash(*map(sum, zip(*parts, strict=True)))._replace(engine=CODE[engine]) if parts else Flash()


def flash_by_layer(graph: Graph, kernels: Kernels) -> list[Flash]:
    """The flash of every node, without the code.

    A convolution or linear layer has a bias for each channel that it makes, written or not: a batch norm behind it is
    in its weights, biases and scales.
    """
    folded = {index for kernel in kernels.kernels for index in kernel.nodes[1:]}
    return [
        Flash(engine=0) if index in folded and node.op.stem == "batch_norm" else _of_layer(graph, index, node)
        for index, node in enumerate(graph.nodes)
    ]


def _of_layer(graph: Graph, index: int, node: Node) -> Flash:
    op, own = node.op, _own(graph, index, node)
    matrices = [shape for name, shape in own.items() if op.role(name) == MATRIX]
    weights = INT8_BYTES * sum(map(numel, matrices))
    if op.work in FOLDING and len(matrices) == 1:
        words = WORD_BYTES * _made_channels(node)
        return Flash(weights, words, words, 0, 0)
    vectors = [shape for name, shape in own.items() if op.role(name) != MATRIX]
    if node.weights_of < 0:
        vectors += [shape for shape in node.signature.buffers().values() if shape]  # a counter is not needed
    scales = WORD_BYTES * sum([shape[0] for shape in matrices])
    return Flash(weights, 0, scales, WORD_BYTES * sum(map(numel, vectors)), 0)


def _own(graph: Graph, index: int, node: Node) -> dict[str, tuple[int, ...]]:
    """The learnable tensors of a node that it does not take from another one."""
    return {name: shape for name, shape in node.signature.weights().items() if graph.owner(index, name) == index}


def _made_channels(node: Node) -> int:
    """The channels that a convolution or linear layer makes."""
    place = -1 if node.op.family == "Linear and embedding" else 1
    return node.signature.output_shapes[0][place]
