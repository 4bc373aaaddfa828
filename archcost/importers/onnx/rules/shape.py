"""Rearrangements: the same elements in another shape or order, more of them, or joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, axes_of, place_of, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Size

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
_SWAPPED = 2  # dims


@rule("Reshape")
def reshape(maker: OnnxMaker) -> int:
    """Another shape; 0 keeps a size, -1 is what is left."""
    own, wanted = maker.shape(0), maker.attribute("shape") or maker.wholes(1)
    keeps = not maker.attribute("allowzero", 0)
    sizes: list[Size] = []
    for place, size in enumerate(wanted):
        if size == 0 and keeps and place >= len(own):
            raise Unmapped("it keeps a size that is not there")
        sizes.append(own[place] if size == 0 and keeps else size)
    value = maker.value(0)
    shape = tuple(sizes)
    if -1 in sizes:  # in full, so that all reshapes say what they are
        known = maker.said("reshape", [value], {"shape": shape})
        shape = known.shape
    return value if shape == own else maker.step("reshape", [value], {"shape": shape})


@rule("Flatten")
def flatten(maker: OnnxMaker) -> int:
    """Two dims: those before an axis, and those from it on."""
    rank, axis = maker.rank(0), maker.attribute("axis", 1)
    axis = axis + rank if axis < 0 else axis
    value = maker.value(0)
    if axis == 0:
        return maker.step("unsqueeze", [maker.step("flatten", [value], {"start_dim": 0})], {"dim": 0})
    if axis == rank:
        return maker.step("unsqueeze", [maker.step("flatten", [value], {"start_dim": 0})], {"dim": 1})
    if axis < rank - 1:
        value = maker.step("flatten", [value], {"start_dim": axis})
    return value if axis == 1 else maker.step("flatten", [value], {"start_dim": 0, "end_dim": axis - 1})


@rule("Squeeze")
def squeeze(maker: OnnxMaker) -> int:
    """Without dims of size 1."""
    axes, rank = axes_of(maker, 1), maker.rank(0)
    if axes is None:
        axes = tuple([dim for dim, size in enumerate(maker.shape(0)) if size == 1])
    return maker.step("squeeze", [maker.value(0)], {"dim": tuple([place_of(axis, rank) for axis in axes])})


@rule("Unsqueeze")
def unsqueeze(maker: OnnxMaker) -> int:
    """With dims of size 1 at places of the result."""
    axes, value = axes_of(maker, 1) or (), maker.value(0)
    rank = maker.rank(0) + len(axes)
    for axis in sorted([place_of(axis, rank) for axis in axes]):
        value = maker.step("unsqueeze", [value], {"dim": axis})
    return value


@rule("Transpose")
def transpose(maker: OnnxMaker) -> int:
    """Another order of dims."""
    rank = maker.rank(0)
    order = tuple(maker.attribute("perm") or reversed(range(rank)))
    moved = [dim for dim in range(rank) if dim < len(order) and order[dim] != dim]
    if not moved:
        return maker.value(0)
    if len(moved) == _SWAPPED and len(order) == rank:
        return maker.step("transpose", [maker.value(0)], {"dim0": moved[0], "dim1": moved[1]})
    return maker.step("permute", [maker.value(0)], {"dims": order})


@rule("Expand")
def expand(maker: OnnxMaker) -> int:
    """To a shape that it broadcasts with."""
    own, wanted = maker.shape(0), maker.wholes(1)
    rank = max(len(own), len(wanted))
    ours, theirs = (1,) * (rank - len(own)) + own, (1,) * (rank - len(wanted)) + tuple(wanted)
    sizes = tuple([b if a == 1 else a for a, b in zip(ours, theirs, strict=True)])
    return maker.value(0) if sizes == own else maker.step("expand", [maker.value(0)], {"sizes": sizes})


@rule("Tile")
def tile(maker: OnnxMaker) -> int:
    """All of it so many times along each dim."""
    repeats = maker.wholes(1)
    return maker.value(0) if set(repeats) == {1} else maker.step("tile", [maker.value(0)], {"dims": repeats})


@rule("Concat")
def concat(maker: OnnxMaker) -> int:
    """Joined along an axis; what has no elements adds nothing."""
    places = [place for place in maker.places if 0 not in maker.shape(place)]
    values = [maker.value(place) for place in places]
    if len(values) == 1:
        return values[0]
    if not values:
        raise Unmapped("nothing is joined")
    axis = place_of(maker.attribute("axis", 1), maker.rank(places[0]))
    return maker.step("concat", values, {"dim": axis})


@rule("Pad")
def pad(maker: OnnxMaker) -> int:
    """More of it on both sides of its dims."""
    rank = maker.rank(0)
    given = maker.attribute("pads") or maker.fixed(1)
    axes = axes_of(maker, 3) or tuple(range(rank))
    before, after = [0] * rank, [0] * rank
    if len(given) != 2 * len(axes):
        raise Unmapped("it pads other dims than there are")
    for axis, less, more in zip(axes, given[: len(axes)], given[len(axes) :], strict=True):
        before[place_of(axis, rank)], after[place_of(axis, rank)] = less, more
    mode = _MODES.get(maker.attribute("mode", "constant"))
    if mode is None:
        raise Unmapped(f"its mode is {maker.attribute('mode')}")
    return padded(maker, maker.value(0), before, after, mode)


def padded(maker: OnnxMaker, value: int, before: Sequence[int], after: Sequence[int], mode: str = "constant") -> int:
    """A value with padding of its last dims; nothing where there is none."""
    pairs = [*zip(before, after, strict=True)]
    while pairs and pairs[0] == (0, 0):
        pairs.pop(0)
    if not pairs:
        return value
    sides = tuple([side for pair in reversed(pairs) for side in pair])
    return maker.step("pad", [value], {"pad": sides, "mode": mode})


@rule("DepthToSpace", "SpaceToDepth")
def pixels(maker: OnnxMaker) -> int:
    """Channels as pixels, or pixels as channels; in which order changes no shape."""
    deep = maker.node.op == "DepthToSpace"
    kind, name = ("pixel_shuffle", "upscale_factor") if deep else ("pixel_unshuffle", "downscale_factor")
    return maker.step(kind, [maker.value(0)], {name: maker.attribute("blocksize")})


@rule("Trilu")
def triangle(maker: OnnxMaker) -> int:
    """What is on one side of a diagonal."""
    diagonal = maker.fixed(1)[0] if maker.has(1) else 0
    kind = "triu" if maker.attribute("upper", 1) else "tril"
    return maker.step(kind, [maker.value(0)], {"diagonal": diagonal})
