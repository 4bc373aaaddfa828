"""Strides: how the tensors between layers lie in memory, as far as a counter's figure depends on it.

Ops that only look at a tensor in another way (``permute``, ``slice``, ``expand`` …) pass their input's memory on;
elementwise ops keep the order of its dims; every other op writes its output dim after dim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops.axes import axes, axis

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node

_VIEWS = ("Shape", "Activation", "Arithmetic")  # the families that may pass a layout on
_REDUCTIONS = frozenset({"sum", "mean", "max", "matmul", "softmax", "softmin", "log_softmax", "softmax2d", "glu"})


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
        op = node.signature.op
        if op.family not in _VIEWS or (not odd and op.kind not in _MOVES):
            continue
        for number, strides in enumerate(_outputs(node, odd)):
            if not is_contiguous(node.outputs[number].shape, strides):
                odd[node.first_value + number] = strides
    return odd


def input_strides(node: Node, odd: dict[int, Shape]) -> tuple[Shape, ...]:
    """The strides of a node's inputs."""
    given = zip(node.inputs, node.signature.inputs, strict=True)
    return tuple([odd.get(value) or contiguous_strides(tensor.shape) for value, tensor in given])


def _outputs(node: Node, odd: dict[int, Shape]) -> tuple[Shape, ...]:
    op, shapes = node.signature.op, [tensor.shape for tensor in node.outputs]
    if op.kind in _REDUCTIONS or not node.inputs:
        return tuple(map(contiguous_strides, shapes))
    given = input_strides(node, odd)
    before = node.signature.inputs[0].shape
    move = _MOVES.get(op.kind)
    if move is not None:
        return (move(op, before, given[0], shapes[0]),) * len(shapes)
    if op.family == "Shape" and op.kind not in _VIEWED:
        return tuple(map(contiguous_strides, shapes))
    if op.kind in _VIEWED:
        return (viewed(before, given[0], shapes[0]) or contiguous_strides(shapes[0]),)
    return (_ordered_as(given[0], shapes[0]) if before == shapes[0] else contiguous_strides(shapes[0]),)


def _ordered_as(strides: Shape, shape: Shape) -> Shape:
    """Dense strides with the dims in the order of others."""
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


_MOVES: dict[str, Callable[[Any, Shape, Shape, Shape], Shape]] = {
    "permute": _permute,
    "transpose": _transpose,
    "expand": _expand,
    "slice": _slice,
    "chunk": _same,
    "split": _same,
    **dict.fromkeys(("identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"), _same),
}
_VIEWED = frozenset({"reshape", "flatten", "unflatten", "squeeze", "unsqueeze"})
