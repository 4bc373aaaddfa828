"""A progress bar on standard error, only for long work and only where someone watches."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from archcost.printable import visible
from archcost.render.exit import encoding_of, is_terminal, terminal_width, wants_colour, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.render.safe_console import Console

T = TypeVar("T")
_PATIENCE_SECONDS = 0.5
_LONG_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_OF_SPINNER = 3  # cells: its sign, a blank, and the last one of the line, which some terminals break behind


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield the items; after half a second of work on a terminal, show a bar."""
    if len(items) < 2 or not is_terminal(sys.stderr):  # noqa: PLR2004 - one item has no progress
        yield from items
        return
    started = time.monotonic()
    iterator = iter(enumerate(items))
    for index, item in iterator:
        yield item
        if time.monotonic() - started > _PATIENCE_SECONDS:
            yield from _with_bar([rest for _, rest in iterator], index + 1, len(items), what)
            return


def _with_bar(rest: list[T], done: int, total: int, what: str) -> Iterator[T]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_terminal(), transient=True) as bar:
        task = bar.add_task(what, completed=done, total=total)
        for item in rest:
            yield item
            bar.advance(task)


@contextmanager
def spinner(what: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error that tells what is being done; yields a function that takes the words."""
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    from rich.text import Text  # in which nothing is markup, as it would be in a string

    terminal = _terminal()
    with terminal.status(Text(_in_a_line(what, "", terminal))) as status:
        yield lambda words: status.update(Text(_in_a_line(what, words, terminal)))


def _in_a_line(what: str, words: str, terminal: Console) -> str:
    """``what words`` as far as a line has room: what it is about is cut before what is done to it."""
    from rich.cells import cell_len, set_cell_size

    what, words, room = visible(what), visible(words), terminal.width - _OF_SPINNER
    left = room - cell_len(words) - 1 if words else room
    if cell_len(what) > left:
        what = set_cell_size(what, max(0, left - 1)).rstrip() + terminal.cut_mark
    line = f"{what} {words}".rstrip()
    return set_cell_size(line, room) if cell_len(line) > room else line


@contextmanager
def patient_spinner(what: str) -> Iterator[Callable[[str], None]]:
    """The same for work that is mostly short: the line is there after a second, until the work is done."""
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    from threading import Event, Thread

    said, done = [what], Event()

    def show() -> None:
        if done.wait(_LONG_SECONDS):
            return
        with spinner(what) as say:
            while True:
                say(said[0])
                if done.wait(_PAUSE_SECONDS):
                    return

    shower = Thread(target=show, daemon=True)
    shower.start()
    try:
        yield lambda words: said.__setitem__(0, words)
    finally:
        done.set()
        shower.join()


def _terminal() -> Console:
    """A console that may move the cursor of standard error."""
    from archcost.render.console import make_console

    stream = watched(sys.stderr)
    return make_console(stream, width=terminal_width(stream), colour=wants_colour(stream), encoding=encoding_of(stream))


@contextmanager
def rows_progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal with rows a second and the time left; yields a function that takes further rows."""
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    speed = TextColumn("{task.fields[rate]}", markup=False)
    columns = (BarColumn(), TaskProgressColumn(), speed, TimeRemainingColumn(compact=True))
    started = time.monotonic()
    with Progress(*columns, console=_terminal(), transient=True) as bar:
        task = bar.add_task("rows", total=total, rate="")
        done = first = 0

        def tick(rows: int) -> None:
            nonlocal done, first
            if not done:
                first = rows  # those that were there: no work of this run
            done += rows
            seconds = time.monotonic() - started
            rate = f"{(done - first) / seconds:,.0f} rows/s" if seconds and done > first else ""
            bar.update(task, advance=rows, rate=rate)

        yield tick
