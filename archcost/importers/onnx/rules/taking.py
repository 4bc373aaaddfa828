"""Parts of a tensor along a dim: slices, splits, and places that an index names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import WHOLE_DTYPES
from archcost.importers.form import Batched
from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, place_of, rule
from archcost.importers.plain_steps import select

if TYPE_CHECKING:
    from archcost.importers.form import Attribute, Size
    from archcost.importers.onnx.values import Stored

_ENDLESS = 2**31 - 1  # what exporters write for "to the end"
_STEPS = 4  # the place of a slice's steps
_MATRIX = 2


@rule("Slice")
def sliced(maker: OnnxMaker) -> int:
    """Stretches of some dims."""
    rank, value = maker.rank(0), maker.value(0)
    starts = maker.attribute("starts") or maker.wholes(1)
    ends = maker.attribute("ends") or maker.wholes(2)
    given = maker.attribute("axes") or (maker.fixed(3) if maker.has(3) else tuple(range(len(starts))))
    steps = maker.fixed(_STEPS) if maker.has(_STEPS) else (1,) * len(starts)
    for axis, start, end, step in zip(given, starts, ends, steps, strict=True):
        value = _stretch(maker, value, place_of(axis, rank), start, end, step)
    return value


def _stretch(maker: OnnxMaker, value: int, dim: int, start: Size, end: Size, step: int) -> int:
    size = maker.tensor(value).shape[dim]
    if step < 0:
        if step == -1 and start in (-1, size) and isinstance(end, int) and end < -_ENDLESS + 1:
            return maker.step("flip", [value], {"dims": (dim,)})
        raise Unmapped("it runs backwards")
    begins: Attribute = None if start == 0 or (isinstance(start, int) and start <= -_ENDLESS) else start
    to_end = end == size or (
        isinstance(end, int) and (end >= _ENDLESS or (not isinstance(size, Batched) and end >= size))
    )
    if begins is None and to_end and step == 1:
        return value
    attributes: dict[str, Attribute] = {"dim": dim, "start": begins, "end": None if to_end else end, "step": step}
    return maker.step("slice", [value], attributes)


@rule("Split")
def split(maker: OnnxMaker) -> list[int]:
    """Parts along an axis: of the sizes that are given, else of one size."""
    count, value = len(maker.node.outputs), maker.value(0)
    dim = place_of(maker.attribute("axis", 0), maker.rank(0))
    sizes = maker.attribute("split") or (maker.fixed(1) if maker.has(1) else None)
    if count == 1:
        return [value]
    if sizes is None or len(set(sizes)) == 1:
        found = maker.steps("chunk", [value], {"chunks": count, "dim": dim})
    else:
        found = maker.steps("split", [value], {"split_size_or_sections": tuple(sizes), "dim": dim})
    if len(found) != count:
        raise Unmapped(f"it gives {count} parts, and there are {len(found)}")
    return found


@rule("Gather")
def gather(maker: OnnxMaker) -> int:
    """The places of an axis that an index names; of a stored table, an embedding."""
    rank, table = maker.rank(0), maker.stored(0)
    axis = place_of(maker.attribute("axis", 0), rank)
    index = maker.number(1)
    if isinstance(index, int) and maker.rank(1) == 0 and table is None:
        return select(maker, maker.value(0), axis, index)
    if table is not None and axis == 0 and rank == _MATRIX and _is_trained(maker, table):
        rows, width = table.shape
        attributes: dict[str, Attribute] = {"num_embeddings": rows, "embedding_dim": width}
        (found,) = maker.layer("embedding", [maker.value(1)], attributes, {"weight": table})
        return found
    places = maker.value(1)
    if maker.rank(1):
        return maker.step("index_select", [maker.value(0), places], {"dim": axis})
    one = maker.step("index_select", [maker.value(0), maker.step("unsqueeze", [places], {"dim": 0})], {"dim": axis})
    return maker.step("squeeze", [one], {"dim": (axis,)})


def _is_trained(maker: OnnxMaker, table: Stored) -> bool:
    """Whether a table has numbers with fractions, or those of one that was quantized."""
    reader = maker.sole_reader()
    return table.dtype not in WHOLE_DTYPES or (reader is not None and reader.op == "DequantizeLinear")


@rule("GatherElements")
def gather_elements(maker: OnnxMaker) -> int:
    """An element for each index."""
    dim = place_of(maker.attribute("axis", 0), maker.rank(0))
    return maker.step("gather", [maker.value(0), maker.value(1)], {"dim": dim})


@rule("TopK")
def topk(maker: OnnxMaker) -> list[int]:
    """The greatest of a dim, and their places."""
    (count,) = (maker.attribute("k"),) if maker.attribute("k") else maker.fixed(1)
    attributes: dict[str, Attribute] = {
        "k": count,
        "dim": maker.attribute("axis", -1),
        "largest": bool(maker.attribute("largest", 1)),
        "sorted": bool(maker.attribute("sorted", 1)),
    }
    return maker.steps("topk", [maker.value(0)], attributes)
