"""``x[…] = y``: a new tensor that has y in a region of x, and x around it. Nothing is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import Batched
from archcost.importers.plain_steps import cast, constant
from archcost.importers.torch.recorded import Opaque, Ref
from archcost.importers.torch.rules.arguments import is_number, items_of, number_of, operand, place_of, rank_of, whole
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped
from archcost.importers.torch.rules.indexing import aligned, items_by_dim, write_masked
from archcost.importers.torch.rules.shape import expanded

if TYPE_CHECKING:
    from archcost.importers.form import Shape, Size
    from archcost.importers.torch.recorded import Argument, TorchCall
    from archcost.importers.torch.rules.base import BoundCall, Maker


class Stretch(NamedTuple):
    """Positions of a dim that are written: ``start``, ``start + step`` … below ``end``, of ``size``."""

    start: int
    end: int
    step: int
    size: int

    @property
    def length(self) -> int:
        """How many there are."""
        return len(range(self.start, self.end, self.step))


class Region(NamedTuple):
    """What is written: a stretch of some dims, all of the others; and how the written tensor's dims stand to them.

    ``shape`` has a size for every dim of the base. ``added`` are the places of dims of the written tensor that the base
    has not, ``dropped`` the dims of the base that it lacks.
    """

    stretches: dict[int, Stretch]
    shape: Shape
    added: tuple[int, ...]
    dropped: tuple[int, ...]


@rule("setitem", signature="input, index, value")
def setitem(call: BoundCall, maker: Maker) -> int:
    """A write into a region, or where a mask is true; nothing where it has been written already.

    ``x[1:] += y`` is three calls: the part is taken and changed in place, which writes into x, and written once more.
    """
    base, items = call.tensor("input"), items_of(index_of(call.call, maker))
    if _is_written(call.call, maker):
        return maker.same(base)
    if len(items) == 1 and isinstance(items[0], Ref):
        return _write_masked(call, maker, base, operand(call, items[0]))
    region = _region(maker, base, items_by_dim(call, maker, items, rank_of(maker, base)))
    filling = call.get("value")
    if is_number(filling):
        return _filled(call, maker, base, region, filling)
    return _written(maker, base, region, _fitted(maker, operand(call, filling), region, maker.tensor(base).dtype))


def index_of(write: TorchCall, maker: Maker) -> Argument:
    """Where a call writes: its index, or that of the part that was changed in place; raises Unmapped if it is none."""
    base, index, value = write.args
    if not isinstance(index, Opaque):
        return index
    made = maker.call_of(value.value)
    while made is not None and made.in_place:
        made = maker.call_of(made.args[0].value)
    if made is None or made.function != "getitem" or made.args[0] != base:
        raise Unmapped("it writes into a view of a tensor that is no part of it")
    return made.args[1]


def _is_written(write: TorchCall, maker: Maker) -> bool:
    """Whether a call writes what the call before has written at the same place."""
    base, index, value = write.args
    before = maker.call_of(base.value)
    return (
        before is not None
        and before.function == "setitem"
        and (index_of(before, maker), before.args[2]) == (index, value)
    )


def _write_masked(call: BoundCall, maker: Maker, base: int, mask: int) -> int:
    filling = call.get("value")
    if not is_number(filling):
        return write_masked(maker, base, mask, operand(call, filling))
    if maker.tensor(mask).dtype != "bool":
        raise Unmapped("writing at places that tensors name is no op")
    value = {"value": number_of(filling, "what is written")}
    return maker.step("masked_fill", [base, aligned(maker, mask, rank_of(maker, base))], value)


def _region(maker: Maker, base: int, items: list[Argument]) -> Region:
    """The region that an index names."""
    shape = maker.tensor(base).shape
    stretches: dict[int, Stretch] = {}
    added: list[int] = []
    dropped: list[int] = []
    dim = place = 0
    for item in items:
        if item is None:
            added.append(place)
            place += 1
            continue
        stretch = _stretch(shape[dim], item)
        if stretch is not None:
            stretches[dim] = stretch
        if type(item) is int:
            dropped.append(dim)
        else:
            place += 1
        dim += 1
    sizes = tuple([stretches[dim].length if dim in stretches else size for dim, size in enumerate(shape)])
    return Region(stretches, sizes, tuple(added), tuple(dropped))


def _stretch(size: Size, item: Argument) -> Stretch | None:
    """The positions of a dim that an item names; None for all of them."""
    if type(item) is int:
        known = whole(size, "the size of a dim that is written")
        at = place_of(item, known)
        return Stretch(at, at + 1, 1, known) if known > 1 else None
    if not isinstance(item, slice):
        raise Unmapped("writing at places that tensors name is no op")
    bounds = (item.start, item.stop, item.step)
    if bounds in ((None, None, None), (0, size, None), (None, size, None)):
        return None
    if isinstance(size, Batched) or any(not isinstance(bound, (int, type(None))) for bound in bounds):
        raise Unmapped("where it writes depends on the batch, or on data")
    start, end, step = item.indices(size)
    if (start, end, step) == (0, size, 1):
        return None
    if end <= start:
        raise Unmapped("it writes nothing")
    return Stretch(start, end, step, size)


def _mask(maker: Maker, region: Region) -> int:
    """Truth values, true in the region: of size 1 along dims that are written as a whole."""
    rank = len(region.shape)
    sizes = tuple([region.stretches[dim].size if dim in region.stretches else 1 for dim in range(rank)])
    return constant(maker, sizes, "bool", 1)


def _filled(call: BoundCall, maker: Maker, base: int, region: Region, filling: Argument) -> int:
    """One number in the region."""
    number = number_of(filling, "what is written")
    if not region.stretches:
        return constant(maker, call.result.shape, call.result.dtype, number)
    return maker.step("masked_fill", [base, _mask(maker, region)], {"value": number})


def _fitted(maker: Maker, value: int, region: Region, dtype: str) -> int:
    """What is written, in the dtype and with the dims of the base, each of the region's size."""
    value = cast(maker, value, dtype)
    shape = maker.tensor(value).shape
    lack = len(region.shape) - len(region.dropped) + len(region.added) - len(shape)
    unwanted = [place - lack for place in region.added if place - lack >= 0]
    if unwanted:
        value = maker.step("squeeze", [value], {"dim": tuple(unwanted)})
    behind = [dim - len(region.shape) for dim in region.dropped]
    for dim in reversed(behind):
        if -dim <= rank_of(maker, value) + 1:
            value = maker.step("unsqueeze", [value], {"dim": dim})
    return expanded(maker, value, region.shape)


def _written(maker: Maker, base: int, region: Region, value: int) -> int:
    """A region of the base replaced: joined with what is before and behind it, or chosen by place."""
    if not region.stretches:
        return value
    if len(region.stretches) == 1:
        ((dim, stretch),) = region.stretches.items()
        if stretch.step == 1:
            return _joined(maker, base, dim, stretch, value)
    for dim, stretch in region.stretches.items():
        value = _spread(maker, value, dim, stretch)
    return maker.step("where", [_mask(maker, region), value, base])


def _joined(maker: Maker, base: int, dim: int, stretch: Stretch, value: int) -> int:
    """What stands before, the new, and what stands behind."""
    parts = [value]
    if stretch.start:
        parts.insert(0, maker.step("slice", [base], {"dim": dim, "end": stretch.start}))
    if stretch.end < stretch.size:
        parts.append(maker.step("slice", [base], {"dim": dim, "start": stretch.end}))
    return maker.step("concat", parts, {"dim": dim})


def _spread(maker: Maker, value: int, dim: int, stretch: Stretch) -> int:
    """What is written at its places of a dim, and zeros around it; with a step, zeros between as well."""
    rank = len(maker.tensor(value).shape)
    if stretch.step > 1:
        gaps = (0,) * (2 * (rank - dim - 1)) + (0, stretch.step - 1)
        value = maker.step("unsqueeze", [value], {"dim": dim + 1})
        value = maker.step("pad", [value], {"pad": gaps})
        value = maker.step("flatten", [value], {"start_dim": dim, "end_dim": dim + 1})
    behind = stretch.size - stretch.start - stretch.length * stretch.step
    around = (0,) * (2 * (rank - dim - 1)) + (stretch.start, behind)
    return maker.step("pad", [value], {"pad": around}) if any(around) else value
