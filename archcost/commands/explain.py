"""``explain``: the arithmetic of a layer, the sum of a scope, or an overview of a model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from archcost.commands.options import Batch, Format, Output, SetParams, Training


def explain(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, a zoo model by its name, or -.")],
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help="A layer, block or branch; default: the whole model.")
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    batch: Batch = 1,
    training: Training = False,
    balance: Annotated[
        str | None,
        typer.Option("--balance", metavar="N", help="Fewer FLOPs per byte are memory-bound; default: 12.5, an A100."),
    ] = None,
) -> None:
    """Show the arithmetic behind a layer's figures, the sum behind a block's, or where a model's costs are."""
    from archcost.commands.option_values import settings_of
    from archcost.explaining.overview import explain_model
    from archcost.explaining.resolve_path import explain_path
    from archcost.named_specs import analyze_one
    from archcost.render.explanation import ExplanationDocument, StoryDocument
    from archcost.render.output import print_diagnostics
    from archcost.render.printing import format_of, write

    threshold = _threshold(balance)
    result = analyze_one(spec, settings_of(settings, batch=batch, training=training))
    report = result.report
    if result.diagnostics or report is None:
        print_diagnostics(result.diagnostics)
        raise typer.Exit(2)
    document = (
        StoryDocument(explain_model(report, *threshold))
        if path is None
        else ExplanationDocument(explain_path(report, path))
    )
    write(document, format or format_of(output), output)


def _threshold(balance: str | None) -> list[Any]:
    """The number given, in a list; nothing for the default. Raises UsageError."""
    from archcost.errors import UsageError
    from archcost.quantities import UnitError, parse_count

    if balance is None:
        return []
    try:
        value = parse_count(balance)
    except UnitError:
        value = parse_count("0")
    if value <= 0:
        raise UsageError(f"--balance takes FLOPs a byte such as 12.5, got '{balance}'")
    return [value]
