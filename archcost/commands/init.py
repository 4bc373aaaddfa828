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
    import archcost
    from archcost.render.exit import write_out

    begun = archcost.init(file, ci=ci, force=force)
    lines = [f"wrote {path}" for path in begun.written]
    steps = [line for command, purpose in begun.next_steps for line in (f"  {command}", f"      {purpose}")]
    write_out("\n".join([*lines, "", "Next:", *steps]) + "\n")
