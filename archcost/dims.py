"""Arithmetic on the sizes of tensors; imports nothing of ours.

A :data:`Dim` is a Python ``int``, or a NumPy ``int64`` array that holds many candidate sizes at once. Every rule of
this package is written so that both work: on a ``Dim`` only ``+ - * // % ==`` and the helpers of this module are
used, never ``if``, ``max``, ``len`` or float division. The alias is ``int`` for the type checker, because arrays obey
the same operators.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    Dim: TypeAlias = int
    Shape: TypeAlias = tuple[Dim, ...]

__all__ = [
    "Dim",
    "Shape",
    "VaryingSizeError",
    "always",
    "broadcast_dim",
    "ceil_div",
    "clamp",
    "concrete",
    "dims_compatible",
    "larger",
    "numel",
    "scaled",
    "smaller",
    "total",
    "transposed_window_size",
    "window_size",
    "window_size_ceil",
]


class VaryingSizeError(ValueError):
    """A size that decides how many dims or outputs there are differs between the candidates held in one array."""


def numel(shape: Iterable[Dim]) -> Dim:
    """Product of the sizes: the number of elements of a tensor (1 for a scalar)."""
    return prod(shape)


def total(dims: Iterable[Dim]) -> Dim:
    """Sum of the sizes (0 for none)."""
    return sum(dims)


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


def window_size(size: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim = 1) -> Dim:
    """⌊(n + p - d·(k - 1) - 1) / s⌋ + 1 positions of a window; ``padding`` is the sum of both sides."""
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def window_size_ceil(size: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim = 1) -> Dim:
    """⌈(n + 2p - d·(k - 1) - 1) / s⌉ + 1, less the last window if it would start in the right padding.

    ``padding`` is that of one side. This is PyTorch's rule for ``ceil_mode=True``.
    """
    positions = ceil_div(size + 2 * padding - dilation * (kernel - 1) - 1, stride) + 1
    return positions - ((positions - 1) * stride >= size + padding)


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
    whole: Any = size * factor // 1
    return int(whole) if isinstance(whole, float) else whole.astype("int64")


def concrete(size: Dim) -> int:
    """The one value of a size that decides a structure; raises VaryingSizeError if candidates differ in it."""
    if isinstance(size, int):
        return size
    candidates: Any = size
    low, high = int(candidates.min()), int(candidates.max())
    if low != high:
        raise VaryingSizeError(f"must be the same for all variants, got values from {low} to {high}")
    return low


def always(condition: bool) -> bool:  # noqa: FBT001 - a condition is what it takes
    """Whether a condition on sizes holds for all candidates of an array."""
    if isinstance(condition, bool):
        return condition
    candidates: Any = condition
    return bool(candidates.all())
