"""What one of several devices holds in inference, where they divide the layers: tensor parallelism as arithmetic.

Which linear layers, tables and values are in parts is what :mod:`archcost.analysis.memory.tensor_parallel` finds. A KV
cache of keys and values in parts is divided by heads; where there are fewer heads than devices, each has one. Buffers
are whole, as is what is not in parts; sizes are rounded up. Buffers of the communication are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.costs import stored_bytes, tensor_weight_bytes
from archcost.analysis.memory.tensor_parallel import shards_of
from archcost.dims import ceil_div, numel

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.graph.model import Graph

_HEADS, _BY_HEADS = 1, 4  # the dim of heads in (N, heads, positions, features), and how many dims that has


def held_by_one(graph: Graph, devices: int) -> dict[str, int]:
    """The bytes of weights and of the KV cache that one of so many devices has, by metric; none for one device."""
    if devices == 1:
        return {}
    shards = shards_of(graph, devices)
    weights = cache = 0
    for index, node in enumerate(graph.nodes):
        signature, op = node.signature, node.op
        stored = graph.matrix_dtype(signature) or graph.dtype
        for name, shape in signature.weights().items():
            if graph.owner(index, name) == index:
                part = (ceil_div(numel(shape), shards.weights.get((index, name), 1)),)
                weights += tensor_weight_bytes(op.role(name), part, graph.dtype, stored)
        kept = op.kept(signature.input_shapes)
        if kept is not None:
            share = _share(kept, shards.nodes.get(index, 1))
            cache += stored_bytes(share, graph.kv_dtype or signature.outputs[0].dtype)
    return {"weight_bytes": weights, "cache_bytes": cache}


def _share(kept: Shape, parts: int) -> int:
    """The elements of a cache that one device keeps."""
    if len(kept) < _BY_HEADS:
        return ceil_div(numel(kept), parts)
    return numel(kept) // kept[_HEADS] * ceil_div(kept[_HEADS], parts)
