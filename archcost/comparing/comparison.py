"""Report, Report -> Comparison: the cost of a change, and the layers that cause it.

Scopes and layers are aligned by path, and where names changed by structure. Differences are exact integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.analysis.costs import Costs, sum_costs
from archcost.analysis.tree import build_tree
from archcost.comparing.alignment import align, fingerprint, inside
from archcost.comparing.naming import labels
from archcost.displays import in_line, in_notebook
from archcost.figures import telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.dims import Shape


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure before and after. If layers are unknown, it is the known part, and their number is given."""

    before: int
    after: int
    unknown_before: int = 0
    unknown_after: int = 0

    @property
    def known(self) -> bool:
        """Whether both figures are fully known, so that their difference is."""
        return not (self.unknown_before or self.unknown_after)

    @property
    def delta(self) -> int:
        """After - before, of the known parts."""
        return self.after - self.before

    @property
    def percent(self) -> float | None:
        """The change in percent of before; None when there was nothing before, or one of them is not known."""
        return 100 * self.delta / self.before if self.before and self.known else None

    @property
    def times_less(self) -> float | None:
        """Before / after; None if either is 0 or unknown."""
        return self.before / self.after if self.before and self.after and self.known else None

    @property
    def times_more(self) -> float | None:
        """After / before; None if either is 0 or unknown."""
        return self.after / self.before if self.before and self.after and self.known else None

    def percent_of(self, whole: Difference) -> float | None:
        """The share of the model's whole change, in percent; None if nothing changes or the whole is unknown."""
        return 100 * self.delta / whole.delta if self.delta and whole.delta and whole.known else None


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

    def __repr__(self) -> str:
        return in_line(self, self.path or self.old_name, self.mark, macs=self.difference("macs").delta)

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

    def __repr__(self) -> str:
        deltas = {name: self.total(name).delta for name in ("params", "macs")}
        unknown = sum_costs((self.before.costs, self.after.costs)).unknown_figures("macs")
        return in_line(self, self.before.name, self.after.name, **deltas, **unknown)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.comparison/1``."""
        from archcost.comparing.data import comparison_data

        return {**comparison_data(self)}

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def training(self) -> bool:
        """Whether the figures of a training step are known of either."""
        return self.before.totals.training or self.after.totals.training

    def total(self, metric: str) -> Difference:
        """One of TOTALS over the whole models."""
        unknown = self.before.costs.unknown(metric), self.after.costs.unknown(metric)
        return Difference(getattr(self.before.totals, metric), getattr(self.after.totals, metric), *unknown)

    @property
    def title(self) -> str:
        """``before → after``, told apart by their settings or paths where the names are the same."""
        return " → ".join(labels((self.before, self.after)))

    def changed(self) -> bool:
        """Whether the models differ in any layer."""
        return any(change.changed() for change in self.changes)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Several models beside each other, in order."""

    reports: tuple[Report, ...]

    def __repr__(self) -> str:
        return in_line(self, *[report.name for report in self.reports])

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of several models, ``archcost.comparison/1``."""
        from archcost.comparing.data import side_by_side_data

        return {**side_by_side_data(self.reports)}


def difference(before: Costs, after: Costs, metric: str) -> Difference:
    """A figure of two costs."""
    unknown = before.unknown(metric), after.unknown(metric)
    return Difference(getattr(before, metric), getattr(after, metric), *unknown)


def telling_metrics(reports: Iterable[Report]) -> tuple[str, ...]:
    """The metrics without those that say nothing of these models: active params that are all params, no caches."""
    return telling([report.totals.to_dict() for report in reports])


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
        same = fingerprint(old) == fingerprint(new) and old.costs == new.costs  # those of bytes depend on settings
        mark = " " if same else "~"
        if not same and old.children and new.children:
            below = [list(inside(*ends).children.values()) for ends in ((old, new), (new, old))]
            children = tuple([_change(a, b) for a, b in align(*below)])
            if old.costs == new.costs and not any(child.changed() for child in children):
                mark, children = " ", ()  # grouped otherwise, and no more
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
    )


def smallest(reports: Iterable[Report], metric: str) -> int | None:
    """The smallest known total of a metric; None if no model's is known."""
    known = [int(getattr(report.totals, metric)) for report in reports if not report.costs.unknown(metric)]
    return min(known, default=None)


def rank(reports: Sequence[Report], metric: str) -> list[Report]:
    """The models sorted by a metric, the smallest first; models whose figure is unknown come last."""
    return sorted(reports, key=lambda report: (bool(report.costs.unknown(metric)), getattr(report.totals, metric)))
