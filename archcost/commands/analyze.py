"""``analyze`` and ``validate``."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.inputs import analyze_all, settings_of, validate_all
from archcost.commands.options import (
    Batch,
    Columns,
    ConventionName,
    Depth,
    Functional,
    Metric,
    Output,
    SetParams,
    Specs,
    Training,
    WeightDtype,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.extra import Chosen


class Format(str, Enum):
    """Output formats of ``analyze``."""

    table = "table"
    tree = "tree"
    json = "json"
    csv = "csv"
    markdown = "markdown"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


def analyze(
    specs: Specs,
    format: FormatOption = Format.table,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    batch: Batch = 1,
    training: Training = False,
    depth: Depth = None,
    sort: Annotated[Metric | None, typer.Option("--sort", help="List layers by a figure, largest first.")] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N rows.")] = None,
    convention: Annotated[
        ConventionName | None, typer.Option("--convention", help="Add what this tool prints for every layer.")
    ] = None,
    functional: Functional = None,
    columns: Columns = None,
    weight_dtype: WeightDtype = None,
    relative_to: Annotated[
        str | None,
        typer.Option("--relative-to", metavar="PATH", help="Whose input receptive fields are relative to: a scope."),
    ] = None,
) -> None:
    """Print what every layer of a spec costs."""
    from archcost.render.counted import Counting
    from archcost.render.output import Options, write_reports

    counting = Counting(convention.value, tuple(functional or ())) if convention is not None else None
    chosen = _chosen(columns or (), relative_to, format)
    options = Options(format.value, depth, sort.value if sort else None, top, counting, chosen)
    results = analyze_all(specs, settings_of(settings, batch=batch, training=training, weight_dtype=weight_dtype))
    write_reports(results, options, output)
    if any(result.diagnostics for result in results):
        raise typer.Exit(2)


def _chosen(columns: Sequence[str], relative_to: str | None, format: Format) -> Chosen | None:  # noqa: A002
    """The columns asked for; raises UsageError where they have no place."""
    from archcost.errors import UsageError

    if relative_to is not None and not any("receptive_field" in text for text in columns):
        raise UsageError("--relative-to goes with --columns receptive_field")
    if not columns:
        return None
    from archcost.render.extra import Chosen, parse_columns

    if format is Format.tree:
        raise UsageError("a tree has no columns", "--columns goes with --format table, markdown and csv")
    return Chosen(parse_columns(columns), relative_to or "")


def validate(specs: Specs, settings: SetParams = None, batch: Batch = 1, training: Training = False) -> None:
    """Check specs: syntax, names, attributes, shapes. Files that hold only blocks are checked as such."""
    from archcost.render.exit import write_error, write_out
    from archcost.render.output import print_diagnostics

    results = validate_all(specs, settings_of(settings, batch=batch, training=training))
    wrong = [result for result in results if result.diagnostics]
    print_diagnostics([diagnostic for result in wrong for diagnostic in result.diagnostics])
    count = sum(len(result.diagnostics) for result in wrong)
    if wrong:
        where = f" in {len(wrong)} of {len(results)} specs" if len(results) > 1 else ""
        write_error(f"{count} error{'s' * (count != 1)}{where}\n")
        raise typer.Exit(2)
    write_out(f"{len(results)} spec{'s' * (len(results) != 1)}: no errors\n")
