"""What typer finds wrong with a command line, told as all usage errors are: what is wrong, and a way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError, close_names, did_you_mean
from archcost.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Collection

_OPTIONS = ("help", "version")  # that other programs have as commands
_OF_OTHERS = {  # what is asked of a command by an option that others have
    ("archcost memory", "--device"): "`archcost fits SPEC --device NAME` says whether a device holds it",
}


def usage_error(error: Any) -> UsageError:
    """The usage error for one of typer's."""
    context = error.ctx
    path = context.command_path if context is not None else "archcost"
    help_page = f"`{path} --help` has its options"
    parameter, option = getattr(error, "param", None), getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        known = [name for each in context.command.params for name in (*each.opts, *each.secondary_opts)]
        return UsageError(f"{path} has no option {option}", _option_meant(option, path, known) or help_page)
    if option is not None:
        return UsageError(_plain(error.message), _usage_of(option, context) or help_page)
    if hasattr(error, "param_type") and parameter is not None:
        from archcost.commands.examples import EXAMPLES
        from archcost.commands.help_pages import key

        typed, _ = EXAMPLES[key(path)][0]
        metavar = parameter.metavar or parameter.name
        needed = f"{parameter.opts[0]} {metavar}" if parameter.param_type_name == "option" else metavar
        return UsageError(f"{path} needs {needed}", f"for instance `{typed}`")
    if parameter is not None:
        return UsageError(f"{parameter.opts[0]}: {_plain(error.message)}", help_page)
    extra = re.search(r"\(([^()]*)\)$", error.message)
    if extra:
        return UsageError(f"{path} has no place for '{extra[1]}'", help_page)
    return UsageError(_plain(error.message), help_page)


def unknown_command(name: str, path: str, known: Collection[str]) -> UsageError:
    """The usage error for a word that is no command: it may be misspelt, or what a command is to be about."""
    import os

    from archcost import model_zoo

    message = f"{path} has no command '{name}'"
    if os.path.exists(name) or name.endswith((".yaml", ".yml")) or model_zoo.find(name):
        return UsageError(message, f"did you mean `archcost analyze {name}`?")
    if name in _OPTIONS and " " not in path:
        return UsageError(message, f"did you mean `{path} --{name}`?")
    close = did_you_mean(name, known)
    if close or " " in path:  # a command among a few has its own names alone
        return UsageError(message, close or f"`{path} --help` lists them")
    from archcost.ops import REGISTRY

    models = close_names(name, model_zoo.names())
    if name in REGISTRY:
        return UsageError(message, f"did you mean `archcost ops {name}`?")
    return UsageError(
        message, f"did you mean `archcost analyze {models[0]}`?" if models else f"`{path} --help` lists them"
    )


def _option_meant(option: str, path: str, known: Collection[str]) -> str:
    """The option that an unknown one is short for, or close to; a format by its name is the value of one."""
    if (path, option) in _OF_OTHERS:
        return _OF_OTHERS[path, option]
    if option.removeprefix("--") in FORMATS and "--format" in known:
        return f"did you mean '--format {option.removeprefix('--')}'?"
    longer = [name for name in known if name.startswith(option)] if option.startswith("--") else []
    return f"did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(option, known)


def _usage_of(option: str, context: Any) -> str:
    """How an option is written."""
    for each in context.command.params:
        if option in each.opts and not each.is_flag:
            return f"write {option} {each.metavar}"
    return ""


def _plain(message: str) -> str:
    """A sentence of typer's as a part of ours."""
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]
