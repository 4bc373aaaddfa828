"""``devices``: what models run on."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import Format, Output


def devices(
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATTERN]",
            help="A device, to see all that is known of it; a part of names, a vendor, a kind or a wildcard, to list "
            "what fits; or a .toml file of your own.",
        ),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
) -> None:
    """List devices with their memory, bandwidth and dense peak rates, or show one and its sources."""
    import archcost
    from archcost.render.devices import DeviceDocument, DevicesDocument
    from archcost.render.printing import format_of, write

    found = archcost.devices(pattern)
    write(DeviceDocument(found[0]) if len(found) == 1 else DevicesDocument(found), format or format_of(output), output)
