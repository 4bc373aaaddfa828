"""``verify``: archcost's figures compared with PyTorch's."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from archcost.commands.option_values import analyze_all, parse_share, settings_of
from archcost.commands.options import (
    Batch,
    Depth,
    MinTimeIfAny,
    Output,
    SetParams,
    Specs,
    ThreadsIfAny,
    Training,
    format_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archcost.named_specs import SpecResult
    from archcost.pytorch.latency import MeasureSettings
    from archcost.pytorch.verification import VerificationOutcome


JUNIT = "junit"  # a format of CI hosts


class VerifyDevice(str, Enum):
    """Where the traced run happens, and the clock runs."""

    meta = "meta"
    cpu = "cpu"
    cuda = "cuda"


def verify(
    specs: Specs,
    format: Annotated[str | None, format_option(JUNIT)] = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
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
        VerifyDevice | None,
        typer.Option(
            "--device",
            help="meta (the default): shapes alone, at any size; cpu (the default with --latency), cuda: with kernels "
            "that compute.",
            show_default=False,
        ),
    ] = None,
    threads: ThreadsIfAny = None,
    min_time: MinTimeIfAny = None,
    depth: Depth = None,
) -> None:
    """Build specs in PyTorch and compare every layer's shapes, params and MACs."""
    from archcost.errors import UsageError
    from archcost.pytorch import require
    from archcost.render.output import print_diagnostics
    from archcost.render.progress import progress

    require("torch", "fvcore")
    allowed = parse_share(tolerance, "--tolerance")
    if against is not None and len(specs) > 1:
        raise UsageError("--against holds one spec against a model", "verify the specs one by one")
    if not latency and (threads is not None or min_time is not None):
        option = "--threads" if threads is not None else "--min-time"
        raise UsageError(
            f"{option} says how to measure, and nothing is measured", f"give --latency, or leave out {option}"
        )
    measuring = _measuring(threads, min_time) if latency else None
    asked = settings_of(settings, batch=batch, training=training)
    judge = _Judge(allowed, against, device.value if device else None, measuring, asked.as_it_stands)
    results = analyze_all(specs, asked)
    outcomes = [judge.outcome(result) for result in progress(results, "verifying")]
    _write(outcomes, format, output, depth)
    print_diagnostics([diagnostic for outcome in outcomes for diagnostic in outcome.diagnostics])
    if any(outcome.diagnostics for outcome in outcomes):
        raise typer.Exit(2)
    if any(outcome.verification is not None and not outcome.verification.ok for outcome in outcomes):
        raise typer.Exit(1)


class _Judge(NamedTuple):
    """The settings under which specs are compared with PyTorch."""

    tolerance: Fraction
    against: str | None
    device: str | None
    measuring: MeasureSettings | None
    expected: bool

    def outcome(self, result: SpecResult) -> VerificationOutcome:
        """The result of one spec. If it cannot be judged, the other specs still are."""
        from archcost.errors import Diagnostic, UsageError
        from archcost.pytorch.verification import VerificationOutcome
        from archcost.pytorch.verify import verify as verify_report

        report = result.report
        if result.diagnostics or report is None:
            return VerificationOutcome(result.name if report is None else report.name, None, result.diagnostics)
        try:
            verification = verify_report(
                report,
                tolerance=self.tolerance,
                expected=self.expected,
                against=self.against,
                device=self.device,
                latency=self.measuring,
            )
        except UsageError as error:
            return VerificationOutcome(result.name, None, (Diagnostic(error.message, None, error.help),))
        return VerificationOutcome(result.name, verification)


def _measuring(threads: int | None, min_time: float | None) -> MeasureSettings:
    from dataclasses import replace

    from archcost.pytorch.latency import MeasureSettings

    default = MeasureSettings(threads=threads or 0)
    return default if min_time is None else replace(default, min_time=min_time)


def _write(outcomes: Sequence[VerificationOutcome], asked: str | None, path: str | None, depth: int | None) -> None:
    from archcost.render.printing import format_of, write

    if asked == JUNIT:
        from archcost.render.output import write_text
        from archcost.render.verification_junit import to_junit

        write_text(to_junit(outcomes), path, JUNIT)
    else:
        from archcost.render.verification import VerificationDocument

        write(VerificationDocument(outcomes, depth), asked or format_of(path), path)
