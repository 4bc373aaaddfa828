"""What must be resident for a model to run or to train, and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.at_peak import categories
from archcost.analysis.memory.inference_shares import held_by_one
from archcost.errors import UsageError
from archcost.figures import METRICS, PEAK, ModelFigures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.memory.study import Study
    from archcost.analysis.report import Report

HELD = tuple([name for name in ModelFigures.run_bytes.parts if name != PEAK])  # all the time, in inference


class RunPart(NamedTuple):
    """A part of the memory: what it is called, its bytes, and in inference the metric that it is of a model."""

    name: str
    bytes: int
    metric: str = ""


class RunMemory(NamedTuple):
    """The parts of the memory to run or to train, in their order; what takes nothing is not among them."""

    parts: tuple[RunPart, ...]

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return sum([part.bytes for part in self.parts])


def run_memory(study: Study) -> RunMemory:
    """Weights, buffers, KV cache and peak activations; in a training step what is there at its peak.

    The peak is that of the study, whose order of layers may be another than the spec's.
    """
    if study.training is not None:
        return RunMemory(tuple([RunPart(name, size) for name, size in categories(study.training).items() if size]))
    report = study.report
    return run_of(report.totals, study.peak, held_by_one(report.graph, study.conditions.division.tensor))


def run_of(totals: ModelFigures, peak: int, shares: Mapping[str, int] | None = None) -> RunMemory:
    """Weights, buffers, KV cache and so many bytes of activations at their peak; ``shares`` are of one of devices."""
    known = {PEAK: peak, **(shares or {})}
    parts = []
    for name in ModelFigures.run_bytes.parts:
        size = known[name] if name in known else getattr(totals, name)
        if size:
            parts.append(RunPart(METRICS[name].short, size, name))
    return RunMemory(tuple(parts))


def refuse_stored_dtypes(report: Report) -> None:
    """Raise UsageError for weights that train or a KV cache in another dtype, where a training step is asked for."""
    settings = report.graph.settings
    if settings.weight_dtype is not None and settings.lora is None:
        message = "--weight-dtype is for inference: a training step updates weights in the dtype of the model"
        raise UsageError(
            message,
            "give `--dtype`, `--mixed` for half-precision copies, or train adapters beside frozen weights: `--lora 8`",
        )
    if settings.kv_dtype is not None:
        raise UsageError("--kv-dtype is for inference: a training step keeps no KV cache")
