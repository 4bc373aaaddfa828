"""``compare``: what a change costs, and where it arises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.options import Batch, Depth, Format, Output, SetParams, Training, WeightDtype, metric_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic
    from archcost.render.document import Document
    from archcost.settings import Settings


def compare(
    specs: Annotated[
        list[str],
        typer.Argument(metavar="A B [C...]", help="Specs, zoo models, or specs at a git revision: main:net.yaml."),
    ],
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    settings_a: Annotated[
        list[str] | None, typer.Option("--set-a", metavar="NAME=VALUE", help="Override a param of the first spec.")
    ] = None,
    settings_b: Annotated[
        list[str] | None, typer.Option("--set-b", metavar="NAME=VALUE", help="Override a param of the second spec.")
    ] = None,
    batch: Batch = 1,
    training: Training = False,
    weight_dtype: WeightDtype = None,
    weight_dtype_b: Annotated[
        str | None, typer.Option("--weight-dtype-b", metavar="DTYPE", help="--weight-dtype of the second spec alone.")
    ] = None,
    metric: Annotated[str, metric_option("--metric", "Metric to show changes in.")] = "macs",
    sort: Annotated[str | None, metric_option("--sort", "Sort three or more specs by a metric.")] = None,
    depth: Depth = None,
    only_changed: Annotated[bool, typer.Option("--only-changed", help="Leave out unchanged layers.")] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="METRIC:PERCENT", help="Exit 1 if this total grows by more; repeatable."),
    ] = None,
) -> None:
    """Show what differs between two specs, or put three or more side by side."""
    from archcost.commands.option_values import parse_params, settings_of
    from archcost.errors import UsageError
    from archcost.render.output import print_diagnostics
    from archcost.render.printing import format_of, write

    limits = [_limit(text) for text in fail_on or ()]
    if len(specs) < 2:  # noqa: PLR2004 - two make a comparison
        hint = "give the same one twice to compare settings: --set-b width=0.5"
        raise UsageError("compare takes two specs or more", hint)
    if len(specs) > 2 and weight_dtype_b:  # noqa: PLR2004 - only two have these names
        raise UsageError("--weight-dtype-b is for two specs")
    if len(specs) > 2 and (settings_a or settings_b):  # noqa: PLR2004 - only two have these names
        raise UsageError("--set-a and --set-b are for two specs")
    asked = settings_of(settings, batch=batch, training=training, weight_dtype=weight_dtype)
    first = asked._replace(params={**asked.params, **parse_params(settings_a or (), "--set-a")})
    second = asked._replace(
        params={**asked.params, **parse_params(settings_b or (), "--set-b")},
        weight_dtype=weight_dtype_b or weight_dtype,
    )
    reports, diagnostics = _reports(specs, [first, second, *[asked] * (len(specs) - 2)])
    if diagnostics:
        print_diagnostics(diagnostics)
        raise typer.Exit(2)
    write(
        _document(reports, metric, sort, depth, only_changed=only_changed),
        format or format_of(output),
        output,
    )
    if _exceeded(reports, limits):
        raise typer.Exit(1)


def _document(
    reports: Sequence[Report], metric: str, sort: str | None, depth: int | None, *, only_changed: bool
) -> Document:
    """Two models with their changes, or several in the order asked for."""
    from archcost.comparing import compare as compare_reports
    from archcost.comparing import rank

    if len(reports) > 2:  # noqa: PLR2004 - side by side
        from archcost.render.side_by_side import SideBySideDocument

        return SideBySideDocument(rank(reports, sort) if sort else reports)
    from archcost.render.comparison import ComparisonDocument

    return ComparisonDocument(compare_reports(*reports), metric, depth, only_changed)


def _reports(names: Sequence[str], settings: Sequence[Settings]) -> tuple[list[Report], list[Diagnostic]]:
    from archcost.named_specs import analyze_one

    reports: list[Report] = []
    diagnostics: list[Diagnostic] = []
    for name, own in zip(names, settings, strict=True):
        result = analyze_one(name, own)
        diagnostics += result.diagnostics
        if result.report is not None:
            reports.append(result.report)
    return reports, diagnostics


def _limit(text: str) -> tuple[str, Any]:
    from archcost.errors import UsageError, suggestion
    from archcost.figures import TOTALS
    from archcost.quantities import UnitError, parse_percent

    metric, colon, share = text.partition(":")
    if metric not in TOTALS:
        raise UsageError(f"--fail-on knows no metric '{metric}'", suggestion(metric, TOTALS, "metrics"))
    try:
        return metric, parse_percent(share if colon else "0%")
    except UnitError as error:
        raise UsageError(f"--fail-on {text}: {error}", "write it like params:1%") from None


def _exceeded(reports: Sequence[Report], limits: Sequence[tuple[str, Any]]) -> bool:
    """Whether a later spec's total is beyond a limit over the first's; says which on standard error."""
    from archcost.render.output import print_failure

    found = False
    for metric, share in limits:
        before = getattr(reports[0].totals, metric)
        for report in reports[1:]:
            if reports[0].costs.unknown(metric) or report.costs.unknown(metric):
                found = True
                print_failure(
                    f"{metric} of {report.name} cannot be compared: unknown for some layers; declare it there"
                )
                continue
            after = getattr(report.totals, metric)
            if after - before > share * before:
                found = True
                limit = f"{float(100 * share):g}%"
                print_failure(f"{metric} of {report.name} grow from {before:,} to {after:,}: more than {limit}")
    return found
