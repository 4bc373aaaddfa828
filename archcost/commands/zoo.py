"""``zoo``: the models that come with archcost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import Format, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report


def zoo(
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only this family; its case does not matter.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Hold every model against its stated figures, count their sources; exit 1 if one differs. "
            "With --format, every figure.",
        ),
    ] = False,
) -> None:
    """List the models that come with archcost by family, with params, MACs, peak memory and source."""
    from archcost.render.printing import format_of, write

    reports, broken = _reports(family)
    chosen = format or format_of(output)
    if check:
        from archcost.analysis.zoo_check import check_zoo
        from archcost.render.zoo_check import ZooCheckDocument

        found = check_zoo(reports)
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
    from archcost import zoo as models
    from archcost.commands.inputs import analyze_all
    from archcost.render.output import print_diagnostics
    from archcost.settings import AS_IT_STANDS

    names = models.names() if family is None else _members(models.names(), family)
    results = analyze_all(names, AS_IT_STANDS)
    diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
    print_diagnostics(diagnostics)
    reports = [result.report for result in results if result.report is not None and not result.diagnostics]
    return reports, bool(diagnostics)


def _members(names: Sequence[str], family: str) -> list[str]:
    """The models of a family, told by their specs alone, and those that cannot be read: they may belong to it.

    Raises UsageError for an unknown family.
    """
    from archcost.errors import SpecError, UsageError, suggestion
    from archcost.named_specs import read_spec

    members: list[str] = []
    families: dict[str, str] = {}
    for name in names:
        try:
            own = read_spec(name).family
        except SpecError:
            members.append(name)
            continue
        families[own.casefold()] = own
        members += [name] * (own.casefold() == family.casefold())
    if family.casefold() not in families:
        hint = suggestion(family, sorted(families.values()), "families") or "`archcost zoo` lists them"
        raise UsageError(f"the zoo has no family '{family}'", hint)
    return members
