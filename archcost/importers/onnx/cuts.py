"""Tensors of the file that are cut and joined again, as exporters do to put the gates of a recurrent layer in order.

The nodes are lowered as any others. Beside them goes which stretches of which tensors a name holds, so that a layer can
have them as one weight where nothing of the tensors is left out, and nothing is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.onnx.making import OnnxMaker
from archcost.importers.onnx.rules.base import Unmapped, place_of
from archcost.importers.onnx.tensors import StoredTensor
from archcost.importers.onnx.values import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.onnx.graph import OnnxNode
    from archcost.importers.onnx.lowering import Lowering

_REARRANGES = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
_STEPS = 4  # the place of a slice's steps
_MOST = 1000  # stretches in a name


class Cut(NamedTuple):
    """A stretch along a dim of a tensor of the file, which has ``size`` places there."""

    source: int
    dim: int
    start: int
    end: int
    size: int


def follow(lowering: Lowering, node: OnnxNode) -> None:
    """Note the stretches that the outputs of a node hold, if it does nothing but cut and join tensors of the file."""
    try:
        found = _cuts(lowering, node)
    except (Unmapped, LookupError, TypeError, ValueError):
        return
    for name, cuts in zip(node.outputs, found, strict=False):
        if cuts and len(cuts) <= _MOST:
            lowering.cuts[name] = cuts


def joined(lowering: Lowering, name: str) -> Stored | None:
    """The tensor that a name holds all stretches of; None if it holds anything else."""
    cuts = lowering.cuts.get(name)
    if cuts is None or not _is_whole(cuts):
        return None
    if name not in lowering.joined:
        given = lowering.values[value].shape if isinstance(value := lowering.named(name), int) else value.shape
        shape = tuple([size for size in given if isinstance(size, int)])
        first = lowering.sources[cuts[0].source]
        made = lowering.source(StoredTensor(first.name, shape, first.dtype, None))
        if isinstance(made, Stored):
            lowering.joined[name] = made
    return lowering.joined.get(name)


def _cuts(lowering: Lowering, node: OnnxNode) -> list[tuple[Cut, ...]]:
    if node.op in _REARRANGES:
        return [lowering.cuts.get(node.inputs[0], ())]
    if node.op == "Concat":
        parts = [lowering.cuts.get(name) or _whole(lowering, name) for name in node.inputs]
        return [tuple([cut for part in parts for cut in part])] if all(parts) else []
    return _pieces(lowering, node) if node.op in ("Slice", "Split") else []


def _whole(lowering: Lowering, name: str) -> tuple[Cut, ...]:
    given = lowering.named(name)
    size = given.shape[0] if isinstance(given, Stored) and given.shape else 0
    return (Cut(given.source, 0, 0, size, size),) if isinstance(given, Stored) and size else ()


def _pieces(lowering: Lowering, node: OnnxNode) -> list[tuple[Cut, ...]]:
    """The stretches that a node cuts out of a tensor, along one dim."""
    maker = OnnxMaker(lowering, node)
    given = maker.stored(0)
    if given is None or given.shape != lowering.sources[given.source].shape:
        return []
    if node.op == "Split":
        dim = place_of(maker.attribute("axis", 0), len(given.shape))
        size = given.shape[dim]
        sizes = maker.attribute("split") or (maker.fixed(1) if maker.has(1) else ())
        sizes = sizes or (-(-size // len(node.outputs)),) * len(node.outputs)
        stops = [sum(sizes[: place + 1]) for place in range(len(sizes))]
        return [
            (Cut(given.source, dim, end - part, min(end, size), size),) for part, end in zip(sizes, stops, strict=True)
        ]
    starts, ends = (maker.attribute(word) or maker.fixed(place) for word, place in (("starts", 1), ("ends", 2)))
    axes = maker.attribute("axes") or (maker.fixed(3) if maker.has(3) else (0,))
    steps = maker.fixed(_STEPS) if maker.has(_STEPS) else (1,)
    if [len(starts), *steps] != [1, 1]:
        return []
    dim = place_of(axes[0], len(given.shape))
    size = given.shape[dim]
    start, end = (min(place + size if place < 0 else place, size) for place in (starts[0], ends[0]))
    return [(Cut(given.source, dim, start, end, size),)] if 0 <= start < end else []


def _is_whole(cuts: Sequence[Cut]) -> bool:
    """Whether the stretches are all of their tensors, each place once."""
    ends: dict[tuple[int, int, int], int] = {}
    for source, dim, start, end, size in sorted(cuts):
        if ends.get((source, dim, size), 0) != start:
            return False
        ends[source, dim, size] = end
    sources = [source for source, _, _ in ends]
    return len(set(sources)) == len(sources) and all(end == size for (_, _, size), end in ends.items())
