"""``memory``: what must be there to run or to train, what is alive at the peak, and how to need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import attempt_all, parse_inputs, parse_params
from archcost.commands.options import (
    Batch,
    Depth,
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
    word_option,
)
from archcost.settings import Settings

if TYPE_CHECKING:
    from archcost.analysis.memory.study import Study
    from archcost.spec.model import Spec


HALVES = ("bfloat16", "float16")  # what mixed precision computes in
SCHEDULES = ("spec", "min-peak")
OPTIMIZERS = (
    *("sgd", "momentum", "adam", "adamw", "rmsprop", "lion"),
    *("adam8bit", "adamw8bit", "lion8bit", "momentum8bit"),
)


def memory(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    schedule: Annotated[
        str,
        word_option("--schedule", SCHEDULES, "ORDER", "Order of the layers: the spec's, or that of the lowest peak."),
    ] = "spec",
    inplace: Annotated[bool, typer.Option("--inplace", help="Run activations in place where possible.")] = False,
    training: Annotated[bool, typer.Option("--training", help="A training step instead of inference.")] = False,
    optimizer: Annotated[
        str | None, word_option("--optimizer", OPTIMIZERS, "NAME", "Train with this optimizer; default: sgd.")
    ] = None,
    foreach: Annotated[
        bool, typer.Option("--foreach", help="Train with an optimizer that updates all params at once, as on GPUs.")
    ] = False,
    mixed: Annotated[
        str | None,
        word_option("--mixed", HALVES, "DTYPE", "Train in mixed precision: float32 params, half activations."),
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="PATTERN", help="Activation checkpointing for these blocks; repeatable."),
    ] = None,
    master_weights: Annotated[
        bool, typer.Option("--master-weights", help="Half-precision params, and float32 copies that are updated.")
    ] = False,
    accumulate: Annotated[
        int, number_option("--accumulate", "Add up the gradients of N batches before the update.")
    ] = 1,
    lora: Lora = None,
    lora_targets: LoraTargets = None,
    parallel: Annotated[
        list[str] | None,
        typer.Option(
            "--parallel",
            metavar="WAY=N",
            help="Divide a training step over devices: zero1=8, zero2=8, zero3=8 (or fsdp=8), tensor=4; repeatable.",
        ),
    ] = None,
    whatif: Annotated[
        bool, typer.Option("--what-if/--no-what-if", help="Also try options that would need less.")
    ] = True,
    depth: Depth = None,
) -> None:
    """Show the memory to run or to train, what holds its peak, and what would need less."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.named_specs import SpecResult
    from archcost.render.memory import MemoryDocument
    from archcost.render.output import print_diagnostics, print_warnings
    from archcost.render.printing import format_of, write

    chosen = format or format_of(output)
    params, shapes = parse_params(settings or ()), parse_inputs(inputs or ())

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
            what_if=whatif,
        )

    found = attempt_all(specs, work, "analysing", Settings(inputs=shapes, training=training))
    studies = [one for one in found if not isinstance(one, SpecResult)]
    failed = [one for one in found if isinstance(one, SpecResult)]
    write(MemoryDocument(studies, depth, failed), chosen, output)
    print_warnings([warning for study in studies for warning in study.report.warnings])
    print_diagnostics([diagnostic for one in failed for diagnostic in one.diagnostics])
    if failed:
        raise typer.Exit(2)
