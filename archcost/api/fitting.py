"""Whether a model fits the devices that it is to run or to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.hardware import device_in
from archcost.api.hardware import devices as all_devices
from archcost.api.models import spec_of
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from archcost.api.models import AnyInputs, AnySpec
    from archcost.fitting.fit import Fits
    from archcost.hardware.device import Device


def fits(
    spec: AnySpec,
    *,
    device: str | os.PathLike[str] | Device | Sequence[str | os.PathLike[str] | Device] = (),
    context: int | None = None,
    reserve: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    schedule: str = "spec",
    inplace: bool = False,
    training: bool = False,
    optimizer: str | None = None,
    foreach: bool = False,
    mixed: str | None = None,
    master_weights: bool = False,
    accumulate: int = 1,
    checkpoint: Sequence[str] = (),
    lora: int | None = None,
    lora_targets: Sequence[str] = (),
    parallel: Sequence[str] = (),
    devices: int = 1,
) -> Fits:
    """Whether a model fits devices, the largest batch and context that do, and what to change where it does not.

    ``device`` is a name, a file, a :class:`Device`, or several of these; without one the result has all devices, and
    the usual dtypes. What must be resident is what :func:`archcost.memory` says under the same settings, and there is
    room for it in the memory that programs find, less a ``reserve`` ("1 GiB", "5%"; default: what is usual for the kind
    of device). A language model generates one position, with the others of its ``context`` in the caches, unless
    ``params`` say otherwise. With several ``devices`` that divide its layers, it is of one of them.
    Raises UsageError for a device that there is not and a context of a model that has none,
    and what :func:`archcost.memory` raises.
    """
    # long: a setting a line, and again where it is passed on
    from archcost.analysis.memory.conditions import conditions_of
    from archcost.errors import CallError
    from archcost.fitting.fit import fits_of, table_of
    from archcost.fitting.reserve import read_reserve
    from archcost.fitting.workload import workload_of
    from archcost.graph.adapters import lora_of
    from archcost.quantities import UnitError

    try:
        kept = None if reserve is None else read_reserve(reserve)
    except UnitError as error:
        raise CallError(f"--reserve: {error}", "write it like `1 GiB` or `5%`") from None
    adapters = lora_of(lora, lora_targets)
    conditions = conditions_of(
        training=training,
        schedule=schedule,
        inplace=inplace,
        optimizer=optimizer,
        foreach=foreach,
        mixed=mixed,
        master_weights=master_weights,
        accumulate=accumulate,
        checkpoints=checkpoint,
        parallel=parallel,
        devices=devices,
        adapters=adapters,
        whatifs=False,
    )
    shapes = shapes_by_name(inputs)
    settings = Settings(params or {}, batch, conditions.training, dtype, weight_dtype, shapes, kv_dtype, adapters)
    named = _devices(device)
    workload = workload_of(spec_of(spec, settings), settings, conditions)
    if context is not None:
        workload = workload.with_context(context)
    return fits_of(workload, named, kept) if named else table_of(workload, all_devices(), kept)


def _devices(given: Any) -> list[Device]:
    """The devices that were named."""
    from archcost.hardware.device import Device

    one = [given] if isinstance(given, (str, Device)) or hasattr(given, "__fspath__") else list(given)
    return list(map(device_in, one))
