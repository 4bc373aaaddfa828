"""Which changes are one: those that one change of the text makes, such as in a block that is used nine times."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.suggesting.edits import Edit, LocalChange
    from archcost.suggesting.rewrite import Rewrite
    from archcost.suggesting.uses import Uses


class JointChange(NamedTuple):
    """A rewrite, and the changes that it makes together: one for each place, all alike."""

    rewrite: type[Rewrite]
    changes: tuple[LocalChange, ...]

    @property
    def edits(self) -> dict[int, Edit]:
        """What becomes of nodes, by their index."""
        return {node: edit for change in self.changes for node, edit in change.edits.items()}

    @property
    def inside(self) -> frozenset[int]:
        """The other nodes whose shapes may change."""
        return frozenset().union(*[change.inside for change in self.changes])

    @property
    def note(self) -> str:
        """What was chosen, in some words; those of the places where they differ, the first ones first."""
        return ", ".join(dict.fromkeys([change.note for change in self.changes if change.note]))


def grouped(uses: Uses, rewrite: type[Rewrite], changes: Iterable[LocalChange]) -> list[JointChange]:
    """The changes of one rewrite as suggestions, in the order of their first places.

    Changes with the same edits of the same steps are one if all uses of these steps change. If not, those that one
    step calls, further out, are looked at by themselves. What is left are some of the rounds of one step: they are one.
    """
    alike: dict[object, list[LocalChange]] = {}
    for change in changes:
        if change.edits:
            key = tuple([(uses.of_nodes[node].place, edit) for node, edit in sorted(change.edits.items())])
            alike.setdefault(key, []).append(change)
    grouping = _Grouping(uses)
    found = [JointChange(rewrite, tuple(group)) for each in alike.values() for group in grouping.parts(each, 1)]
    return sorted(found, key=lambda one: min(one.changes[0].edits))


class _Grouping:
    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._chains: dict[int, tuple[object, ...]] = {}
        self._counts: dict[int, dict[object, int]] = {}  # of nodes, by the innermost steps of their chains

    def parts(self, changes: Sequence[LocalChange], depth: int) -> list[list[LocalChange]]:
        """The changes in groups that the text can make at once, told apart by so many steps, or more."""
        by_steps: dict[object, list[LocalChange]] = {}
        for change in changes:
            by_steps.setdefault(self._chain(min(change.edits))[:depth], []).append(change)
        found: list[list[LocalChange]] = []
        for group in by_steps.values():
            nodes = {node for change in group for node in change.edits}
            steps = {self._chain(node)[:depth] for node in nodes}
            counts = self._counted(depth)
            if len(nodes) == sum(counts[step] for step in steps):
                found.append(group)
            elif all(len(self._chain(node)) <= depth for node in nodes):
                found.append(group)  # some rounds of a repeated step
            else:
                found += self.parts(group, depth + 1)
        return found

    def _chain(self, node: int) -> tuple[object, ...]:
        known = self._chains.get(node)
        if known is None:
            known = self._chains[node] = tuple([use.place for use in self._uses.chain(node)])
        return known

    def _counted(self, depth: int) -> Mapping[object, int]:
        known = self._counts.get(depth)
        if known is None:
            known = self._counts[depth] = {}
            for node in range(len(self._uses.of_nodes)):
                key = self._chain(node)[:depth]
                known[key] = known.get(key, 0) + 1
        return known
