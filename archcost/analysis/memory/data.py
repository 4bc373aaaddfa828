"""A memory study as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict, cast

from archcost.analysis.data import Paths, spec_data
from archcost.analysis.memory.at_peak import categories, holders
from archcost.analysis.memory.inference import MIN_PEAK
from archcost.analysis.memory.run_memory import HELD
from archcost.documents import AtLeast, Count, Envelope, Positive, SpecData, envelope

if TYPE_CHECKING:
    from archcost.analysis.memory.division import Division
    from archcost.analysis.memory.study import Study
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.analysis.report import Report
    from archcost.analysis.training_costs import StepCosts
    from archcost.figures import LayerFigures


class PeakPartData(TypedDict):
    """What is alive at the peak: a tensor in inference, a category in training."""

    bytes: Count
    path: NotRequired[str]
    role: NotRequired[str]
    until: NotRequired[str | None]
    category: NotRequired[str]


class MemoryLayerData(TypedDict):
    """What is alive while a layer runs, and what it holds all the time; null for a pass that it has not."""

    path: str
    op: str
    live_bytes: NotRequired[Count]
    weight_bytes: NotRequired[Count]
    buffer_bytes: NotRequired[Count]
    cache_bytes: NotRequired[Count]
    forward_bytes: NotRequired[Count | None]
    backward_bytes: NotRequired[Count | None]
    kept_bytes: NotRequired[Count]


class WhatIfData(TypedDict):
    """What would change the peak, and the option that does it."""

    change: str
    option: str
    peak_bytes: Count


class ParallelData(TypedDict):
    """How devices divide the step, of which all bytes are those of one: the stage of ZeRO, and how many devices."""

    zero_stage: Count
    replicas: Positive
    tensor: Positive


class MemoryData(Envelope):
    """The memory of a model in inference or in a training step, and the work of such a step.

    ``run_bytes`` must be resident. In inference it is the sum of ``weight_bytes``, ``buffer_bytes``, ``cache_bytes``
    and ``peak_bytes``, the peak of activations; in training ``peak_bytes`` has all of it.
    ``training_macs`` are those of the forward and backward passes, and of what checkpoints run again.
    """

    spec: SpecData
    batch: Positive
    dtype: str
    mode: str
    inplace: bool
    run_bytes: Count
    peak_bytes: Count
    peak_path: str | None
    at_peak: list[PeakPartData]
    layers: list[MemoryLayerData]
    what_if: list[WhatIfData]
    schedule: NotRequired[str]
    lowest_possible: NotRequired[bool | None]
    optimizer: NotRequired[str]
    foreach: NotRequired[bool]
    mixed: NotRequired[str | None]
    master_weights: NotRequired[bool]
    accumulate: NotRequired[Positive]
    parallel: NotRequired[ParallelData | None]
    checkpoints: NotRequired[list[str]]
    peak_phase: NotRequired[str]
    phases: NotRequired[dict[str, Count]]
    weight_dtype: NotRequired[str]
    kv_dtype: NotRequired[Annotated[str, "Of the KV cache, where it is not that of keys and values."]]
    weight_bytes: NotRequired[Count]
    cache_bytes: NotRequired[Count]
    param_bytes: NotRequired[Count]
    buffer_bytes: NotRequired[Count]
    gradient_bytes: NotRequired[Count]
    optimizer_bytes: NotRequired[Count]
    input_bytes: NotRequired[Count]
    saved_bytes: NotRequired[Count]
    forward_macs: NotRequired[Count]
    backward_macs: NotRequired[Count]
    recomputed_macs: NotRequired[Count]
    training_macs: NotRequired[Count]
    training_flops: NotRequired[Count]
    unknown: NotRequired[Annotated[dict[str, Paths], AtLeast(1), "Layers of which a figure is not known, by figure."]]


def memory_data(study: Study) -> MemoryData:
    """The JSON form."""
    report, conditions = study.report, study.conditions
    document: dict[str, Any] = {
        **envelope("memory"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": report.dtype,
        "mode": "inference" if study.training is None else "training",
        "inplace": conditions.inplace,
        "run_bytes": study.run.total,
        "peak_bytes": study.peak,
        "peak_path": study.peak_path or None,
    }
    nodes = report.graph.nodes
    if study.training is None:
        assert study.inference is not None, "a study has one of the two"
        inference = study.inference
        document |= _run_document(report)
        document["schedule"] = conditions.schedule
        document["lowest_possible"] = inference.exact if conditions.schedule == MIN_PEAK else None
        document["at_peak"] = [
            {"path": part.name, "role": part.role, "bytes": part.bytes, "until": part.until or None}
            for part in holders(report.graph, inference)
        ]
        document["layers"] = [
            {
                "path": nodes[node].path,
                "op": nodes[node].op.kind,
                "live_bytes": live,
                **_held(report.layers[node]),
            }
            for node, live in zip(inference.order, inference.live, strict=True)
        ]
    else:
        document |= _training_document(study, study.training)
    document["what_if"] = [
        {"change": entry.name, "option": entry.option, "peak_bytes": entry.peak} for entry in study.whatifs
    ]
    return cast("MemoryData", document)


def _run_document(report: Report) -> dict[str, Any]:
    """What is resident beside the activations of inference, and in what dtypes."""
    kv_dtype = {"kv_dtype": report.kv_dtype} if report.kv_dtype else {}
    return {"weight_dtype": report.weight_dtype, **kv_dtype, **_held(report.totals)}


def _held(holder: LayerFigures) -> dict[str, int]:
    """What a model or a layer holds all the time."""
    return {name: getattr(holder, name) for name in HELD}


def _step_document(step: StepCosts | None) -> dict[str, Any]:
    """What a training step computes; the known part where layers are unknown."""
    assert step is not None, "a study of training has one"
    unknown = {"training_macs": list(step.unknown_macs), "training_flops": list(step.unknown_flops)}
    named = {metric: paths for metric, paths in unknown.items() if paths}
    figures = ("forward_macs", "backward_macs", "recomputed_macs", "training_macs", "training_flops")
    return {**{name: getattr(step, name) for name in figures}, **({"unknown": named} if named else {})}


def _parallel_document(division: Division) -> ParallelData | None:
    if not division.divides:
        return None
    return {"zero_stage": division.stage, "replicas": division.replicas, "tensor": division.tensor}


def _training_document(study: Study, training: TrainingMemory) -> dict[str, Any]:
    conditions, nodes = study.conditions, study.report.graph.nodes
    highs = {
        phase: {moment.node: moment.live for moment in training.moments if moment.phase == phase}
        for phase in ("forward", "backward")
    }
    kept = training.kept()
    return {
        "optimizer": conditions.optimizer,
        "foreach": conditions.foreach,
        "mixed": conditions.half or None,
        "master_weights": conditions.master,
        "accumulate": conditions.passes,
        "parallel": _parallel_document(conditions.division),
        "checkpoints": list(conditions.checkpoints),
        "peak_phase": training.peak.phase,
        "phases": {f"{phase}_bytes": training.phase_peak(phase) for phase in ("forward", "backward", "update")},
        "param_bytes": training.params,
        "buffer_bytes": training.buffers,
        "gradient_bytes": training.gradients,
        "optimizer_bytes": training.state,
        "input_bytes": training.inputs,
        "saved_bytes": training.saved,
        **_step_document(study.step),
        "at_peak": [{"category": name, "bytes": size} for name, size in categories(training).items()],
        "layers": [
            {
                "path": node.path,
                "op": node.op.kind,
                "forward_bytes": highs["forward"].get(index),
                "backward_bytes": highs["backward"].get(index),
                "kept_bytes": kept.get(index, 0),
            }
            for index, node in enumerate(nodes)
        ],
    }
