"""The memory of a model under chosen conditions: figures of inference or of training, and what would need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges, matches
from archcost.analysis.memory.inference import SPEC, inference_memory, inplace_nodes
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import Setting, training_memory
from archcost.analysis.memory.whatif import inference_whatifs, training_whatifs
from archcost.errors import UsageError

if TYPE_CHECKING:
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.analysis.memory.whatif import WhatIf
    from archcost.analysis.report import Report

SGD = "sgd"


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
    """A report, the conditions, and one of two results."""

    report: Report
    conditions: Conditions
    inference: InferenceMemory | None
    training: TrainingMemory | None
    whatifs: list[WhatIf]

    @property
    def peak(self) -> int:
        """The most bytes alive at a time; in training with params, gradients and all."""
        if self.training is not None:
            return self.training.peak.live
        assert self.inference is not None, "a study has one of the two"
        return self.inference.peak

    @property
    def peak_path(self) -> str:
        """The layer that runs at the peak; empty for none."""
        node = self.training.peak.node if self.training is not None else -1
        if self.inference is not None:
            node = self.inference.node
        return self.report.graph.nodes[node].path if node >= 0 else ""


def study(report: Report, conditions: Conditions) -> Study:
    """The memory of a report's graph; UsageError for a pattern of checkpoints that names no block."""
    graph = report.graph
    if not conditions.training:
        schedule, inplace = conditions.schedule, conditions.inplace
        inference = inference_memory(graph, schedule=schedule, inplace=inplace)
        found = inference_whatifs(graph, inference, schedule=schedule, inplace=inplace) if conditions.whatifs else []
        return Study(report, conditions, inference, None, found)
    for pattern in conditions.checkpoints:
        if not any(matches(scope.path, pattern) for scope in graph.scopes):
            raise _no_block(report, pattern)
    setting = Setting(
        OPTIMIZERS[conditions.optimizer],
        conditions.foreach,
        conditions.half,
        checkpoint_ranges(graph, conditions.checkpoints),
        inplace_nodes(graph) if conditions.inplace else frozenset(),
    )
    whatifs = training_whatifs(graph, setting) if conditions.whatifs else []
    return Study(report, conditions, None, training_memory(graph, setting), whatifs)


def _no_block(report: Report, pattern: str) -> UsageError:
    tops = list(dict.fromkeys(scope.path.partition(".")[0] for scope in report.graph.scopes))
    shown = ", ".join(tops[:8]) + (", …" if len(tops) > 8 else "")  # noqa: PLR2004 - a line of them
    hint = f"its blocks are {shown}; `*` names one part of a path: `layer1.*`" if tops else "it has no blocks"
    return UsageError(f"no block of {report.name} fits --checkpoint '{pattern}'", hint)
