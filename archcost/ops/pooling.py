"""Maximum and average pooling, over windows of a fixed size or to a fixed output size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel, transposed_window_size, window_size, window_size_ceil
from archcost.ops.axes import require
from archcost.ops.base import Check, Inputs, Outputs, SpatialOp, unchecked
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import flag, integers, size, spatial
from archcost.ops.reach import bins, transposed_window, window, windows

if TYPE_CHECKING:
    from archcost.dims import Dim
    from archcost.ops.reach import Reading

Sizes = tuple[int, ...]


class _Pool(SpatialOp, family="Pooling"):
    """What both pools share: windows, and PyTorch's rule for the last one when `ceil_mode` is set."""

    kernel_size: Sizes = spatial(symbol="f")
    stride: Sizes | None = spatial(default=None, symbol="s", doc="null: kernel_size")
    padding: Sizes = spatial(default=0, minimum=0, symbol="p")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, channels, *sizes = inputs[0]
        out = []
        stride, dilation = self.stride or self.kernel_size, self.gaps()
        geometry = zip(sizes, self.kernel_size, stride, self.padding, dilation, strict=True)
        for before, kernel, step, pad, gap in geometry:
            span = gap * (kernel - 1) + 1
            check(2 * pad <= kernel, "padding {} is more than half of the kernel_size {}", pad, kernel)
            if self.ceil_mode:
                after = window_size_ceil(before, kernel, step, pad, gap)
            else:
                after = window_size(before, kernel, step, 2 * pad, gap)
            check(
                after > 0,
                "a window that spans {} does not fit into a padded input of {}",
                span,
                before + 2 * pad,
                help="use more padding, a smaller kernel, or fewer stride-2 steps before it",
            )
            out.append(after)
        return ((n, channels, *out),)

    ceil_mode: bool

    def gaps(self) -> Sizes:
        """The dilation of the windows; by default there is none."""
        return (1,) * self.ndim

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        stride = self.stride or self.kernel_size
        return ((window(0), window(1), *windows(self.kernel_size, stride, self.padding, self.gaps())),)


class _MaxPool(_Pool):
    """out = max over a window, ⌊(n + 2p - d·(f - 1) - 1) / s⌋ + 1 windows per spatial dimension; no MACs.

    Input (N, C, *spatial), output (N, C, *windows). With `ceil_mode: true` the division rounds up, but a window that
    would start in the right padding is left out. FLOPs: window size - 1 comparisons per output element, padding
    included. With `return_indices: true` there are two outputs: `id.1` says where in its channel each maximum was
    (int64), for `max_unpool`; a bare reference means the maxima.
    """

    index_outputs = (1,)

    dilation: Sizes = spatial(default=1, symbol="d", unless=1)
    ceil_mode: bool = flag(default=False)
    return_indices: bool = flag(default=False, doc="also give the places of the maxima, as a second output")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return super().infer(inputs, check) * (1 + self.return_indices)

    def gaps(self) -> Sizes:
        return self.dilation

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (numel(self.kernel_size) - 1)


class MaxPool1d(_MaxPool, kind="max_pool1d", ndim=1):
    __doc__ = _MaxPool.__doc__


class MaxPool2d(_MaxPool, kind="max_pool2d", ndim=2):
    __doc__ = _MaxPool.__doc__


class MaxPool3d(_MaxPool, kind="max_pool3d", ndim=3):
    __doc__ = _MaxPool.__doc__


class _MaxUnpool(SpatialOp, family="Pooling", min_inputs=2, max_inputs=2, work=Work.MOVE, written=WrittenAs.FUNCTION):
    """out = (n - 1)·s - 2p + f per spatial dimension, 0 but where a maximum was; no MACs, no FLOPs.

    Input (N, C, *spatial), the places of its values in the output (int64, the second output of `max_pool` with
    `return_indices: true`), output (N, C, *spatial). Several sizes are pooled to one: `output_size` says which it was.
    """

    input_names = ("input", "indices")
    index_inputs = (1,)

    kernel_size: Sizes = spatial(symbol="f")
    stride: Sizes | None = spatial(default=None, symbol="s", doc="null: kernel_size")
    padding: Sizes = spatial(default=0, minimum=0, symbol="p")
    output_size: Sizes | None = integers(
        default=None,
        minimum=1,
        nullable=True,
        symbol="n",
        per_dim=True,
        doc="the spatial sizes of the output, as torch takes them; null: by the formula",
    )

    def validate(self, check: Check) -> None:
        count = self.ndim if self.output_size is None else len(self.output_size)
        require(count == self.ndim, "output_size has {} sizes for {} dims", count, self.ndim)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        (n, channels, *sizes), indices = inputs
        same = True
        for given, wanted in zip(indices, inputs[0], strict=True):
            same = same & (given == wanted)
        check(same, "the indices {} are not as many as the values {}", indices, inputs[0])
        stride = self.stride or self.kernel_size
        least = [
            transposed_window_size(size, kernel, step, pad, 0)
            for size, kernel, step, pad in zip(sizes, self.kernel_size, stride, self.padding, strict=True)
        ]
        sides = self.output_size or tuple(least)
        for side, plain, step in zip(sides, least, stride, strict=True):
            fits = (side > plain - step) & (side < plain + step)
            check(fits, "the output_size {} must differ from {} by less than the stride {}", side, plain, step)
        return ((n, channels, *sides),)

    def indexed(self, inputs: Inputs) -> Dim:
        return numel(self.infer(inputs, unchecked)[0][2:])

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        sizes = (self.kernel_size, self.stride or self.kernel_size, self.padding)
        places = [transposed_window(dim, *each, 1) for dim, each in enumerate(zip(*sizes, strict=True), 2)]
        return ((window(0), window(1), *places),) * 2


class MaxUnpool1d(_MaxUnpool, kind="max_unpool1d", ndim=1, torch_name="F.max_unpool1d"):
    __doc__ = _MaxUnpool.__doc__


class MaxUnpool2d(_MaxUnpool, kind="max_unpool2d", ndim=2, torch_name="F.max_unpool2d"):
    __doc__ = _MaxUnpool.__doc__


class MaxUnpool3d(_MaxUnpool, kind="max_unpool3d", ndim=3, torch_name="F.max_unpool3d"):
    __doc__ = _MaxUnpool.__doc__


class _AvgPool(_Pool):
    """out = mean over a window, ⌊(n + 2p - f) / s⌋ + 1 windows per spatial dimension; no MACs.

    Input (N, C, *spatial), output (N, C, *windows). With `ceil_mode: true` the division rounds up, but a window that
    would start in the right padding is left out. FLOPs: window size per output element (size - 1 sums, 1 division),
    padding included.
    """

    ceil_mode: bool = flag(default=False)
    count_include_pad: bool = flag(default=True, doc="whether the mean includes zeros of the padding")

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * numel(self.kernel_size)


class AvgPool1d(_AvgPool, kind="avg_pool1d", ndim=1):
    __doc__ = _AvgPool.__doc__


class AvgPool2d(_AvgPool, kind="avg_pool2d", ndim=2):
    __doc__ = _AvgPool.__doc__

    divisor_override: Dim | None = size(default=None, doc="divide by this instead of the window size")


class AvgPool3d(_AvgPool, kind="avg_pool3d", ndim=3):
    __doc__ = _AvgPool.__doc__

    divisor_override: Dim | None = size(default=None, doc="divide by this instead of the window size")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        for before, kernel in zip(inputs[0][2:], self.kernel_size, strict=True):
            check(before >= kernel, "PyTorch needs an input at least as large as the kernel: {} < {}", before, kernel)
        return super().infer(inputs, check)


class _AdaptivePool(SpatialOp, family="Pooling"):
    """What both adaptive pools share: an output size that does not depend on the input."""

    output_size: tuple[int | None, ...] = spatial(holes=True, doc="null keeps the input's size in this dim")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        n, channels, *sizes = inputs[0]
        wanted = zip(self.output_size, sizes, strict=True)
        return ((n, channels, *[before if after is None else after for after, before in wanted]),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        sizes = zip(inputs[0][2:], outputs[0][2:], strict=True)
        return ((window(0), window(1), *[bins(dim, *pair) for dim, pair in enumerate(sizes, 2)]),)


class _AdaptiveAvgPool(_AdaptivePool):
    """out = mean over a window of about n / output_size, for an output of exactly `output_size`; no MACs.

    Input (N, C, *spatial), output (N, C, *output_size). FLOPs: input elements + output elements, because each input
    element is summed once and each output divided once. If the sizes are not divisible, windows overlap; the overlap is
    not counted again.
    """

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(inputs[0]) + numel(outputs[0])


class AdaptiveAvgPool1d(_AdaptiveAvgPool, kind="adaptive_avg_pool1d", ndim=1):
    __doc__ = _AdaptiveAvgPool.__doc__

    output_size: Sizes = spatial()


class AdaptiveAvgPool2d(_AdaptiveAvgPool, kind="adaptive_avg_pool2d", ndim=2):
    __doc__ = _AdaptiveAvgPool.__doc__


class AdaptiveAvgPool3d(_AdaptiveAvgPool, kind="adaptive_avg_pool3d", ndim=3):
    __doc__ = _AdaptiveAvgPool.__doc__


class _AdaptiveMaxPool(_AdaptivePool):
    """out = max over a window of about n / output_size, for an output of exactly `output_size`; no MACs.

    Input (N, C, *spatial), output (N, C, *output_size). FLOPs: input elements, because each is compared once. If the
    sizes are not divisible, windows overlap; the overlap is not counted again.
    """

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(inputs[0])


class AdaptiveMaxPool1d(_AdaptiveMaxPool, kind="adaptive_max_pool1d", ndim=1):
    __doc__ = _AdaptiveMaxPool.__doc__

    output_size: Sizes = spatial()


class AdaptiveMaxPool2d(_AdaptiveMaxPool, kind="adaptive_max_pool2d", ndim=2):
    __doc__ = _AdaptiveMaxPool.__doc__


class AdaptiveMaxPool3d(_AdaptiveMaxPool, kind="adaptive_max_pool3d", ndim=3):
    __doc__ = _AdaptiveMaxPool.__doc__
