"""``predict``: how long a model takes on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.option_values import analyze_all, settings_of
from archcost.commands.options import (
    Dtype,
    Format,
    Inputs,
    Output,
    SetParams,
    Specs,
    WeightDtype,
    number_option,
    word_option,
)
from archcost.commands.run_options import HALVES, Optimizer, Step
from archcost.commands.value_readers import WholeNumbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.named_specs import SpecResult


def predict(
    specs: Specs,
    device: Annotated[
        list[str],
        typer.Option(
            "--device",
            metavar="NAME",
            help="A device, such as 4090, h100 or a .toml file of yours (`archcost devices`); repeatable.",
        ),
    ],
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Annotated[
        list[Any] | None,
        typer.Option(
            "--batch",
            parser=WholeNumbers("--batch"),
            metavar="N[,N...]",
            help="Sizes of dim 0 of the inputs; default: 1.",
        ),
    ] = None,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    mixed: Annotated[
        str | None,
        word_option("--mixed", HALVES, "DTYPE", "Autocast: products in half precision, weights in float32."),
    ] = None,
    compile: Annotated[bool, typer.Option("--compile", help="Under torch.compile.")] = False,  # noqa: A002 - the name
    channels_last: Annotated[bool, typer.Option("--channels-last", help="In channels-last.")] = False,
    plain_attention: Annotated[
        bool,
        typer.Option("--plain-attention", help="Attention that keeps its scores in memory, as before PyTorch 2.0."),
    ] = False,
    training: Step = False,
    optimizer: Optimizer = None,
    top: Annotated[int | None, number_option("--top", "Show the N layers that take longest.")] = None,
) -> None:
    """Predict how long a model takes on a device, what bounds each layer, and how wrong that may be."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.render.prediction import PredictionsDocument
    from archcost.render.printing import format_of, write

    sizes = [size for given in batch or ([1],) for size in given]
    chosen = [archcost.device(name) for name in device]
    results: list[SpecResult] = []
    for size in dict.fromkeys(sizes):
        asked = settings_of(
            settings,
            inputs=inputs,
            batch=size,
            training=training or optimizer is not None,
            dtype=dtype,
            weight_dtype=weight_dtype,
        )
        results += analyze_all(specs, asked)
    found = [
        archcost.predict(
            result.report,
            device=one,
            mixed=mixed,
            compiled=compile,
            channels_last=channels_last,
            plain_attention=plain_attention,
            optimizer=optimizer,
        )
        for result in results
        if result.report is not None and not result.diagnostics
        for one in chosen
    ]
    write(PredictionsDocument(found, top), format or format_of(output), output)
    _tell(results)
    if any(result.diagnostics for result in results):
        raise typer.Exit(2)


def _tell(results: Sequence[SpecResult]) -> None:
    """Problems and warnings, each once however many batches have it."""
    from archcost.render.output import print_diagnostics, print_warnings

    print_warnings(list(dict.fromkeys(warning for result in results for warning in result.warnings)))
    print_diagnostics(list(dict.fromkeys(problem for result in results for problem in result.diagnostics)))
