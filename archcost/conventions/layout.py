"""Strides: how the tensors between layers lie in memory, as far as a counter's figure depends on it.

Ops that only look at a tensor in another way (``permute``, ``slice``, ``expand`` …) pass their input's memory on;
elementwise ops keep the order of its dims, and convolutions, pools and some others do where the channels are last;
attention and recurrent layers with the batch first work with the steps first, and show their output turned; every other
op writes its output dim after dim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops.axes import axes, axis
from archcost.ops.einsum import dims_of, terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node
    from archcost.ops.base import Op

_ELEMENTWISE = ("Activation", "Arithmetic")  # families, but for the ops that write anew
_ORDERED = ("layer_scale", "normalize")  # elementwise, in other families
_ANEW = frozenset("sum mean max matmul softmax softmin log_softmax softmax2d glu rrelu".split())  # noqa: SIM905
_CHANNELS_LAST = frozenset(
    "conv2d conv_transpose2d max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d batch_norm2d group_norm "  # noqa: SIM905 - a list of words
    "local_response_norm upsample concat pad channel_shuffle roll rotary_embedding".split()
)


def contiguous_strides(shape: Shape) -> Shape:
    """The strides of a tensor that lies dim after dim."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def is_contiguous(shape: Shape, strides: Shape) -> bool:
    """Whether the elements lie one after the other; dims of size 1 may have any stride."""
    wanted = contiguous_strides(shape)
    return all(size == 1 or a == b for size, a, b in zip(shape, strides, wanted, strict=True))


def graph_strides(graph: Graph) -> dict[int, Shape]:
    """The strides of the values that do not lie dim after dim; all others do."""
    odd: dict[int, Shape] = {}
    for node in graph.nodes:
        if not odd and node.op.kind not in _MOVES and not getattr(node.op, "batch_first", False):
            continue
        for number, strides in enumerate(_outputs(node, odd)):
            if strides != contiguous_strides(node.outputs[number].shape):
                odd[node.first_value + number] = strides
    return odd


def input_strides(node: Node, odd: dict[int, Shape]) -> tuple[Shape, ...]:
    """The strides of a node's inputs."""
    given = zip(node.inputs, node.signature.inputs, strict=True)
    return tuple([odd.get(value) or contiguous_strides(tensor.shape) for value, tensor in given])


def _outputs(node: Node, odd: dict[int, Shape]) -> tuple[Shape, ...]:
    op, shapes = node.signature.op, [tensor.shape for tensor in node.outputs]
    if getattr(op, "batch_first", False):
        return (_steps_first(shapes[0]), *map(contiguous_strides, shapes[1:]))
    moved = op.kind in _MOVES or any(value in odd for value in node.inputs[:1])
    if not moved or op.kind in _ANEW:
        return tuple(map(contiguous_strides, shapes))
    return (_passed(op, node.signature.inputs[0].shape, input_strides(node, odd)[0], shapes[0]),) * len(shapes)


def _passed(op: Op, before: Shape, strides: Shape, after: Shape) -> Shape:
    """The strides of an output, from those of the first input."""
    if op.kind in _MOVES:
        return _MOVES[op.kind](op, before, strides, after)
    if op.kind in _VIEWED:
        return viewed(before, strides, after) or contiguous_strides(after)
    is_stacked = getattr(op, "interleaved", False)
    if op.kind in _CHANNELS_LAST and strides == _channels_last(before) and not is_stacked:
        return _channels_last(after)
    if (op.family in _ELEMENTWISE or op.kind in _ORDERED) and before == after:
        return _ordered_as(strides, after)
    return contiguous_strides(after)


def _channels_last(shape: Shape) -> Shape:
    """The strides of (N, C, H, W) that lies as (N, H, W, C); none for another rank."""
    if len(shape) != 4:  # noqa: PLR2004 - a batch of planes
        return ()
    _, channels, height, width = shape
    return (height * width * channels, 1, width * channels, channels)


def _steps_first(shape: Shape) -> Shape:
    """The strides of (N, L, features) that lies as (L, N, features)."""
    n, _, features = shape
    return (features, n * features, 1)


def _ordered_as(strides: Shape, shape: Shape) -> Shape:
    """Dense strides with the dims in the order of others; an expanded tensor has no order of its own."""
    if 0 in strides or is_contiguous(shape, strides):
        return contiguous_strides(shape)
    order = sorted(range(len(shape)), key=lambda dim: (strides[dim], -dim))
    result = [0] * len(shape)
    step = 1
    for dim in order:
        result[dim] = step
        step *= shape[dim]
    return tuple(result)


def viewed(before: Shape, strides: Shape, after: Shape) -> Shape | None:
    """The strides of the same memory under another shape, or None where it has to be copied."""
    blocks = _blocks(before, strides)
    result: list[int] = []
    for size in reversed(after):
        if size == 1:
            result.append(result[-1] if result else 1)
            continue
        while blocks and blocks[-1][0] == 1:
            blocks.pop()
        if not blocks or blocks[-1][0] % size:
            return None
        count, step = blocks.pop()
        result.append(step)
        blocks.append((count // size, step * size))
    return tuple(reversed(result))


def _blocks(shape: Shape, strides: Shape) -> list[tuple[int, int]]:
    """Runs of dims that lie one after the other: how many elements, and the step between them."""
    blocks: list[tuple[int, int]] = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if blocks and blocks[-1][1] == size * stride:
            blocks[-1] = (blocks[-1][0] * size, stride)
        else:
            blocks.append((size, stride))
    return blocks


def _permute(op: Any, before: Shape, strides: Shape, _: Shape) -> Shape:
    return tuple([strides[dim] for dim in axes(op.dims, len(before))])


def _transpose(op: Any, before: Shape, strides: Shape, _: Shape) -> Shape:
    if not before:
        return strides
    moved = list(strides)
    first, second = axis(op.dim0, len(before)), axis(op.dim1, len(before))
    moved[first], moved[second] = strides[second], strides[first]
    return tuple(moved)


def _expand(_: Any, before: Shape, strides: Shape, after: Shape) -> Shape:
    added = len(after) - len(before)
    kept = [stride if a == b else 0 for stride, a, b in zip(strides, before, after[added:], strict=True)]
    return (*(0,) * added, *kept)


def _slice(op: Any, before: Shape, strides: Shape, _: Shape) -> Shape:
    place = axis(op.dim, len(before))
    return (*strides[:place], strides[place] * op.step, *strides[place + 1 :])


def _same(_: Any, __: Shape, strides: Shape, ___: Shape) -> Shape:
    return strides


def _einsum(op: Any, before: Shape, strides: Shape, after: Shape) -> Shape:
    """A permuted view of the operand, or of a product of matrices: shared dims, those of the left, of the right."""
    operands, output = terms(op.equation)
    if len(operands) == 1 and len(before) == len(after):
        names = dims_of(operands[0], len(before))
        return tuple([strides[names.index(name)] for name in dims_of(output, len(after))])
    contracted = set(operands[0]) & set(operands[-1]) - set(output) if len(operands) > 1 else set()
    if not contracted or "." in output:
        return contiguous_strides(after)
    shared = [name for name in output if all(name in term for term in operands)]
    rows = [name for name in output if name in operands[0] and name not in shared]
    columns = [name for name in output if name not in shared and name not in rows]
    is_turned = rows and columns and output.index(columns[-1]) < output.index(rows[0])
    order = [*shared, *columns, *rows] if is_turned else [*shared, *rows, *columns]
    sizes = dict(zip(output, after, strict=True))
    laid = dict(zip(order, contiguous_strides(tuple([sizes[name] for name in order])), strict=True))
    return tuple([laid[name] for name in output])


_IDENTITIES = ("identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "stochastic_depth")
_MOVES: dict[str, Callable[[Any, Shape, Shape, Shape], Shape]] = {
    "permute": _permute,
    "transpose": _transpose,
    "expand": _expand,
    "slice": _slice,
    "chunk": _same,
    "split": _same,
    **dict.fromkeys(_IDENTITIES, _same),
    "einsum": _einsum,
}
_VIEWED = frozenset({"reshape", "flatten", "unflatten", "squeeze", "unsqueeze"})
