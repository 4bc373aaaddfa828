"""What a layer costs: params, buffers, MACs, FLOPs and bytes, as integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.spec.parser import DTYPE_BYTES

if TYPE_CHECKING:
    from archcost.graph.model import Node, Signature


@dataclass(frozen=True, slots=True)
class Costs:
    """Figures that add up over layers.

    ``params`` are trainable and frozen ones; ``weights`` those not named bias; ``flops`` is 2 × MACs plus all other
    arithmetic; ``weight_bytes`` are those of the params; ``activation_bytes`` those of the outputs.
    """

    params: int = 0
    trainable_params: int = 0
    weights: int = 0
    buffers: int = 0
    macs: int = 0
    flops: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            self.params + other.params,
            self.trainable_params + other.trainable_params,
            self.weights + other.weights,
            self.buffers + other.buffers,
            self.macs + other.macs,
            self.flops + other.flops,
            self.weight_bytes + other.weight_bytes,
            self.activation_bytes + other.activation_bytes,
        )


def signature_costs(signature: Signature, dtype: str) -> Costs:
    """The costs of an op on given types, all weights its own; computed once a signature."""
    costs: Costs | None = signature.costs
    if costs is None:
        costs = signature.costs = _costs(signature, dtype, frozenset())
    return costs


def node_costs(node: Node, nodes: list[Node], dtype: str) -> Costs:
    """The costs of a node; tensors that it shares with another node count there."""
    if node.weights_of < 0:
        return signature_costs(node.signature, dtype)
    owner = nodes[node.weights_of].signature
    return _costs(node.signature, dtype, frozenset((*owner.weights(), *owner.buffers())))


def _costs(signature: Signature, dtype: str, shared: frozenset[str]) -> Costs:
    op = signature.op
    inputs = tuple([tensor.shape for tensor in signature.inputs])
    outputs = tuple([tensor.shape for tensor in signature.outputs])
    params = weights = 0
    for name, shape in op.weights(inputs).items():
        if name in shared:
            continue
        count = numel(shape)
        params += count
        if "bias" not in name:
            weights += count
    buffers = 0
    for name, shape in op.buffers(inputs).items():
        if name not in shared:
            buffers += numel(shape)
    macs = op.macs(inputs, outputs)
    activation_bytes = 0
    for tensor in signature.outputs:
        activation_bytes += numel(tensor.shape) * DTYPE_BYTES[tensor.dtype]
    return Costs(
        params,
        params if op.trainable() else 0,
        weights,
        buffers,
        macs,
        2 * macs + op.flops(inputs, outputs),
        params * DTYPE_BYTES[dtype],
        activation_bytes,
    )
