"""What the figures of a page are of: inference, one token of a language model, or a training step; on which inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.conditions import Conditions
from archcost.analysis.memory.study import study
from archcost.errors import UsageError
from archcost.fitting.workload import PAST, Workload
from archcost.meter import WorkError
from archcost.render.report import adapters_text, inputs_text

if TYPE_CHECKING:
    from archcost.analysis.memory.study import Study
    from archcost.analysis.report import Report


class TrainingStep(NamedTuple):
    """The memory of a training step, as ``archcost memory --training`` has it; None where there is none, and why."""

    study: Study | None
    why_none: str = ""


def step_of(report: Report) -> TrainingStep:
    """The step of a report that is of one; none of inference, and of what cannot be run as a step."""
    if not (report.graph.training and report.complete):
        return TrainingStep(None)
    try:
        return TrainingStep(study(report, Conditions(training=True, whatifs=False)))
    except WorkError as error:
        why = error.diagnostics[0].message
    except UsageError as error:
        why = error.message
    return TrainingStep(None, f"The memory of a training step is not told here: {why}.")


def run_text(report: Report) -> str:
    """``a training step``, ``one token after 8,191``; empty for a pass over whole inputs."""
    if report.graph.training:
        return "a training step"
    if not Workload(report.spec, report.graph.settings, Conditions(), report.params).generates:
        return ""
    past = report.params[PAST]
    return f"one token after {past:,}" if past else "one token"


def about_texts(report: Report) -> list[str]:
    """The inputs, and in which dtypes and on which batch it runs."""
    settings = report.graph.settings
    inputs = inputs_text(report)
    found = [
        inputs,
        report.dtype if report.dtype not in {tensor.dtype for tensor in report.graph.inputs.values()} else "",
        f"weights as {settings.weight_dtype}" if settings.weight_dtype else "",
        f"KV cache as {settings.kv_dtype}" if settings.kv_dtype and report.totals.cache_bytes else "",
        adapters_text(report),
        f"batch {report.batch:,}",
    ]
    return [text for text in found if text]
