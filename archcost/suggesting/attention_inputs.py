"""Where the queries, keys and values of an attention come from: the way back to the layers that project them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.suggesting.attention_parts import MANY, division_at, sized, sizes_of
from archcost.suggesting.edits import Attributes, Edit

if TYPE_CHECKING:
    from archcost.suggesting.attention_parts import Division
    from archcost.suggesting.view import GraphView

_THREE, _TWO = 3, 2
_ROTATED = frozenset({"add", "sub", "mul", "neg", "concat", "slice", "chunk", "split", "unbind", "stack"})  # in full
_BROADCASTING = frozenset({"add", "sub", "mul"})
_JOINING = frozenset({"concat", "stack"})
_NORMS = frozenset({"rms_norm", "layer_norm", "normalize"})
_SHAPES = frozenset({"transpose", "permute", "unflatten", "reshape", "flatten"})
_SAME = frozenset({"kv_cache", "rotary_embedding", "dropout", "identity"})
_BETWEEN = _ROTATED | _NORMS | _SHAPES | _SAME


class Projection(NamedTuple):
    """Keys or values: the linear layer, and what lies between its result, or a part of it, and the attention.

    ``division`` is how the result is divided, None where all of it is meant, and ``part`` the number of the part.
    """

    linear: int
    division: Division | None
    part: int
    between: frozenset[int]


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
        if self.key.division is None:
            for one in (self.key, self.value):
                edits[one.linear] = sized(view, one.linear, self.features // fewer)
        else:
            edits |= self.key.division.edits(view, self.key.part, self.value.part, self.features, fewer)
        for node in self.key.between | self.value.between:
            changed = _with_heads(view, node, self.shared, groups)
            if changed is not None:
                edits[node] = changed
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
    division = first.division
    if division is not None and division == second.division:
        if first.part == second.part or not division.fits(view, first.part, second.part, features):
            return None
        between |= {*division.path, *[node for node, _ in division.parts(view)]}
    elif (
        division is not None
        or second.division is not None
        or len(own) == 1
        or any(view.output(linear)[-1] != features for linear in own)
    ):
        return None
    if not all(map(view.owns_weights, own)) or not _is_closed(view, first, second, index):
        return None
    return KeysAndValues(query[-3], key[-3], features, first, second, between)


def _is_closed(view: GraphView, first: Projection, second: Projection, index: int) -> bool:
    """Whether keys and values, from the projections on, are read on the way to the attention alone."""
    between = first.between | second.between
    read = [(node, place) for node in between for place in range(len(view.nodes[node].outputs))]
    allowed = between | {index}
    for one in (first, second):
        read.append((one.linear, 0))
        if one.division is not None:
            parts = one.division.parts(view)
            read += [*[(node, 0) for node in one.division.path], parts[one.part]]
            allowed |= {*one.division.path, *[node for node, _ in parts]}
    return all(allowed.issuperset(view.readers(*one)) and not view.is_output(*one) for one in read)


def _projection(view: GraphView, index: int, place: int) -> Projection | None:
    """The one layer that an input of an attention comes from, and what is done on the way."""
    shape = view.input(index, place)
    waiting = [view.source(index, place)]
    between: set[int] = set()
    ends: set[tuple[int, Division | None, int]] = set()
    while waiting:
        found = waiting.pop()
        if found is None:
            return None
        node, output = found
        if view.kind(node) == "linear":
            ends.add((node, None, -1))
        elif (divided := division_at(view, node, output, shape[-3], shape[-1])) is not None:
            ends.add((divided[0].linear, *divided))
        elif view.kind(node) not in _BETWEEN or len(between) > MANY:
            return None
        elif node not in between:
            between.add(node)
            waiting += [view.source(node, n) for n in range(len(view.nodes[node].inputs)) if _has_heads(view, node, n)]
    if len(ends) != 1:
        return None
    ((linear, division, part),) = ends
    return Projection(linear, division, part, frozenset(between))


def _has_heads(view: GraphView, node: int, place: int) -> bool:
    """Whether an input of a node is what is changed there, and no table that is broadcast to it."""
    if view.kind(node) not in _BROADCASTING:
        return place == 0 or view.kind(node) in _JOINING
    shape, result = view.input(node, place), view.output(node)
    return len(shape) == len(result) and all(size != 1 or whole == 1 for size, whole in zip(shape, result, strict=True))


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
    written = sizes_of(view, node, name)
    inner = written[place].removeprefix("$")
    written[place] = f'"$({inner} // {heads // groups})"' if inner != written[place] else str(groups)
    return Attributes(((name, f"[{', '.join(written)}]"),))
