"""Arithmetic on the sizes of tensors; imports nothing of ours.

A :data:`Dim` is a Python ``int``, a symbol that knows its value, or a table of the sizes of many candidates at once.
Every rule of this package is written so that all of them work: on a ``Dim`` only ``+ - * // % ==``, comparisons and the
helpers of this module are used, never ``if``, ``max``, ``len`` or float division. Where Python has to decide, a rule
asks :func:`decided`. The alias is ``int`` for the type checker, because all of them obey the same operators.
"""

from __future__ import annotations

from math import prod
from operator import is_
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    Dim: TypeAlias = int
    Shape: TypeAlias = tuple[Dim, ...]

Value = TypeVar("Value")

__all__ = [
    "Dim",
    "Shape",
    "VaryingSizeError",
    "broadcast_dim",
    "ceil_div",
    "clamp",
    "decided",
    "dims_compatible",
    "elements",
    "larger",
    "mapped",
    "numel",
    "one_less_if",
    "scaled",
    "smaller",
    "total",
    "transposed_window_size",
    "window_size",
    "window_size_ceil",
]


class VaryingSizeError(Exception):
    """Candidates differ in what has to be the same for all, such as how many dims, layers or outputs there are."""


def numel(shape: Iterable[Dim]) -> Dim:
    """Product of the sizes: the number of elements of a tensor (1 for a scalar)."""
    return prod(shape)


def total(dims: Iterable[Dim]) -> Dim:
    """Sum of the sizes (0 for none)."""
    return sum(dims)


def elements(shapes: Iterable[Shape]) -> Dim:
    """The elements of several tensors; neighbours with the same rows as one of all their columns, a·(b + c)."""
    blocks: list[tuple[Shape, Dim]] = []
    for shape in shapes:
        rows, columns = shape[:-1], numel(shape[-1:])
        before = blocks[-1][0] if blocks else ()
        if rows and len(rows) == len(before) and all(map(is_, rows, before)):
            blocks[-1] = (rows, blocks[-1][1] + columns)
        else:
            blocks.append((rows, columns))
    return total([numel(rows) * columns for rows, columns in blocks])


def ceil_div(numerator: Dim, denominator: Dim) -> Dim:
    """⌈numerator / denominator⌉ in integers."""
    return -(-numerator // denominator)


def smaller(a: Dim, b: Dim) -> Dim:
    """min(a, b), element by element."""
    return b + (a - b) * (a < b)


def larger(a: Dim, b: Dim) -> Dim:
    """max(a, b), element by element."""
    return b + (a - b) * (a > b)


def clamp(value: Dim, low: Dim, high: Dim) -> Dim:
    """The nearest size to ``value`` within [low, high]."""
    return smaller(larger(value, low), high)


def one_less_if(value: Dim, condition: bool, reason: str) -> Dim:  # noqa: FBT001 - a condition is what it takes
    """The size, less 1 where the condition holds, for the reason that is given; a symbol keeps it, to tell it."""
    ask = getattr(value, "one_less_if", None)
    found: Dim = value - condition if ask is None else ask(condition, reason)
    return found


def window_size(size: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim = 1) -> Dim:
    """⌊(n + p - d·(k - 1) - 1) / s⌋ + 1 positions of a window; ``padding`` is the sum of both sides."""
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def window_size_ceil(size: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim = 1) -> Dim:
    """⌈(n + 2p - d·(k - 1) - 1) / s⌉ + 1, less the last window if it would start in the right padding.

    ``padding`` is that of one side. This is PyTorch's rule for ``ceil_mode=True``.
    """
    positions = ceil_div(size + 2 * padding - dilation * (kernel - 1) - 1, stride) + 1
    outside = (positions - 1) * stride >= size + padding
    return one_less_if(positions, outside, "the last window would start in the padding")


def transposed_window_size(
    size: Dim, kernel: Dim, stride: Dim, padding: Dim, output_padding: Dim, dilation: Dim = 1
) -> Dim:
    """(n - 1)·s - 2p + d·(k - 1) + o + 1: the output size of a transposed convolution."""
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def dims_compatible(a: Dim, b: Dim) -> bool:
    """Whether two sizes broadcast: they are equal, or one of them is 1."""
    return (a == b) | (a == 1) | (b == 1)


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """The size that two compatible sizes broadcast to."""
    return a + (b - a) * (a == 1)


def scaled(size: Dim, factor: float) -> Dim:
    """⌊size · factor⌋ with the product rounded to a double first, as PyTorch has it."""
    found: Dim = mapped(_scaled, size, factor)
    return found


def _scaled(size: Dim, factor: float) -> Dim:
    whole = size * factor // 1
    return int(whole) if isinstance(whole, float) else whole


def decided(value: Value) -> Value:
    """The one value of what Python decides by: a size, a condition on sizes, a kind, a list of names.

    A plain value is its own. What stands for a number, or for those of many candidates, has a method of this name: a
    symbol tells its number, and a table raises VaryingSizeError where candidates differ.
    """
    ask = getattr(value, "decided", None)
    return value if ask is None else ask()


def mapped(function: Callable[..., Any], *values: Any) -> Any:
    """What a function of plain values gives; where some are tables, a table of what it gives for each candidate.

    A table has a method of this name, which takes the function and all values.
    """
    for value in values:
        ask = getattr(value, "mapped", None)
        if ask is not None:
            return ask(function, *values)
    return function(*values)
