"""What fits, as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.documents import AtLeast, Count, Envelope, Positive, SpecData, envelope
from archcost.fitting.searching import BEYOND, MEMORY, NOTHING, SPEC
from archcost.hardware.device import CitationData

if TYPE_CHECKING:
    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.fitting.fit import DeviceFit, Fits, FitVariant
    from archcost.fitting.searching import Largest
    from archcost.fitting.speeds import LeastTime, Speeds


class FitPartData(TypedDict):
    """A part of the memory to run or to train."""

    name: str
    bytes: Count


class LargestData(TypedDict):
    """The largest size that fits, null where nothing bounds it, and what one more would meet."""

    size: Count | None
    limit: Literal["memory", "spec", "nothing", "beyond"]


class SavingData(TypedDict):
    """What needs less, the options that make it so, and whether it fits then."""

    name: str
    option: str
    run_bytes: Count
    fits: bool


class SpeedsData(TypedDict):
    """Bounds that no program passes: of a prompt as long as the context, and of the tokens behind it."""

    batch: Positive
    context: Positive
    prompt_ns: Count | None
    prompt_by: Literal["products", "memory"] | None
    token_ns: Count | None
    token_by: Literal["products", "memory"] | None
    tokens_per_second: Count | None


class FitData(TypedDict):
    """A model on a device: ``capacity_bytes`` is the memory that programs find, less the reserve.

    On a microcontroller the memory is the SRAM, and there is a flash, which holds the weights.
    """

    device: str
    title: str
    memory_bytes: Positive
    reserve_bytes: Count
    reserve: str
    reserve_sources: list[CitationData]
    capacity_bytes: Count
    run_bytes: Count
    fits: bool
    headroom_bytes: int
    flash_bytes: Positive | None
    flash_needed_bytes: Count | None
    largest_batch: LargestData | None
    largest_context: LargestData | None
    prompt_bytes: Annotated[Count | None, "Of a prompt as long as the context, in one pass."]
    speeds: SpeedsData | None
    changes: list[SavingData]


class DeviceFitData(TypedDict):
    """A device of the table, and whether each variant fits it, in their order."""

    device: str
    title: str
    memory_bytes: Positive
    capacity_bytes: Count
    fits: list[bool]


class ChipFitData(TypedDict):
    """A microcontroller of the table, and whether the model in int8 fits its SRAM and its flash."""

    device: str
    title: str
    memory_bytes: Positive
    capacity_bytes: Count
    run_bytes: Count
    flash_bytes: Positive
    flash_needed_bytes: Count
    fits: bool


class VariantData(TypedDict):
    """The model in certain dtypes, the options that make it so, and what must be resident then."""

    name: str
    option: str
    run_bytes: Count
    parts: list[FitPartData]


class FitsData(Envelope):
    """Whether a model fits devices: in full where some were named, else all devices and the usual dtypes."""

    spec: SpecData
    batch: Positive
    dtype: str
    weight_dtype: str
    mode: Literal["inference", "training"]
    context: Positive | None
    run_bytes: Count
    parts: list[FitPartData]
    kv_dtype: NotRequired[str]
    devices: NotRequired[Annotated[list[FitData], AtLeast(1)]]
    variants: NotRequired[Annotated[list[VariantData], AtLeast(1)]]
    table: NotRequired[list[DeviceFitData]]
    microcontrollers: NotRequired[list[ChipFitData]]


def fits_data(found: Fits) -> FitsData:
    """The JSON form."""
    report, workload = found.report, found.workload
    memory = found.memory
    document: dict[str, Any] = {
        **envelope("fits"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": report.dtype,
        "weight_dtype": report.weight_dtype,
        **({"kv_dtype": report.kv_dtype} if report.kv_dtype else {}),
        "mode": "training" if workload.conditions.training else "inference",
        "context": workload.context,
        "run_bytes": memory.total,
        "parts": _parts(memory),
    }
    if found.is_table:
        document["variants"] = [_variant(variant) for variant in found.variants]
        document["table"] = [
            {
                "device": fit.device.name,
                "title": fit.device.label,
                "memory_bytes": fit.device.memory_bytes,
                "capacity_bytes": fit.capacity,
                "fits": [variant.memory.total <= fit.capacity for variant in found.variants],
            }
            for fit in found.devices
        ]
        if found.chips:
            document["microcontrollers"] = list(map(_chip_data, found.chips))
    else:
        document["devices"] = [fit_data(fit) for fit in found.devices]
    return cast("FitsData", document)


def fit_data(fit: DeviceFit) -> FitData:
    """A model on a device."""
    document: dict[str, Any] = {
        "device": fit.device.name,
        "title": fit.device.label,
        "memory_bytes": fit.device.memory_bytes,
        "reserve_bytes": fit.reserve_bytes,
        "reserve": fit.reserve.why,
        "reserve_sources": [source.to_dict() for source in fit.reserve.sources],
        "capacity_bytes": fit.capacity,
        "run_bytes": fit.needed,
        "fits": fit.fits,
        "headroom_bytes": fit.headroom,
        **_flash(fit),
        "largest_batch": _largest(fit.largest_batch) if fit.largest_batch else None,
        "largest_context": _largest(fit.largest_context) if fit.largest_context else None,
        "prompt_bytes": fit.prompt.total if fit.prompt else None,
        "speeds": _speeds(fit.speeds) if fit.speeds else None,
        "changes": [
            {
                "name": change.name,
                "option": change.option,
                "run_bytes": change.total,
                "fits": fit.holds(change.total),
            }
            for change in fit.changes
        ],
    }
    return cast("FitData", document)


def _flash(fit: DeviceFit) -> dict[str, Any]:
    flash = fit.device.flash_bytes if fit.chip else None
    return {"flash_bytes": flash, "flash_needed_bytes": fit.chip.flash.total if fit.chip else None}


def _chip_data(fit: DeviceFit) -> dict[str, Any]:
    return {
        "device": fit.device.name,
        "title": fit.device.label,
        "memory_bytes": fit.device.memory_bytes,
        "capacity_bytes": fit.capacity,
        "run_bytes": fit.needed,
        **_flash(fit),
        "fits": fit.fits,
    }


def _largest(found: Largest) -> LargestData:
    limit: Any = found.limit
    assert limit in (MEMORY, SPEC, NOTHING, BEYOND), "there are four limits"
    return {"size": None if limit == NOTHING else found.size, "limit": limit}


def _speeds(found: Speeds) -> SpeedsData:
    prompt_ns, prompt_by = _bound(found.prompt)
    token_ns, token_by = _bound(found.token)
    return {
        "batch": found.batch,
        "context": found.context,
        "prompt_ns": prompt_ns,
        "prompt_by": prompt_by,
        "token_ns": token_ns,
        "token_by": token_by,
        "tokens_per_second": found.tokens_per_second,
    }


def _bound(bound: LeastTime | None) -> tuple[int | None, Any]:
    return (None, None) if bound is None else (bound.nanoseconds, bound.by)


def _variant(variant: FitVariant) -> VariantData:
    total = variant.memory.total
    return {"name": variant.name, "option": variant.option, "run_bytes": total, "parts": _parts(variant.memory)}


def _parts(memory: RunMemory) -> list[FitPartData]:
    return [{"name": part.name, "bytes": part.bytes} for part in memory.parts]
