"""The kernels of a training step: forward, the gradients, and the optimizer.

A product has a product of the same size for each factor that needs a gradient. A pass is taken back by one that reads
what it read and the gradient of what it wrote, and writes the gradients of what it read. Gradients of a value that
several layers read are added up. The optimizer reads params, gradients and its states, and writes params and states;
Adafactor has many passes over each tensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.optimizers import OPTIMIZERS, learnt
from archcost.analysis.training_costs import backward_macs
from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.graph.gradient_flow import gradient_flow
from archcost.ops.facets import Work
from archcost.timing.adafactor_passes import update_of
from archcost.timing.kernels import DeviceKernel, Pipe
from archcost.timing.precision import FLOAT32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.timing.layers import Layers

_STATISTICS = 2  # passes of a batch norm in training, over its input: the mean and variance, and the result


def training_kernels(report: Report, layers: Layers, forward: Sequence[DeviceKernel]) -> list[DeviceKernel]:
    """The kernels of a step, in the order in which they run."""
    graph = report.graph
    flow = gradient_flow(graph)
    found = [_in_training(layers, kernel) for kernel in forward]
    for kernel in reversed(forward):
        if flow.runs[kernel.node]:
            node = graph.nodes[kernel.node]
            found += _back(kernel, layers, flow.wanted(kernel.node, node))
    found += _sums(layers, flow.needed)
    return [*found, *update_kernels(report, layers.run.optimizer)]


def update_kernels(report: Report, optimizer: str) -> Iterator[DeviceKernel]:
    """One pass that reads params, gradients and states and writes params and states; of Adafactor, what it runs.

    It stands behind the last layer, and is of none: the first of it follows from no pass before.
    """
    graph = report.graph
    tensors = [
        learnt(shape, DTYPE_BYTES[report.dtype])
        for index, node in enumerate(graph.nodes)
        if node.signature.trains
        for name, shape in node.signature.weights().items()
        if graph.owner(index, name) == index
    ]
    chosen, last = OPTIMIZERS[optimizer], len(graph.nodes) - 1
    if chosen.factored:
        for place, tensor in enumerate(tensors):
            read, written, launches = update_of(tensor, transformers=chosen.own)
            yield DeviceKernel(
                last,
                Pipe.STREAM,
                FLOAT32,
                read=read,
                written=written,
                launches=launches,
                follows=place > 0,
                update=True,
            )
    elif tensors:
        size = sum(tensor.bytes for tensor in tensors)
        states = chosen.state_bytes(tensors)
        read, written = 2 * size + states, size + states
        yield DeviceKernel(last, Pipe.STREAM, FLOAT32, read=read, written=written, follows=False, update=True)


def _in_training(layers: Layers, kernel: DeviceKernel) -> DeviceKernel:
    """Batch norms measure the batch before they use what they found."""
    op = layers.graph.nodes[kernel.node].op
    measured = op.work is Work.NORM and op.stem in ("batch_norm", "instance_norm")
    return kernel._replace(read=_STATISTICS * kernel.read) if measured else kernel


def _back(kernel: DeviceKernel, layers: Layers, wanted: Sequence[bool]) -> Iterator[DeviceKernel]:
    """What takes a kernel back: nothing where nothing that it follows from needs a gradient."""
    if not any(wanted):
        return
    if not kernel.macs:
        if kernel.weights and not wanted[-1]:
            return
        read = kernel.read + kernel.written + (kernel.weights if not kernel.read else 0)
        yield kernel._replace(read=read, written=kernel.read or kernel.weights, weights=0)
        return
    signature = layers.graph.nodes[kernel.node].signature
    macs = backward_macs(signature, wanted)
    forward = layers.costs[kernel.node].macs
    times = max(1, ceil_div(macs, forward)) if forward else 1
    for _ in range(times):
        yield kernel._replace(
            macs=ceil_div(kernel.macs * macs, forward * times) if forward else 0,
            read=kernel.read + kernel.written,
            written=kernel.read,
        )


def _sums(layers: Layers, needed: frozenset[int]) -> Iterator[DeviceKernel]:
    """The gradients of values that several layers read: each further one is added."""
    readers: dict[int, int] = {}
    for node in layers.graph.nodes:
        for value in dict.fromkeys(node.inputs):
            readers[value] = readers.get(value, 0) + 1
    for index, node in enumerate(layers.graph.nodes):
        for value, tensor in enumerate(node.outputs, node.first_value):
            further = readers.get(value, 1) - 1
            if value in needed and further > 0:
                size = numel(tensor.shape) * layers.precision.size(value)
                yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=2 * further * size, written=further * size)
