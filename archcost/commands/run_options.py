"""Options that say how a model runs or trains, shared by commands."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import number_option, word_option

HALVES = ("bfloat16", "float16")  # what mixed precision computes in
OPTIMIZERS = (
    *("sgd", "momentum", "adam", "adamw", "rmsprop", "adafactor", "adafactor-transformers", "lion"),
    *("adam8bit", "adamw8bit", "lion8bit", "momentum8bit"),
)

SPEC = "spec"
SCHEDULES = (SPEC, "min-peak")

Schedule = Annotated[
    str,
    word_option("--schedule", SCHEDULES, "ORDER", "Order of the layers: the spec's, or that of the lowest peak."),
]
Inplace = Annotated[bool, typer.Option("--inplace", help="Run activations in place where possible.")]
Step = Annotated[bool, typer.Option("--training", help="A training step instead of inference.")]
Optimizer = Annotated[
    str | None, word_option("--optimizer", OPTIMIZERS, "NAME", "Train with this optimizer; default: sgd.")
]
Foreach = Annotated[
    bool, typer.Option("--foreach", help="Train with an optimizer that updates all params at once, as on GPUs.")
]
Mixed = Annotated[
    str | None,
    word_option("--mixed", HALVES, "DTYPE", "Train in mixed precision: float32 params, half activations."),
]
Checkpoint = Annotated[
    list[str] | None,
    typer.Option("--checkpoint", metavar="PATTERN", help="Activation checkpointing for these blocks; repeatable."),
]
MasterWeights = Annotated[
    bool, typer.Option("--master-weights", help="Half-precision params, and float32 copies that are updated.")
]
Accumulate = Annotated[int, number_option("--accumulate", "Add up the gradients of N batches before the update.")]
Devices = Annotated[
    int, number_option("--devices", "Inference on N devices that divide the layers: what one of them holds.")
]
Parallel = Annotated[
    list[str] | None,
    typer.Option(
        "--parallel",
        metavar="WAY=N",
        help="Divide a training step over devices: zero1=8, zero2=8, zero3=8 (or fsdp=8), tensor=4; repeatable.",
    ),
]
