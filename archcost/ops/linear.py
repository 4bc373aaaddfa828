"""Linear layers, embeddings and free learnable tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.axes import axis
from archcost.ops.base import MATRIX, OTHER, SCALE, Check, Inputs, Op, Outputs
from archcost.ops.dtypes import promoted
from archcost.ops.fields import flag, index, integer, number, size, sizes
from archcost.ops.reach import ALL, pointwise, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading


class Linear(Op, kind="linear", family="Linear and embedding", min_rank=1, layout="(*, in_features)", channels=-1):
    """y = x·Wᵀ + b over the last dim; MACs = output elements × in_features, without the bias.

    Input (*, in_features), output (*, out_features). FLOPs beyond the MACs: 1 per output element for the bias.
    """

    inferred = "in_features"

    out_features: Dim = size()
    bias: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return ((*inputs[0][:-1], self.out_features),)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        matrix = (self.out_features, inputs[0][-1])
        return {"weight": matrix} | ({"bias": (self.out_features,)} if self.bias else {})

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * inputs[0][-1]

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * self.bias

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ((*[window(dim) for dim in range(len(inputs[0]) - 1)], ALL),)


class Embedding(Op, kind="embedding", family="Linear and embedding", integer_inputs=True):
    """out = weight[index]: a row of the table per index; a look-up takes no MACs and no FLOPs.

    Input (*) of integers, output (*, embedding_dim). The row of `padding_idx` is a parameter like any other, though it
    is not trained.
    """

    num_embeddings: Dim = size()
    embedding_dim: Dim = size()
    padding_idx: Dim | None = integer(default=None, doc="the index whose row is not trained")

    def validate(self, check: Check) -> None:
        if self.padding_idx is not None:
            check(
                (self.padding_idx < self.num_embeddings) & (self.padding_idx >= -self.num_embeddings),
                "padding_idx {} is not an index into {} embeddings",
                self.padding_idx,
                self.num_embeddings,
            )

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return ((*inputs[0], self.embedding_dim),)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def read_weights(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return (tuple([window(dim) for dim in range(len(inputs[0]))]),)


class Parameter(Op, kind="parameter", family="Linear and embedding", min_inputs=0, max_inputs=0, input_names=()):
    """A learnable tensor of the given shape, such as a class token or position embedding; no MACs, no FLOPs.

    It takes no input; its one weight is its output. `shape` is complete: no batch is added in front (`expand` repeats
    the tensor over the batch). With `requires_grad: false` it counts as a parameter that is not trainable.
    """

    torch_name = "LearntTensor"

    shape: Shape = sizes()
    requires_grad: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (self.shape,)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": self.shape}

    def role(self, name: str) -> str:
        """What it is used for is not known: one of several dims is taken for a table, a vector is not."""
        del name
        return MATRIX if len(self.shape) > 1 else OTHER

    def trainable(self) -> bool:
        return self.requires_grad

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ()


class Buffer(Op, kind="buffer", family="Linear and embedding", min_inputs=0, max_inputs=0, input_names=()):
    """A tensor of the given shape that is saved but not learnt, such as a table of positions; no MACs, no FLOPs.

    It takes no input; its one buffer is its output, of the model's dtype. `shape` is complete: no batch is added in
    front (`expand` repeats the tensor over the batch).
    """

    torch_name = "SavedTensor"

    shape: Shape = sizes()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (self.shape,)

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        return {"values": self.shape}

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ()


class LayerScale(Op, kind="layer_scale", family="Linear and embedding", min_rank=1, roles={"weight": SCALE}):
    """y = γ·x with a learnt γ for each position along `dim`; 1 FLOP per element, no MACs.

    Any input; γ has as many dims as are needed to broadcast, (C, 1, 1) for the channels of (N, C, H, W) and (C) for
    `dim: -1`. It begins at `init_value`, which is small, so that a residual block begins as the identity.
    """

    dim: int = index(default=1, doc="the dim that γ belongs to: the channels")
    init_value: float = number(default=1e-6, doc="γ to begin with")

    reach = pointwise

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted((inputs[0], (1,)), (dtypes[0], own))

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axis(self.dim, len(inputs[0]))
        return inputs

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        return {"weight": (shape[place], *(1,) * (len(shape) - 1 - place))}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0])
