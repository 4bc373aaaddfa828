"""The one door for files: what archcost reads is opened here, what it writes in archcost.writing, nothing elsewhere.

Two kinds of names come to it.

- What a person writes on the command line is their own word: :func:`read_named` reads any text, and pipes that a shell
  hands over (``analyze <(…)``); :func:`archcost.writing.write_named` writes both. But a link on the way, which
  :func:`located` finds, may be one of a checkout, and a shell's ``*`` may have written its name: what it leads to is
  not to be trusted.
- What a spec, a configuration or a lock file names is not to be trusted. It goes through a :class:`Files`: the caller
  resolves the name once, links followed; decides with :func:`is_below` whether that location may be read; and has
  exactly that location opened. Only regular files are read, never pipes, devices or what the system makes up
  (``/proc``), and never more than the limit that the caller gives.

Where the platform can (Linux, :data:`WALKS`), :class:`Disk` opens a resolved location folder by folder and
follows no link on the way: a folder or file that is exchanged for a link after the check is an error, never a way out.
Elsewhere the location is resolved again after opening, and the open file compared with what stands there.
"""

# long: the one door: whoever checks what may be opened reads it all in one place

from __future__ import annotations

import os
import re
import stat
from codecs import BOM_UTF8
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PATH = 4096  # characters of a path, as Linux has it
_GITS_OWN = (".git", "git~1")
_PASSED_OVER = "[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"  # how a file begins that Git LFS has the content of
LFS_REASON = "git has only a pointer to it, and Git LFS the content"
MADE_UP = ("/proc/", "/sys/")  # what lies there says that it is a file, and is none
BINARY: int = getattr(os, "O_BINARY", 0)
CLOSED_IN_CHILDREN: int = getattr(os, "O_CLOEXEC", 0)
NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_QUIET: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # no pipe is waited for
_FOLDER: int = getattr(os, "O_PATH", 0) | getattr(os, "O_DIRECTORY", 0) | NO_FOLLOW | CLOSED_IN_CHILDREN
WALKS = hasattr(os, "O_PATH") and {os.open, os.stat, os.rename, os.unlink} <= os.supports_dir_fd
_NAMED = os.O_RDONLY | getattr(os, "O_NOCTTY", 0) | CLOSED_IN_CHILDREN | BINARY
_READ = os.O_RDONLY | NO_FOLLOW | _QUIET | CLOSED_IN_CHILDREN | BINARY
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link in a circle"),
)
_PIECE = 1 << 20  # bytes read at a time


class FileError(Exception):
    """A file cannot be opened: ``reason`` in lower case, to stand after "cannot read NAME:"; ``help`` a way out."""

    def __init__(self, reason: str, help: str = "") -> None:  # noqa: A002 - the word users see
        super().__init__(reason)
        self.reason = reason
        self.help = help


class MissingFileError(FileError):
    """There is no file of this name."""

    def __init__(self) -> None:
        super().__init__("there is no such file")


class TooLargeError(FileError):
    """A file holds more than is read of it."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file is larger than {limit >> 20} MiB")


def decoded(data: bytes, errors: str = "strict") -> str:
    """The text of a file in UTF-8, without the mark that some editors put before it; raises UnicodeDecodeError."""
    return data.removeprefix(BOM_UTF8).decode("utf-8", errors)


class Files(Protocol):
    """A tree of files that untrusted names are looked up in: the disk, or a revision of a repository."""

    def resolve(self, path: str) -> str:
        """The one location that a path leads to, all links followed, whether something is there or not.

        Raises FileError for what can be no path, and for what the tree does not reach.
        """
        ...

    def read(self, real: str, limit: int) -> bytes:
        """The content of the regular file at a location that :meth:`resolve` gave; follows no further link.

        Raises MissingFileError, and FileError for what is no regular file or holds more than ``limit`` bytes.
        """
        ...

    def names(self, folder: str, limit: int) -> list[str]:
        """At most ``limit`` names of what stands in a resolved folder, for suggestions; none if it is no folder."""
        ...


def is_below(real: str, root: str) -> bool:
    """Whether a resolved location is a resolved folder or lies in it; the empty root is a whole tree."""
    root = root.rstrip("/" + os.sep)
    return not root or real == root or real.startswith((f"{root}/", f"{root}{os.sep}"))


def in_gits_own(path: str) -> bool:
    """Whether a path leads through ``.git``, or through a name that some file system takes for it.

    Those are names in other cases, with blanks, dots or a stream behind them, with characters that macOS passes over,
    and the short name that Windows gives.
    """
    if path.isascii() and "git" not in path.casefold():
        return False
    names = re.sub(_PASSED_OVER, "", path).replace(os.sep, "/").split("/")
    plain = (name.partition(":")[0].rstrip(" .").casefold() for name in names)
    return any(name in _GITS_OWN for name in plain)


def refuse_gits_own(path: str) -> None:
    """Raise FileError for what lies in ``.git``: it holds secrets, and what commands git runs."""
    if in_gits_own(path):
        raise FileError("it lies in .git, which is git's own")


FileState = tuple[int, int, int] | None  # when it was written, its size, which file it is; None: there is none


def state_of(path: str) -> FileState:
    """What of a file changes when it is saved."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Opened:
    """The files that were read, or looked for, since somebody set ``seen``, each as it was before that."""

    seen: dict[str, FileState] | None = None


def _note(real: str) -> None:
    if Opened.seen is not None:
        Opened.seen[real] = state_of(real)


class Disk:
    """The file system, for names that are not to be trusted."""

    def resolve(self, path: str) -> str:
        """See Files."""
        if "\0" in path:
            raise FileError("the path holds a null character")
        if len(path) > MAX_PATH:
            raise FileError(f"the path is longer than {MAX_PATH:,} characters")
        try:
            return os.path.realpath(path)
        except RecursionError:
            raise FileError("too many levels of symbolic links") from None
        except OSError as error:  # the working directory is gone
            raise failed(error) from None
        except ValueError:  # lone surrogates that no file name can hold
            raise FileError("the path holds characters that no file name can") from None

    def read(self, real: str, limit: int) -> bytes:
        """See Files."""
        _note(real)
        if real.startswith(MADE_UP):
            raise FileError("it is not a file on a disk")
        refuse_gits_own(real)
        try:
            with opened_parent(real) as (folder, name):
                regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
                descriptor = os.open(name, _READ, dir_fd=folder)
            try:
                status = os.fstat(descriptor)
                regular(status)
                if folder is None:
                    _same(real, status)
                return _whole(descriptor, status.st_size, limit)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise failed(error) from None
        except ValueError:
            raise FileError("the path holds characters that no file name can") from None

    def names(self, folder: str, limit: int) -> list[str]:
        """See Files."""
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in islice(entries, limit)]
        except (OSError, ValueError):
            return []


DISK = Disk()


class Below:
    """The files of a tree that lie in one folder; ``what`` names it in messages: "the repository"."""

    def __init__(self, root: str, what: str, files: Files = DISK) -> None:
        self.root = files.resolve(root)
        self.what = what
        self._files = files

    def resolve(self, path: str) -> str:
        """See Files."""
        real = self._files.resolve(path)
        if not is_below(real, self.root):
            raise FileError(f"it is outside {self.what}")
        return real

    def read(self, real: str, limit: int) -> bytes:
        """See Files."""
        if not is_below(real, self.root):
            raise FileError(f"it is outside {self.what}")
        return self._files.read(real, limit)

    def names(self, folder: str, limit: int) -> list[str]:
        """See Files."""
        return self._files.names(folder, limit) if is_below(folder, self.root) else []


class Located(NamedTuple):
    """Where a name of the command line leads, and whether links are on the way."""

    real: str
    is_linked: bool


def located(path: str) -> Located:
    """The location of a file that a person named; raises FileError for what can be no path.

    What a shell hands over (``<(…)`` is ``/dev/fd/63``) is no link, nor are the folders of the system that are links
    (``/tmp`` of macOS).
    """
    if _is_handed_over(path):
        return Located(path, is_linked=False)
    real = DISK.resolve(path)
    written = os.path.normpath(os.path.join("" if os.path.isabs(path) else os.getcwd(), path)).split(os.sep)
    system = os.path.realpath(os.sep.join(written[:2]) or os.sep)
    return Located(real, is_linked=real != os.path.join(system, *written[2:]))


def _is_handed_over(path: str) -> bool:
    """Whether a path names an open file of this process: no checkout has such a path."""
    folder, _, number = path.rpartition("/")
    process = folder.removeprefix("/proc/").removesuffix("/fd")
    is_open = folder == "/dev/fd" or (folder == f"/proc/{process}/fd" and (process == "self" or process.isdecimal()))
    return path == "/dev/stdin" or (is_open and number.isdecimal())


def read_named(real: str, limit: int) -> bytes:
    """The content of a file that a person named, at a location that :func:`located` gave.

    Of pipes and devices only those are read that a shell handed over; no other link is followed any more. Raises as
    :meth:`Files.read`.
    """
    handed_over = _is_handed_over(real)
    _note(real)
    try:
        if handed_over:
            descriptor = os.open(real, _NAMED)
        else:
            with opened_parent(real) as (folder, name):
                descriptor = os.open(name, _NAMED | NO_FOLLOW | _QUIET, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise FileError("is a directory", "name its files: `folder/*.yaml`")
            if handed_over and not stat.S_ISREG(status.st_mode):
                return _read(descriptor, limit)
            regular(status)
            if os.path.realpath(real).startswith(MADE_UP):
                raise FileError("it is not a file on a disk")
            return _whole(descriptor, status.st_size, limit)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise failed(error) from None
    except ValueError as error:
        raise FileError(str(error)) from None


def read_system(path: str, length: int = 1 << 16) -> str:
    """The beginning of a file that the system makes up, and that archcost names itself; empty where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | CLOSED_IN_CHILDREN)
    except OSError:
        return ""
    try:
        return os.read(descriptor, length).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


@contextmanager
def opened_parent(real: str) -> Iterator[tuple[int | None, str]]:
    """The open folder of a resolved location, reached without following a link, and the name in it.

    On platforms that cannot: None, and the whole path.
    """
    if not WALKS:
        yield None, real
        return
    *folders, name = real.split(os.sep)[1:]
    descriptor = os.open(os.sep, _FOLDER)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name or "."
    finally:
        os.close(descriptor)


def regular(status: os.stat_result) -> os.stat_result:
    """The status of a regular file as it is; raises FileError, with what it is, for anything else."""
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise FileError(f"it is not a file but {kind}", "name each file of a folder" * (is_kind is stat.S_ISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise FileError("it is not a file")
    return status


def _same(real: str, status: os.stat_result) -> None:
    """Raise FileError unless an open file is what stands at the location, and no link leads elsewhere by now."""
    if os.path.realpath(real) != real or not os.path.samestat(status, os.lstat(real)):
        raise FileError("it was replaced while it was being opened")


def _whole(descriptor: int, size: int, limit: int) -> bytes:
    """The content of a regular file, which holds as much as its size says."""
    if size > limit:
        raise TooLargeError(limit)
    data = _read(descriptor, limit)
    if len(data) > size:
        raise FileError("it grew while it was read")
    return data


def _read(descriptor: int, limit: int) -> bytes:
    pieces = []
    length = 0
    while piece := os.read(descriptor, min(_PIECE, limit + 1 - length)):
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            raise TooLargeError(limit)
    return b"".join(pieces)


def failed(error: OSError) -> FileError:
    """What the system says of a file, as a FileError."""
    if isinstance(error, FileNotFoundError):
        return MissingFileError()
    return FileError((error.strerror or str(error)).lower())
