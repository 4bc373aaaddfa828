"""Windows of an image as columns of a matrix, and back: what a convolution by a product of matrices is made of."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from archcost.dims import ceil_div, decided, larger, numel, smaller, total, window_size
from archcost.ops.base import LAYOUTS, Check, Inputs, Op, Outputs
from archcost.ops.facets import Keeps
from archcost.ops.fields import spatial
from archcost.ops.reach import ALL, View, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

Sizes = tuple[int, ...]


class _Windows(Op, family="Resampling", ndim=2, channels=1):
    """What both share: windows over an image, and how many there are."""

    kernel_size: Sizes
    dilation: Sizes
    padding: Sizes
    stride: Sizes

    def positions(self, sizes: Shape, check: Check) -> Shape:
        """How many windows there are along each side of an image."""
        padding = [2 * pad for pad in self.padding]
        found = tuple(map(window_size, sizes, self.kernel_size, self.stride, padding, self.dilation))
        for before, after, kernel, pad, gap in zip(
            sizes, found, self.kernel_size, self.padding, self.dilation, strict=True
        ):
            check(
                after > 0,
                "a window that spans {} does not fit into a padded image of {}",
                gap * (kernel - 1) + 1,
                before + 2 * pad,
                help="use more padding, or a smaller kernel",
            )
        return found

    def tiles(self, sizes: Shape) -> bool:
        """Whether every place of an image is in exactly one window, so that the elements only move."""
        dense = all(pad == 0 for pad in self.padding) and all(gap == 1 for gap in self.dilation)
        plain = self.kernel_size == self.stride and dense
        return plain and all(size % kernel == 0 for size, kernel in zip(sizes, self.kernel_size, strict=True))


class Unfold(_Windows, kind="unfold", keeps=Keeps.OTHER, min_rank=4, max_rank=4, layout=LAYOUTS[2]):
    """(N, C, H, W) → (N, C·k·k, L): each of L windows as a column; no MACs, no FLOPs.

    L is the product of ⌊(n + 2p - d·(f - 1) - 1) / s⌋ + 1 of both sides, the output size of a convolution. A column
    holds the k·k values of the first channel in row-major order, then those of the next one; zeros where a window
    hangs over the border.
    """

    kernel_size: Sizes = spatial(symbol="f")
    dilation: Sizes = spatial(default=1, symbol="d", unless=1)
    padding: Sizes = spatial(default=0, minimum=0, symbol="p")
    stride: Sizes = spatial(default=1, symbol="s")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, channels, *sizes = inputs[0]
        return ((n, channels * numel(self.kernel_size), numel(self.positions(tuple(sizes), check))),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, channels, height, width = inputs[0]
        if not self.tiles((height, width)):
            return ((window(0), ALL, ALL, ALL),)  # which window it is tells the row and the column at once
        rows, columns = self.kernel_size
        return (View((n, channels, height // rows, rows, width // columns, columns), (0, 1, 3, 5, 2, 4)),)


class Fold(_Windows, kind="fold", keeps=Keeps.OTHER, min_rank=3, max_rank=3, layout="(N, C·taps, windows)"):
    """(N, C·k·k, L) → (N, C, *output_size): the columns of `unfold` added up where windows overlap; no MACs.

    Values that a window has in the padding are dropped. FLOPs: 1 for every other value but the first at its place.
    """

    output_size: Sizes = spatial(symbol=("h", "w"), doc="height and width of the image that the windows are of")
    kernel_size: Sizes = spatial(symbol="f")
    dilation: Sizes = spatial(default=1, symbol="d", unless=1)
    padding: Sizes = spatial(default=0, minimum=0, symbol="p")
    stride: Sizes = spatial(default=1, symbol="s")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, rows, columns = inputs[0]
        taps = numel(self.kernel_size)
        check(rows % taps == 0, "{} channels are not a multiple of {} kernel elements", rows, taps)
        windows = numel(self.positions(self.output_size, check))
        check(columns == windows, "an image of {} has {} windows, not {}", self.output_size, windows, columns)
        return ((n, rows // taps, *self.output_size),)

    def letters(self) -> tuple[str, ...]:
        return ("(N, channels, windows)",)

    def output_letters(self) -> str:
        return LAYOUTS[2]

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        n, channels, *sizes = outputs[0]
        sides = [self._side(size, dim) for dim, size in enumerate(sizes)]
        values, places = (numel(counts) for counts in zip(*sides, strict=True))
        return n * channels * self.named("sums", values - places)

    def _side(self, size: Dim, dim: int) -> tuple[Dim, Dim]:
        """Along one side: the values that windows have within the image, and the places that have any.

        Two values meet where one window starts d·i further and its tap is s·j earlier; of those that meet, all but the
        last have such a neighbour in the next window but d / gcd.
        """
        kernel, step, pad, gap = (sizes[dim] for sizes in (self.kernel_size, self.stride, self.padding, self.dilation))
        windows = window_size(size, kernel, step, 2 * pad, gap)
        common = gcd(decided(step), decided(gap))
        values, neighbours = [], []
        for tap in range(decided(kernel)):
            first = larger(ceil_div(pad - gap * tap, step), 0)
            end = smaller(ceil_div(size + pad - gap * tap, step), windows)
            values.append(larger(end - first, 0))
            if tap >= decided(step) // common:
                neighbours.append(larger(smaller(end, windows - gap // common) - first, 0))
        return total(values), total(values) - total(neighbours)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        n, channels, height, width = outputs[0]
        if not self.tiles((height, width)):
            return ((window(0), ALL, ALL),)
        rows, columns = self.kernel_size
        return (View((n, channels, rows, columns, height // rows, width // columns), (0, 1, 4, 2, 5, 3)),)
