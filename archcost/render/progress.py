"""A progress bar on standard error, only for long work and only where someone watches."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
_PATIENCE_SECONDS = 0.5


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield the items; after half a second of work on a terminal, show a bar."""
    if len(items) < 2 or not sys.stderr.isatty():  # noqa: PLR2004 - one item has no progress
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

    from archcost.render.console import make_console

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=make_console(sys.stderr), transient=True) as bar:
        task = bar.add_task(what, completed=done, total=total)
        for item in rest:
            yield item
            bar.advance(task)


@contextmanager
def spinner(what: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error that tells what is being done; yields a function that takes the words."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from archcost.render.console import make_console

    with make_console(sys.stderr).status(what) as status:
        yield lambda words: status.update(f"{what} {words}")
