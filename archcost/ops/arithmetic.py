"""Arithmetic between tensors, with broadcasting as in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import ceil_div, numel
from archcost.ops.axes import broadcast, require
from archcost.ops.base import Check, Inputs, Op, Outputs, shape_text
from archcost.ops.dtypes import floating, promoted
from archcost.ops.facets import Work
from archcost.ops.fields import number
from archcost.ops.reach import ALL, aligned, pointwise, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading


class Broadcasting(Op, family="Arithmetic"):
    """An operation between the elements of inputs that broadcast; 1 FLOP per output element for each but the first."""

    reach = pointwise

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        result = inputs[0]
        for shape in inputs[1:]:
            result = self._combine(result, shape, check)
        return (result,)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted(inputs, dtypes)

    def parts(self, inputs: Inputs) -> int:
        return len(inputs) // 4

    def _combine(self, first: Shape, second: Shape, check: Check) -> Shape:
        return broadcast(first, second, check, self.kind + " cannot broadcast {} with {}", _broadcast_help)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (len(inputs) - 1 or 1)


class _Elementwise(Broadcasting, main="other"):
    """An operation between the elements of inputs that broadcast, or between one input and the number `other`."""

    other: float | None = number(default=None, doc="the second operand, when there is one input")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        self._check_operands(len(inputs))
        return super().infer(inputs, check)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(dtypes[0]) if len(dtypes) == 1 else super().result_dtype(inputs, dtypes, own)

    def _check_operands(self, count: int) -> None:
        if count == 1:
            require(
                self.other is not None,
                "{} with one input needs the number 'other'",
                self.kind,
                help=f"name its inputs, `from: [a, b]`, or give a number, `{self.kind}: {{other: 2}}`",
            )
        else:
            require(self.other is None, "{} takes the number 'other' only with one input, got {}", self.kind, count)


class Add(_Elementwise, kind="add", max_inputs=None):
    """a + b + …, element by element; no MACs.

    The inputs broadcast as in torch; or there is one input, and the number `other`. FLOPs per output element: the
    number of operands - 1.
    """

    def _combine(self, first: Shape, second: Shape, check: Check) -> Shape:
        return broadcast(first, second, check, "add cannot broadcast {} with {}", alignment_help)


class Mul(_Elementwise, kind="mul", max_inputs=None):
    """a · b · …, element by element; these products are FLOPs, not MACs.

    The inputs broadcast as in torch; or there is one input, and the number `other`. FLOPs per output element: the
    number of operands - 1.
    """


class Sub(_Elementwise, kind="sub", max_inputs=2, input_names=("input", "other")):
    """a - b, element by element; no MACs.

    Two inputs, which broadcast as in torch, or one input and the number `other`. FLOPs: 1 per output element.
    """


class Div(_Elementwise, kind="div", max_inputs=2, input_names=("input", "other")):
    """a / b, element by element; no MACs.

    Two inputs, which broadcast as in torch, or one input and the number `other`. FLOPs: 1 per output element.
    """

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(promoted(inputs, dtypes))


class _OfTwo(Broadcasting):
    """An operation between the elements of just two inputs."""

    min_inputs = max_inputs = 2
    input_names = ("input", "other")


class Maximum(_OfTwo, kind="maximum", torch_name="torch.maximum"):
    """max(a, b), element by element, of two inputs that broadcast; 1 FLOP per output element, no MACs."""


class Minimum(_OfTwo, kind="minimum", torch_name="torch.minimum"):
    """min(a, b), element by element, of two inputs that broadcast; 1 FLOP per output element, no MACs."""


class _Comparison(_Elementwise):
    """Truth values (bool) from two inputs, which broadcast as in torch, or one input and the number `other`."""

    max_inputs = 2
    input_names = ("input", "other")

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return "bool"


class Eq(_Comparison, kind="eq"):
    """a = b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class Ne(_Comparison, kind="ne"):
    """a ≠ b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class Lt(_Comparison, kind="lt"):
    """a < b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class Le(_Comparison, kind="le"):
    """a ≤ b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class Gt(_Comparison, kind="gt"):
    """a > b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class Ge(_Comparison, kind="ge"):
    """a ≥ b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class _Logical(_OfTwo):
    """Truth values (bool) from two inputs that broadcast; of numbers, all but 0 are true."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return "bool"


class LogicalAnd(_Logical, kind="logical_and", torch_name="torch.logical_and"):
    """a and b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


class LogicalOr(_Logical, kind="logical_or", torch_name="torch.logical_or"):
    """a or b, element by element, as truth values (bool); 1 FLOP per output element, no MACs."""


def _broadcast_help(*_: Shape) -> str:
    """The rule, for shapes that do not follow it."""
    return "shapes are compared from the last dim: two sizes must be equal, or one of them 1"


def alignment_help(first: Shape, second: Shape) -> str:
    """The projection that would make the shortcut of a residual connection fit the other path, if there is one."""
    rank = len(first)
    if len(second) != rank or not 3 <= rank <= 5 or first[0] != second[0]:  # noqa: PLR2004 - not (N, C, *spatial)
        return _broadcast_help(first, second)
    if rank == 3 and first[1] == second[1]:  # noqa: PLR2004 - (N, L, features)
        shortcut, other = (first, second) if first[2] < second[2] else (second, first)
    else:
        shortcut, other = (first, second) if _is_shortcut(first, second) else (second, first)
    step = projection(shortcut, other)
    if step is None:
        return "no stride turns one spatial size into the other; check kernel sizes, strides and paddings on both paths"
    return f"apply a projection to the shortcut {shape_text(shortcut)}: `{step}`"


def projection(shortcut: Shape, wanted: Shape) -> str | None:
    """The step that gives a shortcut the shape wanted: a matrix on features, or a 1×1 convolution; None if none can.

    (N, features) and (N, L, features) of equal length L take a matrix, (N, C, *spatial) a convolution with a stride.
    """
    rank = len(shortcut)
    if len(wanted) != rank or not 2 <= rank <= 5 or shortcut[0] != wanted[0]:  # noqa: PLR2004 - the ranks of the docstring
        return None
    if rank == 2 or (rank == 3 and shortcut[1] == wanted[1]):  # noqa: PLR2004
        return f"linear: {{out_features: {wanted[-1]}}}"
    strides = _strides(shortcut[2:], wanted[2:])
    if strides is None:
        return None
    step = strides[0] if len(set(strides)) == 1 else strides
    stride = "" if step == 1 else f", stride: {step}"
    return f"conv{rank - 2}d: {{out_channels: {wanted[1]}, kernel_size: 1{stride}}}"


def _is_shortcut(shape: Shape, other: Shape) -> bool:
    """Whether ``shape`` is the likely shortcut: the larger one, or the one with fewer channels if sizes agree."""
    area, other_area = numel(shape[2:]), numel(other[2:])
    return area > other_area or (area == other_area and shape[1] <= other[1])


def _strides(sizes: Shape, wanted: Shape) -> list[int] | None:
    """The strides with which a 1×1 convolution turns one spatial size into another, or None."""
    strides = [ceil_div(a, b) for a, b in zip(sizes, wanted, strict=True)]
    fits = all((a - 1) // step + 1 == b for a, b, step in zip(sizes, wanted, strides, strict=True))
    return strides if fits else None


class Matmul(Op, kind="matmul", family="Arithmetic", min_inputs=2, max_inputs=2, min_rank=1, work=Work.PRODUCT):
    """(*, n, k) @ (*, k, m) → (*, n, m); MACs = output elements × k.

    Batch dims broadcast. As in torch, a vector is a row on the left and a column on the right, and the output does not
    have its dim. No FLOPs beyond the MACs.
    """

    input_names = ("input", "other")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        left, right = inputs
        rows = left[-2:-1]
        inner, columns = (right[-2], right[-1:]) if len(right) > 1 else (right[0], ())
        check(
            left[-1] == inner,
            "matmul of {} and {}: the {} columns of the first do not match the {} rows of the second",
            left,
            right,
            left[-1],
            inner,
            help="`transpose` one of them" if len(right) > 1 else "",
        )
        batch = broadcast(left[:-2], right[:-2], check, "matmul cannot broadcast the batch dims {} with {}")
        return ((*batch, *rows, *columns),)

    def letters(self) -> tuple[str, ...]:
        return ("(*, n, k) or (k)", "(*, k, m) or (k)")

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * inputs[0][-1]

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        left, right = inputs
        rows, columns = len(left[-2:-1]), min(len(right) - 1, 1)
        rank = len(outputs[0])
        batch = outputs[0][: rank - rows - columns]
        of_left = (*aligned(left[:-2], batch), *[window(len(batch))][:rows], ALL)
        of_right = (*aligned(right[:-2], batch), ALL, *[window(rank - 1)][:columns])
        return of_left, of_right
