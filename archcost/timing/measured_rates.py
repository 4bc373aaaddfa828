"""The time of kernels on a device that was measured: by the rates of their class, which calls add to.

On a CPU each kernel is called, runs and returns, so its call comes on top. On other devices it runs while the next one
is called, and what takes longer counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.hardware.device import CPU
from archcost.hardware.measured import BASE_PRODUCT, BASE_SWEEP, MILLE, NANOSECONDS, PassRate, ProductRate
from archcost.ops.facets import Work
from archcost.timing.calibration_cases import THIN
from archcost.timing.kernels import Pipe
from archcost.timing.rate_fits import amounts, by_terms
from archcost.timing.rates import ARITHMETIC, LAUNCH, MEMORY, PRODUCTS, Time, dense_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcost.graph.model import Graph, Node
    from archcost.hardware.device import Device
    from archcost.hardware.measured import Calibration
    from archcost.timing.kernels import DeviceKernel

FEW = 8  # input channels of a convolution that are few
NARROW = 16  # channels of a group, both ways, that are few
_COPY = "channel_shuffle"
_PRODUCTS = {
    Pipe.POINTWISE: "pointwise",
    Pipe.DEPTHWISE: "depthwise",
    Pipe.GROUPED: "grouped",
    Pipe.CONVOLUTION: "convolution",
}
_PASSES = {
    Work.NORM: "layer_norm",
    Work.DIVISION: "layer_norm",
    Work.REDUCTION: "layer_norm",
    Work.SOFTMAX: "softmax",
    Work.MOVE: "concat",
    Work.UNCHANGED: "concat",
    Work.TABLE: "concat",
    Work.RESAMPLE: "channel_shuffle",
}


def product_class(node: Node, kernel: DeviceKernel) -> str:
    """The class of products and pools: what a convolution is and how many channels it has, else what the op does."""
    shapes = node.signature.input_shapes
    if kernel.pipe is Pipe.POOL:
        return node.op.kind
    if kernel.pipe is Pipe.MATRICES:
        if not kernel.weights:
            return "attention" if node.op.work is Work.ATTENTION else "matmul"
        rows = numel(shapes[0][:-1])
        return "thin_linear" if rows < THIN or node.op.work is Work.RECURRENT else "linear"
    channels = shapes[0][1]
    groups = getattr(node.op, "groups", 1)
    if kernel.pipe is Pipe.CONVOLUTION and channels < FEW:
        return "few_channels"
    if kernel.pipe is Pipe.GROUPED and channels // groups < NARROW:
        return "narrow_groups"
    return _PRODUCTS[kernel.pipe]


def pass_class(node: Node, measured: Calibration) -> str:
    """The class of a pass: its op, or what was measured of ops that do the same."""
    kind = node.op.kind
    if node.op.work.multiplies:
        return _COPY  # before the products
    if kind in measured.passes:
        return kind
    like = _PASSES.get(node.op.work, BASE_SWEEP)
    return like if like in measured.passes else BASE_SWEEP


class MeasuredRates:
    """What a device that was measured does; raises UsageError for one that has not the classes or the dtype."""

    def __init__(self, device: Device, graph: Graph) -> None:
        assert device.measured is not None, "rates that were measured"
        self.device = device
        self.graph = graph
        self.measured = device.measured
        self.adds = device.kind == CPU

    def times(self, kernels: Iterable[DeviceKernel]) -> Iterator[Time]:
        """The time of each kernel, in order; what a cache does is in the rates."""
        return map(self.time, kernels)

    def time(self, kernel: DeviceKernel) -> Time:
        """The time of a kernel among others, and what most of it is spent on."""
        alone = self.alone(kernel)
        measured = self.measured
        return Time(alone.nanoseconds * measured.share // MILLE + measured.each_ns, alone.by)

    def alone(self, kernel: DeviceKernel) -> Time:
        """The time of a kernel in a chain of its like."""
        node = self.graph.nodes[kernel.node]
        if by_terms(kernel):
            return self._product(self._rate(product_class(node, kernel)), kernel)
        return self._pass(self.measured.passes[pass_class(node, self.measured)], kernel)

    def _rate(self, name: str) -> ProductRate:
        found = self.measured.products
        return found.get(name) or found[BASE_PRODUCT]

    def _product(self, rate: ProductRate, kernel: DeviceKernel) -> Time:
        operations, moved, others = amounts(kernel)
        work = _part(operations, rate.operations_per_second)
        parts = [
            Time(self._in_dtype(work, kernel.dtype), PRODUCTS) if kernel.macs else Time(work, ARITHMETIC),
            Time(_part(moved, rate.bytes_per_second), MEMORY),
            Time(_part(others, rate.weight_bytes_per_second), MEMORY),
            Time(
                rate.spilled * self.measured.passes[BASE_SWEEP].beyond(kernel.read + kernel.written) // MILLE // MILLE,
                MEMORY,
            ),
        ]
        return self._together(max(1, kernel.launches) * rate.call_ns, parts)

    def _pass(self, rate: PassRate, kernel: DeviceKernel) -> Time:
        bound = ARITHMETIC if kernel.operations and rate is not self.measured.passes.get(BASE_SWEEP) else MEMORY
        return self._together(
            kernel.launches * rate.call_ns, [Time(-(-rate.picoseconds(kernel.moved) // MILLE), bound)]
        )

    def _together(self, call: int, parts: list[Time]) -> Time:
        work = sum([part.nanoseconds for part in parts])
        most = max(*parts, Time(call, LAUNCH), key=lambda part: part.nanoseconds)
        return Time(call + work if self.adds else max(call, work), most.by)

    def _in_dtype(self, nanoseconds: int, dtype: str) -> int:
        """Products in a dtype that classes were not measured in take as much longer or shorter as its peak says."""
        own = self.measured.dtype
        if dtype == own:
            return nanoseconds
        return nanoseconds * dense_rate(self.device, own) // dense_rate(self.device, dtype)


def _part(amount: int, rate: int) -> int:
    """Nanoseconds of an amount at a rate a second, rounded up; 0 of what has no rate."""
    return -(-amount * NANOSECONDS // rate) if rate else 0
