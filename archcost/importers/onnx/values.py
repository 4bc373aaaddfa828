"""What a name of the graph stands for: a value of the form, a tensor of the file, or numbers that are known."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Batched, Size
    from archcost.importers.onnx.tensors import Number


class Known(NamedTuple):
    """Numbers that no input's numbers change, for each batch size: a shape, an axis, a scale.

    ``data`` has for each batch size the elements in their order.
    """

    shape: tuple[int, ...]
    data: tuple[tuple[Number, ...], ...]
    dtype: str

    def sizes(self, batches: Sequence[int]) -> tuple[Size | float, ...]:
        """The elements, of which whole numbers may follow the batch."""
        found: list[Size | float] = []
        for each in zip(*self.data, strict=True):
            whole = [number for number in each if isinstance(number, int)]
            if len(whole) == len(each):
                found.append(fitted(whole, batches))
            elif len(set(each)) == 1:
                found.append(each[0])
            else:
                found.append(float("nan"))
        return tuple(found)


class Stored(NamedTuple):
    """A tensor that the file stores, or the same numbers in another arrangement.

    ``source`` is its number among the tensors of the file.

    """

    source: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


GraphValue = int | Known | Stored  # an int is a value of the form


def dims(sizes: Sequence[Size | float]) -> tuple[int | Batched, ...] | None:
    """Sizes as dims; None if one of them is no whole number."""
    found = [size for size in sizes if not isinstance(size, float)]
    return tuple(found) if len(found) == len(sizes) else None
