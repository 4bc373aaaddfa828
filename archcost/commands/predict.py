"""``predict``: how long a model takes on a device, and what it costs to train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.option_values import analyze_all, devices_of, settings_of
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
from archcost.commands.run_options import HALVES, Checkpoint, Optimizer, Step
from archcost.commands.value_readers import WholeNumbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    channels_last: Annotated[
        bool, typer.Option("--channels-last", help="In the channels-last memory format (NHWC).")
    ] = False,
    plain_attention: Annotated[
        bool,
        typer.Option("--plain-attention", help="Attention that keeps its scores in memory, as before PyTorch 2.0."),
    ] = False,
    training: Step = False,
    optimizer: Optimizer = None,
    top: Annotated[int | None, number_option("--top", "Show the N layers that take longest.")] = None,
    tokens: Annotated[
        str | None,
        typer.Option("--tokens", metavar="N", help="What a training run on N tokens in all costs: 300B, 2e12."),
    ] = None,
    samples: Annotated[
        str | None,
        typer.Option("--samples", metavar="N", help="The same on N samples in all, epochs included: 115M."),
    ] = None,
    devices: Annotated[int | None, number_option("--devices", "Devices that train; default: 1.")] = None,
    price: Annotated[
        str | None,
        typer.Option("--price", metavar="N", help="What an hour of a device costs, in any currency: 2.5."),
    ] = None,
    mfu: Annotated[
        str | None,
        typer.Option(
            "--mfu",
            metavar="SHARE",
            help="Share of the dense rate that the model's products take up; default: as a step is predicted, at most "
            "40%.",
        ),
    ] = None,
    global_batch: Annotated[
        int | None, number_option("--global-batch", "Samples between two updates, on all devices.")
    ] = None,
    checkpoint: Checkpoint = None,
) -> None:
    """Predict how long a model takes on a device, and how wrong that may be; or what it costs to train."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.render.prediction import PredictionsDocument
    from archcost.render.printing import format_of, write

    run_of = {
        "devices": devices,
        "price_per_hour": price,
        "mfu": mfu,
        "global_batch": global_batch,
        "checkpoint": checkpoint,
    }
    is_run = tokens is not None or samples is not None
    _check_run(run_of, is_run=is_run, options={"--top": top, "--weight-dtype": weight_dtype})
    sizes = [size for given in batch or ([1],) for size in given]
    named = devices_of(device)
    chosen = [found for place, found in enumerate(named) if found not in named[:place]]
    results: list[SpecResult] = []
    for size in dict.fromkeys(sizes):
        asked = settings_of(
            settings,
            inputs=inputs,
            batch=size,
            training=training or optimizer is not None or is_run,
            dtype=dtype,
            weight_dtype=weight_dtype,
        )
        results += analyze_all(specs, asked)
    reports = [each.report for each in results if each.report is not None and not each.diagnostics]
    failed = list({each.name: each for each in results if each.diagnostics}.values())  # at whichever batch
    pairs = [(report, one) for report in reports for one in chosen]
    how: dict[str, Any] = {
        "mixed": mixed,
        "compiled": compile,
        "channels_last": channels_last,
        "plain_attention": plain_attention,
        "optimizer": optimizer,
    }
    if is_run:
        from archcost.render.training_cost import TrainingCostsDocument

        how |= {name: value for name, value in run_of.items() if value is not None}
        costs = [
            archcost.training_cost(report, device=one, tokens=tokens, samples=samples, **how) for report, one in pairs
        ]
        write(TrainingCostsDocument(costs, failed), format or format_of(output), output)
    else:
        found = [archcost.predict(report, device=one, **how) for report, one in pairs]
        write(PredictionsDocument(found, top, failed), format or format_of(output), output)
    _tell(results)
    if failed:
        raise typer.Exit(2)


def _check_run(run_of: Mapping[str, object], *, is_run: bool, options: Mapping[str, object]) -> None:
    """Raise UsageError for options of a training run without its length, and for those that it has no use for."""
    from archcost.errors import UsageError

    given = [name for name, value in run_of.items() if value is not None]
    if given and not is_run:
        option = "--" + given[0].replace("price_per_hour", "price").replace("_", "-")
        raise UsageError(
            f"{option} is of a training run, and nothing says how long it is", "give --tokens or --samples"
        )
    for option, value in options.items():
        if is_run and value is not None:
            raise UsageError(f"{option} says nothing of what a training run costs", f"leave {option} out")


def _tell(results: Sequence[SpecResult]) -> None:
    """Problems and warnings, each once however many batches have it."""
    from archcost.render.output import print_diagnostics, print_warnings

    print_warnings(list(dict.fromkeys(warning for result in results for warning in result.warnings)))
    print_diagnostics(list(dict.fromkeys(problem for result in results for problem in result.diagnostics)))
