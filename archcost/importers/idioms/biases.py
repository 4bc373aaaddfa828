"""Relative position biases, looked up in a table by an index of pairs."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel
from archcost.importers.form import Batched, shape_at
from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.idioms.sight import Sight

_HEADS_FIRST = (2, 0, 1)


def relative_position_bias(sight: Sight, place: int) -> IdiomRewrite | None:
    """table[index] of all pairs of positions, heads first: ``relative_position_bias``, which has a dim for the batch.

    The table is learnt, or computed by other layers.
    """
    if sight.step(place).kind != "permute" or sight.attribute(place, "dims") != _HEADS_FIRST:
        return None
    found = _looked_up(sight, place)
    window = _window(sight, found.table, found.pairs) if found is not None else None
    if found is None or window is None:
        return None
    attributes: dict[str, Attribute] = {"window_size": window}
    gone = [found.lookup, *found.shaping, place]
    inputs: tuple[int, ...] = (found.table,)
    tensors: tuple[str, ...] = ()
    name = ""
    held = sight.made_by(found.table, "parameter")
    if held is not None and sight.reader(found.table) is not None:
        gone, inputs = [held, *gone], ()
        tensors, name = sight.step(held).tensors, sight.step(held).id
        attributes["num_heads"] = sight.shape(found.table)[-1]
    turned = sight.step(place).outputs[0]
    batched = sight.read_by(turned, "unsqueeze")
    if batched is not None and sight.dim(batched) == 0:
        output = sight.step(batched).outputs
        made = NewStep(batched, "relative_position_bias", inputs, output, attributes, tensors, name)
        return IdiomRewrite((*gone, batched), (made,))
    made = NewStep(found.lookup, "relative_position_bias", inputs, (-1,), attributes, tensors, name)
    return IdiomRewrite(tuple(gone), (made, NewStep(place, "squeeze", (-1,), (turned,), {"dim": (0,)})))


class _LookedUp(NamedTuple):
    """A look-up: the values of table and index, its place, and the places of what makes the index and shapes both."""

    table: int
    pairs: int
    lookup: int
    shaping: list[int]


def _looked_up(sight: Sight, turned: int) -> _LookedUp | None:
    shaped = sight.made_by(sight.step(turned).inputs[0], "reshape", "unflatten")
    lookup = sight.made_by(sight.step(shaped if shaped is not None else turned).inputs[0], "index_select")
    if lookup is None or sight.dim(lookup) != 0:
        return None
    table, index = sight.step(lookup).inputs
    shaping = [] if shaped is None else [shaped]
    flattened = sight.made_by(index, "reshape", "flatten")
    if flattened is not None:
        shaping.append(flattened)
        index = sight.step(flattened).inputs[0]
    held = sight.made_by(index, "buffer")
    if held is None:
        return None
    return _LookedUp(table, index, lookup, [*shaping, held] if sight.reader(index) is not None else shaping)


def _window(sight: Sight, table: int, index: int) -> Attribute:
    """The sides of the window with so many pairs, whose table has so many rows; None if there is none."""
    rows, pairs = sight.shape(table)[0], sight.shape(index)
    if isinstance(rows, Batched) or any(isinstance(size, Batched) for size in pairs):
        return None
    positions = isqrt(numel(shape_at(pairs, 1)))
    for height in range(1, positions + 1):
        width, rest = divmod(positions, height)
        if rest == 0 and (2 * height - 1) * (2 * width - 1) == rows:
            return height if height == width else (height, width)
    return None
