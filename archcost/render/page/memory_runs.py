"""Memory over the run: as it is, with other weights, in the best order, in training and with checkpoints.

A report of a training step has that first, and its forward pass last.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import graph_costs, sum_costs
from archcost.analysis.memory.at_peak import BUFFERS, OPTIMIZER, PARAMS
from archcost.analysis.memory.checkpoints import checkpoint_ranges, depths
from archcost.analysis.memory.conditions import SGD, Conditions
from archcost.analysis.memory.inference import MIN_PEAK, alive_in_turn, inference_memory
from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.training import BACKWARD, INPUT, LOSS, training_memory
from archcost.errors import SpecError, UsageError
from archcost.figures import METRICS
from archcost.graph.unroll import unroll
from archcost.meter import Meter, WorkError
from archcost.render.page.page_data import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.shadow_torch import Held
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.graph.model import Graph
    from archcost.render.page.folded_nodes import Folded
    from archcost.render.page.page_data import AliveData, RunData, TimelineData
    from archcost.render.page.what_runs import TrainingStep

MOST_STEPS = 400  # of a run that are told one by one
_MOST_HELD = 6  # tensors of a step that are told apart
_QUANTISED = "int4"
_OPTIMIZER = "adamw"
_WORK = 500_000  # steps of work of training, beside what each layer may take: a few seconds
_OF_NONE = -1  # in place of a node: of the model's inputs
_LEVELS = 3  # of blocks that are tried for checkpoints
_FIXED = ("weight_bytes", "buffer_bytes", "cache_bytes")


class _Steps(NamedTuple):
    """The course of a run: its bytes beyond what is fixed, whose step each is, and what is alive."""

    bytes: Sequence[int]
    nodes: Sequence[int]  # of the graph; below 0: of none
    alive: Sequence[list[tuple[int, int]] | None]  # made by which node, and how large


def timeline_of(folded: Folded, step: TrainingStep, limit: int | None) -> TimelineData:
    """The runs of a model, the first as its report has it, none without layers; ``limit`` is the memory of a device."""
    if not folded.report.layers:
        return {"labels": [], "runs": [], "notes": []}
    maker = _Maker(folded, step, limit)
    runs = list(maker.runs())
    return {"labels": runs[0]["labels"] or [], "runs": [_shared(run, runs[0]) for run in runs], "notes": maker.notes}


def _shared(run: RunData, first: RunData) -> RunData:
    """A run without what it shares with the first."""
    if run is first:
        return {**run, "labels": None}
    labels = None if run["labels"] == first["labels"] else run["labels"]
    alive = None if run["alive"] == first["alive"] else run["alive"]
    return {**run, "labels": labels, "alive": alive}


class _Maker:
    """Makes the runs of a model."""

    def __init__(self, folded: Folded, step: TrainingStep, limit: int | None) -> None:
        self.folded = folded
        self.step = step
        self.graph = folded.report.graph
        self.limit = limit
        self.notes: list[str] = []
        self.of_layers = folded.of_layers()

    def runs(self) -> Iterator[RunData]:
        """What the report is of, and what else there could be."""
        if self.graph.training:
            yield from self._of_training()
        else:
            yield from self._of_inference()

    def _of_training(self) -> Iterator[RunData]:
        """The step, with another optimizer or checkpoints; its forward pass alone."""
        study = self.step.study
        if study is not None and study.training is not None:
            conditions = study.conditions
            yield self._training_run(
                "training", f"training with {conditions.optimizer}", "--training", self.graph, study.training
            )
            with suppress(WorkError, UsageError):
                meter = Meter(_WORK)
                changed = conditions._replace(optimizer=_OPTIMIZER)
                other = training_memory(self.graph, changed.setting(self.graph), meter=meter)
                yield self._training_run(
                    _OPTIMIZER, f"with {_OPTIMIZER}", f"--optimizer {_OPTIMIZER}", self.graph, other
                )
                yield from self._checkpoints(self.graph, conditions, study.training, meter)
        elif self.step.why_none:
            self.notes.append(self.step.why_none)
        now = inference_memory(self.graph)
        steps = self._inference_steps(self.graph, now)
        yield self._run("inference", "the forward pass alone", "", _fixed(self.folded.report.costs), steps)

    def _of_inference(self) -> Iterator[RunData]:
        """Inference, with other weights and in another order; a training step."""
        report, graph = self.folded.report, self.graph
        now = inference_memory(graph)
        steps = self._inference_steps(graph, now)
        yield self._run("inference", "inference", "", _fixed(report.costs), steps)
        if report.complete:
            if not (graph.settings.weight_dtype or graph.settings.lora):
                quantised = graph._replace(settings=graph.settings._replace(weight_dtype=_QUANTISED))
                costs = sum_costs(graph_costs(quantised, Storages(graph).made))
                if costs.weight_bytes < report.costs.weight_bytes:
                    option = f"--weight-dtype {_QUANTISED}"
                    yield self._run(_QUANTISED, f"{_QUANTISED} weights", option, _fixed(costs), steps)
            best = inference_memory(graph, schedule=MIN_PEAK)
            if best.peak < now.peak:
                ordered = self._inference_steps(graph, best)
                option = f"--schedule {MIN_PEAK}"
                yield self._run("min-peak", "the best order", option, _fixed(report.costs), ordered)
            yield from self._training_runs()

    def _inference_steps(self, graph: Graph, found: InferenceMemory) -> _Steps:
        return _Steps(found.live, found.order, list(alive_in_turn(graph, found)))

    def _training_runs(self) -> Iterator[RunData]:
        """A step, and the step with the checkpoints that need the least; a note where it is too much work."""
        settings = self.graph.settings
        if settings.weight_dtype is not None or settings.kv_dtype is not None:
            return
        try:
            graph = unroll(self.graph.spec, settings._replace(training=True))
            conditions = Conditions(training=True, optimizer=_OPTIMIZER)
            meter = Meter(_WORK)
            step = training_memory(graph, conditions.setting(graph), meter=meter)
        except (UsageError, SpecError, WorkError):
            self.notes.append("A training step is left out here: see `archcost memory --training`.")
            return
        yield self._training_run("training", f"training with {_OPTIMIZER}", f"--optimizer {_OPTIMIZER}", graph, step)
        yield from self._checkpoints(graph, conditions, step, meter)

    def _checkpoints(
        self, graph: Graph, conditions: Conditions, step: TrainingMemory, meter: Meter
    ) -> Iterator[RunData]:
        """A step with the checkpoints that need the least; none where they need no less."""
        tried: list[tuple[int, str, TrainingMemory]] = []
        with suppress(WorkError, UsageError):
            for pattern in depths(graph)[:_LEVELS]:
                if any(len(nodes) > 1 for nodes in checkpoint_ranges(graph, [pattern])):
                    changed = conditions._replace(checkpoints=(pattern,)).setting(graph)
                    other = training_memory(graph, changed, meter=meter)
                    tried.append((other.peak.live, pattern, other))
        least = min(tried, default=None, key=lambda each: each[:2])
        if least is not None and least[0] < step.peak.live:
            label = ("" if self.graph.training else "training, ") + f"checkpoints at {least[1]}"
            optimizer = conditions.optimizer
            options = [f"--optimizer {optimizer}"] * (optimizer != SGD) + [f"--checkpoint '{least[1]}'"]
            yield self._training_run("checkpoints", label, " ".join(options), graph, least[2])

    def _training_run(self, name: str, label: str, option: str, graph: Graph, found: TrainingMemory) -> RunData:
        fixed = {PARAMS: found.params, BUFFERS: found.buffers, OPTIMIZER: found.state}
        phase = next((place for place, moment in enumerate(found.moments) if moment.phase == BACKWARD), None)
        told = [held for held in found.held if held.kind == INPUT or held.node != LOSS]  # the rest is working memory
        at_peak = [(self._maker(graph, held), held.bytes) for held in told]
        peak = found.moments.index(found.peak)
        steps = _Steps(
            [moment.live - found.fixed for moment in found.moments],
            [self._here(graph, moment.node) for moment in found.moments],
            [at_peak if place == peak else None for place in range(len(found.moments))],
        )
        return self._run(name, label, option, {name: size for name, size in fixed.items() if size}, steps, phase)

    def _maker(self, graph: Graph, held: Held) -> int:
        """The node of the report that made what is alive; below 0 for the inputs of the model."""
        return _OF_NONE if held.kind == INPUT else self._here(graph, held.node)

    def _here(self, graph: Graph, node: int) -> int:
        """The node of the report that is the one of a graph of training; -1 for none, such as that of the loss."""
        if node == LOSS or graph is self.graph:
            return node
        return self._places.get(graph.nodes[node].path, LOSS)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {node.path: place for place, node in enumerate(self.graph.nodes)}

    def _run(
        self,
        name: str,
        label: str,
        option: str,
        fixed: dict[str, int],
        steps: _Steps,
        phase: int | None = None,
    ) -> RunData:
        size = -(-len(steps.bytes) // MOST_STEPS) or 1
        chosen = [
            max(range(start, min(start + size, len(steps.bytes))), key=lambda place: (steps.bytes[place], -place))
            for start in range(0, len(steps.bytes), size)
        ]
        values = [steps.bytes[place] for place in chosen]
        return {
            "name": name,
            "label": label,
            "option": option,
            "fixed": [{"label": label, "bytes": figure(size)} for label, size in fixed.items()],
            "steps": list(map(figure, values)),
            "layers_a_step": size,
            "labels": [self._node(steps.nodes[place]) for place in chosen],
            "phase": None if phase is None else phase // size,
            "peak": values.index(max(values)) if values else 0,
            "alive": self._alive([steps.alive[place] for place in chosen], values),
            "limit": None if self.limit is None else figure(self.limit),
        }

    def _node(self, index: int) -> int | None:
        return self.of_layers[index] if index >= 0 else None

    def _alive(self, alive: Sequence[list[tuple[int, int]] | None], values: Sequence[int]) -> AliveData:
        """What is alive at each step, said once for steps that are equal in it."""
        sets: dict[tuple[tuple[int | str | None, ...], ...], int] = {}
        places: list[int | None] = []
        for held, whole in zip(alive, values, strict=True):
            places.append(None if held is None else sets.setdefault(self._held(held, whole), len(sets)))
        return {"sets": [list(map(list, one)) for one in sets], "of": places}

    def _held(self, held: Iterable[tuple[int, int]], whole: int) -> tuple[tuple[int | str | None, ...], ...]:
        """The largest tensors by the nodes that stand for their makers, and the sum of what is left."""
        sums: dict[int | None, int] = {}
        for maker, size in held:
            node = self._node(maker)
            sums[node] = sums.get(node, 0) + size
        largest = sorted(sums.items(), key=lambda each: (-each[1], each[0] or 0))
        found: list[tuple[int | str | None, ...]] = [
            (node, figure(size), *([INPUT] if node is None else [])) for node, size in largest[:_MOST_HELD]
        ]
        others = sum(size for _, size in largest[_MOST_HELD:])
        working = whole - sum(sums.values())
        found += [(None, figure(others), f"{len(largest) - _MOST_HELD} more")] if others else []
        found += [(None, figure(working), "working memory")] if working > 0 else []
        return tuple(found)


def _fixed(costs: Costs) -> dict[str, int]:
    """What is there all the time in inference."""
    found = {METRICS[name].short: getattr(costs, name) for name in _FIXED}
    return {label: size for label, size in found.items() if size}
