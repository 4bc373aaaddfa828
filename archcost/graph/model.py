"""The layer graph: nodes in execution order, every one typed with its shapes.

Values are numbered: output k of a node is value ``first_value + k``; the model's inputs are -1, -2 … . Nodes that
compute the same op on the same types share one :class:`Signature`, so that costs are computed once for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES, INDEX_DTYPE
from archcost.paths import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.ops.base import Check, Op
    from archcost.settings import Settings
    from archcost.spec.model import Spec

MAX_RANK = 64  # dims of a tensor, as in torch
MAX_ELEMENTS = 2**63 - 1

REPEAT = "repeat"  # the kind of the scope of a repeated step
ROUND = "round"  # the kind of the scope of a round that has branches

new = tuple.__new__  # a named tuple of its fields in order, without a call in Python: where millions are made


class TensorType(NamedTuple):
    """Shape (with the batch) and dtype of a tensor."""

    shape: Shape
    dtype: str


def tensor_bytes(tensor: TensorType) -> int:
    """Elements times the size of the dtype."""
    return numel(tensor.shape) * DTYPE_BYTES[tensor.dtype]


class Signature:
    """An op, the types that go in and out, and their shapes; compared by identity, shared by equal nodes.

    ``frozen``: the spec says that its weights need no gradient. ``check`` is what judged the op on these types: one
    that does not raise has kept what failed.
    """

    __slots__ = ("check", "frozen", "input_shapes", "inputs", "op", "output_shapes", "outputs")

    def __init__(
        self,
        op: Op,
        inputs: tuple[TensorType, ...],
        input_shapes: tuple[Shape, ...],
        output_shapes: tuple[Shape, ...],
        dtype: str,
        check: Check,
        *,
        frozen: bool = False,
    ) -> None:
        self.op = op
        self.frozen = frozen
        self.inputs = inputs
        self.input_shapes = input_shapes
        self.output_shapes = output_shapes
        places = op.index_outputs
        self.outputs = tuple(
            [
                new(TensorType, (shape, INDEX_DTYPE if number in places else dtype))
                for number, shape in enumerate(output_shapes)
            ]
        )
        self.check = check

    @property
    def trains(self) -> bool:
        """Whether the weights need gradients: all do, unless the step or the op says otherwise."""
        return not self.frozen and self.op.trainable()

    def weights(self) -> dict[str, Shape]:
        """The learnable tensors of the op under these inputs."""
        return self.op.weights(self.input_shapes)

    def buffers(self) -> dict[str, Shape]:
        """The buffers of the op under these inputs."""
        return self.op.buffers(self.input_shapes)


class Node(NamedTuple):
    """One layer: its path, what it computes, the values it reads, and whose weights it uses.

    ``weights_of`` is the index of the node whose tensors of the same names this one uses; -1: all are its own.
    """

    path: str
    signature: Signature
    inputs: tuple[int, ...]
    first_value: int
    weights_of: int
    mark: Mark

    @property
    def op(self) -> Op:
        """The op of the node."""
        return self.signature.op

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """The types of the node's outputs."""
        return self.signature.outputs


def owner_of(nodes: Sequence[Node], index: int, tensor: str) -> int:
    """The index of the node whose tensor of this name a node uses; it may share with one that shares in turn."""
    while nodes[index].weights_of >= 0:
        other = nodes[nodes[index].weights_of].signature
        if tensor not in other.weights() and tensor not in other.buffers():
            break
        index = nodes[index].weights_of
    return index


class Scope(NamedTuple):
    """Nodes under a common path: those of a block, branch, group or repeated step, or of a round with branches.

    Of a block, group or round, ``inputs`` are the values it takes; of a block, ``params`` are its params as resolved.
    """

    path: str
    kind: str  # the block's name; "branch", "group", "residual", "repeat" or "round" otherwise
    outputs: tuple[int, ...]
    mark: Mark
    inputs: tuple[int, ...] = ()
    params: Mapping[str, Any] | None = None  # None: not a block


class Graph(NamedTuple):
    """A spec unrolled under settings; ``params`` has the value of every param, and ``dtype`` is that of the weights."""

    spec: Spec
    settings: Settings
    params: dict[str, Any]
    dtype: str
    inputs: dict[str, TensorType]
    nodes: list[Node]
    outputs: tuple[int, ...]
    scopes: list[Scope]

    @property
    def batch(self) -> int:
        """The size of dim 0 of the inputs."""
        return self.settings.batch

    @property
    def training(self) -> bool:
        """Whether the graph is that of training."""
        return self.settings.training

    @property
    def weight_dtype(self) -> str:
        """The dtype of matrices under weight-only quantisation; empty: the dtype."""
        chosen = self.settings.weight_dtype
        return "" if chosen is None or chosen == self.dtype else chosen

    def matrix_dtype(self, signature: Signature) -> str:
        """The weight_dtype of a node; empty for adapters, which are trained in the dtype of the model."""
        return "" if self.settings.lora is not None and signature.trains else self.weight_dtype

    @property
    def kv_dtype(self) -> str:
        """The dtype that the KV cache is kept in; empty: that of the keys and values."""
        return self.settings.kv_dtype or ""

    def owner(self, index: int, tensor: str) -> int:
        """The node whose learnable tensor or buffer a node uses under a name: itself, unless it shares it."""
        return owner_of(self.nodes, index, tensor)

    def learnt_inputs(self) -> list[int]:
        """The values of the inputs that need a gradient: those that the spec names."""
        return [-1 - place for place, name in enumerate(self.inputs) if self.spec.inputs[name].requires_grad]

    def trains(self, index: int, tensor: str) -> bool:
        """Whether a learnable tensor that a node uses needs a gradient: it is its owner that says so."""
        return self.nodes[self.owner(index, tensor)].signature.trains

    def before(self, failed: int | None) -> Graph:
        """The nodes before the first failing one (None: all of them), in their groups.

        Of a group that is not whole no output is known.
        """
        nodes = self.nodes[:failed]
        values = nodes[-1].first_value + len(nodes[-1].outputs) if nodes else 0
        scopes = [
            scope if max(scope.outputs, default=-1) < values else scope._replace(outputs=())
            for scope in self.scopes
            if max(scope.inputs, default=-1) < values
        ]
        return self._replace(nodes=nodes, outputs=(), scopes=scopes)

    def producers(self) -> list[tuple[int, int]]:
        """For every value, the index of its node and the number of the output."""
        return [(index, k) for index, node in enumerate(self.nodes) for k in range(len(node.signature.outputs))]

    def value_names(self, values: Iterable[int]) -> list[str]:
        """The names of some values."""
        return ValueNames(self).of(values)


class ValueNames:
    """What stands for the values of a graph: an input's name, a node's path, ``path.1`` if it has several outputs.

    The names are made when one is first asked for.
    """

    __slots__ = ("_graph", "_names")

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: list[str] = []  # by value: those of the inputs (-1, -2 …) stand at the end

    def of(self, values: Iterable[int]) -> list[str]:
        """The names of some values."""
        names = self._names or self._made()
        return [names[value] for value in values]

    def _made(self) -> list[str]:
        names: list[str] = []
        for path, signature, _, _, _, _ in self._graph.nodes:
            count = len(signature.outputs)
            if count == 1:
                names.append(path)
            else:
                names += [join(path, str(output)) for output in range(count)]
        self._names = [*names, *reversed(self._graph.inputs)]
        return self._names
