"""Trees of two models -> pairs of siblings: by path, and where names changed by structure.

A sequence alignment of siblings prefers equal kinds, shapes and attributes; scopes that share neither an output nor a
kind of layer are no pair. Where one model repeats a step
that the other writes out, the rounds are siblings of the steps: they are so if their kinds are the same, or if
several of them hand on what the steps do, as the stages of two networks. Where one model wraps in a scope what the
other has beside each other, what is in the scope is siblings, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.tree import stem
from archcost.graph.model import REPEAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcost.analysis.tree import Tree

_MAX_CELLS = 250_000  # of an alignment table; longer sibling lists are aligned by name alone
_STAGES = 2  # rounds with different outputs that show that they are what the other model writes out


def fingerprint(tree: Tree) -> object:
    """Equal for subtrees of the same ops, attributes and shapes, in whichever report they are; names do not matter."""
    layer = tree.layer
    if layer is not None:
        signature = layer.node.signature
        return (signature.op, signature.inputs, signature.outputs, layer.node.weights_of >= 0)
    return tuple([fingerprint(child) for child in tree.children.values()])


Pair = tuple["Tree | None", "Tree | None"]
_Look = tuple[str, int, object]  # equal for what may be the same: its kind, its params and what it hands on


def align(old: Sequence[Tree], new: Sequence[Tree]) -> list[Pair]:
    """Pairs of siblings in the order of the new model, those that are gone where they stood.

    The rounds of a repeated step stand among its siblings if it has no counterpart, but they may have.
    """
    partner = _partners(old, new)
    left_old = [tree for _, tree in _rest(old, partner.values())]
    left_new = [tree for _, tree in _rest(new, partner)]
    loose_old, loose_new = list(left_old), list(left_new)
    for index, other in partner.items():
        if old[other].kind != new[index].kind:  # of one name, and no more
            left_old.append(old[other])
            left_new.append(new[index])
        if old[other].name != new[index].name:  # of one kind, and perhaps no more
            loose_old.append(old[other])
            loose_new.append(new[index])
    repeats_old = _repeated(left_old, left_new) | _stages(loose_old, loose_new)
    repeats_new = _repeated(left_new, left_old) | _stages(loose_new, loose_old)
    if repeats_old or repeats_new:
        old, new = _opened(old, repeats_old), _opened(new, repeats_new)
        partner = _partners(old, new)
    while True:
        loose_old, loose_new = _differing(old, new, partner)
        wraps_old, wraps_new = _wraps(loose_old, loose_new), _wraps(loose_new, loose_old)
        if not (wraps_old or wraps_new):
            return _merged(old, new, partner)
        old, new = _opened(old, wraps_old), _opened(new, wraps_new)
        partner = _partners(old, new)


def _differing(old: Sequence[Tree], new: Sequence[Tree], partner: dict[int, int]) -> tuple[list[Tree], list[Tree]]:
    """Of both models what is alone, or the partner of what has another name or kind and is not the same."""
    same = {
        index: other
        for index, other in partner.items()
        if (old[other].name, old[other].kind) == (new[index].name, new[index].kind)
        or fingerprint(old[other]) == fingerprint(new[index])
    }
    return [tree for _, tree in _rest(old, same.values())], [tree for _, tree in _rest(new, same)]


def _wraps(loose: Sequence[Tree], others: Sequence[Tree]) -> set[str]:
    """The scopes among what is loose that wrap others: most of their params are of what is the same there.

    Of a scope without params it is most of the layers.
    """
    scopes = [tree for tree in loose if tree.children]
    beside: dict[_Look, set[object]] = {}
    for tree in others if scopes else ():
        beside.setdefault(_look(tree), set()).add(fingerprint(tree))
    return {tree.name for tree in scopes if beside and 2 * _shared(tree, beside, _size(tree)) >= _size(tree)(tree)}


def _shared(scope: Tree, beside: Mapping[_Look, set[object]], size: Callable[[Tree], int]) -> int:
    """How much of a scope, at any depth, is the same as something beside it."""
    found = 0
    for child in scope.children.values():
        most = size(child)
        if most:
            known = fingerprint(child) in beside.get(_look(child), ())
            found += most if known else _shared(child, beside, size)
    return found


def _size(scope: Tree) -> Callable[[Tree], int]:
    """What tells how much of a scope something is: its params, or its layers where there are none."""
    return (lambda tree: tree.costs.params) if scope.costs.params else (lambda tree: tree.layers)


def _look(tree: Tree) -> _Look:
    return tree.kind, tree.costs.params, tree.output


def _repeated(left: Sequence[Tree], others: Sequence[Tree]) -> set[str]:
    """The repeated steps among what is left, whose rounds are of the kind of something that is left there."""
    kinds = {tree.kind for tree in others} - {REPEAT}
    return {
        tree.name
        for tree in left
        if kinds and tree.kind == REPEAT and any(child.kind in kinds for child in tree.children.values())
    }


def _stages(loose: Sequence[Tree], others: Sequence[Tree]) -> set[str]:
    """The repeated steps among what is loose, several of whose rounds hand on what others there do."""
    outputs = {tree.output for tree in others if tree.children}
    return {
        tree.name
        for tree in loose
        if tree.kind == REPEAT and len(outputs.intersection(child.output for child in _scopes(tree))) >= _STAGES
    }


def _scopes(tree: Tree) -> list[Tree]:
    return [child for child in tree.children.values() if child.children]


def inside(tree: Tree, other: Tree) -> Tree:
    """The scope whose parts are to be aligned with those of another one: usually the scope itself.

    A scope that only holds one of the other's kind stands for that: a group around a repeat beside a repeat.
    """
    if tree.kind == other.kind or len(tree.children) != 1:
        return tree
    (alone,) = tree.children.values()
    return alone if alone.kind == other.kind and alone.children else tree


def _opened(siblings: Sequence[Tree], repeats: set[str]) -> list[Tree]:
    """The siblings, with rounds in place of these repeated steps."""
    return [beside for tree in siblings for beside in (tree.rounds() if tree.name in repeats else (tree,))]


def _partners(old: Sequence[Tree], new: Sequence[Tree]) -> dict[int, int]:
    """The index in the new model -> the index in the old.

    Siblings of the same names and kinds in the same order are those of one spec under other settings. Else those of the
    same name and kind are paired first, wherever they moved, if somebody chose the name or they are the same, too: one
    step more gives other names by default to all that follow it. What is left is paired by similarity in order; then
    what is the same in another place; then by name alone.
    """
    if [(tree.name, tree.kind) for tree in old] == [(tree.name, tree.kind) for tree in new]:
        return {index: index for index in range(len(new))}
    partner: dict[int, int] = {}
    by_name = {tree.name: index for index, tree in enumerate(old)}
    for index, tree in enumerate(new):
        other = by_name.get(tree.name)
        if other is not None and old[other].kind == tree.kind and (_chosen(tree) or _alike(old[other], tree)):
            partner[index] = other
    partner |= {b: a for a, b in _similar(_rest(old, partner.values()), _rest(new, partner))}
    partner |= _moved(_rest(old, partner.values()), _rest(new, partner))
    taken = set(partner.values())
    for index, tree in enumerate(new):
        other = by_name.get(tree.name)
        if index not in partner and other is not None and other not in taken:
            partner[index] = other
    return partner


def _alike(old: Tree, new: Tree) -> bool:
    return old.output == new.output and fingerprint(old) == fingerprint(new)


def _moved(old: list[tuple[int, Tree]], new: list[tuple[int, Tree]]) -> dict[int, int]:
    """Scopes, and layers with params, that are the same in both models, and stand elsewhere among their siblings."""
    if not old or not new:
        return {}
    places: dict[object, list[int]] = {}
    for index, tree in reversed(old):
        if tree.costs.params:
            places.setdefault(fingerprint(tree), []).append(index)
    found = [(index, places.get(fingerprint(tree))) for index, tree in new]
    return {index: same.pop() for index, same in found if same}


def _chosen(tree: Tree) -> bool:
    """Whether the name was written in the spec, rather than made from the kind or the number of a round."""
    return stem(tree.name) not in ("", tree.kind)


def _rest(trees: Sequence[Tree], taken: Iterable[int]) -> list[tuple[int, Tree]]:
    used = set(taken)
    return [(index, tree) for index, tree in enumerate(trees) if index not in used]


def _merged(old: Sequence[Tree], new: Sequence[Tree], partner: dict[int, int]) -> list[Pair]:
    pairs: list[Pair] = []
    taken = set(partner.values())
    shown = 0
    for index, tree in enumerate(new):
        other = partner.get(index)
        if other is not None:
            pairs += [(old[k], None) for k in range(shown, other) if k not in taken]
            shown = max(shown, other + 1)
        pairs.append((old[other] if other is not None else None, tree))
    pairs += [(old[k], None) for k in range(shown, len(old)) if k not in taken]
    return pairs


def _similar(old: list[tuple[int, Tree]], new: list[tuple[int, Tree]]) -> list[tuple[int, int]]:
    """Pairs of indices by a sequence alignment that maximises the sum of similarities."""
    if not old or not new or len(old) * len(new) > _MAX_CELLS:
        return []
    prints = [[fingerprint(tree) for _, tree in side] for side in (old, new)]
    scores = [
        [_similarity(a, b, same=one == other) for (_, b), other in zip(new, prints[1], strict=True)]
        for (_, a), one in zip(old, prints[0], strict=True)
    ]
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            paired = scores[i][j] + best[i + 1][j + 1] if scores[i][j] else 0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs = []
    i = j = 0
    while i < len(old) and j < len(new):
        if scores[i][j] and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs.append((old[i][0], new[j][0]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _similarity(old: Tree, new: Tree, *, same: bool) -> int:
    """0 for what cannot be the same thing; more for equal structure, output, and name.

    Scopes of different kinds are a block and what took its place if they hand on the same.
    """
    if bool(old.children) != bool(new.children):
        return 0
    if old.kind != new.kind:
        return 2 * (bool(old.children) and old.output == new.output)
    if old.children and old.output != new.output and not old.layer_kinds & new.layer_kinds:
        return 0
    score = 1 + 2 * (old.name == new.name) + 3 * (old.output == new.output)
    return score + 6 * same
