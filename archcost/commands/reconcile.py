"""``reconcile``: why other tools and papers print other figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import Batch, Format, Functional, Output, SetParams, Training

if TYPE_CHECKING:
    from collections.abc import Sequence


def reconcile(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, a zoo model by its name, or -.")],
    published: Annotated[
        str | None,
        typer.Option(
            "--published",
            metavar="FIGURE",
            help='Find out what this published figure counts: "4.1 GFLOPs", "25.6M params", "97.5 MB".',
        ),
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="TOOL[,TOOL...]", help="Only these tools; default: all. Repeatable."),
    ] = None,
    functional: Functional = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    settings: SetParams = None,
    batch: Batch = 1,
    training: Training = False,
) -> None:
    """Explain what other tools print for a spec, and what a published figure counts."""
    from archcost.commands.option_values import settings_of
    from archcost.conventions.reconciliation import reconcile as reconcile_report
    from archcost.conventions.reconciliation import search_published
    from archcost.named_specs import analyze_one
    from archcost.render.output import print_diagnostics
    from archcost.render.printing import format_of, write
    from archcost.render.reconciliation import ReconciliationDocument

    names = _tools(tools)
    asked = settings_of(settings, batch=batch, training=training)
    result = analyze_one(spec, asked)
    if result.diagnostics or result.report is None:
        print_diagnostics(result.diagnostics)
        raise typer.Exit(2)
    found = reconcile_report(result.report, names, functional or (), with_quoted=asked.as_it_stands)
    if published is not None:
        found = found._replace(search=search_published(published, result.report, functional or ()))
    write(ReconciliationDocument(found), format or format_of(output), output)


def _tools(given: Sequence[str] | None) -> list[str]:
    """The names in the lists given, each once; all tools without any."""
    from archcost.conventions import TOOLS

    names = [name.strip() for text in given or () for name in text.split(",") if name.strip()]
    return list(dict.fromkeys(names)) or list(TOOLS)
