"""``fits``: whether a model fits devices, how much larger it may be, and what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import apart, attempt_all, devices_of, parse_inputs, parse_params, tell
from archcost.commands.options import (
    Batch,
    Dtype,
    Format,
    Inputs,
    KvDtype,
    Lora,
    LoraTargets,
    Output,
    SetParams,
    Specs,
    WeightDtype,
    number_option,
)
from archcost.commands.run_options import (
    SPEC,
    Accumulate,
    Checkpoint,
    Devices,
    Foreach,
    Inplace,
    MasterWeights,
    Mixed,
    Optimizer,
    Parallel,
    Schedule,
    Step,
)
from archcost.settings import Settings

if TYPE_CHECKING:
    from archcost.fitting.fit import Fits
    from archcost.spec.model import Spec


def fits(
    specs: Specs,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            metavar="NAME",
            help="A device that must hold it, such as 4090, t4 or a .toml file of yours (`archcost devices`); "
            "repeatable. Default: a table of all.",
        ),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    context: Annotated[
        int | None,
        number_option("--context", "Positions of a language model's sequence, all but the last in its caches."),
    ] = None,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    reserve: Annotated[
        str | None,
        typer.Option(
            "--reserve",
            metavar="SIZE",
            help="Memory that is not for the model: 1GiB, 5% or 0; default: 10%, and 25% if a system shares it.",
        ),
    ] = None,
    schedule: Schedule = SPEC,
    inplace: Inplace = False,
    training: Step = False,
    optimizer: Optimizer = None,
    foreach: Foreach = False,
    mixed: Mixed = None,
    master_weights: MasterWeights = False,
    accumulate: Accumulate = 1,
    checkpoint: Checkpoint = None,
    lora: Lora = None,
    lora_targets: LoraTargets = None,
    parallel: Parallel = None,
    devices: Devices = 1,
) -> None:
    """Say whether a model fits a device, with the largest batch and context that do, or which devices it fits."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.render.fits import FitsDocument
    from archcost.render.printing import format_of, write

    params, shapes = parse_params(settings or ()), parse_inputs(inputs or ())
    named = devices_of(device or ())

    def work(spec: Spec) -> Fits:
        return archcost.fits(
            spec,
            device=named,
            context=context,
            reserve=reserve,
            params=params,
            inputs=shapes,
            batch=batch,
            dtype=dtype,
            weight_dtype=weight_dtype,
            kv_dtype=kv_dtype,
            schedule=schedule,
            inplace=inplace,
            training=training,
            optimizer=optimizer,
            foreach=foreach,
            mixed=mixed,
            master_weights=master_weights,
            accumulate=accumulate,
            checkpoint=checkpoint or (),
            lora=lora,
            lora_targets=lora_targets or (),
            parallel=parallel or (),
            devices=devices,
        )

    judged, failed = apart(attempt_all(specs, work, "fitting", Settings(inputs=shapes, training=training)))
    write(FitsDocument(judged, failed), format or format_of(output), output)
    tell([one.report for one in judged], failed)
    code = 2 if failed else max([one.exit_code for one in judged], default=0)
    if code:
        raise typer.Exit(code)
