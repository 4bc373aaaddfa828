"""Runs other people's code in a process of its own, so that the result and the exit code stay archcost's.

Such code may end the process where nothing can catch it (``os._exit``, a signal, a crash in C, another program in its
place), and may change the exit code as it goes (threads, ``atexit``). So the run has a process of its own, which tells
its verdict through a pipe before it ends; without a verdict there is none, and the exit code is 2. Where the system has
no ``fork``, the run happens in this process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

Code = int | str | None  # as `sys.exit` takes it
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGQUIT")
_HELP = "import it and make it by itself, outside archcost, and see where it ends"


def supervised(run: Callable[[], Code], doer: str) -> Code:
    """What ``run`` returns; raises UsageError, which names the ``doer``, if its process ends before it returns."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return run()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _quiet()
        _tell(writer, run())
    os.close(writer)
    passed = _pass_signals_on(child)
    _, status = os.waitpid(child, 0)
    # Not up to its end: a process that the run has started may hold the pipe open.
    os.set_blocking(reader, False)
    try:
        told = os.read(reader, 1)
    except BlockingIOError:
        told = b""
    os.close(reader)
    if told:
        return told[0]
    code = os.waitstatus_to_exitcode(status)
    if -code in passed:
        return 128 - code  # as shells have it
    how = f"exit code {code}" if code >= 0 else f"signal {-code}{_signal_name(-code)}"
    raise UsageError(f"{doer} ended the process before anything was judged: {how}", _HELP)


def _quiet() -> None:
    """Errors in threads and finalizers are not ours, end nothing, and would print tracebacks."""
    sys.unraisablehook = lambda _: None
    threading.excepthook = lambda _: None


def _tell(writer: int, code: Code) -> None:
    """End this process at once: no thread, finalizer or exit handler has a say after the verdict."""
    number = code if isinstance(code, int) else int(code is not None)
    os.write(writer, bytes([number & 0xFF]))
    os._exit(number)


def _pass_signals_on(child: int) -> set[int]:
    """Let the run have the signals that end this process; the set is of those that came."""
    passed: set[int] = set()

    def pass_on(number: int, _: FrameType | None) -> None:
        passed.add(number)
        os.kill(child, number)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both
    for name in _PASSED_ON:
        signal.signal(getattr(signal, name), pass_on)
    return passed


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:  # of real time
        return ""
