"""The memory of a model under chosen conditions: figures of inference or of training, and what would need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.alternatives import inference_whatifs, training_whatifs
from archcost.analysis.memory.checkpoints import refuse_no_blocks
from archcost.analysis.memory.conditions import HALVES
from archcost.analysis.memory.inference import inference_memory
from archcost.analysis.memory.run_memory import refuse_stored_dtypes, run_memory
from archcost.analysis.memory.training import training_memory
from archcost.analysis.training_costs import step_costs
from archcost.displays import in_line, in_notebook
from archcost.errors import UsageError
from archcost.meter import Meter

if TYPE_CHECKING:
    from archcost.analysis.memory.alternatives import WhatIf
    from archcost.analysis.memory.conditions import Conditions
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.analysis.report import Report
    from archcost.analysis.training_costs import StepCosts
    from archcost.graph.model import Graph


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

    def __repr__(self) -> str:
        figures = {"run_bytes": self.run.total, "peak_path": self.peak_path}
        return in_line(self, self.report.name, **({"training": True} if self.training else {}), **figures)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def run(self) -> RunMemory:
        """What must be resident, and its parts."""
        return run_memory(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.memory/1``."""
        from archcost.analysis.memory.data import memory_data

        return {**memory_data(self)}


def study(report: Report, conditions: Conditions) -> Study:
    """The memory of a report's graph; UsageError for a pattern of checkpoints that names no block.

    Raises WorkError, at the step, where the parts of layers are too much work to be run one by one.
    """
    graph = report.graph
    if not conditions.training:
        schedule, inplace = conditions.schedule, conditions.inplace
        devices = conditions.division.tensor
        inference = inference_memory(graph, schedule=schedule, inplace=inplace, devices=devices)
        tried = conditions.whatifs and devices == 1
        found = inference_whatifs(graph, inference, schedule=schedule, inplace=inplace) if tried else []
        return Study(report, conditions, inference, None, found, inference.peak, _path(graph, inference.node))
    refuse_stored_dtypes(report)
    refuse_no_blocks(report, conditions.checkpoints)
    if conditions.master and graph.dtype not in HALVES:
        message = f"--master-weights are copies of half-precision params, and those of {report.name} are {graph.dtype}"
        raise UsageError(message, "give `--dtype bfloat16`, or leave out --master-weights")
    setting = conditions.setting(graph)
    meter = Meter()
    training = training_memory(graph, setting, meter=meter)
    whatifs = training_whatifs(graph, conditions, meter) if conditions.whatifs else []
    peak = training.peak
    step = step_costs(graph, [layer.costs for layer in report.layers], setting.checkpoints).times(conditions.passes)
    return Study(report, conditions, None, training, whatifs, peak.live, _path(graph, peak.node), step)


def _path(graph: Graph, node: int) -> str:
    return graph.nodes[node].path if node >= 0 else ""
