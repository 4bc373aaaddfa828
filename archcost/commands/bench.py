"""``bench``: the measured latency of models and their layers."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from archcost.commands.option_values import analyze_all, settings_of, whole
from archcost.commands.options import Batch, Depth, Format, Inputs, MinTime, Output, SetParams, Specs, Threads, Training

EVERY_LAYER = frozenset({"json", "csv"})  # formats that have the layers of several models, too


class BenchDevice(str, Enum):
    """Device to run on."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class BenchDtype(str, Enum):
    """The dtype of weights and floating inputs."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def bench(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    device: Annotated[BenchDevice, typer.Option("--device", help="Device to run on.")] = BenchDevice.auto,
    threads: Threads = 0,
    dtype: Annotated[
        BenchDtype | None, typer.Option("--dtype", help="Dtype of weights and floating-point inputs.")
    ] = None,
    channels_last: Annotated[
        bool, typer.Option("--channels-last", help="Use the channels-last memory format (NHWC).")
    ] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model with torch.compile.")] = False,  # noqa: A002
    min_time: MinTime = 1.0,
    layers: Annotated[bool, typer.Option("--layers/--no-layers", help="Also time every layer.")] = True,
    depth: Depth = None,
) -> None:
    """Measure latency, end to end and layer by layer; several specs are compared."""
    import archcost
    from archcost.render.progress import spinner

    asked = settings_of(settings, inputs=inputs, batch=batch, training=training, dtype=dtype.value if dtype else None)
    reports = whole(analyze_all(specs, asked))
    from archcost.render.latency import LatencyDocument
    from archcost.render.printing import format_of, write

    chosen = format or format_of(output)
    with spinner("measuring") as watch:
        found = archcost.bench(
            *reports,
            device=device.value,
            threads=threads,
            channels_last=channels_last,
            compiled=compile,
            min_time=min_time,
            layers=layers and (len(reports) == 1 or depth is not None or chosen in EVERY_LAYER),
            watch=watch,
        )
    write(LatencyDocument(found.results, depth), chosen, output)
