"""``explain``: a layer's arithmetic, a scope's sum, a model's story, and the figures of any of them in a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.options import Batch, Format, Output, SetParams, Training

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.render.document import Document


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
    variable: Annotated[
        str | None,
        typer.Option("--in", metavar="NAME", help="The figures as formulas in a param that is a number, or in batch."),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option("--balance", metavar="N", help="Fewer FLOPs per byte are memory-bound; default: 12.5, an A100."),
    ] = None,
) -> None:
    """Show the arithmetic behind a layer's figures, the sum behind a block's, or where a model's costs are."""
    from archcost.commands.option_values import settings_of
    from archcost.named_specs import analyze_one
    from archcost.render.output import print_diagnostics
    from archcost.render.printing import format_of, write

    threshold = _threshold(balance)
    result = analyze_one(spec, settings_of(settings, batch=batch, training=training))
    report = result.report
    if result.diagnostics or report is None:
        print_diagnostics(result.diagnostics)
        raise typer.Exit(2)
    document = _document(report, path, threshold) if variable is None else _formulas(report, variable, path)
    write(document, format or format_of(output), output)


def _document(report: Report, path: str | None, threshold: list[Any]) -> Document:
    from archcost.explaining.overview import explain_model
    from archcost.explaining.resolve_path import explain_path
    from archcost.render.explanation import ExplanationDocument, StoryDocument

    if path is None:
        return StoryDocument(explain_model(report, *threshold))
    return ExplanationDocument(explain_path(report, path))


def _formulas(report: Report, variable: str, path: str | None) -> Document:
    from archcost.explaining.in_variable import formulas_in
    from archcost.render.formulas_in import FormulasDocument

    return FormulasDocument(formulas_in(report, variable, path))


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
