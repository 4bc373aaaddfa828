"""The memory of a microcontroller as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.analysis.microcontroller.kernels import INT8
from archcost.documents import Count, Envelope, Positive, SpecData, envelope

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.study import FusedStudy


class SramData(TypedDict):
    """The parts of the SRAM: tensors at the peak, columns to multiply, and a kernel's weights in int16."""

    peak_activation_bytes: Count
    columns_bytes: Count
    widened_weights_bytes: Count


class FlashData(TypedDict):
    """The parts of the flash: matrices in int8, biases in int32, scales, other tensors, and the engine's code."""

    weight_bytes: Count
    bias_bytes: Count
    scale_bytes: Count
    other_bytes: Count
    engine_bytes: Count


class HeldData(TypedDict):
    """A tensor that is there at the peak; ``until`` is null for an output of the model."""

    path: str
    role: str
    bytes: Count
    until: str | None


class KernelData(TypedDict):
    """A kernel: the layer that it computes, those that are fused into it, and the bytes of tensors while it runs."""

    path: str
    op: str
    fused: list[str]
    live_bytes: Count


class MicrocontrollerData(Envelope):
    """The SRAM and the flash of a model in int8."""

    spec: SpecData
    batch: Positive
    dtype: str
    inplace: bool
    engine: str
    sram_bytes: Count
    flash_bytes: Count
    sram: SramData
    flash: FlashData
    peak_path: str | None
    at_peak: list[HeldData]
    kernels: list[KernelData]
    inplace_sram_bytes: NotRequired[Count]


def microcontroller_data(study: FusedStudy) -> MicrocontrollerData:
    """The JSON form."""
    report, arena, flash = study.report, study.arena, study.flash
    nodes = report.graph.nodes
    names = report.graph.value_names([one.value for one in arena.held])
    count = len(study.kernels.kernels)
    document: dict[str, Any] = {
        **envelope("microcontroller"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": INT8,
        "inplace": study.inplace,
        "engine": study.engine,
        "sram_bytes": study.sram,
        "flash_bytes": flash.total,
        "sram": {
            "peak_activation_bytes": arena.peak,
            "columns_bytes": arena.columns,
            "widened_weights_bytes": arena.widened,
        },
        "flash": {
            "weight_bytes": flash.weights,
            "bias_bytes": flash.biases,
            "scale_bytes": flash.scales,
            "other_bytes": flash.others,
            "engine_bytes": flash.engine,
        },
        "peak_path": study.peak_path or None,
        "at_peak": [
            {
                "path": name,
                "role": one.role,
                "bytes": one.bytes,
                "until": None if one.until in (-1, count) else study.path_of(one.until),
            }
            for name, one in zip(names, arena.held, strict=True)
        ],
        "kernels": [
            {
                "path": nodes[kernel.nodes[0]].path,
                "op": nodes[kernel.nodes[0]].op.kind,
                "fused": [nodes[node].path for node in kernel.nodes[1:]],
                "live_bytes": live,
            }
            for kernel, live in zip(study.kernels.kernels, arena.live, strict=True)
        ],
    }
    if study.in_place is not None:
        document["inplace_sram_bytes"] = study.in_place.total
    return cast("MicrocontrollerData", document)
