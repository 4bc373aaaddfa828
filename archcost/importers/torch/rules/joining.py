"""Functions that join, pad, repeat, move and turn tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.arguments import (
    items_of,
    number_of,
    operand,
    rank_of,
    sizes_of,
    whole,
    wholes,
)
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.rules.base import BoundCall, Maker


@rule("cat", "concat", "concatenate", signature="tensors, dim=0")
def cat(call: BoundCall, maker: Maker) -> int:
    """Joined along a dim; a tensor of shape (0,) counts for nothing, as in torch."""
    given = items_of(call.get("tensors"))
    values = [
        operand(call, item) for item in given if not isinstance(item, Ref) or maker.recorded(item.value).shape != (0,)
    ]
    return _joined(maker, values, whole(call.get("dim"), "the dim"))


def _joined(maker: Maker, values: list[int], dim: int) -> int:
    return maker.step("concat", values, {"dim": dim}) if len(values) > 1 else maker.same(values[0])


@rule("stack", signature="tensors, dim=0")
def stack(call: BoundCall, maker: Maker) -> int:
    """Joined along a new dim; one alone gets it."""
    values, dim = call.tensors("tensors"), whole(call.get("dim"), "the dim")
    if len(values) == 1:
        return maker.step("unsqueeze", values, {"dim": dim})
    return maker.step("stack", values, {"dim": dim})


@rule("hstack", "vstack", "dstack", "row_stack", "column_stack", signature="tensors")
def stack_as_numpy(call: BoundCall, maker: Maker) -> int:
    """Joined along the columns, rows or the third dim, after dims of size 1 are added where they lack."""
    if call.function == "hstack":
        values = call.tensors("tensors")
        return _joined(maker, values, min(rank_of(maker, values[0]), 2) - 1)
    least = 3 if call.function == "dstack" else 2
    values = [_with_dims(maker, value, least, call.function) for value in call.tensors("tensors")]
    return _joined(maker, values, {"dstack": 2, "column_stack": 1}.get(call.function, 0))


def _with_dims(maker: Maker, value: int, least: int, function: str) -> int:
    """A value with at least so many dims, as numpy adds them."""
    if rank_of(maker, value) == 0:
        value = maker.step("reshape", [value], {"shape": (1,)})
    if rank_of(maker, value) == 1:
        value = maker.step("unsqueeze", [value], {"dim": 1 if function == "column_stack" else 0})
    return maker.step("unsqueeze", [value], {"dim": 2}) if rank_of(maker, value) < least else value


@rule("pad", signature="input, pad, mode='constant', value=None")
def pad(call: BoundCall, maker: Maker) -> int:
    """Pairs of numbers from the last dim backwards; nothing where all are 0."""
    value, sizes = call.tensor("input"), sizes_of(call.get("pad"), "a padding")
    if not any(sizes):
        return maker.same(value)
    attributes: dict[str, Attribute] = {"pad": sizes, "mode": call.get("mode")}
    if call.get("value") and call.get("mode") == "constant":
        attributes["value"] = number_of(call.get("value"), "the value")
    return maker.step("pad", [value], attributes)


@rule("flip", "fliplr", "flipud", signature="input, *dims")
def flip(call: BoundCall, maker: Maker) -> int:
    """The other way round along some dims."""
    dims = {"fliplr": (1,), "flipud": (0,)}.get(call.function)
    return maker.step("flip", [call.tensor("input")], {"dims": dims or wholes(call.get("dims"), "a dim")})


@rule("rot90", signature="input, k=1, dims=None")
def rot90(call: BoundCall, maker: Maker) -> int:
    """A quarter turn: two dims change places, and one of them is turned round; a half turn is both turned round."""
    value, dims = call.tensor("input"), wholes(call.get("dims") or (0, 1), "a dim")
    turns = whole(call.get("k"), "k") % 4
    if turns == 0:
        return maker.same(value)
    if turns == 2:  # noqa: PLR2004 - half a turn
        return maker.step("flip", [value], {"dims": dims})
    value = maker.step("transpose", [value], {"dim0": dims[0], "dim1": dims[1]})
    return maker.step("flip", [value], {"dims": (dims[turns == 3],)})  # noqa: PLR2004 - the other way


@rule("roll", signature="input, shifts, dims=None")
def roll(call: BoundCall, maker: Maker) -> int:
    """Moved along dims, with wrap-around; nothing where all shifts are 0."""
    value, shifts = call.tensor("input"), sizes_of(call.get("shifts"), "a shift")
    if not any(shifts):
        return maker.same(value)
    dims = call.get("dims")
    attributes = {"shifts": shifts, "dims": None if dims in (None, ()) else wholes(dims, "a dim")}
    return maker.step("roll", [value], attributes)


@rule("repeat", "tile", signature="input, *sizes")
def repeat(call: BoundCall, maker: Maker) -> int:
    """All of it several times along each dim."""
    times = sizes_of(call.get("sizes"), "a number of times")
    return maker.step("tile", [call.tensor("input")], {"dims": times})


@rule("repeat_interleave", signature="input, repeats, dim=None, output_size=None")
def repeat_interleave(call: BoundCall, maker: Maker) -> int:
    """Each position several times in a row; how often must not depend on data."""
    repeats, dim = call.get("repeats"), call.get("dim")
    if not isinstance(repeats, (int, Batched)):
        raise Unmapped("how often a position is repeated depends on data")
    return maker.step("repeat_interleave", [call.tensor("input")], {"repeats": repeats, "dim": dim})


@rule("meshgrid", signature="*tensors, indexing='ij'")
def meshgrid(call: BoundCall, maker: Maker) -> list[int]:
    """Each tensor along a dim of its own, repeated over those of the others; ``xy`` has the first two swapped."""
    values = call.tensors("tensors")
    count = len(values)
    found = []
    for place, (value, result) in enumerate(zip(values, call.results, strict=True)):
        if call.get("indexing") == "xy" and count > 1 and place < 2:  # noqa: PLR2004 - the first two
            place = 1 - place  # noqa: PLW2901 - where it stands
        behind = count - 1 - place
        for _ in range(behind):
            value = maker.step("unsqueeze", [value], {"dim": -1})  # noqa: PLW2901 - step by step
        found.append(maker.step("expand", [value], {"sizes": result.shape}) if count > 1 else maker.same(value))
    return found


@rule("channel_shuffle", "native_channel_shuffle", signature="input, groups")
def channel_shuffle(call: BoundCall, maker: Maker) -> int:
    """Groups of channels are mixed."""
    return maker.step("channel_shuffle", [call.tensor("input")], {"groups": call.get("groups")})
