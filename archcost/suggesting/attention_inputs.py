"""Where the queries, keys and values of an attention come from: the way back to the layers that project them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.suggesting.edits import Attributes, Edit, NewSteps

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

_MANY = 64  # nodes between a projection and the attention, beyond which nobody looks
_THREE, _TWO = 3, 2
_ROTATED = frozenset({"add", "sub", "mul", "concat", "slice", "chunk", "split", "unbind", "stack"})  # written out
_NORMS = frozenset({"rms_norm", "layer_norm", "normalize"})
_SHAPES = frozenset({"transpose", "permute", "unflatten", "reshape"})
_SAME = frozenset({"kv_cache", "rotary_embedding", "dropout", "identity"})
_PARTS = frozenset({"chunk", "split"})
_RESHAPES = frozenset({"flatten", "unflatten", "reshape"})
_BETWEEN = _ROTATED | _NORMS | _SHAPES | _SAME


class Projection(NamedTuple):
    """Keys or values: the linear layer, the part of its result (-1: all), and what lies between that and the attention.

    ``parts`` is the node that divides the result, and -1 if nothing does; ``rows`` are those from the layer to there,
    which change the dims of positions alone.
    """

    linear: int
    parts: int
    part: int
    between: frozenset[int]
    rows: tuple[int, ...] = ()


class KeysAndValues(NamedTuple):
    """The keys and values of an attention of ``heads`` query heads; ``shared`` is how many heads they have."""

    heads: int
    shared: int
    features: int  # of keys and values, all heads together
    key: Projection
    value: Projection
    between: frozenset[int]

    def regrouped(self, view: GraphView, groups: int) -> dict[int, Edit]:
        """The edits that give keys and values another number of heads, a divisor of what they have."""
        fewer = self.shared // groups
        edits: dict[int, Edit] = {}
        if self.key.parts < 0:
            for one in (self.key, self.value):
                edits[one.linear] = _sized(view, one.linear, self.features // fewer)
        else:
            edits |= self._fused(view, fewer)
        for node in self.key.between | self.value.between:
            changed = _with_heads(view, node, self.shared, groups)
            if changed is not None:
                edits[node] = changed
        return edits

    def _fused(self, view: GraphView, fewer: int) -> dict[int, Edit]:
        """The edits of one layer for keys and values, with or without the queries, and of what divides its result."""
        linear, parts = self.key.linear, self.key.parts
        count = len(view.nodes[parts].outputs)
        kept = view.output(linear)[-1] - _TWO * self.features  # of the queries
        edits: dict[int, Edit] = {linear: _sized(view, linear, kept + _TWO * (self.features // fewer))}
        small = self.features // fewer
        if count == _TWO and view.kind(parts) == "chunk":
            return edits
        if view.kind(parts) == "split":
            sizes = [small if place in (self.key.part, self.value.part) else kept for place in range(count)]
            edits[parts] = Attributes((("split_size_or_sections", f"[{', '.join(map(str, sizes))}]"),))
            return edits
        shares = ["shared" if place in (self.key.part, self.value.part) else "rest" for place in range(count)]
        steps = (view.call(parts, "split", without=("chunks",), split_size_or_sections=f"$([{', '.join(shares)}])"),)
        equal = kept == self.features  # then sizes follow from what comes in: q + 2·q / fewer
        shared = f"$(in_features // {fewer + _TWO})" if equal else str(small)
        params = (("shared", shared), ("rest", "$(in_features - (chunks - 1) * shared)"))
        edits[parts] = NewSteps("grouped_parts", steps, params)
        return edits


def inputs_of(view: GraphView, index: int) -> KeysAndValues | None:
    """Where the keys and values of an attention come from, if it is layers that nobody else reads; else None."""
    query, key, value = [view.input(index, place) for place in range(_THREE)]
    if min(map(len, (query, key, value))) <= _THREE or (key[-3], key[-1]) != (value[-3], value[-1]):
        return None
    first, second = _projection(view, index, 1), _projection(view, index, 2)
    if first is None or second is None or first.between & second.between:
        return None
    features = key[-3] * key[-1]
    own = {first.linear, second.linear}
    between = first.between | second.between
    if first.parts >= 0 or second.parts >= 0:
        if not _share_a_layer(view, first, second, features):
            return None
        between |= {first.parts, *first.rows}
    elif len(own) == 1 or any(view.output(linear)[-1] != features for linear in own):
        return None
    if not all(map(view.owns_weights, own)) or not _is_closed(view, first, second, index):
        return None
    return KeysAndValues(query[-3], key[-3], features, first, second, between)


def _share_a_layer(view: GraphView, key: Projection, value: Projection, features: int) -> bool:
    """Whether one layer gives keys, values and, in a third part, queries, side by side along the last dim."""
    parts = key.parts
    if (key.linear, parts) != (value.linear, value.parts) or key.part == value.part:
        return False
    shapes = [output.shape for output in view.nodes[parts].outputs]
    is_last = view.op(parts).attribute("dim") in (-1, len(shapes[0]) - 1) and "dim" in view.given(parts)
    sizes = shapes[key.part][-1], shapes[value.part][-1]
    return is_last and sizes == (features, features) and len(shapes) in (_TWO, _THREE)


def _is_closed(view: GraphView, first: Projection, second: Projection, index: int) -> bool:
    """Whether keys and values, from the projections on, are read on the way to the attention alone."""
    between = first.between | second.between
    read = [(node, place) for node in between for place in range(len(view.nodes[node].outputs))]
    allowed = between | {index}
    for one in (first, second):
        whole = (one.linear, *one.rows)
        read += [(node, 0) for node in whole]
        allowed |= {*one.rows, one.parts}
        if one.parts >= 0:
            read.append((one.parts, one.part))
    return all(allowed.issuperset(view.readers(*one)) and not view.is_output(*one) for one in read)


def _projection(view: GraphView, index: int, place: int) -> Projection | None:
    """The one layer that an input of an attention comes from, and what is done on the way."""
    waiting = [view.source(index, place)]
    between: set[int] = set()
    ends: set[tuple[int, int, int, tuple[int, ...]]] = set()
    while waiting:
        found = waiting.pop()
        if found is None:
            return None
        node, output = found
        kind = view.kind(node)
        rows = _rows(view, node) if kind in _PARTS else None
        if kind == "linear":
            ends.add((node, -1, -1, ()))
        elif rows is not None:
            ends.add((rows[0], node, output, rows[1:]))
        elif kind not in _BETWEEN or len(between) > _MANY:
            return None
        elif node not in between:
            between.add(node)
            waiting += [view.source(node, n) for n in range(len(view.nodes[node].inputs)) if _has_heads(view, node, n)]
    if len(ends) != 1:
        return None
    ((linear, parts, part, own_rows),) = ends
    return Projection(linear, parts, part, frozenset(between), own_rows)


def _rows(view: GraphView, parts: int) -> tuple[int, ...] | None:
    """The linear layer whose result a node divides, and what changes the dims of positions before it does so."""
    found: list[int] = []
    node = view.before(parts)
    while node is not None and view.kind(node) in _RESHAPES and view.input(node)[-1] == view.output(node)[-1]:
        found.append(node)
        node = view.before(node)
    return None if node is None or view.kind(node) != "linear" else (node, *reversed(found))


def _has_heads(view: GraphView, node: int, place: int) -> bool:
    """Whether an input of a node is what is changed there, and no table that is broadcast to it."""
    shape, result = view.input(node, place), view.output(node)
    return place == 0 or (len(shape) == len(result) and shape[-_THREE:-_TWO] == result[-_THREE:-_TWO])


def _with_heads(view: GraphView, node: int, heads: int, groups: int) -> Edit | None:
    """What a node that names the number of heads becomes; None for all others."""
    kind, op = view.kind(node), view.op(node)
    name = {"unflatten": "unflattened_size", "reshape": "shape"}.get(kind)
    if name is None or (kind == "unflatten" and op.attribute("dim") not in (-1, len(view.input(node)) - 1)):
        return None
    sizes = list(op.attribute(name))
    place = len(sizes) - _TWO
    if place < 0 or sizes[place] != heads:
        return None
    written = [str(size) for size in sizes]
    if kind == "reshape" and sizes[0] == view.graph.batch:
        written[0] = "$batch"
    written[place] = str(groups)
    return Attributes(((name, f"[{', '.join(written)}]"),))


def _sized(view: GraphView, linear: int, features: int) -> Attributes:
    """A linear layer with another number of features: as a share of what comes in, where it is a plain one."""
    share = Fraction(features, view.input(linear)[-1])
    up, down = share.numerator, share.denominator
    if max(up, down) > _MANY:
        return Attributes((("out_features", str(features)),))
    times, over = f"{up} * " * (up > 1), f" // {down}" * (down > 1)
    whole = "$in_features" if share == 1 else f"$({times}in_features{over})"
    return Attributes((("out_features", whole),))
