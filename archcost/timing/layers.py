"""The layers of a report as kernels see them: what each reads, writes and computes in.

A layer writes what it materialises: a view writes nothing and has no kernel. It reads its inputs once, a tensor that it
gets twice once, of a broadcast one what is there, and one whose innermost dim is not contiguous twice: half of each
sector that is fetched is for someone else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.traffic import weight_bytes_read
from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES
from archcost.timing.kernels import DeviceKernel, Pipe
from archcost.timing.precision import FLOAT32, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.report import Report
    from archcost.timing.kernels import RunMode

_IMAGE = 4  # dims of (N, C, H, W)


class Layers:
    """What the layers of a report are to kernels: elements, bytes and dtypes of what they read and write."""

    def __init__(self, report: Report, run: RunMode) -> None:
        self.graph = report.graph
        self.run = run
        self.precision = Precision(report.graph, run.mixed)
        self.strides = report.strides
        self.costs = [layer.costs for layer in report.layers]
        self.weight_size = DTYPE_BYTES[report.graph.dtype]

    # --- what is read and written ---

    def made(self, index: int) -> int:
        """The elements that a layer materialises; 0: its outputs are views."""
        outputs = self.graph.nodes[index].outputs
        size = DTYPE_BYTES[outputs[0].dtype]
        return self.costs[index].activation_bytes // size

    def inputs(self, index: int) -> dict[int, int]:
        """The elements of each input that are there to be read, by value."""
        node = self.graph.nodes[index]
        pairs = zip(node.inputs, node.signature.input_shapes, strict=True)
        return {value: self.there(value, shape) for value, shape in pairs}

    def there(self, value: int, shape: tuple[int, ...]) -> int:
        """The elements of a tensor that lie in memory: those that a broadcast repeats are there once."""
        strides = self.strides.get(value)
        if strides is None:
            return numel(shape)
        return numel([size for size, stride in zip(shape, strides, strict=True) if stride])

    def scattered(self, value: int) -> bool:
        """Whether neighbours in the last dim that counts lie apart in memory."""
        strides = self.strides.get(value)
        if not strides or (self.run.channels_last and len(strides) == _IMAGE):
            return False
        steps = [stride for stride in strides if stride]
        return bool(steps) and strides[-1] != 0 and steps[-1] != 1

    def read(self, index: int, most: int | None = None) -> int:
        """The bytes that a layer reads of its inputs, of each no more than so many elements."""
        found = 0
        for value, elements in self.inputs(index).items():
            taken = elements if most is None else min(elements, most)
            found += taken * self.precision.size(value) * (2 if self.scattered(value) else 1)
        return found

    def size(self, index: int) -> int:
        """The bytes of an element that a layer computes with."""
        return DTYPE_BYTES[self.precision.computes[index]]

    # --- casts of autocast ---

    def casts(self, index: int) -> Iterator[DeviceKernel]:
        """What brings inputs to the dtype that a layer computes in: read in their own, written in the other."""
        if not self.run.mixed:
            return
        dtype, size = self.precision.computes[index], self.size(index)
        for value, elements in self.inputs(index).items():
            own = self.precision.size(value)
            if self.precision.values[value] != dtype and own in (2, 4):
                read = elements * own * (2 if self.scattered(value) else 1)
                yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=read, written=elements * size)

    def weights(self, index: int) -> tuple[list[DeviceKernel], int]:
        """The casts of weights, which autocast makes once a run, and the bytes of weights that the layer reads then.

        Quantised weights are read as they are stored: the kernel makes floats of them.
        """
        node, size = self.graph.nodes[index], self.size(index)
        stored = weight_bytes_read(node, self.graph.dtype, self.graph.weight_dtype)
        if not stored or not self.run.mixed or size == self.weight_size:
            return [], stored
        elements = node.op.read_weights(node.signature.input_shapes, node.signature.output_shapes)
        cast = DeviceKernel(index, Pipe.STREAM, FLOAT32, written=elements * size, weights=stored)
        return [cast], elements * size
