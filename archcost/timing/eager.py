"""The kernels of eager PyTorch, a layer at a time, in the words of what each layer's op does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.attention import MultiheadAttention, ScaledDotProductAttention
from archcost.ops.conv import OnKernel
from archcost.ops.facets import Work
from archcost.ops.recurrent import Recurrent
from archcost.timing.kernels import DeviceKernel, Pipe
from archcost.timing.precision import FLOAT32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcost.graph.model import Node
    from archcost.timing.layers import Layers

TILE = 8  # channels that tensor cores take together, at the least
READS_TWICE = frozenset(
    ("group_norm", "instance_norm1d", "instance_norm2d", "instance_norm3d", "normalize", "rms_norm")
)
_SPATIAL = 2  # dims before the spatial ones


def eager_kernels(layers: Layers) -> list[DeviceKernel]:
    """The kernels of all layers, in their order."""
    return [kernel for index in range(len(layers.graph.nodes)) for kernel in layer_kernels(layers, index)]


def layer_kernels(layers: Layers, index: int) -> list[DeviceKernel]:
    """The kernels of a layer."""
    return list(_BY_WORK.get(layers.graph.nodes[index].op.work, _pass)(layers, index))


# --- by what a layer's op does ----------------------------------------------------------------------------------------


def _pass(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """Reads its inputs and writes its outputs; groups and the like are read once more, for their mean."""
    made = layers.made(index)
    if not made:
        return
    node = layers.graph.nodes[index]
    single = layers.precision.computes[index] == FLOAT32 and node.op.work not in (Work.ELEMENTWISE, Work.MOVE)
    if single:
        yield from layers.casts(index)
    size = layers.size(index)
    read = sum(layers.inputs(index).values()) * size if single and layers.run.mixed else layers.read(index)
    passes = 2 if node.op.kind in READS_TWICE else 1
    if layers.run.channels_last and node.op.kind == "group_norm":  # runs on contiguous tensors: a copy before it
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=2 * read, written=read)
    yield DeviceKernel(index, Pipe.STREAM, FLOAT32, 0, operations(node), passes * read, made * size)


def _pool(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """As a pass, with more arithmetic: each tap has an address and a bound."""
    for kernel in _pass(layers, index):
        yield kernel._replace(pipe=Pipe.POOL)


def _move(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """Reads of its inputs what it writes."""
    made = layers.made(index)
    if made:
        node = layers.graph.nodes[index]
        most = None if len(node.inputs) > 1 else made
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, 0, 0, layers.read(index, most), made * layers.size(index))


def _table(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """Reads the rows that are asked for; a tensor of its own is there already."""
    made = layers.made(index)
    if made:
        yield DeviceKernel(
            index, Pipe.STREAM, FLOAT32, 0, 0, layers.read(index), made * layers.size(index), made * layers.size(index)
        )


def _product(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """A product of matrices; a transposed input of a linear layer is copied, a library takes it as it is elsewhere."""
    yield from layers.casts(index)
    casts, weights = layers.weights(index)
    yield from casts
    yield _products(layers, index, Pipe.MATRICES, layers.costs[index].macs, weights)


def _attention(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """Fused: the scores stay on the chip. With projections, what is between the three products is written and read."""
    yield from layers.casts(index)
    casts, weights = layers.weights(index)
    yield from casts
    kernel = _products(layers, index, Pipe.MATRICES, layers.costs[index].macs, weights)
    between = _between(layers, index) if weights else 0
    launches = 3 if weights else 1
    if layers.run.plain_attention:
        scores = _scores(layers, index)
        between += scores * layers.size(index)  # from one product, through the softmax, to the other
        launches += 1
        yield from _softmax(layers, index, scores)
    yield kernel._replace(read=kernel.read + between, written=kernel.written + between, launches=launches)


def _softmax(layers: Layers, index: int, scores: int) -> Iterator[DeviceKernel]:
    """Passes over scores in memory: their scale, and a softmax in float32, with casts of it under autocast."""
    own, single = scores * layers.size(index), scores * DTYPE_BYTES[FLOAT32]
    mixed = bool(layers.run.mixed)
    wide = single if mixed else own
    yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=own, written=own)
    for read, written in [(own, wide), (wide, wide), (wide, own)] if mixed else [(own, own)]:
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=read, written=written)


def _scores(layers: Layers, index: int) -> int:
    signature = layers.graph.nodes[index].signature
    op = signature.op
    assert isinstance(op, ScaledDotProductAttention | MultiheadAttention), "attention has scores"
    return op.score_elements(signature.input_shapes)


def _between(layers: Layers, index: int) -> int:
    """The bytes of projected queries, keys and values, and of what attention gives to the last projection."""
    node = layers.graph.nodes[index]
    return (sum(map(numel, node.signature.input_shapes)) + numel(node.outputs[0].shape)) * layers.size(index)


def _recurrent(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """The products of each position wait for those before, in each layer and direction: a launch for each."""
    yield from layers.casts(index)
    casts, weights = layers.weights(index)
    yield from casts
    node = layers.graph.nodes[index]
    op = node.op
    assert isinstance(op, Recurrent), "recurrent layers have steps"
    kernel = _products(layers, index, Pipe.MATRICES, layers.costs[index].macs, weights)
    yield kernel._replace(launches=op.waits(node.signature.input_shapes))


def _convolution(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """Casts, a copy of what is not packed, the layout that tensor cores want, the products, and then the bias."""
    node = layers.graph.nodes[index]
    yield from layers.casts(index)
    casts, weights = layers.weights(index)
    yield from casts
    size = layers.size(index)
    inputs, written = layers.inputs(index), numel(node.outputs[0].shape) * size
    data = inputs[node.inputs[0]] * size
    if layers.strides.get(node.inputs[0]) is not None and not layers.run.channels_last:
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=data, written=data)
    pipe = pipe_of(node)
    if pipe is not Pipe.DEPTHWISE and size == DTYPE_BYTES[FLOAT32] // 2 and _converts(layers):
        # in channels-first: NCHW to NHWC and back, for kernels of one position half of the time
        moved = data + written
        share = 1 if pipe is Pipe.CONVOLUTION else 2
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=moved // share, written=moved // share, launches=0)
    macs = padded_macs(node, layers.costs[index].macs, pipe, half=size < DTYPE_BYTES[FLOAT32])
    yield _products(layers, index, pipe, macs, weights)
    if "bias" in node.signature.weights() and layers.run.tensor_cores:  # a CPU adds it as it writes
        yield DeviceKernel(index, Pipe.STREAM, FLOAT32, read=written, written=written)


def _converts(layers: Layers) -> bool:
    return layers.run.tensor_cores and not layers.run.channels_last


def _products(layers: Layers, index: int, pipe: Pipe, macs: int, weights: int) -> DeviceKernel:
    node = layers.graph.nodes[index]
    dtype, size = layers.precision.computes[index], layers.size(index)
    read = sum(layers.inputs(index).values()) * size
    made = sum([numel(tensor.shape) for tensor in node.outputs]) * size
    return DeviceKernel(index, pipe, dtype, macs, 0, read, made, weights)


def _declared(layers: Layers, index: int) -> Iterator[DeviceKernel]:
    """What a spec says of an op that nobody knows: its MACs, its inputs and outputs."""
    casts, weights = layers.weights(index)
    yield from casts
    yield _products(layers, index, Pipe.MATRICES, layers.costs[index].macs, weights)


_BY_WORK: dict[Work, Callable[[Layers, int], Iterator[DeviceKernel]]] = {
    Work.CONVOLUTION: _convolution,
    Work.TRANSPOSED: _convolution,
    Work.PRODUCT: _product,
    Work.ATTENTION: _attention,
    Work.RECURRENT: _recurrent,
    Work.POOL: _pool,
    Work.MOVE: _move,
    Work.UNCHANGED: _move,
    Work.RESAMPLE: _move,
    Work.TABLE: _table,
    Work.DECLARED: _declared,
}


def operations(node: Node) -> int:
    """What the arithmetic units do besides products: the FLOPs of the op."""
    signature = node.signature
    return signature.op.flops(signature.input_shapes, signature.output_shapes)


def pipe_of(node: Node) -> Pipe:
    """What a convolution is: depthwise if each channel has a kernel of its own."""
    channels, (kernel, groups) = node.signature.input_shapes[0][1], _kernel(node)
    if groups > 1:
        return Pipe.DEPTHWISE if groups == channels else Pipe.GROUPED
    return Pipe.POINTWISE if max(kernel[_SPATIAL:]) == 1 else Pipe.CONVOLUTION


def padded_macs(node: Node, macs: int, pipe: Pipe, *, half: bool) -> int:
    """The MACs that tensor cores issue: channels in eights; of groups, their channels as a power of two, 8 at least."""
    if not half or pipe is Pipe.DEPTHWISE:
        return macs
    _, groups = _kernel(node)
    into, out = node.signature.input_shapes[0][1] // groups, node.signature.output_shapes[0][1] // groups
    if pipe is Pipe.GROUPED:
        return ceil_div(macs * _power(into) * _power(out), into * out)
    return ceil_div(macs * ceil_div(into, TILE) * TILE, into)


def _kernel(node: Node) -> tuple[tuple[int, ...], int]:
    """The shape of a convolution's weight, and its groups."""
    op = node.op
    assert isinstance(op, OnKernel), "convolutions have a kernel"
    return op.kernel(node.signature.input_shapes), op.groups


def _power(count: int) -> int:
    return max(TILE, 1 << (count - 1).bit_length())
