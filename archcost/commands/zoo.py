"""``zoo``: the models that come with archcost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import Format, Output

if TYPE_CHECKING:
    from archcost.analysis.report import Report


def zoo(
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only this family; case does not matter.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Check every model against its stated figures and count their sources; exit 1 if one differs. "
            "With --format, every figure.",
        ),
    ] = False,
) -> None:
    """List the models that come with archcost by family, with params, MACs, peak memory and source."""
    from archcost.render.printing import format_of, write

    chosen = format or format_of(output)
    reports, broken = _reports(family)
    if check:
        import archcost
        from archcost.render.zoo_check import ZooCheckDocument

        found = archcost.zoo_check(reports)
        write(ZooCheckDocument(found, listed=bool(format) or chosen != "table"), chosen, output)
        if not found.holds:
            raise typer.Exit(1)
    else:
        from archcost.render.zoo import ZooDocument

        write(ZooDocument(reports), chosen, output)
    if broken:
        raise typer.Exit(2)


def _reports(family: str | None) -> tuple[list[Report], bool]:
    """The models of a family, or all; and whether one cannot be analysed. Raises UsageError for an unknown family."""
    from archcost.commands.option_values import analyze_all
    from archcost.render.output import print_diagnostics
    from archcost.settings import AS_IT_STANDS
    from archcost.zoo_families import model_names

    results = analyze_all(model_names(family), AS_IT_STANDS)
    diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
    print_diagnostics(diagnostics)
    reports = [result.report for result in results if result.report is not None and not result.diagnostics]
    return reports, bool(diagnostics)
