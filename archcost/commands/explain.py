"""``explain``: the arithmetic of a layer, the sum of a scope, an overview of a model, and figures in a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import (
    Batch,
    Device,
    Dtype,
    Format,
    Inputs,
    KvDtype,
    Output,
    SetParams,
    Training,
    Watch,
    WeightDtype,
)

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.explaining.equations import Explanation
    from archcost.explaining.in_variable import VariableFormulas
    from archcost.explaining.overview import Story
    from archcost.render.document import Document


def explain(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, a zoo model by its name, or -.")],
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="A layer, block or branch; default: the whole model.")
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    watch: Watch = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    variable: Annotated[
        str | None,
        typer.Option("--in", metavar="NAME", help="The figures as formulas in a param that is a number, or in batch."),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance",
            metavar="N",
            help="Fewer FLOPs per byte are memory-bound; default: the device's, or 12.5 of an A100.",
        ),
    ] = None,
    device: Device = None,
) -> None:
    """Show the arithmetic behind a layer's figures, the sum behind a block's, or where a model's costs are."""
    import archcost
    from archcost.commands.option_values import analyzed_one, settings_of, timed
    from archcost.errors import UsageError
    from archcost.render.printing import format_of, write

    if watch:
        from archcost.commands.watching import begin

        begin([spec], output)
    chosen, threshold = format or format_of(output), _threshold(balance)
    asked = settings_of(
        settings,
        inputs=inputs,
        batch=batch,
        training=training,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
    )
    with analyzed_one(spec, asked) as report:
        found = archcost.explain(report, path, balance=threshold, device=device, variable=variable)
        document = _document(found)
        if device is not None:
            if path is not None or variable is not None:
                raise UsageError(
                    "--device is for a whole model", "`archcost analyze --device` has the time of each layer"
                )
            document = timed(document, [report], device)
        write(document, chosen, output)


def _document(found: Explanation | Story | VariableFormulas) -> Document:
    from archcost.explaining.equations import Explanation
    from archcost.explaining.overview import Story
    from archcost.render.explanation import ExplanationDocument, StoryDocument

    if isinstance(found, Story):
        return StoryDocument(found)
    if isinstance(found, Explanation):
        return ExplanationDocument(found)
    from archcost.render.formulas_in import FormulasDocument

    return FormulasDocument(found)


def _threshold(balance: str | None) -> Fraction | None:
    """The number given; None for the default. Raises UsageError."""
    from archcost.errors import UsageError
    from archcost.quantities import UnitError, parse_count

    if balance is None:
        return None
    try:
        value = parse_count(balance)
    except UnitError:
        value = parse_count("0")
    if value <= 0:
        raise UsageError(f"--balance takes FLOPs a byte such as 12.5, got '{balance}'")
    return value
