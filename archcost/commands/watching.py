"""``--watch``: a command again whenever a file is saved that it read, or its terminal changes its size.

The files are those that came through the one door (:mod:`archcost.files`): the specs, what they include, a
configuration, a lock file. They are looked at a few times a second, which needs no package and works on every file
system.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.exit_codes import INTERRUPTED
from archcost.files import Opened, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.files import FileState

PAUSE = 0.2  # seconds between two looks at the files
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"  # home, the screen, and what was scrolled out of it


class _Watch:
    """Whether this process draws again, and the size of the terminal that it drew for last."""

    asked = False
    size: os.terminal_size | None = None


def begin(specs: Sequence[str], output: str | None) -> None:
    """A drawing begins: of a clear screen, with the files noted. Raises UsageError where nobody could watch."""
    from archcost.render.exit import is_terminal, watched
    from archcost.standard_input import WRITTEN

    if output is not None:
        raise UsageError("--watch draws on a terminal, and -o writes a file", "leave one of them out")
    if WRITTEN in specs:
        raise UsageError("--watch cannot watch standard input", "name a file")
    if not is_terminal(sys.stdout):
        raise UsageError("--watch draws on a terminal, and standard output is none", "leave out --watch")
    _Watch.asked, _Watch.size = True, _size()
    Opened.seen = {}
    stream = watched(sys.stdout)
    stream.write("\n" if os.environ.get("TERM", "dumb") == "dumb" else _CLEAR)
    stream.flush()


def asked() -> bool:
    """Whether the command that ran is to run again."""
    return _Watch.asked


def keep_drawing(draw: Callable[[], object], code: object) -> int:
    """Draw again whenever there is a reason to; 0 once interrupted. ``code`` is that of the first time."""
    known: dict[str, FileState] = {}
    try:
        while code != INTERRUPTED:
            known |= Opened.seen or {}
            _tell(len(known))
            wait_for_change(known)
            code = draw()
    except KeyboardInterrupt:
        pass
    finally:
        Opened.seen = None
        _Watch.asked = False
    return 0


def wait_for_change(known: dict[str, FileState]) -> None:
    """Return once a file is not what it was, and stays what it is for a moment: nothing half written is read.

    Or once the terminal has another size, and keeps it for a moment.
    """
    size = _Watch.size if _Watch.asked else _size()
    while True:
        time.sleep(PAUSE)
        if _size() != size:
            _wait_for_rest()
            return
        changed = {path: now for path, was in known.items() if (now := state_of(path)) != was}
        while changed:
            time.sleep(PAUSE / 4)
            later = {path: state_of(path) for path in changed}
            if later == changed:
                known |= later
                return
            changed = later


def _wait_for_rest() -> None:
    """Return once the terminal keeps its size for a moment."""
    size = None
    while _size() != size:
        size = _size()
        time.sleep(PAUSE)


def _size() -> os.terminal_size | None:
    """The size of the terminal; None where output is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None


def _tell(count: int) -> None:
    from archcost.errors import COLOUR, PLAIN
    from archcost.render.exit import wants_colour, write_out

    style = COLOUR if wants_colour(sys.stdout) else PLAIN
    files = f"{count:,} file{'s' * (count != 1)}"
    write_out(f"\n{style['blue']}watching {files}: Ctrl-C ends{style['reset']}\n")
