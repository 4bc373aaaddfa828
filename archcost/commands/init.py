"""``init``: the files that a project begins with."""

from __future__ import annotations

from typing import Annotated

import typer


def init(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="The spec to write; default: net.yaml, and specs/net.yaml with --ci."),
    ] = None,
    ci: Annotated[
        bool, typer.Option("--ci", help="Also write archcost.toml and a GitHub workflow that checks budgets.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Write an annotated first spec, and what checks it in CI."""
    import sys

    import archcost
    from archcost.render.exit import terminal_width, write_out
    from archcost.render.wrapping import hanging

    begun = archcost.init(file, ci=ci, force=force)
    lines, width = [f"wrote {path}" for path in begun.written], terminal_width(sys.stdout)
    steps = []
    for command, purpose in begun.next_steps:
        steps += [f"  {command}", *hanging(" " * 6, purpose, width, indent=6)]
    write_out("\n".join([*lines, "", "Next:", *steps]) + "\n")
