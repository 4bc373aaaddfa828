"""The dtypes that values have when a model runs: those of the graph, or what autocast makes of them on a GPU.

Under autocast products are in half precision, norms by layers and groups, softmax and some functions in float32, and
all else takes the widest of its inputs. Source: PyTorch's documentation, "CUDA Ops that can autocast to float16" and
"to float32".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import DTYPE_BYTES, FLOAT_DTYPES
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node
    from archcost.ops.base import Op

FLOAT32 = "float32"
_ALWAYS = (Work.SOFTMAX,)
_NORMS = (Work.NORM, Work.DIVISION)
_OF_THE_INPUT = frozenset(("batch_norm", "instance_norm", "local_response_norm"))  # norms that run in what they get
_SINGLE = frozenset(("exp", "log", "pow", "reciprocal", "rsqrt", "softplus", "sum", "cumsum", "norm"))


class Precision:
    """The dtype of every value of a graph, and the one that each node computes in; ``mixed``: the half of autocast."""

    def __init__(self, graph: Graph, mixed: str = "") -> None:
        self.mixed = mixed
        self.values = {-1 - place: tensor.dtype for place, tensor in enumerate(graph.inputs.values())}
        self.computes: list[str] = []  # by node
        for node in graph.nodes:
            dtype = self._computed(node) if mixed else _own(node)
            self.computes.append(dtype)
            for value, tensor in enumerate(node.outputs, node.first_value):
                floats = tensor.dtype in FLOAT_DTYPES
                self.values[value] = dtype if floats and dtype in FLOAT_DTYPES else tensor.dtype

    def size(self, value: int) -> int:
        """The bytes of an element of a value."""
        return DTYPE_BYTES[self.values[value]]

    def _computed(self, node: Node) -> str:
        op = node.op
        if op.work.multiplies:
            return self.mixed
        if in_single(op):
            return FLOAT32
        floats = [self.values[value] for value in node.inputs if self.values[value] in FLOAT_DTYPES]
        if op.work is Work.NORM and floats:
            return floats[0]
        return max(floats, key=DTYPE_BYTES.__getitem__, default=_own(node))


def in_single(op: Op) -> bool:
    """Whether autocast runs an op in float32."""
    if op.work in _NORMS:
        return op.stem not in _OF_THE_INPUT
    return op.work in _ALWAYS or op.kind in _SINGLE


def _own(node: Node) -> str:
    """The dtype that the graph gives the outputs, and of a comparison its inputs."""
    return node.outputs[0].dtype
