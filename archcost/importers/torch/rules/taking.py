"""Functions that take parts of a tensor along one dim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.plain_steps import constant, select
from archcost.importers.torch.rules.arguments import place_of, rank_of, sizes_of, whole
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute, Size
    from archcost.importers.torch.rules.base import BoundCall, Maker


def _pieces(call: BoundCall, maker: Maker, kind: str, value: int, attributes: dict[str, Attribute]) -> list[int]:
    """The parts of a value; of one that is all of it, the value itself."""
    if len(call.results) == 1 and maker.tensor(value).shape == call.results[0].shape:
        return [maker.same(value)]
    return maker.steps(kind, [value], attributes)


@rule("chunk", signature="input, chunks, dim=0")
def chunk(call: BoundCall, maker: Maker) -> list[int]:
    """A number of parts of one size."""
    return _pieces(call, maker, "chunk", call.tensor("input"), {"chunks": call.get("chunks"), "dim": call.get("dim")})


@rule("split", "split_with_sizes", "unsafe_split", signature="input, split_size, dim=0")
def split(call: BoundCall, maker: Maker) -> list[int]:
    """Parts of a size, or of the sizes in a list."""
    size = call.get("split_size")
    sections: Attribute = sizes_of(size, "a size") if type(size) is tuple else size
    attributes = {"split_size_or_sections": sections, "dim": call.get("dim")}
    return _pieces(call, maker, "split", call.tensor("input"), attributes)


@rule("tensor_split", signature="input, parts=None, dim=0, indices=None, sections=None")
def tensor_split(call: BoundCall, maker: Maker) -> list[int]:
    """Parts as even as can be, or between positions: a split by the sizes that the run gave."""
    return _split_as_run(call, maker, place_of(call.get("dim"), rank_of(maker, call.tensor("input"))))


@rule("hsplit", "vsplit", "dsplit", signature="input, parts=None, indices=None, sections=None")
def split_as_numpy(call: BoundCall, maker: Maker) -> list[int]:
    """Parts along the columns, rows or the third dim."""
    rank = rank_of(maker, call.tensor("input"))
    return _split_as_run(call, maker, {"hsplit": min(rank, 2) - 1, "vsplit": 0, "dsplit": 2}[call.function])


def _split_as_run(call: BoundCall, maker: Maker, dim: int) -> list[int]:
    value = call.tensor("input")
    sections: list[Size] = [result.shape[dim] for result in call.results]
    if len(set(sections)) == 1:
        return _pieces(call, maker, "chunk", value, {"chunks": len(sections), "dim": dim})
    return _pieces(call, maker, "split", value, {"split_size_or_sections": tuple(sections), "dim": dim})


@rule("unbind", "iter", signature="input, dim=0")
def unbind(call: BoundCall, maker: Maker) -> list[int]:
    """Every position along a dim by itself."""
    value, dim = call.tensor("input"), call.get("dim")
    if len(call.results) == 1:
        return [maker.step("squeeze", [value], {"dim": (whole(dim, "the dim"),)})]
    return maker.steps("unbind", [value], {"dim": dim})


@rule("select", signature="input, dim, index")
def select_position(call: BoundCall, maker: Maker) -> int:
    """One position along a dim."""
    value = call.tensor("input")
    dim = place_of(call.get("dim"), rank_of(maker, value))
    return select(maker, value, dim, whole(call.get("index"), "the position"))


@rule("narrow", signature="input, dim, start, length")
def narrow(call: BoundCall, maker: Maker) -> int:
    """A stretch of a dim."""
    start, length = call.get("start"), call.get("length")
    if isinstance(start, int) and isinstance(length, int):
        end: Size = start + length
    elif start == 0 and isinstance(length, Batched):
        end = length
    else:
        raise Unmapped("where the stretch ends depends on the batch")
    attributes = {"dim": call.get("dim"), "start": start or None, "end": end}
    return maker.step("slice", [call.tensor("input")], attributes)


@rule("index_select", signature="input, dim, index")
def index_select(call: BoundCall, maker: Maker) -> int:
    """The positions of a dim that an index names."""
    return maker.step("index_select", [call.tensor("input"), call.tensor("index")], {"dim": call.get("dim")})


@rule("gather", signature="input, dim, index")
@rule("take_along_dim", signature="input, indices, dim=None")
def gather(call: BoundCall, maker: Maker) -> int:
    """An element for each index."""
    value, dim = call.tensor("input"), call.get("dim")
    index = call.tensor("index" if call.function == "gather" else "indices")
    if dim is None:
        return maker.step("index_select", [_flat(maker, value), _flat(maker, index)], {"dim": 0})
    if call.function == "take_along_dim":  # broadcasts all other dims
        value, index = _broadcast_but(maker, value, index, dim), _broadcast_but(maker, index, value, dim)
    return maker.step("gather", [value, index], {"dim": dim})


def _broadcast_but(maker: Maker, value: int, other: int, dim: int) -> int:
    """A value whose dims of size 1 are those of another one, but for one dim."""
    own, wanted = maker.tensor(value).shape, maker.tensor(other).shape
    at = place_of(dim, len(own))
    sizes = tuple([b if a == 1 and place != at else a for place, (a, b) in enumerate(zip(own, wanted, strict=True))])
    return value if sizes == own else maker.step("expand", [value], {"sizes": sizes})


def _flat(maker: Maker, value: int) -> int:
    return value if rank_of(maker, value) == 1 else maker.step("reshape", [value], {"shape": (-1,)})


@rule("take", signature="input, index")
def take(call: BoundCall, maker: Maker) -> int:
    """Elements of the flattened tensor."""
    return maker.step("index_select", [_flat(maker, call.tensor("input")), call.tensor("index")], {"dim": 0})


@rule("topk", signature="input, k, dim=-1, largest=True, sorted=True")
def topk(call: BoundCall, maker: Maker) -> list[int]:
    """The greatest and their places."""
    attributes = {name: call.get(name) for name in ("k", "dim", "largest", "sorted")}
    return maker.steps("topk", [call.tensor("input")], attributes)


@rule("sort", "argsort", "msort", signature="input, dim=-1, descending=False, stable=False")
def sort(call: BoundCall, maker: Maker) -> int | list[int]:
    """All of a dim in order: the greatest or least of as many as there are, and their places."""
    value = call.tensor("input")
    dim = 0 if call.function == "msort" else call.get("dim")
    size = maker.tensor(value).shape[place_of(dim, rank_of(maker, value))]
    found = maker.steps("topk", [value], {"k": size, "dim": dim, "largest": bool(call.get("descending"))})
    return found if call.function == "sort" else found[call.function == "argsort"]


@rule("one_hot", signature="input, num_classes=-1")
def one_hot(call: BoundCall, maker: Maker) -> int:
    """Rows of a unit matrix, for each index one."""
    classes = whole(call.result.shape[-1], "the number of classes")
    unit = constant(maker, (classes, classes), "int64")
    return maker.step("index_select", [unit, call.tensor("input")], {"dim": 0})


@rule("diagonal", "diag", "trace", signature="input, offset=0, dim1=0, dim2=1")
def diagonal(call: BoundCall, maker: Maker) -> int:
    """The diagonal of two dims as the last one: the places of a matrix that is one dim; ``trace`` is its sum."""
    value = call.tensor("input")
    rank = rank_of(maker, value)
    if rank < 2:  # noqa: PLR2004 - a vector has none
        raise Unmapped("a matrix with a given diagonal is no op")
    dims = (place_of(call.get("dim1"), rank), place_of(call.get("dim2"), rank))
    order = (*[dim for dim in range(rank) if dim not in dims], *dims)
    rows, columns = [whole(maker.tensor(value).shape[dim], "a side of a matrix") for dim in dims]
    offset = whole(call.get("offset"), "the offset")
    length = min(rows + min(offset, 0), columns - max(offset, 0))
    if order != tuple(range(rank)):
        value = maker.step("permute", [value], {"dims": order})
    value = maker.step("flatten", [value], {"start_dim": -2})
    value = maker.step("index_select", [value, constant(maker, (length,), "int64")], {"dim": -1})
    return maker.step("sum", [value]) if call.function == "trace" else value
