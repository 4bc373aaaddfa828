"""The command line: its commands, and their exit codes.

Exit codes: 0 fine, 1 findings, 2 could not judge (bad usage, spec or file).
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.errors import UsageError

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
    "schema": "schema",
    "zoo": "zoo",
    "ops": "ops",
    "init": "init",
}
_INTERRUPTED = 130  # as shells have it: 128 and the number of the signal


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if value:
        from archcost.render.exit import write_out
        from archcost.version import __version__

        write_out(f"archcost {__version__}\n")
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

    from archcost.render.exit import guarded

    gc.set_threshold(100_000)  # a graph has no cycles to collect, and a command lives for a blink
    words = sys.argv[1:]
    # A copy of a stream that only this process reads would take its text along.
    foreign = sys.stdout is sys.__stdout__ and any(word.partition("=")[0] == "--against" for word in words)
    with guarded():
        sys.exit(_told(lambda: _supervised(words) if foreign else _run(words)))


def _run(words: Sequence[str]) -> int | str | None:
    """The exit code of a command line, once its errors are told."""
    return _told(_known(words))


def _known(words: Sequence[str]) -> typer.Typer:
    """The application for a command line; raises UsageError for a first word that is no command."""
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        from archcost.errors import UsageError
        from archcost.named_specs import command_help

        raise UsageError(f"there is no command '{words[0]}'", command_help(words[0], list(COMMANDS)))
    return make_app(words)


def _supervised(words: Sequence[str]) -> int | str | None:
    """The same for a command that runs code of other people's."""
    from archcost.supervision import supervised

    return supervised(lambda: _run(words), "the model that --against names")


def _told(run: Callable[[], int | str | None]) -> int | str | None:
    """What a run returns, or the exit code of its error, once that is told."""
    from archcost.errors import SpecError, UsageError

    try:
        return run()
    except SystemExit as done:
        return done.code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except SpecError as error:
        from archcost.render.output import print_diagnostics

        print_diagnostics(error.diagnostics)
    except UsageError as error:
        _tell(error)
    except OSError as error:
        _tell(_surroundings(error))
    except RecursionError:
        _tell(UsageError("this is nested too deeply for archcost"))
    except MemoryError:
        _tell(UsageError("there is not enough memory for this"))
    return 2


def _tell(error: UsageError) -> None:
    from archcost.render.output import print_usage_error

    print_usage_error(error)


def _surroundings(error: OSError) -> UsageError:
    """What the system refused, for instance in a working directory that was deleted."""
    import os

    from archcost.errors import UsageError

    try:
        os.getcwd()
    except OSError as gone:
        return UsageError(f"the working directory cannot be used: {gone.strerror}", "change to another one")
    where = f"{error.filename}: " if error.filename is not None else ""
    return UsageError(f"{where}{error.strerror or error}")
