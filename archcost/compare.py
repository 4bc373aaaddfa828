"""Report, Report -> Comparison: what a change costs, and where it arises.

Scopes and layers are aligned by path; where names changed, by structure: a sequence alignment of siblings that prefers
equal kinds, shapes and attributes. Differences are exact integers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from archcost.analysis.costs import Costs
from archcost.analysis.tree import build_tree, stem
from archcost.spec.limits import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.dims import Shape

_MAX_CELLS = 250_000  # of an alignment table; longer sibling lists are aligned by name alone


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure before and after: the known part, where it is not known of so many layers."""

    before: int
    after: int
    unknown_before: int = 0
    unknown_after: int = 0

    @property
    def known(self) -> bool:
        """Whether both figures are whole, so that there is a difference to tell."""
        return not (self.unknown_before or self.unknown_after)

    @property
    def delta(self) -> int:
        """How much more there is after than before, of what is known."""
        return self.after - self.before

    @property
    def percent(self) -> float | None:
        """The change in percent of before; None when there was nothing before, or one of them is not known."""
        return 100 * self.delta / self.before if self.before and self.known else None


@dataclass(frozen=True, slots=True)
class Change:
    """A scope or layer in both models, or in one: ``~`` changed, ``+`` added, ``-`` removed, `` `` the same."""

    mark: str
    name: str
    old_name: str  # differs from name where the alignment found a renamed one
    path: str
    op: str
    old_op: str
    output: tuple[Shape, ...]
    old_output: tuple[Shape, ...]
    before: Costs
    after: Costs
    layers_before: int
    layers_after: int
    children: tuple[Change, ...] = ()
    group: bool = False

    def difference(self, metric: str) -> Difference:
        """One figure before and after."""
        return difference(self.before, self.after, metric)

    def changed(self) -> bool:
        """Whether anything at or below it differs."""
        return self.mark != " "

    def walk(self) -> Iterator[Change]:
        """This change and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models side by side: totals by metric, and the changes by scope."""

    before: Report
    after: Report
    changes: tuple[Change, ...]

    def total(self, metric: str) -> Difference:
        """One of TOTALS over the whole models."""
        unknown = self.before.costs.unknown(metric), self.after.costs.unknown(metric)
        return Difference(getattr(self.before.totals, metric), getattr(self.after.totals, metric), *unknown)

    def changed(self) -> bool:
        """Whether the models differ in any layer."""
        return any(change.changed() for change in self.changes)


def difference(before: Costs, after: Costs, metric: str) -> Difference:
    """A figure of two costs."""
    unknown = before.unknown(metric), after.unknown(metric)
    return Difference(getattr(before, metric), getattr(after, metric), *unknown)


def telling_metrics(reports: Iterable[Report]) -> tuple[str, ...]:
    """The metrics without those that say nothing of these models: active params that are all params, no caches."""
    totals = [asdict(report.totals) for report in reports]
    return tuple([metric for metric in TOTALS if is_telling(metric, totals)])


def is_telling(metric: str, totals: Iterable[Mapping[str, int]]) -> bool:
    """Whether a total says something of one of these models: active params other than all params, caches."""
    if metric == "active_params":
        return any(each[metric] != each["params"] for each in totals)
    return metric != "cache_bytes" or any(each[metric] for each in totals)


def compare(before: Report, after: Report) -> Comparison:
    """Align two reports and attribute the differences."""
    old, new = build_tree(before), build_tree(after)
    changes = tuple([_change(a, b) for a, b in align(list(old.children.values()), list(new.children.values()))])
    return Comparison(before, after, changes)


def _change(old: Tree | None, new: Tree | None) -> Change:
    """The change from one subtree to another; either may be missing."""
    here = new or old
    assert here is not None
    children: tuple[Change, ...] = ()
    if old is not None and new is not None:
        same = fingerprint(old) == fingerprint(new)
        mark = " " if same else "~"
        if not same and old.children and new.children:
            pairs = align(list(old.children.values()), list(new.children.values()))
            children = tuple([_change(a, b) for a, b in pairs])
    else:
        mark = "-" if new is None else "+"
        children = tuple(
            [_change(child, None) if new is None else _change(None, child) for child in here.children.values()]
        )
    return Change(
        mark=mark,
        name=here.name,
        old_name=old.name if old else here.name,
        path=here.path,
        op=here.kind,
        old_op=old.kind if old else here.kind,
        output=new.output if new else (),
        old_output=old.output if old else (),
        before=old.costs if old else Costs(),
        after=new.costs if new else Costs(),
        layers_before=old.layers if old else 0,
        layers_after=new.layers if new else 0,
        children=children,
        group=bool(here.children),
    )


def fingerprint(tree: Tree) -> object:
    """Equal for subtrees of the same ops, attributes and shapes, in whichever report they are; names do not matter."""
    layer = tree.layer
    if layer is not None:
        signature = layer.node.signature
        return (signature.op, signature.inputs, signature.outputs, layer.node.weights_of >= 0)
    return tuple([fingerprint(child) for child in tree.children.values()])


Pair = tuple["Tree | None", "Tree | None"]


def align(old: Sequence[Tree], new: Sequence[Tree]) -> list[Pair]:
    """Pairs of siblings in the order of the new model, those that are gone where they stood.

    First those of the same name and kind are paired, wherever they moved, if somebody chose the name or the outputs are
    equal, too; what is left by similarity in order; then by name alone.
    """
    partner: dict[int, int] = {}  # index in new -> index in old
    by_name = {tree.name: index for index, tree in enumerate(old)}
    for index, tree in enumerate(new):
        other = by_name.get(tree.name)
        if other is not None and old[other].kind == tree.kind and (_chosen(tree) or old[other].output == tree.output):
            partner[index] = other
    partner |= {b: a for a, b in _similar(_rest(old, partner.values()), _rest(new, partner))}
    taken = set(partner.values())
    for index, tree in enumerate(new):
        other = by_name.get(tree.name)
        if index not in partner and other is not None and other not in taken:
            partner[index] = other
    return _merged(old, new, partner)


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
    scores = [[_similarity(a, b) for _, b in new] for _, a in old]
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


def _similarity(old: Tree, new: Tree) -> int:
    """0 for what cannot be the same thing; more for equal structure, output, and name."""
    if old.kind != new.kind or bool(old.children) != bool(new.children):
        return 0
    score = 1 + 2 * (old.name == new.name) + 3 * (old.output == new.output)
    return score + 6 * (fingerprint(old) == fingerprint(new))


def rank(reports: Sequence[Report], metric: str) -> list[Report]:
    """Several models, the smallest first by a metric; those of which it is not known last."""
    return sorted(reports, key=lambda report: (bool(report.costs.unknown(metric)), getattr(report.totals, metric)))
