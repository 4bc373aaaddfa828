"""Windows of an image, as attention within windows needs them: cutting, joining, and relative positions."""

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
    check(
        fits,
        "{} cannot be divided into windows of {}",
        sizes,
        sides,
        help="first `pad` the input to a multiple of the window size",
    )
    return tuple(map(ceil_div, sizes, sides)), sides  # never 0, even where they do not fit


class WindowPartition(Op, kind="window_partition", family="Shape", min_rank=3, max_rank=5, layout="(N, *spatial, C)"):
    """(N, H, W, C) → (N·windows, h·w, C) with windows = H/h · W/w; no MACs, no FLOPs.

    The input is channels-last, with 1 to 3 spatial dims, which must be multiples of the window's. The windows of a
    sample are in row-major order, and so are the positions in a window.
    """

    written = WrittenAs.OWN

    window_size: Dim | Shape = integers(
        minimum=1, scalar="keep", symbol="f", per_dim=True, doc="one number for all spatial dims, or one for each"
    )

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, *sizes, channels = inputs[0]
        counts, sides = _counts(tuple(sizes), self.window_size, check)
        return ((n * numel(counts), numel(sides), channels),)

    def output_letters(self) -> str:
        return "(windows, positions, C)"

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, *sizes, channels = inputs[0]
        dims = len(sizes)
        split = (n, *_interleaved(*_counts(tuple(sizes), self.window_size, unchecked)), channels)
        return (View(split, (0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2), 2 * dims + 1)),)


class WindowReverse(
    Op, kind="window_reverse", family="Shape", min_rank=3, max_rank=3, layout="(windows, positions, C)"
):
    """(N·windows, h·w, C) → (N, H, W, C), the inverse of `window_partition`; no MACs, no FLOPs.

    `output_size` is the (H, W) that the windows are joined to: 1 to 3 sizes, multiples of the window's. One number
    stands for a square.
    """

    written = WrittenAs.OWN

    window_size: Dim | Shape = integers(
        minimum=1, scalar="keep", symbol="f", per_dim=True, doc="one number for all spatial dims, or one for each"
    )
    output_size: Dim | Shape = integers(
        minimum=1,
        scalar="keep",
        symbol="n",
        per_dim=True,
        doc="the spatial sizes of the output; one number stands for a square",
    )

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        windows, positions, channels = inputs[0]
        sizes = self._sizes()
        counts, sides = _counts(sizes, self.window_size, check)
        check(positions == numel(sides), "windows of {} have {} positions, got {}", sides, numel(sides), positions)
        fits = windows % numel(counts) == 0
        check(fits, "{} windows are not a multiple of the {} that make up {}", windows, numel(counts), sizes)
        return ((windows // numel(counts), *sizes, channels),)

    def _sizes(self) -> Shape:
        sizes = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,) * _PLANE
        require(1 <= len(sizes) <= _MAX_DIMS, "output_size takes 1 to {} sizes, got {}", _MAX_DIMS, len(sizes))
        return sizes

    def output_letters(self) -> str:
        return "(N, *spatial, C)"

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

    Output (1, num_heads, W, W) with W = h·w, to be added to the scores of attention. Without an input, the op has a
    learnt table of (2h - 1)·(2w - 1) rows of num_heads. With an input, the input is this table, computed by other
    layers, with the heads in its last dim; then the op has no params. The int64 index of each of the W·W pairs is a
    buffer.
    """

    work = Work.TABLE
    written = WrittenAs.OWN
    integer_buffers = ("relative_position_index",)

    window_size: Dim | Shape = integers(
        minimum=1, scalar="keep", symbol="f", per_dim=True, doc="one number for a square, or 1 to 3 sizes"
    )
    num_heads: Dim | None = size(default=None, symbol="heads", doc="null: the heads of the input table")

    def validate(self, check: Check) -> None:
        count = len(self.sides())
        require(1 <= count <= _MAX_DIMS, "window_size takes 1 to {} sizes, got {}", _MAX_DIMS, count)

    def sides(self) -> Shape:
        """The sizes of the window."""
        return self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * _PLANE

    def rows(self) -> Dim:
        """The rows of the table, one for each difference of two positions: (2h - 1)·(2w - 1)."""
        return numel([2 * side - 1 for side in self.sides()])

    def _heads(self) -> Dim:
        """The heads of a learnt table."""
        if self.num_heads is None:
            raise OpError(
                f"{self.kind} without an input needs 'num_heads'",
                "set num_heads, or read a table from another layer with `from`",
            )
        return self.num_heads

    def output_letters(self) -> str:
        return "(1, heads, positions, positions)"

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
