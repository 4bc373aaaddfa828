"""The command line: its commands, and their exit codes.

Exit codes: 0 fine, 1 findings, 2 could not judge (bad usage, spec or file).
"""

# long: the table of commands, and every way in which one may end
from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from archcost.exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.errors import UsageError
    from archcost.settings import Settings
    from archcost.spec.model import Spec

# Each is a function of its own name (``import_`` of import), or a Typer of several, in archcost.commands.MODULE; the
# order is that of the help page.
GROUPS = {
    "Understand": {
        "analyze": "analyze",
        "compare": "compare",
        "explain": "explain",
        "memory": "memory",
        "reconcile": "reconcile",
        "report": "report",
    },
    "Decide": {
        "predict": "predict",
        "fits": "fits",
        "sweep": "sweep",
        "suggest": "suggest",
        "devices": "devices",
        "calibrate": "calibrate",
    },
    "Guard": {"check": "check", "baseline": "baseline"},
    "Models": {
        "import": "import_model",
        "export": "export",
        "verify": "verify",
        "bench": "bench",
        "validate": "analyze",
        "zoo": "zoo",
        "ops": "ops",
        "schema": "schema",
        "init": "init",
        "completion": "completion",
    },
}
COMMANDS = {name: (module, group) for group, commands in GROUPS.items() for name, module in commands.items()}
_SOON = 0.01  # seconds
_WATCHING = "archcost.commands.watching"  # loaded by commands that are asked to watch
_FOREIGN = ("--against", "--allow-import")  # options by which code of other people's runs
_COMPLETE = "ARCHCOST_COMPLETE"  # set by a shell that asks what may stand at the cursor
_WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[1]  # what typer raises for a wrong command line


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


class _WithPage:
    """What a command has of ours: its help page, and errors that know it."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _show_page(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _need_words(self, ctx, args)
        with _in(ctx):
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of typer's class, which comes next
        return rest


class _Command(_WithPage, TyperCommand):
    """A command."""


class _Group(_WithPage, TyperGroup):
    """Several commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands:
            from archcost.commands.usage_errors import unknown_command

            raise unknown_command(args[0], ctx.command_path, self.commands)
        return super().resolve_command(ctx, args)


@contextmanager
def _in(context: Any) -> Iterator[None]:
    """Errors of typer's have the context that they are raised in, which its parser does not always give them."""
    try:
        yield
    except _WRONG_USAGE as error:
        error.ctx = context  # type: ignore[attr-defined]  # of all errors of this class
        raise


def _show_page(command: Any, context: Any) -> NoReturn:
    """Print a help page, and end."""
    from archcost.commands.help_pages import page
    from archcost.render.exit import write_out

    write_out(page(command, context))
    raise typer.Exit


def _need_words(command: Any, context: Any, args: Sequence[str]) -> None:
    """Of commands that are nothing alone: print the help page as an error where no word is given, and end."""
    if not args and command.no_args_is_help and not context.resilient_parsing:
        from archcost.commands.help_pages import page
        from archcost.render.exit import write_error

        write_error(page(command, context))
        raise typer.Exit(2)


def make_app(words: Sequence[str]) -> typer.Typer:
    """The application for these words of a command line.

    Where they name a command, that one alone is loaded: building the options of all of them takes longer than to
    analyse a model.
    """
    app = typer.Typer(
        name="archcost",
        cls=_Group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    wanted = next((word for word in words if not word.startswith("-")), "")
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        module, group = COMMANDS[name]
        command = getattr(import_module(f"archcost.commands.{module}"), name + "_" * iskeyword(name))
        if isinstance(command, typer.Typer):
            for each in command.registered_commands:
                each.cls = _Command
            app.add_typer(command, name=name, cls=_Group, rich_help_panel=group)
        else:
            app.command(name, cls=_Command, rich_help_panel=group)(command)
    return app


def main() -> None:
    """Run the command line; every error that archcost knows ends with exit code 2 and no traceback.

    Ctrl-C ends it with 130, whatever it is at.
    """
    before, sys.unraisablehook = sys.unraisablehook, _raised_again
    try:
        _main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        sys.unraisablehook = before


def _interrupt() -> None:
    """Interrupt the main thread, also where it waits."""
    import signal
    import threading

    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        import _thread

        _thread.interrupt_main()


def _raised_again(unraisable: Any) -> None:
    """Ctrl-C that comes where nothing can be raised, as while an object is deleted, comes again right after."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        from threading import Timer

        again = Timer(_SOON, _interrupt)  # here and now it could not be raised either
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


def _main() -> NoReturn:
    import atexit
    import gc

    from archcost.render.exit import guarded

    gc.set_threshold(100_000)  # a graph has no cycles to collect, and a command lives for a blink
    atexit.unregister(gc.freeze)  # of a call before this one
    atexit.register(gc.freeze)  # Python looks at all objects several times while it ends
    words = sys.argv[1:]
    # A copy of a stream that only this process reads would take its text along.
    may_fork = sys.stdout is sys.__stdout__
    shell = os.environ.get(_COMPLETE)
    with guarded():
        if shell:
            sys.exit(_told(lambda: _complete(shell, words)))
        if _names_sources(words):
            sys.exit(_drawn(lambda: _told(lambda: _run_with_sources(words, may_fork=may_fork))))
        sys.exit(_drawn(lambda: _run(words)))


def _drawn(run: Callable[[], int | str | None]) -> int | str | None:
    """The exit code of a command line, which runs again and again if it asked to watch."""
    code = run()
    watching = sys.modules.get(_WATCHING)
    drawn: int | str | None = watching.keep_drawing(run, code) if watching is not None and watching.asked() else code
    return drawn


def _complete(shell: str, words: Sequence[str]) -> int:
    """Print what may stand at the cursor of a shell."""
    from archcost.commands.candidates import answer, split_line
    from archcost.render.exit import write_out

    before = split_line(words[0])[0] if shell == "bash" else words[:-1]
    write_out(answer(shell, typer.main.get_command(make_app(before)), words))
    return 0


def _run(words: Sequence[str]) -> int | str | None:
    """The exit code of a command line, once its errors are told."""
    return _told(lambda: _called(words))


def _called(words: Sequence[str]) -> int:
    """The exit code of a command line, or the usage error of ours for what typer finds wrong with it."""
    command = typer.main.get_command(make_app(words))
    try:
        code = command.main(list(words), prog_name="archcost", standalone_mode=False)
    except _WRONG_USAGE as error:
        from archcost.commands.usage_errors import usage_error

        raise usage_error(error) from None
    return code if isinstance(code, int) else 0


def _names_sources(words: Sequence[str]) -> bool:
    """Whether a command line may import models, by what is cheap to ask."""
    return any(":" in word or word.startswith("@") or word.partition("=")[0] in _FOREIGN for word in words)


def _run_with_sources(words: Sequence[str], *, may_fork: bool) -> int | str | None:
    """The same where models may be imported: slow work is shown, and code that is not ours has its own process."""
    from archcost.importers.importing import Watched
    from archcost.importers.sources import runs_users_code
    from archcost.named_specs import ConfiguredNames
    from archcost.render.progress import patient_spinner

    Watched.watch = patient_spinner
    ConfiguredNames.read = _configured
    foreign = any(word.partition("=")[0] in _FOREIGN or runs_users_code(word) for word in words)
    if foreign and "--watch" in words:
        from archcost.errors import UsageError

        raise UsageError("--watch is for specs: code that is not archcost's runs in a process of its own, once")
    if not (foreign and may_fork):
        return _run(words)
    from archcost.supervision import supervised

    return supervised(lambda: _run(words), "the model that --against names" if "--against" in words else "the model")


def _configured(name: str, settings: Settings) -> Spec:
    """The spec of a model of the configuration, which is read only where one is named."""
    from archcost.budget.chosen import configured_spec

    return configured_spec(name, settings)


def _told(run: Callable[[], int | str | None]) -> int | str | None:
    """What a run returns, or the exit code of its error, once that is told."""
    from archcost.errors import SpecError, UsageError

    try:
        return run()
    except SystemExit as done:
        return done.code
    except KeyboardInterrupt:
        return INTERRUPTED
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
    from archcost.errors import ArgumentError
    from archcost.render.output import print_diagnostics, print_usage_error

    if isinstance(error, ArgumentError):
        print_diagnostics([error.diagnostic])
    else:
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
