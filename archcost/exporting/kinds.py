"""The blocks of a model in the order in which their classes are written: what a class uses comes before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.exporting.module_tree import ModuleTree
    from archcost.exporting.template import BlockUse

_Kind = tuple[str, bool, int]


def kinds_in_order(tree: ModuleTree) -> Iterator[tuple[str, list[BlockUse]]]:
    """The uses of every block, the blocks that a block uses before it; the model comes last.

    A block that uses itself is a kind for every height at which it does, so that the inner ones come first.
    """
    cyclic = _cyclic(tree.uses)
    uses: dict[_Kind, list[BlockUse]] = {}
    for use in tree.uses:
        uses.setdefault(_kind(use, cyclic), []).append(use)
    done: set[_Kind] = set()

    def visit(kind: _Kind) -> Iterator[tuple[str, list[BlockUse]]]:
        done.add(kind)
        for below in dict.fromkeys([_kind(inner, cyclic) for inner in _inner(uses[kind])]):
            if below not in done:
                yield from visit(below)
        yield kind[0], uses[kind]

    yield from visit(_kind(tree.uses[-1], cyclic))


def _kind(use: BlockUse, cyclic: set[_Kind]) -> _Kind:
    """What a use is one of: its name, whether that is a block's, and its height where the name alone is no order."""
    kind = (use.kind, use.is_block, 0)
    return kind if kind not in cyclic else (*kind[:2], use.height)


def _inner(uses: Iterable[BlockUse]) -> Iterator[BlockUse]:
    """The uses in some uses."""
    for use in uses:
        for unit in use.units:
            for layer in unit.layers():
                if layer.use is not None:
                    yield layer.use


def _cyclic(uses: Sequence[BlockUse]) -> set[_Kind]:
    """The blocks that use themselves, directly or through others, and those that use such ones."""
    inner: dict[_Kind, set[_Kind]] = {}
    for use in uses:
        inner.setdefault(_kind(use, set()), set()).update([_kind(below, set()) for below in _inner([use])])
    users: dict[_Kind, list[_Kind]] = {kind: [] for kind in inner}
    for kind, below in inner.items():
        for used in below:
            users[used].append(kind)
    ready = [kind for kind, below in inner.items() if not below]
    while ready:
        used = ready.pop()
        for user in users[used]:
            inner[user].discard(used)
            if not inner[user]:
                ready.append(user)
    return {kind for kind, below in inner.items() if below}
