"""Ops that take parts of a tensor along a dim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import ceil_div, clamp, decided, total
from archcost.ops.axes import axis, replace_dim, require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.fields import index, integer, integers, size
from archcost.ops.reach import ALL, shifted, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading, Steps

_FAMILY = "Shape"


class Chunk(Op, kind="chunk", family=_FAMILY, min_rank=1, main_output=False):
    """Outputs of size ⌈n / chunks⌉ along `dim`, the last one smaller if n is not divisible; no MACs, no FLOPs.

    As in torch, there may be fewer outputs than `chunks`. The outputs are named `id.0`, `id.1` and so on.
    """

    torch_name = "torch.chunk"

    chunks: int = index(minimum=1, symbol="chunks")
    dim: int = index(default=0)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        return _pieces(shape, place, ceil_div(shape[place], self.chunks))

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return (_piece(self.dim, outputs, number),)


class Split(Op, kind="split", family=_FAMILY, min_rank=1, main_output=False):
    """Outputs of size `split_size_or_sections` along `dim`, or of the sizes in a list; no MACs, no FLOPs.

    With one size, the last output is smaller if the dim is not divisible by it. A list must sum to the size of the dim.
    The outputs are named `id.0`, `id.1` and so on.
    """

    torch_name = "torch.split"

    split_size_or_sections: Dim | Shape = integers(minimum=1, scalar="keep")
    dim: int = index(default=0)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        sections = self.split_size_or_sections
        if not isinstance(sections, tuple):
            return _pieces(shape, place, sections)
        require(len(sections) > 0, "split_size_or_sections is empty")
        check(
            total(sections) == shape[place],
            "sections {} sum to {}, but dim {} has size {}",
            sections,
            total(sections),
            place,
            shape[place],
        )
        return tuple([replace_dim(shape, place, section) for section in sections])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return (_piece(self.dim, outputs, number),)


def _piece(dim: int, outputs: Outputs, number: int) -> tuple[Steps, ...]:
    """The reach of a piece: its own stretch of the dim."""
    place = axis(dim, len(outputs[0]))
    return shifted(len(outputs[0]), place, -total([shape[place] for shape in outputs[:number]]))


class Unbind(Op, kind="unbind", family=_FAMILY, min_rank=1, main_output=False):
    """An output for each position along `dim`, without that dim; no MACs, no FLOPs.

    The outputs are named `id.0`, `id.1` and so on.
    """

    torch_name = "torch.unbind"

    dim: int = index(default=0)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        count = decided(shape[place])
        require(count <= _MAX_PIECES, "it would have {} outputs, more than {}", count, _MAX_PIECES)
        return ((*shape[:place], *shape[place + 1 :]),) * count

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        place = axis(self.dim, rank)
        return (tuple([ALL if dim == place else window(dim - (dim > place)) for dim in range(rank)]),)


_MAX_PIECES = 10_000


def _pieces(shape: Shape, place: int, each: Dim) -> Outputs:
    """Shapes of the pieces of one size along a dim, the last with what is left."""
    count = decided(ceil_div(shape[place], each))
    require(count <= _MAX_PIECES, "it would have {} outputs, more than {}", count, _MAX_PIECES)
    last = shape[place] - each * (count - 1)
    return (*[replace_dim(shape, place, each)] * (count - 1), replace_dim(shape, place, last))


class Slice(Op, kind="slice", family=_FAMILY, min_rank=1):
    """x[start:end:step] along `dim`, with Python's rules; no MACs, no FLOPs.

    A negative `start` or `end` counts from the end of the dim, and one beyond the dim is cut to it. `start: null` is
    the beginning, and `end: null` the end.
    """

    dim: int = index()
    start: Dim | None = integer(default=None, symbol="start", unless=0)
    end: Dim | None = integer(default=None, symbol="end")
    step: Dim = size(default=1, symbol="step", unless=1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        length = shape[place]
        start = 0 if self.start is None else _bound(self.start, length)
        end = length if self.end is None else _bound(self.end, length)
        check(
            start < end,
            "the slice from {} to {} of dim {} is empty: its size is {}",
            "the beginning" if self.start is None else self.start,
            "the end" if self.end is None else self.end,
            place,
            length,
        )
        return (replace_dim(shape, place, ceil_div(end - start, self.step)),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        place = axis(self.dim, rank)
        start = 0 if self.start is None else _bound(self.start, inputs[0][place])
        return (shifted(rank, place, -start, self.step),)


def _bound(position: Dim, length: Dim) -> Dim:
    """A slice's end within [0, length]."""
    return clamp(position + length * (position < 0), 0, length)
