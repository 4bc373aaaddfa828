"""Strides: how the elements of a tensor lie in its storage, by PyTorch's rules."""

from __future__ import annotations

from archcost.dims import numel

Ints = tuple[int, ...]

_CHANNELS_LAST_RANKS = (4, 5)


def contiguous(shape: Ints) -> Ints:
    """The strides of elements that lie one after the other, the last dim fastest."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size or 1
    return tuple(reversed(strides))


def is_contiguous(shape: Ints, strides: Ints) -> bool:
    """Whether the elements lie one after the other; dims of size 1 may have any stride."""
    step = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def channels_last(shape: Ints) -> Ints:
    """The strides of (N, C, *spatial) whose channels are fastest."""
    order = (0, *range(2, len(shape)), 1)
    return permuted_back(contiguous(tuple([shape[dim] for dim in order])), order)


def is_channels_last(shape: Ints, strides: Ints) -> bool:
    """Whether PyTorch takes (N, C, *spatial) for channels-last: the strides rise from C over the space to N."""
    if len(shape) not in _CHANNELS_LAST_RANKS or strides[1] == 0:
        return False
    least = 0
    for dim in (1, *range(len(shape) - 1, 1, -1), 0):
        if shape[dim] == 0 or strides[dim] < least:
            return False
        if dim == 0 and least == strides[1]:  # N of a tensor without space or channels: contiguous
            return False
        least = strides[dim] * (max(1, shape[dim]))
    return True


def permuted_back(values: Ints, order: Ints) -> Ints:
    """``values`` of the dims in ``order``, brought back into the order of the dims."""
    placed = [0] * len(order)
    for value, dim in zip(values, order, strict=True):
        placed[dim] = value
    return tuple(placed)


def is_dense(shape: Ints, strides: Ints) -> bool:
    """Whether the elements fill a range of the storage, each once, in some order of the dims."""
    step = 1
    for size, stride in sorted(zip(shape, strides, strict=True), key=lambda dim: dim[1]):
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def dense_like(shape: Ints, strides: Ints) -> Ints:
    """The strides of a new tensor that keeps the order of another's dims: its own if dense, else packed."""
    return strides if is_dense(shape, strides) else elementwise(shape, strides)


def elementwise(shape: Ints, *operands: Ints) -> Ints:
    """The strides of a result: its dims in the order of the first operand, ties broken by the next.

    Operands that are broadcast along a dim have stride 0 there, which fits any order.
    """
    order = list(range(len(shape) - 1, -1, -1))  # the fastest dim first
    for start in range(1, len(order)):
        place = start
        for before in range(start - 1, -1, -1):
            compared = _compare(shape, operands, order[before], order[place])
            if compared > 0:
                order[before], order[place] = order[place], order[before]
                place = before
            elif compared < 0:
                break
    order.reverse()
    return permuted_back(contiguous(tuple([shape[dim] for dim in order])), tuple(order))


def _compare(shape: Ints, operands: tuple[Ints, ...], inner: int, outer: int) -> int:
    """-1 if two dims are in order, 1 if they change places, 0 if no operand tells."""
    for strides in operands:
        if 0 in (strides[inner], strides[outer]):
            continue
        if strides[inner] != strides[outer]:
            return -1 if strides[inner] < strides[outer] else 1
        if shape[inner] > shape[outer]:
            return 1
    return 0


def broadcast_strides(shape: Ints, strides: Ints, wanted: Ints) -> Ints:
    """The strides of a tensor that is broadcast to a shape: 0 along the dims that are repeated or in front."""
    added = len(wanted) - len(shape)
    own = zip(shape, strides, wanted[added:], strict=True)
    return (*([0] * added), *[stride if before == after else 0 for before, stride, after in own])


def view_strides(shape: Ints, strides: Ints, wanted: Ints) -> Ints | None:
    """The strides under which the same elements have another shape, or None if they must be copied."""
    if numel(shape) != numel(wanted) or 0 in shape:
        return contiguous(wanted)
    if not shape:
        return (1,) * len(wanted)
    result = [0] * len(wanted)
    place = len(wanted) - 1
    chunk = strides[-1]  # the stride of the fastest dim of the run of dims that lie together
    count = viewed = 1
    for dim in range(len(shape) - 1, -1, -1):
        count *= shape[dim]
        if dim and (shape[dim - 1] == 1 or strides[dim - 1] == count * chunk):
            continue
        while place >= 0 and (viewed < count or wanted[place] == 1):
            result[place] = viewed * chunk
            viewed *= wanted[place]
            place -= 1
        if viewed != count:
            return None
        if dim:
            chunk, count, viewed = strides[dim - 1], 1, 1
    return tuple(result) if place == -1 else None
