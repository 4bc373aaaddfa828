"""The one exit: all text leaves through here, to standard output, to standard error or to a file.

What leaves is harmless (see :mod:`archcost.printable`) and fits the encoding of where it goes, as its format asks
(see :mod:`archcost.render.glyphs`). A reader that has left and a stream that was closed change nothing: the exit code
tells the verdict, not who listened. A device that is full is an error on standard output, and nothing that could be
told on standard error.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, TextIO, cast

from archcost.errors import UsageError
from archcost.printable import harmless, without_colours

if TYPE_CHECKING:
    from collections.abc import Iterator

Text = str | Iterable[str]  # whole, or in pieces that are made while they are written
PIPED_WIDTH = 10_000
PART = 2**17  # characters of long text that leave at a time
_LEFT = (errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN)
_SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")
_COMMANDS = "github"  # the format in which lines may be commands
_EXACT = ("python", "yaml")  # formats that are read by programs, and whose values their generator makes safe
_MOST_DIGITS = 4  # of a width that any terminal has


def write_out(text: Text, format: str = "text") -> None:  # noqa: A002 - as the option
    """Print text of a format to standard output; raises UsageError if it is full."""
    try:
        _write(sys.stdout, text, format)
    except OSError as error:
        _silence(sys.stdout)
        if error.errno not in _LEFT:
            reason = error.strerror or error
            raise UsageError(f"cannot write to standard output: {reason}") from None


def write_error(text: str) -> None:
    """Print to standard error; where that cannot be, the exit code says what there is to say."""
    out = sys.stdout
    if isinstance(out, _Guarded):
        out.end = ""
    try:
        _write(sys.stderr, text, "text")
    except OSError:
        _silence(sys.stderr)


def error_gap() -> str:
    """What sets a text on standard error apart from one on standard output that is right above it: an empty line."""
    out, err = sys.stdout, sys.stderr
    if not isinstance(out, _Guarded) or out.end in ("", "\n\n"):
        return ""
    return "\n" if _same_place(out.stream, err.stream if isinstance(err, _Guarded) else err) else ""


def _same_place(one: IO[str] | None, other: IO[str] | None) -> bool:
    """Whether two streams lead to the same terminal, pipe or file."""
    try:
        return one is not None and other is not None and os.path.sameopenfile(one.fileno(), other.fileno())
    except (OSError, ValueError):
        return False


def write_file(text: Text, path: str, format: str, *, append: bool = False) -> None:  # noqa: A002 - as the option
    """Write text of a format to a file, or append it, as UTF-8; raises UsageError where that cannot be.

    A program, or a spec, goes to a regular file exactly as it was generated: nobody reads commands from there, and a
    guard that rewrites it would change what it says. A pipe or device may be a log.
    """
    from archcost.files import FileError
    from archcost.writing import write_named

    try:
        exact = format in _EXACT and not _is_stream(path)
        texts = _in_lines(text)
        if not exact:
            texts = (harmless(part, commands=format == _COMMANDS) for part in texts)
        write_named(path, texts, append=append)
    except FileError as error:
        raise UsageError(f"cannot write {path}: {error.reason}") from None


def _is_stream(path: str) -> bool:
    """Whether a path is a pipe, a device, or an open file of this process, which may be a log."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):
        return True
    return os.path.exists(path) and not os.path.isfile(path)


def _in_lines(text: Text) -> Iterator[str]:
    """Text in parts of whole lines: what is harmless is judged line by line."""
    if isinstance(text, str):
        yield text
        return
    held: list[str] = []
    size = 0
    for piece in text:
        held.append(piece)
        size += len(piece)
        if size >= PART and "\n" in piece:
            whole, end, rest = "".join(held).rpartition("\n")
            held, size = [rest], len(rest)
            if end:
                yield whole + end
    yield "".join(held)


def _write(stream: IO[str] | None, text: Text, format: str) -> None:  # noqa: A002 - as the option
    guard, stream = (stream, stream.stream) if isinstance(stream, _Guarded) else (None, stream)
    if stream is None:
        return
    for part in _in_lines(text):
        _write_part(stream, part, format)
        if guard is not None:
            guard.end = (guard.end + part[-2:])[-2:]


def _write_part(stream: IO[str], text: str, format: str) -> None:  # noqa: A002 - as the option
    colour, commands = wants_colour(stream), format == _COMMANDS
    text = harmless(text, colour=colour, commands=commands)
    if not text.isascii():
        from archcost.render.glyphs import encodable

        # once more, because signs that are like others can make a command of what was none
        text = harmless(encodable(text, encoding_of(stream), format), colour=colour, commands=commands)
    try:
        stream.write(text)
        stream.flush()
    except UnicodeError:  # of a codec that is for something else, such as names of hosts
        buffer = getattr(stream, "buffer", None)
        if buffer is not None:
            buffer.write(text.encode("ascii", "backslashreplace"))
            buffer.flush()
    except ValueError as error:  # closed by someone
        raise OSError(errno.EPIPE, str(error)) from None


def _silence(stream: IO[str] | None) -> None:
    """Send the rest to nowhere: what is still held for the stream then ends quietly with the interpreter."""
    try:
        if stream is not None:
            from archcost.writing import nowhere

            descriptor = nowhere()
            os.dup2(descriptor, stream.fileno())
            os.close(descriptor)
    except (OSError, ValueError):  # no stream of the system
        return


# --- what the streams are ---------------------------------------------------------------------------------------------


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether someone watches."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def encoding_of(stream: IO[str] | None) -> str:
    """The encoding of a stream; UTF-8 for what has none."""
    return getattr(stream, "encoding", None) or "utf-8"


def wants_colour(stream: IO[str] | None) -> bool:
    """NO_COLOR wins over FORCE_COLOR, which wins over what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def terminal_width(stream: IO[str] | None) -> int:
    """COLUMNS if it is a number, the terminal's width, or no limit for pipes and files; at most PIPED_WIDTH."""
    columns = _size(os.environ.get("COLUMNS", ""))
    if columns:
        return columns
    if stream is not None and is_terminal(stream):
        try:
            return min(os.get_terminal_size(stream.fileno()).columns, PIPED_WIDTH) or 80
        except (OSError, ValueError):
            return 80
    return PIPED_WIDTH


def _size(text: str) -> int:
    """A number of columns or lines; 0 for what is none."""
    if not (text.isascii() and text.isdigit()):
        return 0
    digits = text.lstrip("0")
    return PIPED_WIDTH if len(digits) > _MOST_DIGITS else int(digits or "0")


# --- the whole process ------------------------------------------------------------------------------------------------


class _Guarded(io.TextIOBase):
    """Standard output or error for code that is not archcost's, such as the help page: the same exit."""

    def __init__(self, stream: IO[str] | None, *, error: bool) -> None:
        self.stream = stream
        self.end = ""  # the last two characters; none where something else has been told since
        self._error = error

    @property
    def encoding(self) -> str:  # type: ignore[override]  # of the stream, and not to be set
        return encoding_of(self.stream)

    def write(self, text: str) -> int:
        if isinstance(text, bytes):  # by which click asks whether this is a stream of bytes
            raise TypeError("this is a stream of text")
        if not wants_colour(self.stream):
            text = without_colours(text)
        if self._error:
            write_error(text)
        else:
            write_out(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return is_terminal(self.stream)

    def fileno(self) -> int:
        if self.stream is None:
            raise io.UnsupportedOperation("fileno")
        return self.stream.fileno()


class _Watched(_Guarded):
    """A terminal whose cursor may be moved; what cannot be shown there is left out, because it is only a bar."""

    def write(self, text: str) -> int:
        from archcost.render.glyphs import fitted

        if self.stream is not None:
            with suppress(OSError, ValueError):  # gone, closed, or of a codec that is for something else
                self.stream.write(fitted(text, self.encoding))
        return len(text)

    def flush(self) -> None:
        if self.stream is not None:
            with suppress(OSError, ValueError):
                self.stream.flush()


def watched(stream: TextIO) -> IO[str]:
    """The terminal itself, for a bar that moves its cursor; whatever it shows has to be visible."""
    inner = stream.stream if isinstance(stream, _Guarded) else stream
    return cast("IO[str]", _Watched(inner, error=True))


@contextmanager
def guarded() -> Iterator[None]:
    """All that is printed meanwhile, by whatever code, leaves through here; odd sizes of the terminal are ignored."""
    _open_descriptors()
    for name in _SIZES:
        if name in os.environ:
            size = _size(os.environ.pop(name))
            if size:
                os.environ[name] = str(size)
    before = sys.stdin, sys.stdout, sys.stderr
    if before[0] is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())  # closed: nothing comes
    sys.stdout = cast("TextIO", _Guarded(before[1], error=False))
    sys.stderr = cast("TextIO", _Guarded(before[2], error=True))
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _open_descriptors() -> None:
    """Descriptors that were closed lead to nowhere, so that no file that is opened later takes their place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            from archcost.writing import nowhere

            nowhere()
