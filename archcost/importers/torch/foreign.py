"""Code that is not ours, which may do anything: its errors are told as its own, and its output goes where errors go."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import warnings
from io import StringIO
from traceback import format_exception_only
from typing import TYPE_CHECKING

import torch

import archcost
from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

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
        self.stack.enter_context(_in_place())
        self.stack.enter_context(_on_our_device())
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
def _in_place() -> Iterator[None]:
    """Without the words of archcost's own command line, and back in the working directory at the end."""
    words, folder = sys.argv, None
    sys.argv = sys.argv[:1]
    with contextlib.suppress(OSError):  # it is gone
        folder = os.getcwd()
    try:
        yield
    finally:
        sys.argv = words
        if folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(folder)


@contextlib.contextmanager
def _on_our_device() -> Iterator[None]:
    """The device is that of the run: what sets the default one sets nothing as long as this lasts.

    Whoever keeps the function for later has that of torch then.
    """
    kept, lasts = torch.set_default_device, True

    def set_default_device(device: torch.types.Device) -> None:
        if not lasts:
            kept(device)

    torch.set_default_device = set_default_device
    try:
        yield
    finally:
        lasts = False
        torch.set_default_device = kept


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
    """Type, first line and place of an error: ``ValueError: no such size (net.py:12)``.

    A first line that announces more (``Error(s) in loading:``) has the next one with it.
    """
    # By the library, as ``str`` of a user's error may raise.
    text = error.msg if isinstance(error, SyntaxError) else format_exception_only(error)[0].partition(": ")[2]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next(iter(lines), "")
    if line.endswith(":"):
        line = " ".join(lines[:2])
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
        os.path.dirname(archcost.__file__),
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
