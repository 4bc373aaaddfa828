"""What a layer costs: params, buffers, MACs, FLOPs and bytes, as integers."""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from collections.abc import Iterable, Sequence
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES, STORED_BITS
from archcost.ops.base import BIAS, MATRIX

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.graph.model import Graph, Signature
    from archcost.ops.base import Op


class Costs(NamedTuple):
    """Figures that add up over layers.

    ``params`` are trainable and frozen ones; ``weights`` those that are no bias; ``flops`` is 2 × MACs plus all other
    arithmetic; ``weight_bytes`` are those of the params, ``buffer_bytes`` those of the buffers; ``activation_bytes``
    those of the outputs, without what they share with an input (views, and work in place), parameters and buffers;
    ``idle_params`` are params that one token does not use; ``cache_bytes`` what is kept for the next step.
    ``unknown_macs`` and the like count the layers of which nobody has declared them: the figure is then the known part.
    The figures of a training step are 0 where the graph is of inference; see :mod:`archcost.analysis.training_costs`.
    """

    params: int = 0
    trainable_params: int = 0
    weights: int = 0
    buffers: int = 0
    macs: int = 0
    flops: int = 0
    weight_bytes: int = 0
    buffer_bytes: int = 0
    activation_bytes: int = 0
    idle_params: int = 0
    cache_bytes: int = 0
    unknown_macs: int = 0
    unknown_flops: int = 0
    training_macs: int = 0
    training_flops: int = 0
    unknown_training_macs: int = 0
    unknown_training_flops: int = 0

    def __add__(self, other: "Costs") -> "Costs":  # type: ignore[override]  # figures are added, not put one after the other
        return Costs(*map(add, self, other))

    def times(self, count: int) -> "Costs":
        """The costs of so many equal layers."""
        if count == 1:
            return self
        return Costs(*[figure * count for figure in self])

    @property
    def active_params(self) -> int:
        """The params that one token uses."""
        return self.params - self.idle_params

    def unknown(self, metric: str) -> int:
        """The number of layers of which a figure is not known; 0 for figures that always are."""
        count: int = getattr(self, f"unknown_{metric}", 0)
        return count

    def unknown_figures(self, metric: str) -> dict[str, int]:
        """``unknown_macs`` with the number of layers, beside a figure that is a lower bound; else nothing."""
        count = self.unknown(metric)
        return {f"unknown_{metric}": count} if count else {}


def sum_costs(parts: Iterable[Costs]) -> Costs:
    """The sum of the costs of several layers."""
    return Costs(*map(sum, zip(*parts, strict=True)))


def graph_costs(graph: "Graph", made_bytes: Sequence[int]) -> list[Costs]:
    """The costs of every node; equal nodes have one object of costs.

    ``made_bytes`` are those that each node makes for its outputs. Tensors that a node shares with another one count
    there.
    """
    nodes = graph.nodes
    known: dict[tuple[Signature, int], Costs] = {}  # by signature and bytes made
    last: dict[Signature, Costs] = {}  # of which most have one number of bytes
    found = []
    for (_, signature, _, _, owner_index, _), made in zip(nodes, made_bytes, strict=True):
        if owner_index >= 0:
            owner = nodes[owner_index].signature
            shared = frozenset((*owner.weights(), *owner.buffers()))
            found.append(signature_costs(graph, signature, shared, made))
            continue
        costs = last.get(signature)
        if costs is None or costs.activation_bytes != made:
            key = (signature, made)
            costs = known.get(key) or signature_costs(graph, signature, frozenset(), made)
            known[key] = last[signature] = costs
        found.append(costs)
    if not graph.training:
        return found
    from archcost.analysis.training_costs import with_training

    return with_training(graph, found)


def signature_costs(graph: "Graph", signature: "Signature", shared: frozenset[str], made: int) -> Costs:
    """The costs of a layer that has so many bytes made, without the tensors that it shares with another."""
    op = signature.op
    dtype, weight_dtype, kv_dtype = graph.dtype, graph.matrix_dtype(signature), graph.kv_dtype
    inputs, outputs = signature.input_shapes, signature.output_shapes
    params = weights = weight_bytes = 0
    for name, shape in op.weights(inputs).items():
        if name in shared:
            continue
        count = numel(shape)
        params += count
        role = op.role(name)
        if role != BIAS:
            weights += count
        if weight_dtype:
            weight_bytes += tensor_weight_bytes(role, shape, dtype, weight_dtype)
    buffers = buffer_bytes = 0
    for name, shape in op.buffers(inputs).items():
        if name not in shared:
            buffers += numel(shape)
            buffer_bytes += tensor_buffer_bytes(op, name, shape, dtype)
    macs = op.macs(inputs, outputs)
    kept = op.kept(inputs)
    unknown = op.unknown()
    return Costs(
        params,
        params if signature.trains else 0,
        weights,
        buffers,
        macs,
        2 * macs + op.flops(inputs, outputs),
        weight_bytes if weight_dtype else params * DTYPE_BYTES[dtype],
        buffer_bytes,
        made,
        op.idle_params(inputs) if params else 0,
        stored_bytes(numel(kept), kv_dtype or signature.outputs[0].dtype) if kept is not None else 0,
        int("macs" in unknown),
        int("flops" in unknown),
    )


def tensor_weight_bytes(role: str, shape: "Shape", dtype: str, weight_dtype: str) -> int:
    """Bytes of a learnable tensor under weight-only quantisation, rounded up; scales of its groups are not counted.

    Matrices, kernels and tables take ``weight_dtype``, as the op's ``role`` says; all else stays in ``dtype``.
    """
    return stored_bytes(numel(shape), weight_dtype if role == MATRIX else dtype)


def stored_bytes(elements: int, dtype: str) -> int:
    """Bytes of so many numbers in a dtype that may have less than a byte for each, rounded up."""
    return ceil_div(elements * STORED_BITS[dtype], 8) if dtype in STORED_BITS else elements * DTYPE_BYTES[dtype]


def tensor_buffer_bytes(op: "Op", name: str, shape: "Shape", dtype: str) -> int:
    """Bytes of a buffer: counters and indices are int64, the rest has the model's dtype unless the op says another."""
    return numel(shape) * DTYPE_BYTES[op.buffer_dtype(name, dtype)]
