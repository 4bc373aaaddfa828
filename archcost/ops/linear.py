"""Linear layers, embeddings and free learnable tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES, WHOLE_DTYPES
from archcost.ops.axes import axis, require
from archcost.ops.base import MATRIX, OTHER, SCALE, Check, Inputs, Op, Outputs
from archcost.ops.dtypes import promoted
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import dtype, flag, index, integer, number, size, sizes
from archcost.ops.given_weight import GivenWeight
from archcost.ops.reach import ALL, pointwise, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_MATRIX = 2


class _Product(Op, family="Linear and embedding", min_rank=1, channels=-1):
    """A product of the last dim with a matrix, whoever has it."""

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * inputs[0][-1]


class Linear(_Product, kind="linear", layout="(*, in_features)", on_weight="functional_linear"):
    """y = x·Wᵀ + b over the last dim; MACs = output elements × in_features, without the bias.

    Input (*, in_features), output (*, out_features). FLOPs beyond the MACs: 1 per output element for the bias.
    """

    inferred = "in_features"

    out_features: Dim = size(symbol="out")
    bias: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return ((*inputs[0][:-1], self.out_features),)

    def letters(self) -> tuple[str, ...]:
        return ("(*, in)",)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        matrix = (self.out_features, inputs[0][-1])
        return {"weight": matrix} | ({"bias": (self.out_features,)} if self.bias else {})

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * self.bias

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ((*[window(dim) for dim in range(len(inputs[0]) - 1)], ALL),)


class FunctionalLinear(GivenWeight, _Product, kind="functional_linear", torch_name="F.linear"):
    """y = x·Wᵀ + b on a given W; MACs = output elements × in_features, as for `linear`.

    Input (*, in_features), weight (out_features, in_features) and, if given, bias (out_features), each from another
    layer; output (*, out_features). It has no params. FLOPs beyond the MACs: 1 per output element for the bias. A
    `linear` step of several inputs is one: `linear:` with `from: [x, weight]`.
    """

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        features, weight = inputs[0][-1], inputs[1]
        require(len(weight) == _MATRIX, "the weight of {} has two dims, got {}", self.kind, weight)
        check(features == weight[1], "the weight {} is for {} features, not {}", weight, weight[1], features)
        self.check_bias(inputs, weight[0], "features", check)
        return ((*inputs[0][:-1], weight[0]),)

    def letters(self) -> tuple[str, ...]:
        return ("(*, in)", "(out, in)", "(out)")

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        last = len(inputs[0]) - 1
        readings = ((*map(window, range(last)), ALL), (window(last), ALL), (window(last),))
        return readings[: len(inputs)]


class Embedding(Op, kind="embedding", family="Linear and embedding", index_inputs=(0,), work=Work.TABLE):
    """out = weight[index]: a row of the table for each index; no MACs, no FLOPs.

    Input (*) of integers, output (*, embedding_dim). The row of `padding_idx` counts as params like any other, although
    it is not trained.
    """

    num_embeddings: Dim = size(symbol="rows")
    embedding_dim: Dim = size(symbol="dim")
    padding_idx: Dim | None = integer(default=None, doc="the index of a row that is not trained")

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

    def indexed(self, inputs: Inputs) -> Dim:
        return self.num_embeddings

    def read_weights(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return (tuple([window(dim) for dim in range(len(inputs[0]))]),)


class Parameter(Op, kind="parameter", family="Linear and embedding", min_inputs=0, max_inputs=0, input_names=()):
    """A learnable tensor of the given shape, such as a class token or position embedding; no MACs, no FLOPs.

    It takes no input, and its output is the tensor itself. No batch is added to `shape`; use `expand` to repeat the
    tensor over the batch. With `requires_grad: false` it is frozen.
    """

    work = Work.TABLE
    written = WrittenAs.OWN
    torch_name = "LearntTensor"

    shape: Shape = sizes(symbol="n")
    requires_grad: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (self.shape,)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": self.shape}

    def role(self, name: str) -> str:
        """How the spec uses it is not known: with two dims or more it counts as a matrix, a vector does not."""
        del name
        return MATRIX if len(self.shape) > 1 else OTHER

    def trainable(self) -> bool:
        return self.requires_grad

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ()


class Buffer(Op, kind="buffer", family="Linear and embedding", min_inputs=0, max_inputs=0, input_names=()):
    """A tensor of the given shape that is saved but not learnt, such as a table of positions; no MACs, no FLOPs.

    It takes no input, and its output is the tensor itself, in the model's dtype unless `dtype` names one of whole
    numbers. No batch is added to `shape`; use `expand` to repeat the tensor over the batch.
    """

    work = Work.TABLE
    written = WrittenAs.OWN
    torch_name = "SavedTensor"

    shape: Shape = sizes(symbol="n")
    dtype: str | None = dtype(*WHOLE_DTYPES, doc="of whole numbers, such as indices; null: the model's")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (self.shape,)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return self.dtype or own

    def buffer_dtype(self, name: str, own: str) -> str:
        return self.dtype or own

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        return {"values": self.shape}

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ()


class Constant(Op, kind="constant", family="Linear and embedding", min_inputs=0, max_inputs=0, input_names=()):
    """A tensor of the given shape that holds `value` everywhere, made anew in each run; no MACs, no FLOPs.

    It takes no input, and is neither learnt nor saved. No batch is added to `shape`: `[$batch, 1, 16]`.
    """

    work = Work.TABLE
    written = WrittenAs.OWN
    torch_name = "ConstantTensor"

    shape: Shape = sizes(symbol="n")
    value: float = number(default=0)
    dtype: str | None = dtype(*DTYPE_BYTES, doc="null: the model's")

    def validate(self, check: Check) -> None:
        wanted = self.dtype
        if wanted == "bool":
            require(self.value in (0, 1), "value {:g} is neither 0 nor 1, but the dtype is bool", self.value)
        elif wanted in WHOLE_DTYPES:
            require(self.value.is_integer(), "value {:g} is no whole number, but the dtype is {}", self.value, wanted)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (self.shape,)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return self.dtype or own

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ()


class LayerScale(Op, kind="layer_scale", family="Linear and embedding", min_rank=1, roles={"weight": SCALE}):
    """y = γ·x with a learnt γ for each position along `dim`; 1 FLOP per element, no MACs.

    The input may have any shape. γ is shaped to broadcast: (C, 1, 1) for the channels of (N, C, H, W), and (C) for
    `dim: -1`. It is initialised to the small `init_value`, so that a residual block begins as the identity.
    """

    work = Work.ELEMENTWISE
    written = WrittenAs.OWN

    dim: int = index(default=1, doc="the dim that is scaled, by default the channels")
    init_value: float = number(default=1e-6, doc="the initial value of γ")

    reach = pointwise

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted((inputs[0], (1,)), (dtypes[0], own))

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axis(self.dim, len(inputs[0]))
        return inputs

    def letters(self) -> tuple[str, ...]:
        if self.dim < 0:
            return (f"({', '.join(['*', 'c', *[''] * (-1 - self.dim)])})",)
        return (f"({', '.join([*[''] * self.dim, 'c', '*'])})",)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        return {"weight": (shape[place], *(1,) * (len(shape) - 1 - place))}

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0])
