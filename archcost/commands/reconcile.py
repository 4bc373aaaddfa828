"""``reconcile``: why other tools and papers print other figures."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import Batch, Digits, Format, Functional, Inputs, Output, SetParams, Training


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
    digits: Digits = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
) -> None:
    """Explain what other tools print for a spec, and what a published figure counts."""
    import archcost
    from archcost.commands.option_values import analyzed_one, settings_of, warn_of_narrow
    from archcost.render.printing import format_of, write
    from archcost.render.reconciliation import ReconciliationDocument

    chosen = format or format_of(output)
    names = [name.strip() for text in tools or () for name in text.split(",") if name.strip()]
    with analyzed_one(spec, settings_of(settings, inputs=inputs, batch=batch, training=training)) as report:
        found = archcost.reconcile(report, tools=names, functional=functional or (), published=published)
        warn_of_narrow(report, functional or ())
        write(ReconciliationDocument(found), chosen, output, digits)
