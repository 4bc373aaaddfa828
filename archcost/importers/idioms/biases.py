"""Relative position biases, looked up in a table by an index of pairs."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.importers.form import Batched, shape_at
from archcost.importers.idioms.sight import NewStep, Rewrite

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.idioms.sight import Sight

_HEADS_FIRST = (2, 0, 1)


def relative_position_bias(sight: Sight, place: int) -> Rewrite | None:
    """table[index] of all pairs of positions, heads first, with a dim for the batch: ``relative_position_bias``."""
    if sight.step(place).kind != "unsqueeze" or sight.dim(place) != 0:
        return None
    turned = sight.made_by(sight.step(place).inputs[0], "permute")
    if turned is None or sight.attribute(turned, "dims") != _HEADS_FIRST:
        return None
    shaped = sight.made_by(sight.step(turned).inputs[0], "reshape", "unflatten")
    looked = sight.step(shaped if shaped is not None else turned).inputs[0]
    lookup = sight.made_by(looked, "index_select")
    if lookup is None or sight.dim(lookup) != 0:
        return None
    table, index = (sight.maker(value) for value in sight.step(lookup).inputs)
    shapes = [] if shaped is None else [shaped]
    if index is not None and sight.step(index).kind in ("reshape", "flatten"):
        shapes.append(index)
        index = sight.maker(sight.step(index).inputs[0])
    if table is None or index is None or sight.step(table).kind != "parameter" or sight.step(index).kind != "buffer":
        return None
    window = _window(sight, table, index)
    if window is None:
        return None
    held = sight.step(table)
    heads = sight.shape(held.outputs[0])[-1]
    attributes: dict[str, Attribute] = {"window_size": window, "num_heads": heads}
    made = NewStep(place, "relative_position_bias", (), sight.step(place).outputs, attributes, held.tensors, held.id)
    return Rewrite((table, index, lookup, *shapes, turned, place), (made,))


def _window(sight: Sight, table: int, index: int) -> Attribute:
    """The sides of the window with so many pairs, whose table has so many rows; None if there is none."""
    rows, *_ = sight.shape(sight.step(table).outputs[0])
    pairs = sight.shape(sight.step(index).outputs[0])
    if isinstance(rows, Batched) or any(isinstance(size, Batched) for size in pairs):
        return None
    positions = isqrt(numel(shape_at(pairs, 1)))
    for height in range(1, positions + 1):
        width, rest = divmod(positions, height)
        if rest == 0 and (2 * height - 1) * (2 * width - 1) == rows:
            return height if height == width else (height, width)
    return None
