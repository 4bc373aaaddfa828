"""How one layer gives keys, values and queries: side by side, or within each head, and how they are told apart."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.suggesting.edits import Attributes, Edit, NewSteps

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

MANY = 64  # numerator or denominator of a share, beyond which a number is written
_TWO, _THREE = 2, 3
_PARTS = frozenset({"chunk", "split"})
_RESHAPES = frozenset({"flatten", "unflatten", "reshape"})
_SIZES = {"unflatten": "unflattened_size", "reshape": "shape"}  # the attribute with the sizes of a result


class RowsDivision(NamedTuple):
    """One step divides the last dim of what a layer gives; ``path`` lies between them, and changes other dims alone."""

    linear: int
    path: tuple[int, ...]
    node: int

    def parts(self, view: GraphView) -> list[tuple[int, int]]:
        """The parts: the node and the number of its output."""
        return [(self.node, place) for place in range(len(view.nodes[self.node].outputs))]

    def fits(self, view: GraphView, key: int, value: int, features: int) -> bool:
        """Whether keys and values are parts of so many features beside at most one other, along the last dim."""
        shapes = [output.shape for output in view.nodes[self.node].outputs]
        is_last = view.op(self.node).attribute("dim") in (-1, len(shapes[0]) - 1) and "dim" in view.given(self.node)
        sizes = shapes[key][-1], shapes[value][-1]
        return is_last and sizes == (features, features) and len(shapes) in (_TWO, _THREE)

    def edits(self, view: GraphView, key: int, value: int, features: int, fewer: int) -> dict[int, Edit]:
        """What gives keys and values one of so many ``fewer`` heads."""
        linear, node = self.linear, self.node
        count = len(view.nodes[node].outputs)
        kept = view.output(linear)[-1] - _TWO * features  # of the queries
        small = features // fewer
        edits: dict[int, Edit] = {linear: sized(view, linear, kept + _TWO * small)}
        if count == _TWO and view.kind(node) == "chunk":
            return edits
        if view.kind(node) == "split":
            sizes = [small if place in (key, value) else kept for place in range(count)]
            edits[node] = Attributes((("split_size_or_sections", f"[{', '.join(map(str, sizes))}]"),))
            return edits
        shares = ["shared" if place in (key, value) else "rest" for place in range(count)]
        steps = (view.call(node, "split", without=("chunks",), split_size_or_sections=f"$([{', '.join(shares)}])"),)
        equal = kept == features  # then sizes follow from what comes in: q + 2·q / fewer
        shared = f"$(in_features // {fewer + _TWO})" if equal else str(small)
        params = (("shared", shared), ("rest", "$(in_features - (chunks - 1) * shared)"))
        edits[node] = NewSteps("grouped_parts", steps, params)
        return edits


class SlicesDivision(NamedTuple):
    """Three slices next to each other divide the last dim of what a layer gives, as in Phi-3."""

    linear: int
    path: tuple[int, ...]
    slices: tuple[int, ...]

    def parts(self, view: GraphView) -> list[tuple[int, int]]:
        """The parts: the node and the number of its output."""
        del view
        return [(node, 0) for node in self.slices]

    def fits(self, view: GraphView, key: int, value: int, features: int) -> bool:
        """Whether keys and values are slices of so many features."""
        return all(view.output(self.slices[part])[-1] == features for part in (key, value))

    def edits(self, view: GraphView, key: int, value: int, features: int, fewer: int) -> dict[int, Edit]:
        """What gives keys and values one of so many ``fewer`` heads: later slices begin earlier."""
        total, at, last = 0, 0, len(self.slices) - 1
        edits: dict[int, Edit] = {}
        for number, node in enumerate(self.slices):
            size = view.output(node)[-1]
            kept = features // fewer if number in (key, value) else size
            if (total, total + kept) != (at, at + size):
                start = () if number == 0 else (("start", str(total)),)
                end = () if number == last and view.op(node).attribute("end") is None else (("end", str(total + kept)),)
                if start or end:
                    edits[node] = Attributes((*start, *end))
            total, at = total + kept, at + size
        return {self.linear: sized(view, self.linear, total), **edits}


class HeadsDivision(NamedTuple):
    """Heads that have queries, keys and values each, which one step tells apart: as in GPT-NeoX and timm's ViT.

    ``shape`` makes heads of what the layer gives, ``turns`` move dims, and ``node`` divides. ``three`` is the dim of
    the three, as ``shape`` gives it; -1 where they stand in the last dim, one behind the other. ``heads`` is that of
    the heads.
    """

    linear: int
    shape: int
    turns: tuple[int, ...]
    node: int
    three: int
    heads: int

    @property
    def path(self) -> tuple[int, ...]:
        """What lies between the layer and what divides."""
        return (self.shape, *self.turns)

    def parts(self, view: GraphView) -> list[tuple[int, int]]:
        """The parts: the node and the number of its output."""
        del view
        return [(self.node, place) for place in range(_THREE)]

    def fits(self, view: GraphView, key: int, value: int, features: int) -> bool:
        """Whether they are keys and values of so many features, as they were looked for."""
        del key, value
        return view.output(self.linear)[-1] == _THREE * features

    def edits(self, view: GraphView, key: int, value: int, features: int, fewer: int) -> dict[int, Edit]:
        """What gives keys and values one of so many ``fewer`` heads: all heads stand behind each other.

        (…, H, 3·d) and (…, 3, H, d) become (…, H + 2·H/fewer, d), of which a split along the heads makes the three.
        """
        kept = features + _TWO * (features // fewer)
        edits: dict[int, Edit] = {self.linear: sized(view, self.linear, kept), self.shape: self._shaped(view, fewer)}
        axes = list(range(len(view.output(self.shape))))
        for node in self.turns:
            if self.three >= 0:
                edits[node] = _turned(view, node, axes.index(self.three))
            axes = _moved(view, node, axes)
        places = [axis for axis in axes if axis != self.three]
        dim = places.index(self.heads) - len(places)
        shares = ["shared" if place in (key, value) else "rest" for place in range(_THREE)]
        step = f'split: {{dim: {dim}, split_size_or_sections: "$([{", ".join(shares)}])"}}'
        shared = f'"$(in_shape[{dim}] // {fewer + _TWO})"'
        params = (("shared", shared), ("rest", f'"$(in_shape[{dim}] - 2 * shared)"'))
        edits[self.node] = NewSteps("grouped_heads", (step,), params)
        return edits

    def _shaped(self, view: GraphView, fewer: int) -> Edit:
        name = _SIZES[view.kind(self.shape)]
        written = sizes_of(view, self.shape, name)
        offset = len(written) - len(view.output(self.shape))  # unflatten has those of its own dim alone
        at = self.heads + offset
        if written[at] != "-1":
            inner = written[at].removeprefix("$")
            written[at] = (
                f'"$({inner} + 2 * ({inner} // {fewer}))"'
                if inner != written[at]
                else str(int(inner) + _TWO * (int(inner) // fewer))
            )
        if self.three >= 0:
            del written[self.three + offset]
        elif written[-1] != "-1":
            inner = written[-1].removeprefix("$")
            written[-1] = f'"$({inner} // 3)"' if inner != written[-1] else str(int(inner) // _THREE)
        return Attributes(((name, f"[{', '.join(written)}]"),))


Division = RowsDivision | SlicesDivision | HeadsDivision


def division_at(view: GraphView, node: int, place: int, heads: int, size: int) -> tuple[Division, int] | None:
    """The division of a layer that an output of a node is a part of, and its number; heads have a size each."""
    kind = view.kind(node)
    if kind in _PARTS and (rows := _rows(view, node)) is not None:
        return RowsDivision(rows[0], rows[1:], node), place
    if kind == "slice" and (rows := _rows(view, node)) is not None:
        slices = _slices(view, rows[-1])
        return (SlicesDivision(rows[0], rows[1:], slices), slices.index(node)) if node in slices else None
    if kind in _PARTS or kind == "unbind":
        found = _heads_division(view, node, heads, size)
        return None if found is None else (found, place)
    return None


def _rows(view: GraphView, parts: int) -> tuple[int, ...] | None:
    """The linear layer whose result a node divides, and what changes the dims of positions before it does so."""
    found: list[int] = []
    node = view.before(parts)
    while node is not None and view.kind(node) in _RESHAPES and view.input(node)[-1] == view.output(node)[-1]:
        found.append(node)
        node = view.before(node)
    return None if node is None or view.kind(node) != "linear" else (node, *reversed(found))


def _slices(view: GraphView, whole: int) -> tuple[int, ...]:
    """The three slices that are all of the last dim of a tensor, in their order; none if it is read otherwise."""
    size, rank = view.output(whole)[-1], len(view.output(whole))
    found: list[tuple[int, int, int]] = []
    for node in view.readers(whole):
        op = view.op(node)
        if op.kind != "slice" or op.attribute("dim") not in (-1, rank - 1) or op.attribute("step") != 1:
            return ()
        start, end = op.attribute("start") or 0, op.attribute("end")
        first, last = start + size * (start < 0), size if end is None else end + size * (end < 0)
        found.append((first, min(last, size), node))
    found.sort()
    edges = [edge for first, last, _ in found for edge in (first, last)]
    if len(found) != _THREE or edges[0] != 0 or edges[-1] != size or edges[1:-1:2] != edges[2:-1:2]:
        return ()
    return tuple([node for _, _, node in found])


def _heads_division(view: GraphView, node: int, heads: int, size: int) -> HeadsDivision | None:
    turns: list[int] = []
    shape = view.before(node)
    while shape is not None and view.kind(shape) in ("transpose", "permute"):
        turns.insert(0, shape)
        shape = view.before(shape)
    linear = None if shape is None or view.kind(shape) not in _SIZES else view.before(shape)
    if shape is None or linear is None or view.kind(linear) != "linear" or len(view.nodes[node].outputs) != _THREE:
        return None
    ahead, behind = view.output(linear), view.output(shape)
    leading = len(ahead) - 1
    tails = {(heads, _THREE * size): (-1, 0), (heads, _THREE, size): (1, 0), (_THREE, heads, size): (0, 1)}
    axes = list(range(len(behind)))
    for turn in turns:
        axes = _moved(view, turn, axes)
    rank = len(view.input(node))
    parted = axes[view.op(node).attribute("dim") % rank]
    for tail, (three, own) in tails.items():
        wanted = leading + three if three >= 0 else len(behind) - 1
        fits = behind[:leading] == ahead[:leading] and behind[leading:] == tail and parted == wanted
        is_whole = three < 0 or _may_lose(view, turns, behind, wanted)
        if fits and is_whole and (three >= 0) == (view.kind(node) == "unbind"):
            return HeadsDivision(linear, shape, tuple(turns), node, -1 if three < 0 else wanted, leading + own)
    return None


def _may_lose(view: GraphView, turns: list[int], behind: tuple[int, ...], axis: int) -> bool:
    """Whether what moves dims can be written without one of them: a transpose of others, or a permutation."""
    axes = list(range(len(behind)))
    for turn in turns:
        op = view.op(turn)
        if op.kind == "transpose":
            dims = [op.attribute(name) % len(axes) for name in ("dim0", "dim1")]
            if axes.index(axis) in dims:
                return False
        axes = _moved(view, turn, axes)
    return True


def _moved(view: GraphView, node: int, axes: list[int]) -> list[int]:
    """Dims in the order that a transpose or a permutation brings them to."""
    op = view.op(node)
    if op.kind == "permute":
        return [axes[dim % len(axes)] for dim in op.attribute("dims")]
    first, second = (op.attribute(name) % len(axes) for name in ("dim0", "dim1"))
    moved = list(axes)
    moved[first], moved[second] = axes[second], axes[first]
    return moved


def _turned(view: GraphView, node: int, gone: int) -> Edit:
    """What moves dims, without the one at a place in front of it."""
    op, rank = view.op(node), len(view.input(node))
    if op.kind == "permute":
        dims = [dim % rank for dim in op.attribute("dims")]
        return Attributes((("dims", f"[{', '.join([str(dim - (dim > gone)) for dim in dims if dim != gone])}]"),))
    return Attributes(
        tuple([(name, str(dim - (dim > gone))) for name in ("dim0", "dim1") for dim in [op.attribute(name) % rank]])
    )


def sizes_of(view: GraphView, node: int, name: str) -> list[str]:
    """The sizes of an attribute of a node, as its step writes them where it writes each, else as they are there."""
    sizes = [str(size) for size in view.op(node).attribute(name)]
    written = view.written_items(node, name)
    if len(written) == len(sizes):
        return [text if text.startswith("$") else size for text, size in zip(written, sizes, strict=True)]
    if view.kind(node) == "reshape" and sizes[0] == str(view.graph.batch):
        sizes[0] = "$batch"
    return sizes


def sized(view: GraphView, linear: int, features: int) -> Attributes:
    """A linear layer with another number of features: as a share of what comes in, where it is a plain one."""
    share = Fraction(features, view.input(linear)[-1])
    up, down = share.numerator, share.denominator
    if max(up, down) > MANY:
        return Attributes((("out_features", str(features)),))
    times, over = f"{up} * " * (up > 1), f" // {down}" * (down > 1)
    whole = "$in_features" if share == 1 else f"$({times}in_features{over})"
    return Attributes((("out_features", whole),))
