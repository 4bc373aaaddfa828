"""How many pages a run on a CPU touches that the process gave back in the run before: the page faults of a run.

What comes and goes is known of PyTorch's tensors. A convolution by oneDNN takes more: its input and its weights in
blocks of channels, and its output in blocks before it is put into the order of the others.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.allocations import GONE, Allocation, allocations
from archcost.analysis.memory.strides import is_channels_last, is_contiguous
from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.graph.model import tensor_bytes
from archcost.ops.facets import Work
from archcost.timing.heap import Heap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.analysis.memory.strides import Ints
    from archcost.analysis.report import Report
    from archcost.graph.model import Node
    from archcost.timing.heap import HeapPiece

IMPORTED = 1060 << 10  # bytes of the largest mapped piece that importing PyTorch frees: 2.14 on x86-64
LEAST_RUNS, MOST_RUNS = 3, 8  # after which a run is as the one before
_BLOCK = 16  # channels of a block
FIRST = 3  # input channels that are read as they are
_MANY_SAMPLES = 16  # a batch from which on one thread, too, leaves 1×1 convolutions to oneDNN
_LARGE_KERNEL = 3
_SMALL_INPUT = 20480  # elements
SPATIAL = 2  # dims before the spatial ones


class Workspace(NamedTuple):
    """What an op takes besides its tensors, in bytes: freed before its output comes, after it, or made after it."""

    before: tuple[int, ...] = ()
    around: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def page_faults(report: Report, threads: int) -> int:
    """The faults of a run of inference, of a process that runs the model again and again."""
    events = list(events_of(report, threads))
    heap = Heap(IMPORTED)
    counts = [_run(heap, events) for _ in range(LEAST_RUNS)]
    while counts[-1] != counts[-2] and len(counts) < MOST_RUNS:
        counts.append(_run(heap, events))
    return sum(counts[-2:]) // 2


def _run(heap: Heap, events: list[Allocation]) -> int:
    before = heap.faults
    held: dict[int, HeapPiece] = {}
    for _, storage, size in events:
        if size == GONE:
            heap.free(held.pop(storage))
        else:
            held[storage] = heap.allocate(size)
    return heap.faults - before


def events_of(report: Report, threads: int) -> Iterator[Allocation]:
    """The allocations of a run, with what ops take besides tensors."""
    nodes, found = report.graph.nodes, allocations(report.graph)
    outputs = _outputs(nodes, found)
    number = -1  # of storages that are no tensors
    for place, event in enumerate(found):
        node = nodes[event.node]
        own = workspace(node, report.strides, threads) if outputs.get(event.node) == place else None
        if own is None:
            yield event
            continue
        before, around, after = [
            [Allocation(event.node, number - step, size) for step, size in enumerate(sizes, first)]
            for first, sizes in zip(accumulate(map(len, own), initial=0), own, strict=False)
        ]
        number -= sum(map(len, own))
        yield from [*before, *around, *_gone(before), event, *after, *_gone(after), *_gone(around)]


def _gone(taken: list[Allocation]) -> list[Allocation]:
    return [one._replace(bytes=GONE) for one in reversed(taken)]


def _outputs(nodes: Sequence[Node], found: list[Allocation]) -> dict[int, int]:
    """By node, the place where its output comes: of convolutions the last one, after that of a padded input."""
    made: dict[int, int] = {}
    for place, event in enumerate(found):
        if event.bytes != GONE and (nodes[event.node].op.work is not Work.NORM or event.node not in made):
            made[event.node] = place
    return made


def workspace(node: Node, strides: Mapping[int, Ints], threads: int) -> Workspace | None:
    """What an op takes: a layer norm a contiguous copy, a convolution what its kernel needs; None of others."""
    op: Any = node.op
    shape = node.signature.input_shapes[0] if node.inputs else ()
    own = strides.get(node.inputs[0]) if node.inputs else None
    packed = own is None or is_contiguous(shape, own)
    if op.kind == "layer_norm" and not packed:
        return Workspace(around=(tensor_bytes(node.outputs[0]),))
    if op.work not in (Work.CONVOLUTION, Work.TRANSPOSED):
        return None
    kernel = op.kernel(node.signature.input_shapes)
    if not _by_onednn(op, shape, kernel, threads):
        return _plain_convolution(node, kernel)
    size, out = DTYPE_BYTES[node.outputs[0].dtype], node.outputs[0].shape
    weights = size * numel(kernel)
    if not packed and own is not None and is_channels_last(shape, own):  # as oneDNN likes them; weights made so, too
        return Workspace(around=(weights,) if _has_order(kernel) else (), after=(weights,))
    copied = () if shape[1] <= FIRST else (size * _in_blocks(shape),)
    whole = () if packed else (size * numel(shape),)
    return Workspace(before=(*copied, weights), around=(*whole, size * _in_blocks(out)))


def _plain_convolution(node: Node, kernel: Ints) -> Workspace:
    """A convolution by a product of matrices: its windows as columns, and what each group gives."""
    op: Any = node.op
    size, shape, out = DTYPE_BYTES[node.outputs[0].dtype], node.signature.input_shapes[0], node.outputs[0].shape
    parts = (size * numel(out) // op.groups,) * op.groups if op.groups > 1 else ()
    as_it_is = max(kernel[SPATIAL:]) == 1 and max(op.stride) == 1
    columns = () if as_it_is else (size * numel(kernel[1:]) * numel(out[SPATIAL:]) * shape[0],)
    return Workspace(around=parts, after=columns)


def _has_order(kernel: Ints) -> bool:
    """Whether a weight with its channels last lies otherwise than with its channels first."""
    return kernel[1] > 1 and max(kernel[SPATIAL:]) > 1


def _by_onednn(op: Any, shape: Ints, kernel: Ints, threads: int) -> bool:
    """Whether PyTorch leaves a convolution to oneDNN: ``use_mkldnn`` of aten/src/ATen/native/Convolution.cpp."""
    windows = kernel[SPATIAL:]
    spread = max(op.stride) > 1 or max(op.dilation) > 1
    alone = not spread and shape[0] < _MANY_SAMPLES and max(windows[-2:]) == 1 and threads == 1
    large = op.groups > 1 or shape[0] > 1 or numel(shape[:4]) > _SMALL_INPUT
    return not alone and (large or min(1 if len(windows) == 1 else windows[-2], windows[-1]) > _LARGE_KERNEL)


def _in_blocks(shape: Ints) -> int:
    """The elements of a tensor in blocks of channels, the last one padded."""
    return shape[0] * ceil_div(shape[1], _BLOCK) * _BLOCK * numel(shape[SPATIAL:])
