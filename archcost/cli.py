"""The command line: its commands, and what every ending means.

Exit codes: 0 fine, 1 findings, 2 could not judge (bad usage, spec or file).
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each is a function of its own name, or a Typer of several, in archcost.commands.MODULE, in the order of the help page.
COMMANDS = {
    "analyze": "analyze",
    "compare": "compare",
    "check": "check",
    "baseline": "baseline",
    "verify": "verify",
    "bench": "bench",
    "reconcile": "reconcile",
    "explain": "explain",
    "memory": "memory",
    "export": "export",
    "validate": "analyze",
    "schema": "analyze",
    "zoo": "zoo",
}


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if value:
        from archcost.version import __version__

        print(f"archcost {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What does this neural network cost? Shapes, params, MACs and memory of a YAML spec, in a blink."""


def make_app(words: Sequence[str]) -> typer.Typer:
    """The application for these words of a command line.

    Where they name a command, that one alone is loaded: building the options of all of them takes longer than to
    analyse a model.
    """
    app = typer.Typer(
        name="archcost",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    wanted = next((word for word in words if not word.startswith("-")), "")
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        command = getattr(import_module(f"archcost.commands.{COMMANDS[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command()(command)
    return app


def main() -> None:
    """Run the command line; every error that archcost knows ends with exit code 2 and no traceback."""
    import gc

    from archcost.errors import SpecError, UsageError

    gc.set_threshold(100_000)  # a graph has no cycles to collect, and a command lives for a blink
    try:
        make_app(sys.argv[1:])()
    except SpecError as error:
        from archcost.render.output import print_diagnostics

        print_diagnostics(error.diagnostics)
        sys.exit(2)
    except UsageError as error:
        from archcost.render.output import print_usage_error

        print_usage_error(error)
        sys.exit(2)
