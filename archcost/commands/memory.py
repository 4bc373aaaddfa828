"""``memory``: the peak memory of inference or training, what is alive then, and how to need less."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import attempt_all, parse_inputs, parse_params
from archcost.commands.options import Batch, Depth, Format, Inputs, Output, SetParams, Specs

if TYPE_CHECKING:
    from archcost.analysis.memory.study import Study
    from archcost.spec.model import Spec


class FloatDtype(str, Enum):
    """The dtype of weights and floating inputs."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"
    float64 = "float64"


class Half(str, Enum):
    """What mixed precision computes in."""

    bfloat16 = "bfloat16"
    float16 = "float16"


class Schedule(str, Enum):
    """The order of the layers."""

    spec = "spec"
    min_peak = "min-peak"


class OptimizerName(str, Enum):
    """What updates the params."""

    sgd = "sgd"
    momentum = "momentum"
    adam = "adam"


def memory(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    dtype: Annotated[
        FloatDtype | None, typer.Option("--dtype", help="Dtype of weights and floating-point inputs.")
    ] = None,
    schedule: Annotated[
        Schedule, typer.Option("--schedule", help="Order of the layers: the spec's, or the one with the lowest peak.")
    ] = Schedule.spec,
    inplace: Annotated[bool, typer.Option("--inplace", help="Run activations in place where possible.")] = False,
    training: Annotated[bool, typer.Option("--training", help="A training step instead of inference.")] = False,
    optimizer: Annotated[
        OptimizerName | None, typer.Option("--optimizer", help="Train with this optimizer; default: sgd.")
    ] = None,
    foreach: Annotated[
        bool, typer.Option("--foreach", help="Train with an optimizer that updates all params at once, as on GPUs.")
    ] = False,
    mixed: Annotated[
        Half | None, typer.Option("--mixed", help="Train in mixed precision: float32 params, half activations.")
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="PATTERN", help="Activation checkpointing for these blocks; repeatable."),
    ] = None,
    whatif: Annotated[
        bool, typer.Option("--what-if/--no-what-if", help="Also try options that would need less.")
    ] = True,
    depth: Depth = None,
) -> None:
    """Show the peak memory of inference or of a training step, what holds it, and what would need less."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.named_specs import SpecResult
    from archcost.render.memory import MemoryDocument
    from archcost.render.output import print_diagnostics
    from archcost.render.printing import format_of, write

    params, shapes = parse_params(settings or ()), parse_inputs(inputs or ())

    def work(spec: Spec) -> Study:
        return archcost.memory(
            spec,
            params=params,
            inputs=shapes,
            batch=batch,
            dtype=dtype.value if dtype else None,
            training=training,
            schedule=schedule.value,
            inplace=inplace,
            optimizer=optimizer.value if optimizer else None,
            foreach=foreach,
            mixed=mixed.value if mixed else None,
            checkpoint=checkpoint or (),
            what_if=whatif,
        )

    found = attempt_all(specs, work, "analysing")
    studies = [one for one in found if not isinstance(one, SpecResult)]
    failed = [one for one in found if isinstance(one, SpecResult)]
    write(MemoryDocument(studies, depth, failed), format or format_of(output), output)
    print_diagnostics([diagnostic for one in failed for diagnostic in one.diagnostics])
    if failed:
        raise typer.Exit(2)
