"""The command line: its commands, and what every ending means.

Exit codes: 0 fine, 1 findings, 2 could not judge (bad usage, spec or file).
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from archcost.commands.analyze import analyze, schema, validate, zoo
from archcost.commands.baseline import baseline
from archcost.commands.bench import bench
from archcost.commands.check import check
from archcost.commands.compare import compare
from archcost.commands.reconcile import reconcile
from archcost.commands.verify import verify

app = typer.Typer(
    name="archcost",
    help="What does this neural network cost? Shapes, params, MACs and memory of a YAML spec, in a blink.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if value:
        from archcost.version import __version__

        print(f"archcost {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What does this neural network cost? Shapes, params, MACs and memory of a YAML spec, in a blink."""


for command in (analyze, compare, check, verify, bench, reconcile, validate, schema, zoo):
    app.command()(command)
app.add_typer(baseline, name="baseline")


def main() -> None:
    """Run the command line; every error that archcost knows ends with exit code 2 and no traceback."""
    import gc

    from archcost.errors import SpecError, UsageError

    gc.set_threshold(100_000)  # a graph has no cycles to collect, and a command lives for a blink
    try:
        app()
    except SpecError as error:
        from archcost.render.output import print_diagnostics

        print_diagnostics(error.diagnostics)
        sys.exit(2)
    except UsageError as error:
        from archcost.render.output import print_usage_error

        print_usage_error(error)
        sys.exit(2)
