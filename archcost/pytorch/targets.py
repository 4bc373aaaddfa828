"""The model that ``--against`` names: code of the user's, which may do anything; its errors are told as its own."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import warnings
from inspect import Parameter, signature
from io import StringIO
from traceback import format_exception_only
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from archcost.errors import UsageError, suggestion
from archcost.pytorch import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType

FORM = "torchvision:model or package.module:callable"
_MAKER = "name a module, or a callable that makes one without arguments: `def net(): return Net(10)`"
_UNCOMPILED = "name what makes the module before it is scripted or traced"
_LONGEST = 300  # of an error's message that is not ours

_OUT, _ERROR = 1, 2  # descriptors of every process


class Foreign:
    """A context for code that is not ours: what it raises becomes a UsageError that names the target and the place.

    That includes SystemExit and whatever else is no Exception. A KeyboardInterrupt passes if a user has sent it: if
    there was a signal. What the code prints goes to standard error, and it finds standard input at its end.
    """

    def __init__(self, target: str, doing: str) -> None:
        self.target, self.doing = target, doing
        self.stack = contextlib.ExitStack()
        self.interruptions: list[int] = []

    def __enter__(self) -> None:
        self.stack.enter_context(_output_to_error())
        self.stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        self.stack.enter_context(_without_input())
        self.stack.enter_context(_noting_interruptions(self.interruptions))
        self.stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()
        if error is None or isinstance(error, UsageError):
            return
        if isinstance(error, KeyboardInterrupt) and self.interruptions:
            return
        raise UsageError(f"{self.target} cannot be {self.doing}: {told(error)}") from None


@contextlib.contextmanager
def _output_to_error() -> Iterator[None]:
    """Whatever is written to descriptor 1, not only by ``print``, goes to where errors go: an output may be JSON."""
    try:
        kept = os.dup(_OUT)
        os.dup2(_ERROR, _OUT)
    except OSError:  # one of both is closed
        yield
        return
    try:
        yield
    finally:
        if sys.__stdout__ is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.__stdout__.flush()
        os.dup2(kept, _OUT)
        os.close(kept)


@contextlib.contextmanager
def _without_input() -> Iterator[None]:
    kept = sys.stdin
    sys.stdin = StringIO()
    try:
        yield
    finally:
        sys.stdin = kept


@contextlib.contextmanager
def _noting_interruptions(noted: list[int]) -> Iterator[None]:
    """Note the signals that interrupt; where none arrives, every exception of that name counts as a user's."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        noted.append(signal.SIGINT)
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def told(error: BaseException) -> str:
    """Type, first line and place of an error: ``ValueError: no such size (net.py:12)``."""
    # By the library, as ``str`` of a user's error may raise.
    text = error.msg if isinstance(error, SyntaxError) else format_exception_only(error)[0].partition(": ")[2]
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if isinstance(error, SystemExit):
        line = f"it exits with {line if error.args not in ((), (None,), (0,)) else 'code 0'}"
    words = f"{type(error).__name__}: {line[:_LONGEST]}" if line else type(error).__name__
    place = _place(error)
    return f"{words} ({place})" if place else words


def _place(error: BaseException) -> str:
    """File and line of the innermost frame that is neither ours, nor torch's, nor Python's import."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno or 1}"
    ours = (
        os.path.dirname(os.path.dirname(__file__)),
        os.path.dirname(torch.__file__),
        os.path.dirname(importlib.__file__),
    )
    inside = tuple([folder + os.sep for folder in ours])
    found = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(("<", *inside)):
            found = f"{_short(file)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _short(file: str) -> str:
    """A file as seen from the working directory, where it is below it."""
    try:
        here = os.getcwd() + os.sep
    except OSError:  # it is gone
        return file
    return file.removeprefix(here)


def load_target(target: str) -> nn.Module:
    """The module that ``torchvision:name`` or ``package.module:callable`` makes, on the meta device where it can be."""
    module_name, _, name = target.partition(":")
    is_file = module_name.endswith(".py")
    if is_file or not all(part.isidentifier() for part in (*module_name.split("."), *name.split("."))):
        hint = "write a module as Python imports it: `net:Net` for Net of net.py" if is_file else ""
        raise UsageError(f"--against takes {FORM}, got '{target}'", hint)
    make = _torchvision(name) if module_name == "torchvision" else _callable(target, module_name, name)
    try:
        with Foreign(target, "made"), torch.device("meta"):
            model = make()
    except UsageError:  # what needs numbers to be made is made with them, or fails again
        with Foreign(target, "made"):
            model = make()
    with Foreign(target, "looked at"):  # even to ask what it is may run code of its own
        if not isinstance(model, nn.Module):
            words = f"{target} is not a torch.nn.Module, and makes none: it gives {type(model).__name__}"
            raise UsageError(words, _MAKER)
        if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
            raise UsageError(f"{target} is compiled by torch.jit, and its layers are not seen", _UNCOMPILED)
    with Foreign(target, "moved to the meta device"):
        for parameter in model.to("meta").parameters():
            if not is_lazy(parameter):  # it is made by the run
                parameter.requires_grad_(False)
        return model


def _torchvision(name: str) -> Callable[[], Any]:
    try:
        require("torchvision")
    except UsageError as error:
        raise UsageError(error.message, "pip install torchvision") from None
    with Foreign(f"torchvision:{name}", "imported"):
        from torchvision import models

    known: list[str] = models.list_models()
    if name not in known:
        raise UsageError(f"torchvision has no model '{name}'", suggestion(name, known, "models"))
    options: dict[str, Any] = {
        "weights": None,
        "weights_backbone": None,  # the default would be fetched
        "aux_loss": True,  # as the published weights have it
    }
    builder = models.get_model_builder(name)
    return lambda: builder(**{key: value for key, value in options.items() if key in signature(builder).parameters})


def _callable(target: str, module_name: str, name: str) -> Callable[[], Any]:
    """The attribute of an importable module, the working directory included."""
    with Foreign(target, "imported"):
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        found: Any = importlib.import_module(module_name)
    with Foreign(target, "looked up"):
        for part in name.split("."):
            if not hasattr(found, part):
                raise UsageError(f"'{module_name}' has no '{name}'", suggestion(part, _names(found), "names"))
            found = getattr(found, part)
        if isinstance(found, nn.Module):
            return lambda: found
        if not callable(found):
            raise UsageError(f"{target} is neither a module nor a callable that makes one", _MAKER)
        make: Callable[[], Any] = found
        missing = _missing(make)
    if missing:
        raise UsageError(f"{target} needs arguments: {missing}", _MAKER)
    return make


def _names(found: object) -> list[str]:
    """What somebody may have meant: the attributes less Python's own, such as ``__file__``."""
    return [name for name in dir(found) if not (name.startswith("__") and name.endswith("__"))]


def _missing(make: Callable[[], Any]) -> str:
    """The arguments without which a callable cannot be called, as far as Python tells."""
    try:
        parameters = signature(make).parameters.values()
    except (TypeError, ValueError):  # written in C
        return ""
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return ", ".join(each.name for each in parameters if each.default is each.empty and each.kind not in variable)
