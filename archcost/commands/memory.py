"""``memory``: what must be there to run or to train, what is alive at the peak, and how to need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.fused_memory import INT8, Engine, check_words, print_fused
from archcost.commands.option_values import apart, attempt_all, parse_inputs, parse_params, tell
from archcost.commands.options import (
    Batch,
    Depth,
    Digits,
    Format,
    Inputs,
    KvDtype,
    Lora,
    LoraTargets,
    Output,
    SetParams,
    Specs,
    Watch,
    WeightDtype,
    word_option,
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
from archcost.dtypes import FLOAT_DTYPES
from archcost.settings import Settings

if TYPE_CHECKING:
    from archcost.analysis.memory.study import Study
    from archcost.spec.model import Spec


DTYPES = (*FLOAT_DTYPES, INT8)


def memory(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    digits: Digits = None,
    watch: Watch = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    dtype: Annotated[
        str | None,
        word_option("--dtype", DTYPES, "DTYPE", "Dtype of weights and floating-point inputs; int8: with --fused."),
    ] = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    schedule: Schedule = SPEC,
    inplace: Inplace = False,
    fused: Annotated[
        bool, typer.Option("--fused", help="SRAM and flash of a microcontroller: int8, and kernels fused.")
    ] = False,
    engine: Engine = None,
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
    whatif: Annotated[
        bool, typer.Option("--what-if/--no-what-if", help="Also try options that would need less.")
    ] = True,
    depth: Depth = None,
) -> None:
    """Show the memory to run or to train, what holds its peak, and what would need less."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.render.memory import MemoryDocument
    from archcost.render.printing import format_of, write

    if watch:
        from archcost.commands.watching import begin

        begin(specs, output)
    chosen = format or format_of(output)
    params, shapes = parse_params(settings or ()), parse_inputs(inputs or ())
    others = {
        "--schedule": schedule != SPEC,
        "--training": training,
        "--optimizer": optimizer,
        "--foreach": foreach,
        "--mixed": mixed,
        "--checkpoint": checkpoint,
        "--master-weights": master_weights,
        "--accumulate": accumulate > 1,
        "--lora": lora,
        "--lora-targets": lora_targets,
        "--parallel": parallel,
        "--devices": devices > 1,
        "--weight-dtype": weight_dtype,
        "--kv-dtype": kv_dtype,
    }
    check_words(fused=fused, dtype=dtype, engine=engine, others=others)
    if fused:
        print_fused(
            specs,
            chosen,
            output,
            params=params,
            inputs=shapes,
            batch=batch,
            inplace=inplace,
            engine=engine,
            whatif=whatif,
            depth=depth,
        )
        return

    def work(spec: Spec) -> Study:
        return archcost.memory(
            spec,
            params=params,
            inputs=shapes,
            batch=batch,
            dtype=dtype,
            weight_dtype=weight_dtype,
            kv_dtype=kv_dtype,
            training=training,
            schedule=schedule,
            inplace=inplace,
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
            what_if=whatif,
        )

    studies, failed = apart(attempt_all(specs, work, "analysing", Settings(inputs=shapes, training=training)))
    write(MemoryDocument(studies, depth, failed), chosen, output, digits)
    tell([study.report for study in studies], failed)
    if failed:
        raise typer.Exit(2)
