"""Liveness: which tensors exist at the same time while the layers run in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.spec.parser import DTYPE_BYTES

if TYPE_CHECKING:
    from archcost.graph.model import Graph, TensorType


def tensor_bytes(tensor: TensorType) -> int:
    """Elements times the size of the dtype."""
    return numel(tensor.shape) * DTYPE_BYTES[tensor.dtype]


def peak_activation_bytes(graph: Graph) -> int:
    """Maximum over layers of the bytes of all tensors live while it runs; params are not counted.

    A tensor lives from the layer that makes it (a model input from the start) to the last layer that reads it; the
    model's outputs live to the end. Every output has a storage of its own: views and in-place work save nothing here.
    """
    last_read = _last_reads(graph)
    sizes = {-1 - k: tensor_bytes(tensor) for k, tensor in enumerate(graph.inputs.values())}
    live = peak = sum(sizes.values())
    for index, node in enumerate(graph.nodes):
        own = 0
        for k, tensor in enumerate(node.signature.outputs):
            sizes[node.first_value + k] = tensor_bytes(tensor)
            own += sizes[node.first_value + k]
        live += own
        peak = max(peak, live)
        for value in set(node.inputs):
            if last_read[value] == index:
                live -= sizes.pop(value)
        for k in range(len(node.signature.outputs)):
            if node.first_value + k not in last_read:
                live -= sizes.pop(node.first_value + k)
    return peak


def _last_reads(graph: Graph) -> dict[int, int]:
    """The index of the last node that reads each value; outputs are read after all nodes."""
    reads = {value: index for index, node in enumerate(graph.nodes) for value in node.inputs}
    return reads | dict.fromkeys(graph.outputs, len(graph.nodes))
