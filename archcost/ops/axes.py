"""Dims by number, and broadcasting: what the shape, arithmetic and attention ops share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.dims import broadcast_dim, dims_compatible, numel
from archcost.ops.base import OpError, raise_on_false, shape_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archcost.dims import Dim, Shape
    from archcost.ops.base import Check


def axis(dim: int, rank: int, tensor: str = "input") -> int:
    """The position of ``dim``, which may count from the end; raises OpError when there is no such dim.

    A scalar has, as in torch, the dims 0 and -1.
    """
    rank = rank or 1
    if not -rank <= dim < rank:
        raise OpError(
            f"there is no dim {dim} in an {tensor} of {rank} dims",
            f"dims run from 0 (the batch) to {rank - 1}, or from -{rank} to -1 counted from the end",
        )
    return dim % rank


def axes(dims: Iterable[int], rank: int) -> tuple[int, ...]:
    """The positions of ``dims``; raises OpError when there is no such dim or one is named twice."""
    positions = tuple([axis(dim, rank) for dim in dims])
    for place, position in enumerate(positions):
        if position in positions[:place]:
            raise OpError(f"dim {position} is named twice in {list(dims)}")
    return positions


def broadcast(
    first: Shape,
    second: Shape,
    check: Check,
    message: str,
    help: Callable[[Shape, Shape], str] | None = None,  # noqa: A002
) -> Shape:
    """The shape that two shapes of any ranks broadcast to; else ``message`` and ``help`` are shown with both shapes."""
    gap = len(first) - len(second)
    left, right = (1,) * -gap + first, (1,) * gap + second
    fits = True
    for a, b in zip(left, right, strict=True):
        fits = fits & dims_compatible(a, b)
    check(fits, message, first, second, help=partial(help, first, second) if help else "")
    return tuple([broadcast_dim(a, b) for a, b in zip(left, right, strict=True)])


def resolve_wildcard(sizes: Shape, count: Dim, check: Check, message: str) -> Shape:
    """``sizes`` with its -1 replaced so that their product is ``count``; ``message`` is shown with count and sizes."""
    for place, size in enumerate(sizes):
        if type(size) is int and size == -1:
            known = numel(sizes[:place]) * numel(sizes[place + 1 :])
            check(count % known == 0, message, count, sizes)
            return (*sizes[:place], count // known, *sizes[place + 1 :])
    check(numel(sizes) == count, message, count, sizes)
    return sizes


def check_reach(mode: str, length: Dim, before: Dim, after: Dim, check: Check) -> None:
    """Check padding that copies elements: less than the size with ``reflect``, at most the size with ``circular``."""
    if mode == "reflect":
        fits = (before < length) & (after < length)
        check(fits, "reflected padding ({}, {}) must be smaller than the size {}", before, after, length)
    elif mode == "circular":
        fits = (before <= length) & (after <= length)
        check(fits, "circular padding ({}, {}) must not be larger than the size {}", before, after, length)


def replace_dim(shape: Shape, position: int, size: Dim) -> Shape:
    """``shape`` with another size at one position."""
    return (*shape[:position], size, *shape[position + 1 :])


def require(condition: bool, message: str, *details: object, help: str = "") -> None:  # noqa: A002, FBT001
    """Raise OpError unless a condition on ranks or attributes holds: one that is the same for all variants."""
    raise_on_false(condition, message, *details, help=help)


def same_rank(shapes: tuple[Shape, ...], what: str) -> None:
    """Raise OpError unless all shapes have as many dims as the first."""
    for shape in shapes:
        if len(shape) != len(shapes[0]):
            raise OpError(
                f"{what} needs inputs of the same number of dims, got {shape_text(shapes[0])} and {shape_text(shape)}",
                "`flatten`, `reshape` or `unsqueeze` change the number of dims",
            )
