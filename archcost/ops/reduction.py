"""Reductions over some dims, or over all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.axes import axes, axis, replace_dim, require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.dtypes import floating, summed
from archcost.ops.facets import Work
from archcost.ops.fields import flag, index, indices, integer, number
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim
    from archcost.ops.reach import Reading


_KEPT = "whether the reduced dims are kept, with size 1"


class _Reducing(Op, family="Arithmetic", work=Work.REDUCTION):
    """One value of all elements along some dims; a comparison or sum for each but one of them."""

    keepdim: bool

    def reduced(self, inputs: Inputs) -> Sequence[int]:
        """The positions of the dims that are reduced."""
        raise NotImplementedError  # pragma: no cover - every op defines it

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape, reduced = inputs[0], self.reduced(inputs)
        if self.keepdim:
            return (tuple([1 if place in reduced else size for place, size in enumerate(shape)]),)
        return (tuple([size for place, size in enumerate(shape) if place not in reduced]),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(inputs[0]) - numel(outputs[0])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank, reduced = len(inputs[0]), self.reduced(inputs)
        kept = range(rank) if self.keepdim else [dim for dim in range(rank) if dim not in reduced]
        return (tuple([ALL if dim in reduced else window(kept.index(dim)) for dim in range(rank)]),)


class _Reduction(_Reducing):
    """A reduction of all elements along the named dims to one value."""

    dim: tuple[int, ...] | None = indices(default=None, scalar="list", doc="one dim or several; null: all")
    keepdim: bool = flag(default=False, doc=_KEPT)

    def reduced(self, inputs: Inputs) -> Sequence[int]:
        rank = len(inputs[0])
        return axes(self.dim, rank) if self.dim else range(rank)


class Sum(_Reduction, kind="sum"):
    """Σ x over the dims; no MACs. FLOPs: input elements - output elements, the sums."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return summed(dtypes[0])


class Mean(_Reduction, kind="mean"):
    """Σ x / count over the dims; no MACs. FLOPs: input elements, the sums and one division per output."""

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(inputs[0])


class Max(_Reduction, kind="max", torch_name="amax"):
    """The largest x over the dims (torch.amax: no indices); no MACs.

    FLOPs: input elements - output elements, the comparisons.
    """


class Min(_Reduction, kind="min", torch_name="amin"):
    """The smallest x over the dims (torch.amin: no indices); no MACs.

    FLOPs: input elements - output elements, the comparisons.
    """


class _Place(_Reducing):
    """Where along a dim, or among all elements, a value is: a whole number (int64)."""

    index_outputs = (0,)

    dim: int | None = index(default=None, doc="null: the place among all elements")
    keepdim: bool = flag(default=False, doc=_KEPT)

    def reduced(self, inputs: Inputs) -> Sequence[int]:
        rank = len(inputs[0])
        return range(rank) if self.dim is None else (axis(self.dim, rank),)


class Argmax(_Place, kind="argmax"):
    """The place of the largest x along `dim`, as int64; no MACs.

    FLOPs: input elements - output elements, the comparisons.
    """


class Argmin(_Place, kind="argmin"):
    """The place of the smallest x along `dim`, as int64; no MACs.

    FLOPs: input elements - output elements, the comparisons.
    """


class Var(_Reduction, kind="var"):
    """Σ (x - μ)² / (count - `correction`) over the dims; no MACs. FLOPs: 4 × input elements.

    The mean μ (a sum each, of which one per output is the division), a difference, a square, and the mean of squares.
    """

    correction: Dim = integer(default=1, minimum=0, doc="0: divided by the count")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        reduced = self.reduced(inputs)
        count = numel([size for place, size in enumerate(inputs[0]) if place in reduced])
        check(count > self.correction, "with a correction of {}, {} values have no variance", self.correction, count)
        return super().infer(inputs, check)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 4 * numel(inputs[0])


class Std(Var, kind="std"):
    """√(Σ (x - μ)² / (count - `correction`)) over the dims; no MACs. FLOPs: 4 × input elements + output elements.

    Those of `var`, and a root per output.
    """

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return super().flops(inputs, outputs) + numel(outputs[0])


class Norm(_Reduction, kind="norm", torch_name="torch.linalg.vector_norm"):
    """(Σ |x|ᵖ)^(1/p) over the dims, with p = `ord`; no MACs. FLOPs: 2 × input elements, whatever p.

    A power for each element, input - output elements sums, a root per output: those of `pow`, `sum` and `sqrt`.
    """

    ord: float = number(default=2.0)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 2 * numel(inputs[0])


class Cumsum(Op, kind="cumsum", family="Arithmetic", work=Work.REDUCTION):
    """out[i] = in[0] + … + in[i] along `dim`; no MACs.

    FLOPs: 1 per element but for the first along `dim`. Whole numbers are added in int64.
    """

    dim: int = index()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axis(self.dim, len(inputs[0]))
        return inputs

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return summed(dtypes[0])

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        return numel(shape) - numel(replace_dim(shape, place, 1)) if shape else 0

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        place = axis(self.dim, rank)
        return (tuple([ALL if dim == place else window(dim) for dim in range(rank)]),)


class Logsumexp(_Reduction, kind="logsumexp"):
    """log Σ eˣ over the dims; no MACs. FLOPs: 2 × input elements.

    An exponential for each element, input - output elements sums, a logarithm per output. The maximum that is
    subtracted first, for stability, is not counted.
    """

    dim: tuple[int, ...] = indices(scalar="list", doc="one dim or several")

    def validate(self, check: Check) -> None:
        require(bool(self.dim), "logsumexp needs at least one 'dim'")

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(dtypes[0])

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 2 * numel(inputs[0])
