"""Bytes that a layer moves: every input and weight is read once, every output written once.

Views and work in place count as if they moved their tensors; buffers, and what a kernel reads again because it does not
fit into a cache, are not counted. Arithmetic intensity is FLOPs over these bytes: a layer of low intensity waits for
memory, whatever the arithmetic units could do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import tensor_weight_bytes
from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.graph.model import tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from archcost.graph.model import Node


class Traffic(NamedTuple):
    """Bytes read and written, and the FLOPs done meanwhile."""

    read: int = 0
    written: int = 0
    flops: int = 0

    @property
    def moved(self) -> int:
        """Bytes read and written."""
        return self.read + self.written

    @property
    def intensity(self) -> Fraction | None:
        """FLOPs per byte moved; None where none is moved."""
        from fractions import Fraction

        return Fraction(self.flops, self.moved) if self.moved else None


def input_bytes(node: Node) -> int:
    """Bytes of the inputs; a tensor that comes in twice is read once."""
    if len(node.inputs) == 1:
        return tensor_bytes(node.signature.inputs[0])
    seen = dict(zip(node.inputs, node.signature.inputs, strict=True))
    return sum(map(tensor_bytes, seen.values()))


def weight_bytes_read(node: Node, dtype: str, weight_dtype: str = "") -> int:
    """Bytes of the weights that one run reads, those shared with another layer included.

    Of quantised weights of which only a part is read (the rows of an embedding), it is that part of their bytes.
    """
    signature = node.signature
    inputs, outputs = signature.input_shapes, signature.output_shapes
    elements = signature.op.read_weights(inputs, outputs)
    if not weight_dtype or not elements:
        return elements * DTYPE_BYTES[dtype]
    role, tensors = signature.op.role, signature.op.weights(inputs)
    whole = sum([tensor_weight_bytes(role(name), shape, dtype, weight_dtype) for name, shape in tensors.items()])
    return ceil_div(whole * elements, sum(map(numel, tensors.values())))


def traffic_of(node: Node, dtype: str, flops: int, weight_dtype: str = "") -> Traffic:
    """Inputs and weights read, outputs written, by a layer that does so many FLOPs."""
    read = input_bytes(node) + weight_bytes_read(node, dtype, weight_dtype)
    return Traffic(read, sum(map(tensor_bytes, node.signature.outputs)), flops)


def total_traffic(parts: Iterable[Traffic]) -> Traffic:
    """The sum, layer by layer: what passes between two layers is written and read."""
    read = written = flops = 0
    for part in parts:
        read += part.read
        written += part.written
        flops += part.flops
    return Traffic(read, written, flops)
