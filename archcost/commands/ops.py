"""``ops``: what layers there are, and what one computes."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import Format, Output


def ops(
    op: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATTERN]", help="An op, to see all of it; or a part of names, or a wildcard: '*pool2d'."
        ),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print only a spec of one such layer, for archcost analyze.")
    ] = False,
) -> None:
    """List the ops that specs are made of, or show one: attributes, formulas, an example, torch's page."""
    import archcost
    from archcost.errors import UsageError
    from archcost.render.printing import format_of, write

    found = archcost.op_reference(op)
    if example:
        from archcost.render.output import write_text

        if len(found) > 1:
            raise UsageError("--example takes the name of an op", f"`archcost ops {found[0].kind} --example`")
        write_text(found[0].example.text(), output, "yaml")
        return
    from archcost.render.ops import OpDocument, OpsDocument

    write(OpDocument(found[0]) if len(found) == 1 else OpsDocument(found), format or format_of(output), output)
