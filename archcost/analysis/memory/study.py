"""The memory of a model under chosen conditions: figures of inference or of training, and what would need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.alternatives import inference_whatifs, training_whatifs
from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.memory.inference import MIN_PEAK, SPEC, inference_memory, inplace_nodes
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.run_memory import refuse_stored_dtypes, run_memory
from archcost.analysis.memory.training import Setting, training_memory
from archcost.analysis.training_costs import step_costs
from archcost.errors import CallError, UsageError, suggestion
from archcost.meter import Meter
from archcost.paths import first, matching, unmatched_help

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.alternatives import WhatIf
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.analysis.report import Report
    from archcost.analysis.training_costs import StepCosts
    from archcost.graph.model import Graph

SGD = "sgd"
HALVES = ("bfloat16", "float16")  # what mixed precision computes in


class Conditions(NamedTuple):
    """What to find out; the defaults are inference in the order of the spec."""

    training: bool = False
    schedule: str = SPEC
    inplace: bool = False
    optimizer: str = SGD
    foreach: bool = False
    half: str = ""  # the dtype of mixed precision
    checkpoints: tuple[str, ...] = ()  # patterns of blocks
    whatifs: bool = True


class Study(NamedTuple):
    """A report, the conditions, and one of two results.

    ``peak`` is the most bytes alive at a time, in training with params, gradients and all; ``peak_path`` the layer that
    runs then, empty for none. ``step`` is what a training step computes.
    """

    report: Report
    conditions: Conditions
    inference: InferenceMemory | None
    training: TrainingMemory | None
    whatifs: list[WhatIf]
    peak: int
    peak_path: str
    step: StepCosts | None = None

    @property
    def run(self) -> RunMemory:
        """What must be resident, and its parts."""
        return run_memory(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.memory/1``."""
        from archcost.analysis.memory.data import memory_data

        return {**memory_data(self)}


def conditions_of(
    *,
    training: bool = False,
    schedule: str = SPEC,
    inplace: bool = False,
    optimizer: str | None = None,
    foreach: bool = False,
    mixed: str | None = None,
    checkpoints: Sequence[str] = (),
    whatifs: bool = True,
) -> Conditions:
    """Conditions from words; what is of a training step alone implies one.

    Raises CallError for a word that names nothing, and a schedule for a training step.
    """
    known = (
        ("schedule", schedule, (SPEC, MIN_PEAK)),
        ("optimizer", optimizer, OPTIMIZERS),
        ("half precision", mixed, HALVES),
    )
    for what, word, names in known:
        if word is not None and word not in names:
            hint = suggestion(word, list(names), f"{what}s")
            raise CallError(f"there is no {what} '{word}'", hint)
    trains = training or foreach or optimizer is not None or mixed is not None or bool(checkpoints)
    if trains and schedule != SPEC:
        raise CallError("--schedule is for inference: a backward pass runs in the reverse of the spec's order")
    half = mixed or ""
    return Conditions(trains, schedule, inplace, optimizer or SGD, foreach, half, tuple(checkpoints), whatifs)


def study(report: Report, conditions: Conditions) -> Study:
    """The memory of a report's graph; UsageError for a pattern of checkpoints that names no block.

    Raises WorkError, at the step, where the parts of layers are too much work to be run one by one.
    """
    graph = report.graph
    if not conditions.training:
        schedule, inplace = conditions.schedule, conditions.inplace
        inference = inference_memory(graph, schedule=schedule, inplace=inplace)
        found = inference_whatifs(graph, inference, schedule=schedule, inplace=inplace) if conditions.whatifs else []
        return Study(report, conditions, inference, None, found, inference.peak, _path(graph, inference.node))
    refuse_stored_dtypes(report)
    for pattern in conditions.checkpoints:
        if not matching([scope.path for scope in graph.scopes], pattern):
            raise _no_block(report, pattern)
    setting = Setting(
        OPTIMIZERS[conditions.optimizer],
        conditions.foreach,
        conditions.half,
        checkpoint_ranges(graph, conditions.checkpoints),
        inplace_nodes(graph) if conditions.inplace else frozenset(),
    )
    meter = Meter()
    training = training_memory(graph, setting, meter=meter)
    whatifs = training_whatifs(graph, setting, meter) if conditions.whatifs else []
    peak = training.peak
    step = step_costs(graph, [layer.costs for layer in report.layers], setting.checkpoints)
    return Study(report, conditions, None, training, whatifs, peak.live, _path(graph, peak.node), step)


def _path(graph: Graph, node: int) -> str:
    return graph.nodes[node].path if node >= 0 else ""


def _no_block(report: Report, pattern: str) -> UsageError:
    tops = list(dict.fromkeys(first(scope.path) for scope in report.graph.scopes))
    shown = ", ".join(tops[:8]) + (", …" if len(tops) > 8 else "")  # noqa: PLR2004 - a line of them
    paths = [scope.path for scope in report.graph.scopes]
    hint = (
        f"its blocks are {shown}; `*` stays within a name, `**` crosses dots: `layer1.*`"
        if tops
        else "it has no blocks"
    )
    hint = unmatched_help(paths, pattern) or hint
    return UsageError(f"no block of {report.name} fits --checkpoint '{pattern}'", hint)
