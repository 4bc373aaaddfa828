"""``zoo``: the models that come with archcost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.analyze import Format
from archcost.commands.options import Output

if TYPE_CHECKING:
    from archcost.analysis.report import Report


def zoo(
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, typer.Option("--format", help="How to print; with --check, every figure with its source.")
    ] = None,
    output: Output = None,
    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only this family; its case does not matter.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Hold every model against its stated figures, count their sources; exit 1 if one differs."
        ),
    ] = False,
) -> None:
    """List the models that come with archcost by family, with params, MACs, peak memory and source."""
    from archcost.render.zoo import write_zoo
    from archcost.render.zoo_check import write_check

    reports, broken = _reports(family)
    if not check:
        write_zoo(reports, (format or Format.table).value, output)
    elif not write_check(reports, format.value if format else None, output):
        raise typer.Exit(1)
    if broken:
        raise typer.Exit(2)


def _reports(family: str | None) -> tuple[list[Report], bool]:
    """The models of a family, or all; and whether one cannot be analysed. Raises UsageError for an unknown family."""
    from archcost import zoo as models
    from archcost.commands.inputs import analyze_all
    from archcost.errors import UsageError, suggestion
    from archcost.render.output import print_diagnostics

    results = analyze_all(models.names(), None, batch=1, training=False)
    diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
    print_diagnostics(diagnostics)
    reports = [result.report for result in results if result.report is not None and not result.diagnostics]
    if family is not None:
        families = {report.spec.family.casefold(): report.spec.family for report in reports}
        if family.casefold() not in families:
            hint = suggestion(family, sorted(families.values()), "families") or "`archcost zoo` lists them"
            raise UsageError(f"the zoo has no family '{family}'", hint)
        reports = [report for report in reports if report.spec.family.casefold() == family.casefold()]
    return reports, bool(diagnostics)
