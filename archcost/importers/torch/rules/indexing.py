"""``x[…]``: ints, slices, None, Ellipsis, tensors, lists and masks, from the left to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import Batched
from archcost.importers.plain_steps import constant, select
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.arguments import items_of, rank_of, whole
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute, Shape, Size
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker


class _Chosen(NamedTuple):
    """A dim whose positions a tensor or a list names."""

    dim: int
    places: int  # the value that names them


@rule("getitem", signature="input, index")
def getitem(call: BoundCall, maker: Maker) -> int:
    """Slices and single positions first, then what tensors name, as torch does."""
    value = call.tensor("input")
    given = call.get("index")
    items = (given,) if _is_list(call, maker, given) else items_of(given)
    value, chosen = _sliced(call, maker, value, items_by_dim(call, maker, items, rank_of(maker, value)))
    if not chosen:
        return maker.same(value)
    return _indexed(maker, value, chosen)


def _is_list(call: BoundCall, maker: Maker, given: Argument) -> bool:
    """Whether ``x[[0, 2]]`` was meant, not ``x[0, 2]``, which is recorded alike: the run's rank tells."""
    whole_numbers = type(given) is tuple and given != () and all(type(item) is int for item in given)
    return whole_numbers and len(call.result.shape) == rank_of(maker, call.tensor("input"))


def items_by_dim(call: BoundCall, maker: Maker, items: tuple[Argument, ...], rank: int) -> list[Argument]:
    """An item for every dim, in order, with None for those that are new; an Ellipsis stands for all that lack."""
    taken = sum(_dims_of(call, maker, item) for item in items)
    full = [slice(None)] * (rank - taken)
    found: list[Argument] = []
    for item in items:
        if item is Ellipsis:
            found += full
            full = []
        else:
            found.append(item)
    return found + full


def _dims_of(call: BoundCall, maker: Maker, item: Argument) -> int:
    """How many dims an item stands for: a mask has several."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, Ref):
        tensor = maker.tensor(call.values(item.value))
        return len(tensor.shape) if tensor.dtype == "bool" else 1
    return 1


def _sliced(call: BoundCall, maker: Maker, value: int, items: list[Argument]) -> tuple[int, list[_Chosen]]:
    """A value after slices, single positions and new dims; and the dims whose positions tensors name."""
    dim = 0
    chosen: list[_Chosen] = []
    for item in items:
        if item is None:
            value = maker.step("unsqueeze", [value], {"dim": dim})
        elif isinstance(item, slice):
            value = slice_of(maker, value, dim, item)
        elif type(item) is int:
            value = select(maker, value, dim, item)
            continue
        elif isinstance(item, Ref) or type(item) is tuple:
            value, index = _index(call, maker, value, dim, item)
            if rank_of(maker, index) == 0:
                one = maker.step("index_select", [value, maker.step("unsqueeze", [index], {"dim": 0})], {"dim": dim})
                value = maker.step("squeeze", [one], {"dim": (dim,)})
                continue
            chosen.append(_Chosen(dim, index))
        else:
            raise Unmapped(f"an index of the type {type(item).__name__} is no op")
        dim += 1
    return value, chosen


def slice_of(maker: Maker, value: int, dim: int, item: slice) -> int:
    """``x[start:end:step]`` along a dim; nothing where it is all of it."""
    size = maker.tensor(value).shape[dim]
    start, end, step = item.start, item.stop, item.step
    if any(not isinstance(bound, (int, Batched, type(None))) for bound in (start, end, step)):
        raise Unmapped("a slice ends where data says")
    if _is_all(size, start, end) and step in (None, 1):
        return value
    attributes: dict[str, Attribute] = {"dim": dim, "start": start or None, "end": end, "step": step or 1}
    if not isinstance(size, Batched) and isinstance(end, int) and end >= size:
        attributes["end"] = None
    return maker.step("slice", [value], attributes)


def _is_all(size: Size, start: Argument, end: Argument) -> bool:
    """Whether a slice begins at the beginning and ends at the end."""
    if start not in (None, 0) and not (isinstance(start, int) and isinstance(size, int) and start == -size):
        return False
    if end is None or end == size:
        return True
    return isinstance(end, int) and (end >= size if isinstance(size, int) else end >= _ENDLESS)


_ENDLESS = 2**31  # what people write for "to the end", at any batch


def _index(call: BoundCall, maker: Maker, value: int, dim: int, item: Argument) -> tuple[int, int]:
    """A value and the positions of its dim that an item names; a mask makes one dim of all that it covers.

    Which places a mask has depends on data: where the run knew them all the same, their number is that of its result.
    """
    if type(item) is tuple:
        return value, constant(maker, _shape_of_list(item), "int64")
    index = call.values(item.value)
    tensor = maker.tensor(index)
    if tensor.dtype != "bool":
        return value, index
    covered = len(tensor.shape)
    if covered == 0:
        raise Unmapped("a mask without dims is no op")
    if covered > 1:
        value = maker.step("flatten", [value], {"start_dim": dim, "end_dim": dim + covered - 1})
    if len(call.result.shape) != rank_of(maker, value):
        raise Unmapped("a mask beside other indices is no op")
    return value, constant(maker, (whole(call.result.shape[dim], "the number of places"),), "int64")


def _shape_of_list(item: tuple[Argument, ...]) -> Shape:
    """The shape of a list of whole numbers, or of lists of them."""
    if not item:
        raise Unmapped("an empty list chooses nothing")
    if type(item[0]) is tuple:
        return (len(item), *_shape_of_list(item[0]))
    whole(item[0], "an index")
    return (len(item),)


def _indexed(maker: Maker, value: int, chosen: list[_Chosen]) -> int:
    """Elements that indices name together: along one dim, or along several that become one.

    Dims that do not stand side by side come to the front first, as in torch.
    """
    dims = [each.dim for each in chosen]
    first = dims[0]
    if dims != list(range(first, first + len(dims))):
        rest = [dim for dim in range(rank_of(maker, value)) if dim not in dims]
        value, first = maker.step("permute", [value], {"dims": (*dims, *rest)}), 0
    index = chosen[0].places
    if len(chosen) > 1:
        sizes = maker.tensor(value).shape[first : first + len(dims)]
        value = maker.step("flatten", [value], {"start_dim": first, "end_dim": first + len(dims) - 1})
        for size, (_, later) in zip(sizes[1:], chosen[1:], strict=True):
            row = maker.step("mul", [index, constant(maker, (), "int64", size)])
            index = maker.step("add", [row, later])
    return maker.step("index_select", [value, index], {"dim": first})


@rule("index_put", signature="input, indices, values, accumulate=False")
def index_put(call: BoundCall, maker: Maker) -> int:
    """A mask alone with one number is a choice; places that tensors name are no op."""
    indices, filling = call.get("indices"), call.tensor("values")
    if type(indices) is not tuple or len(indices) != 1 or call.get("accumulate"):
        raise Unmapped("writing at places that tensors name is no op")
    return write_masked(maker, call.tensor("input"), call.values(indices[0].value), filling)


def write_masked(maker: Maker, value: int, mask: int, filling: int) -> int:
    """A value with one number written where a mask is true."""
    if maker.tensor(mask).dtype != "bool" or maker.tensor(filling).shape not in ((), (1,)):
        raise Unmapped("writing at places that tensors name is no op")
    return maker.step("where", [aligned(maker, mask, rank_of(maker, value)), filling, value])


def aligned(maker: Maker, mask: int, rank: int) -> int:
    """A mask of the first dims with dims of size 1 behind, to as many as the value has."""
    for _ in range(rank - rank_of(maker, mask)):
        mask = maker.step("unsqueeze", [mask], {"dim": -1})
    return mask
