"""Windows of an image and the places in them: how attention within windows cuts, joins and numbers positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import ceil_div, numel
from archcost.ops.axes import require
from archcost.ops.base import Check, Inputs, Op, OpError, Outputs, unchecked
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import integers, size
from archcost.ops.reach import ALL, View, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_PLANE = 2  # the dims that one number stands for where there is no input to tell
_MAX_DIMS = 3


def _sides(given: Dim | Shape, count: int, name: str = "window_size") -> Shape:
    """One size for each of ``count`` dims, from one for all or as many."""
    sides = given if isinstance(given, tuple) else (given,) * count
    require(len(sides) == count, "{} has {} sizes for {} dims", name, len(sides), count)
    return sides


def _interleaved(first: Shape, second: Shape) -> Shape:
    return tuple([size for pair in zip(first, second, strict=True) for size in pair])


def _counts(sizes: Shape, window_size: Dim | Shape, check: Check) -> tuple[Shape, Shape]:
    """Windows along each dim, and the sides of a window; the sizes must be multiples of the sides."""
    sides = _sides(window_size, len(sizes))
    fits = True
    for length, side in zip(sizes, sides, strict=True):
        fits = fits & (length % side == 0)
    check(fits, "{} does not split into windows of {}", sizes, sides, help="`pad` to multiples of the window before")
    return tuple(map(ceil_div, sizes, sides)), sides  # never 0, even where they do not fit


class WindowPartition(Op, kind="window_partition", family="Shape", min_rank=3, max_rank=5, layout="(N, *spatial, C)"):
    """(N, H, W, C) → (N·windows, h·w, C) with windows = H/h · W/w; no MACs, no FLOPs.

    Channels last, 1 to 3 spatial dims, which must be multiples of the window's. The windows of a sample follow each
    other row by row, as do the positions in a window.
    """

    written = WrittenAs.OWN

    window_size: Dim | Shape = integers(minimum=1, scalar="keep", doc="for all dims or each")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, *sizes, channels = inputs[0]
        counts, sides = _counts(tuple(sizes), self.window_size, check)
        return ((n * numel(counts), numel(sides), channels),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, *sizes, channels = inputs[0]
        dims = len(sizes)
        split = (n, *_interleaved(*_counts(tuple(sizes), self.window_size, unchecked)), channels)
        return (View(split, (0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2), 2 * dims + 1)),)


class WindowReverse(
    Op, kind="window_reverse", family="Shape", min_rank=3, max_rank=3, layout="(windows, positions, C)"
):
    """(N·windows, h·w, C) → (N, H, W, C), the inverse of `window_partition`; no MACs, no FLOPs.

    `output_size` is the (H, W) that the windows make up: multiples of the window's sizes, 1 to 3 of them; one number
    stands for a square.
    """

    written = WrittenAs.OWN

    window_size: Dim | Shape = integers(minimum=1, scalar="keep", doc="for all dims or each")
    output_size: Dim | Shape = integers(minimum=1, scalar="keep", doc="without batch and channels")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        windows, positions, channels = inputs[0]
        sizes = self._sizes()
        counts, sides = _counts(sizes, self.window_size, check)
        check(positions == numel(sides), "windows of {} have {} positions, got {}", sides, numel(sides), positions)
        fits = windows % numel(counts) == 0
        check(fits, "{} windows are no multiple of the {} in {}", windows, numel(counts), sizes)
        return ((windows // numel(counts), *sizes, channels),)

    def _sizes(self) -> Shape:
        sizes = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,) * _PLANE
        require(1 <= len(sizes) <= _MAX_DIMS, "output_size takes 1 to {} sizes, got {}", _MAX_DIMS, len(sizes))
        return sizes

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, *sizes, channels = outputs[0]
        dims = len(sizes)
        counts, sides = _counts(tuple(sizes), self.window_size, unchecked)
        order = _interleaved(tuple(range(1, dims + 1)), tuple(range(dims + 1, 2 * dims + 1)))
        return (View((n, *counts, *sides, channels), (0, *order, 2 * dims + 1)),)


class RelativePositionBias(
    Op, kind="relative_position_bias", family="Attention", min_inputs=0, max_inputs=1, min_rank=1
):
    """out[0, head, i, j] = table[place of i - place of j, head] for the W positions of a window; no MACs, no FLOPs.

    Output (1, num_heads, W, W), to be added to the scores of attention; W = h·w. Without input the table is learnt:
    (2h - 1)·(2w - 1) rows of num_heads. An input is a table that other layers work out, of as many elements with the
    heads in its last dim, and nothing is learnt. The int64 index of each of the W·W pairs is a buffer.
    """

    work = Work.TABLE
    written = WrittenAs.OWN
    integer_buffers = ("relative_position_index",)

    window_size: Dim | Shape = integers(minimum=1, scalar="keep", doc="one number for a square, or 1 to 3 sizes")
    num_heads: Dim | None = size(default=None, doc="null: those of the input")

    def validate(self, check: Check) -> None:
        count = len(self.sides())
        require(1 <= count <= _MAX_DIMS, "window_size takes 1 to {} sizes, got {}", _MAX_DIMS, count)

    def sides(self) -> Shape:
        """The sizes of the window."""
        return self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * _PLANE

    def rows(self) -> Dim:
        """Rows of the table: the differences between two places, (2h - 1)·(2w - 1)."""
        return numel([2 * side - 1 for side in self.sides()])

    def _heads(self) -> Dim:
        """The heads of a table that is learnt."""
        if self.num_heads is None:
            raise OpError(f"{self.kind} without input needs 'num_heads'", "or take a table from another layer")
        return self.num_heads

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        positions = numel(self.sides())
        if not inputs:
            return ((1, self._heads(), positions, positions),)
        heads = inputs[0][-1]
        if self.num_heads is not None:
            check(self.num_heads == heads, "num_heads is {}, but the table {} has {}", self.num_heads, inputs[0], heads)
        rows = self.rows()
        check(
            numel(inputs[0][:-1]) == rows,
            "a window of {} needs a table of {} rows, got {}",
            self.sides(),
            rows,
            inputs[0],
        )
        return ((1, heads, positions, positions),)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {} if inputs else {"relative_position_bias_table": (self.rows(), self._heads())}

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        return {"relative_position_index": (numel(self.sides()) * numel(self.sides()),)}

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return tuple([(*(ALL,) * (len(shape) - 1), window(1)) for shape in inputs])
