"""``bench``: the measured latency of models and their layers."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.option_values import analyze_all, analyzed, predicted_device, settings_of
from archcost.commands.options import (
    Batch,
    Depth,
    Format,
    Inputs,
    MinTime,
    Output,
    Predict,
    PredictDevice,
    SetParams,
    Specs,
    Threads,
    Training,
    word_option,
)

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("float32", "bfloat16", "float16")
EVERY_LAYER = frozenset({"json", "csv"})  # formats that have the layers of several models, too


def bench(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    device: Annotated[str, word_option("--device", DEVICES, "DEVICE", "Device to run on.")] = "auto",
    threads: Threads = 0,
    dtype: Annotated[
        str | None, word_option("--dtype", DTYPES, "DTYPE", "Dtype of weights and floating-point inputs.")
    ] = None,
    channels_last: Annotated[
        bool, typer.Option("--channels-last", help="Use the channels-last memory format (NHWC).")
    ] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model with torch.compile.")] = False,  # noqa: A002
    min_time: MinTime = 1.0,
    layers: Annotated[bool, typer.Option("--layers/--no-layers", help="Also time every layer.")] = True,
    depth: Depth = None,
    predict: Predict = False,
    predict_device: PredictDevice = None,
) -> None:
    """Measure latency, end to end and layer by layer; several specs are compared."""
    import archcost
    from archcost.render.latency import LatencyDocument
    from archcost.render.printing import format_of, write
    from archcost.render.progress import spinner
    from archcost.writing import check_place

    chosen = format or format_of(output)
    if output is not None:
        check_place(output)  # before anything is measured
    asked = settings_of(settings, inputs=inputs, batch=batch, training=training, dtype=dtype)
    with analyzed(analyze_all(specs, asked)) as reports:
        with spinner("measuring") as watch:
            found = archcost.bench(
                *reports,
                device=device,
                threads=threads,
                channels_last=channels_last,
                compiled=compile,
                min_time=min_time,
                layers=layers and (len(reports) == 1 or depth is not None or chosen in EVERY_LAYER),
                predict=predicted_device(predict_device, asked=predict),
                watch=watch,
            )
        write(LatencyDocument(found.results, depth), chosen, output)
