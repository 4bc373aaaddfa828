"""``verify``: archcost's figures compared with PyTorch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import attempt_all, parse_inputs, parse_params, parse_share, predicted_device
from archcost.commands.options import (
    Batch,
    Depth,
    Inputs,
    MinTimeIfAny,
    Output,
    Predict,
    PredictDevice,
    SetParams,
    Specs,
    ThreadsIfAny,
    Training,
    format_option,
    word_option,
)
from archcost.render.formats import JUNIT
from archcost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.verification import Verification, VerificationOutcome
    from archcost.spec.model import Spec


DEVICES = ("meta", "cpu", "cuda")  # where the traced run happens, and the clock runs


def verify(
    specs: Specs,
    format: Annotated[str | None, format_option(JUNIT)] = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    tolerance: Annotated[
        str, typer.Option("--tolerance", metavar="SHARE", help="Allowed difference in params and MACs: 0, 0.01, 1%.")
    ] = "0",
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="MODEL", help="Compare with torchvision:resnet50, or package.module:callable."
        ),
    ] = None,
    latency: Annotated[
        bool, typer.Option("--latency", help="Also time every layer, and say how well MACs predict time.")
    ] = False,
    device: Annotated[
        str | None,
        word_option(
            "--device",
            DEVICES,
            "DEVICE",
            "meta (the default): shapes alone, at any size; cpu (the default with --latency), cuda: with kernels "
            "that compute.",
        ),
    ] = None,
    threads: ThreadsIfAny = None,
    min_time: MinTimeIfAny = None,
    depth: Depth = None,
    predict: Predict = False,
    predict_device: PredictDevice = None,
) -> None:
    """Build specs in PyTorch and compare every layer's shapes, params and MACs."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.errors import UsageError
    from archcost.named_specs import SpecResult
    from archcost.pytorch.verification import VerificationOutcome
    from archcost.render.output import print_diagnostics, print_warnings
    from archcost.render.printing import format_of
    from archcost.writing import check_place

    chosen = format or format_of(output, {".xml": JUNIT})
    if output is not None:
        check_place(output)  # before anything is built
    allowed = parse_share(tolerance, "--tolerance")
    params, shapes = parse_params(settings or ()), parse_inputs(inputs or ())
    if against is not None and len(specs) > 1:
        raise UsageError("--against holds one spec against a model", "verify the specs one by one")

    beside = predicted_device(predict_device, asked=predict)

    def work(spec: Spec) -> Verification:
        return archcost.verify(
            spec,
            params=params,
            inputs=shapes,
            batch=batch,
            training=training,
            tolerance=allowed,
            against=against,
            device=device,
            latency=latency,
            threads=threads,
            min_time=min_time,
            predict=beside,
        )

    outcomes = [
        VerificationOutcome(one.title, None, one.diagnostics)
        if isinstance(one, SpecResult)
        else VerificationOutcome(one.name, one)
        for one in attempt_all(specs, work, "verifying", Settings(inputs=shapes, training=training))
    ]
    _write(outcomes, chosen, output, depth)
    checked = [outcome.verification for outcome in outcomes if outcome.verification is not None]
    print_warnings([warning for verification in checked for warning in verification.warnings])
    print_diagnostics([diagnostic for outcome in outcomes for diagnostic in outcome.diagnostics])
    if any(outcome.diagnostics for outcome in outcomes):
        raise typer.Exit(2)
    if any(outcome.verification is not None and not outcome.verification.ok for outcome in outcomes):
        raise typer.Exit(1)


def _write(outcomes: Sequence[VerificationOutcome], chosen: str, path: str | None, depth: int | None) -> None:
    if chosen == JUNIT:
        from archcost.render.output import write_text
        from archcost.render.verification_junit import to_junit

        write_text(to_junit(outcomes), path, JUNIT)
    else:
        from archcost.render.printing import write
        from archcost.render.verification import VerificationDocument

        write(VerificationDocument(outcomes, depth), chosen, path)
