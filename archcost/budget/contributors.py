"""The layers that contribute most to a figure or to its growth, and the scopes that a pattern matches."""

from __future__ import annotations

from functools import cached_property
from heapq import nlargest
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.inference import holder_names, inference_memory
from archcost.analysis.tree import find
from archcost.budget.path_lookup import Scopes
from archcost.budget.verdict import INPUT, WORKSPACE, Contributor
from archcost.figures import FLASH, METRICS, ON_CHIP, PEAK, SRAM_INPLACE, WHOLE_MODEL
from archcost.meter import BUDGET, Meter
from archcost.paths import PathPattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.budget.baseline import LayerChange
    from archcost.errors import Mark
    from archcost.graph.model import Graph

TOP = 3  # layers that a finding names
_PER_PATH = 10  # steps of work to hold a pattern against a path
_LETTERS = 10  # of a path, in another step
_AT_ONCE = 10_000  # steps of work that are counted together
_PER_LAYER = 300  # steps of work that each layer adds


class Named(NamedTuple):
    """What a pattern matches: the outermost scopes and layers. Whatever is inside such a scope is part of it.

    ``beyond`` are the outermost others that would match if the wildcards of the pattern crossed dots.
    """

    trees: list[Tree]
    beyond: list[Tree]


def named(tree: Tree, pattern: str, meter: Meter | None = None, mark: Mark | None = None) -> Named:
    """The scopes and layers that a pattern names.

    Every path that is matched with a wildcard counts as work; raises WorkError, at the mark of the limit.
    """
    wanted, crossing = PathPattern(pattern), PathPattern(pattern, crossing=True)
    if wanted.is_literal:
        found = find(tree, pattern)
        return Named([found] if found is not None else [], [])
    meter = meter or Meter()
    trees, beyond = [], []
    waiting = [(child, False) for child in reversed(tree.children.values())]  # and whether it is inside of one beyond
    work = 0
    while waiting:
        child, is_beyond = waiting.pop()
        path = child.path
        work += _PER_PATH + len(path) // _LETTERS
        if work > _AT_ONCE:
            meter.spend(work, mark)
            work = 0
        if wanted.matches(path):
            trees.append(child)
            continue
        if not is_beyond and crossing.matches(path):
            beyond.append(child)
            is_beyond = True
        waiting += [(below, is_beyond) for below in reversed(child.children.values())]
    meter.spend(work, mark)
    return Named(trees, beyond)


def pattern_meter(report: Report) -> Meter:
    """The work that patterns of layers may take over a report: it grows with the model, not with what is asked."""
    return Meter(BUDGET + _PER_LAYER * len(report.layers))


def _at_peak(graph: Graph) -> list[Contributor]:
    """What is alive at the peak of inference, as `archcost memory` tells it; the parts sum to the peak."""
    holders = inference_memory(graph).holders
    weights = []
    for holder, name in zip(holders, holder_names(graph, holders), strict=True):
        made = graph.nodes[holder.node].op.kind if holder.node >= 0 else INPUT
        weights.append(Contributor(name, WORKSPACE if holder.role == WORKSPACE else made, holder.bytes))
    return weights


class Weights:
    """The layers of a report that weigh most, and those that grew most, at and below a path; each found once."""

    def __init__(self, report: Report, changes: Sequence[LayerChange]) -> None:
        self._report = report
        self.layers = Scopes(report.layers, lambda layer: layer.path)
        self._changes = Scopes(changes, lambda change: change.row.path)
        self._heaviest: dict[tuple[str, str], tuple[Contributor, ...]] = {}
        self._grown: dict[tuple[str, str], tuple[Contributor, ...]] = {}

    def heaviest(self, metric: str, path: str) -> tuple[Contributor, ...]:
        """The layers with the largest figures; of the peak, the largest storages that are alive at it.

        Of what is a sum of other metrics they are the largest of those.
        """
        key = (metric, path)
        if key not in self._heaviest:
            weights = [each for part in METRICS[metric].parts or (metric,) for each in self._all(part, path)]
            largest = nlargest(TOP, weights, key=lambda weight: weight.figure)
            self._heaviest[key] = tuple([weight for weight in largest if weight.figure])
        return self._heaviest[key]

    def _all(self, metric: str, path: str) -> list[Contributor]:
        if metric == PEAK:
            return _at_peak(self._report.graph)
        if metric in ON_CHIP:
            return _on_chip(self._fused[metric == SRAM_INPLACE], metric)
        return [Contributor(layer.path, layer.op, getattr(layer.costs, metric)) for layer in self.layers.at(path)]

    @cached_property
    def _fused(self) -> tuple[FusedStudy, FusedStudy]:
        """The model on a microcontroller, whose kernels write to other tensors than they read, and in place."""
        from archcost.analysis.microcontroller.study import fused_study

        plain, inplace = [fused_study(self._report, inplace=way, what_if=False) for way in (False, True)]
        return plain, inplace

    def on_chip(self, metric: str) -> int:
        """The SRAM or the flash of a microcontroller."""
        study = self._fused[metric == SRAM_INPLACE]
        return study.flash.total if metric == FLASH else study.sram

    def grown(self, metric: str, path: str) -> tuple[Contributor, ...]:
        """The layers whose figure grew most; the largest parts of what is no sum over layers, such as the peak."""
        if metric in WHOLE_MODEL:
            return self.heaviest(metric, path)
        key = (metric, path)
        if key not in self._grown:
            weights = []
            for change in self._changes.at(path):
                before, after = change.figures(metric)
                weights.append(Contributor(change.row.path, change.row.op, after, before if change.before else None))
            largest = nlargest(TOP, weights, key=lambda weight: weight.figure - (weight.baseline or 0))
            self._grown[key] = tuple([weight for weight in largest if weight.figure > (weight.baseline or 0)])
        return self._grown[key]


def _on_chip(fused: FusedStudy, metric: str) -> list[Contributor]:
    """The tensors in the SRAM at its peak; the layers and what they keep in the flash."""
    from archcost.analysis.microcontroller.flash import flash_by_layer

    graph = fused.report.graph
    if metric != FLASH:
        held = fused.arena.held
        names = graph.value_names([one.value for one in held])
        return [Contributor(name, one.role, one.bytes) for name, one in zip(names, held, strict=True)]
    parts = flash_by_layer(graph, fused.kernels)
    return [Contributor(node.path, node.op.kind, flash.total) for node, flash in zip(graph.nodes, parts, strict=True)]
