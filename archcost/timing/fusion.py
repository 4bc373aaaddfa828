"""The kernels of torch.compile: products stay what they are, and what lies between them becomes one kernel each.

A group is what can run in one pass: pointwise ops, norms and softmax over rows, views and moves, from one product to
the next. It reads what comes from outside once, and writes what others read, in the dtype that they read it in. Pools
and reductions over positions are kernels of their own, for they read what a pass has written. What waits for the result
of a later product (the gate of squeeze-and-excitation) is in a later group, which reads the wide tensor again. Under
Inductor convolutions run in channels-last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.facets import Work
from archcost.timing.eager import READS_TWICE, layer_kernels, operations
from archcost.timing.kernels import DeviceKernel, Pipe
from archcost.timing.layers import Layers
from archcost.timing.precision import FLOAT32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.timing.kernels import RunMode

_ALONE = (Work.POOL, Work.REDUCTION)
_JOINS = frozenset(("concat", "stack"))


class Fusion:
    """The layers of a report in groups: what runs as one kernel has the same group."""

    def __init__(self, report: Report, run: RunMode) -> None:
        self.layers = Layers(report, run._replace(channels_last=True))
        self.graph = graph = report.graph
        self.makers = {
            value: index
            for index, node in enumerate(graph.nodes)
            for value in range(node.first_value, node.first_value + len(node.outputs))
        }
        self.readers: dict[int, list[int]] = {}
        for index, node in enumerate(graph.nodes):
            for value in dict.fromkeys(node.inputs):
                self.readers.setdefault(value, []).append(index)
        works = [node.op.work for node in graph.nodes]
        self.outside = [work.multiplies or work is Work.DECLARED for work in works]  # calls of a library
        self.there = [work is Work.TABLE and not self.layers.made(index) for index, work in enumerate(works)]
        self.alone = [work in _ALONE for work in works]
        self.groups = self._grouped()

    def kernels(self) -> list[DeviceKernel]:
        """The kernels in the order of the layers; a group's stands where its last layer is."""
        last: dict[int, list[int]] = {}
        for members in self.groups.values():
            last[members[-1]] = members
        found: list[DeviceKernel] = []
        for index in range(len(self.graph.nodes)):
            if self.outside[index]:
                found += self._product(index)
            elif index in last:
                found += self._group(last[index])
        return found

    # --- groups ---

    def _grouped(self) -> dict[int, list[int]]:
        """The members of each group, by its first."""
        count = len(self.graph.nodes)
        levels, group = [0] * count, list(range(count))

        def first(index: int) -> int:
            while group[index] != index:
                group[index] = group[group[index]]
                index = group[index]
            return index

        for index, node in enumerate(self.graph.nodes):
            makers = [(value, self.makers[value]) for value in node.inputs if value in self.makers]
            waits = [levels[maker] + self._cut(maker, index) for _, maker in makers if not self.there[maker]]
            levels[index] = max(waits, default=0)
            if self.outside[index] or self.there[index]:
                continue
            for value, maker in makers:
                if self.there[maker] or self._cut(maker, index):
                    continue
                into_place = node.op.kind in _JOINS and len(self.readers[value]) == 1
                if levels[maker] == levels[index] or into_place:
                    group[max(first(index), first(maker))] = min(first(index), first(maker))
        found: dict[int, list[int]] = {}
        for index in range(count):
            if not self.outside[index] and not self.there[index]:
                found.setdefault(first(index), []).append(index)
        return found

    def _cut(self, maker: int, reader: int) -> bool:
        return self.outside[maker] or self.alone[maker] or self.alone[reader]

    # --- their kernels ---

    def _group(self, members: Sequence[int]) -> Iterator[DeviceKernel]:
        layers, nodes, inside = self.layers, self.graph.nodes, set(members)
        if not any(layers.made(index) for index in members):
            return
        read: dict[int, int] = {}
        written = work = 0
        for index in members:
            twice = 2 if nodes[index].op.kind in READS_TWICE else 1
            made = layers.made(index)
            most = made if nodes[index].op.work is Work.MOVE and len(nodes[index].inputs) == 1 and made else None
            for value, elements in layers.inputs(index).items():
                if self.makers.get(value) not in inside or twice > 1:
                    taken = elements if most is None else min(most, elements)
                    read[value] = max(read.get(value, 0), taken * layers.precision.size(value) * twice)
            written += sum(self._written(index, inside))
            work += operations(nodes[index])
        pipe = Pipe.POOL if nodes[members[0]].op.work is Work.POOL else Pipe.STREAM
        yield DeviceKernel(members[-1], pipe, FLOAT32, 0, work, sum(read.values()), written)

    def _written(self, index: int, inside: set[int]) -> Iterator[int]:
        """The bytes of each output that is read elsewhere; in half where only products in half read it."""
        node, layers = self.graph.nodes[index], self.layers
        for value, tensor in enumerate(node.outputs, node.first_value):
            others = [reader for reader in self.readers.get(value, ()) if reader not in inside]
            if not others and value not in self.graph.outputs:
                continue
            if not layers.made(index) and self.makers.get(node.inputs[0] if node.inputs else -1) not in inside:
                continue  # a view of what is there already
            size = layers.precision.size(value)
            if others and all(self.outside[reader] for reader in others):
                size = min(size, *[layers.size(reader) for reader in others])
            yield numel(tensor.shape) * size

    def _product(self, index: int) -> Iterator[DeviceKernel]:
        """The product without the casts of its inputs, which what makes them does, and without a bias that is fused."""
        layers, node = self.layers, self.graph.nodes[index]
        own = layer_kernels(layers, index)
        makers = [self.makers.get(value) for value in node.inputs]
        whole = [kernel for kernel in own if kernel.macs or kernel.weights]
        for value, maker in zip(node.inputs, makers, strict=True):
            if maker is None and layers.precision.values[value] != layers.precision.computes[index]:
                elements = layers.inputs(index)[value]
                written = elements * DTYPE_BYTES[layers.precision.computes[index]]
                yield DeviceKernel(
                    index, Pipe.STREAM, FLOAT32, read=elements * layers.precision.size(value), written=written
                )
        yield from whole
        readers = self.readers.get(node.first_value, [])
        has_bias = node.op.work in (Work.CONVOLUTION, Work.TRANSPOSED) and "bias" in node.signature.weights()
        if has_bias and layers.run.tensor_cores and all(self.outside[reader] for reader in readers):
            yield own[-1]
