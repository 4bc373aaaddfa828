"""All files that archcost writes: to a name that a person gave, or atomically and below a folder."""

# long: every way in which a file is written, and what each leaves where it is interrupted
from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.files import (
    BINARY,
    CLOSED_IN_CHILDREN,
    DISK,
    MADE_UP,
    NO_FOLLOW,
    FileError,
    MissingFileError,
    TooLargeError,
    failed,
    is_below,
    opened_parent,
    refuse_gits_own,
    regular,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | CLOSED_IN_CHILDREN | BINARY
_PATIENCE = 60.0  # seconds that a writer waits for another
_BLOCK = 1 << 20  # bytes that are read at a time
_DENIED = "permission denied"  # as the system says it
_NO_FOLDER = "there is no such folder"
_PAUSE = 0.02  # seconds between two tries
UNFINISHED = ".tmp"  # how files end that are not whole yet


def write_named(path: str, texts: Iterable[str], *, append: bool = False) -> None:
    """Write texts, one after the other, to a file, pipe or device that a person named; raises FileError.

    A file has its new text at once or not at all, wherever its folder takes another one beside it: whoever interrupts
    this, or has no room left on the disk, still has the old one.
    """
    try:
        whole = None if append else _beside_what_is_there(path)
        if whole is not None:
            _fill(whole, texts)
            return
        with open(path, "a" if append else "w", encoding="utf-8", newline="\n") as file:
            file.writelines(texts)
    except OSError as error:
        raise _unwritten(error) from None
    except ValueError as error:
        raise FileError(str(error)) from None


class _Unfinished(NamedTuple):
    """A file that is to take the place of another one, or a name that is free, once it is written."""

    descriptor: int
    path: str
    real: str


def _beside_what_is_there(path: str) -> _Unfinished | None:
    """A file that may take the place of the one that a person named, with its mode and owner; None where none may.

    It may not where something else than a file has the name, or a file with several names, or one that is not to be
    written; nor where the folder takes no further file.
    """
    real = os.path.realpath(path)
    if real.startswith((*MADE_UP, "/dev/")):
        return None
    try:
        there = os.stat(real)
    except FileNotFoundError:
        there = None
    if there is not None and not (stat.S_ISREG(there.st_mode) and there.st_nlink == 1 and os.access(real, os.W_OK)):
        return None
    folder, name = os.path.split(real)
    temporary = os.path.join(folder, _unfinished_name(name))
    try:
        descriptor = os.open(temporary, _CREATE, 0o666)
    except OSError:
        return None
    if there is not None and hasattr(os, "fchmod"):
        with suppress(OSError):
            os.fchown(descriptor, there.st_uid, there.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
    return _Unfinished(descriptor, temporary, real)


def _fill(whole: _Unfinished, texts: Iterable[str]) -> None:
    try:
        with open(whole.descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(texts)
        os.replace(whole.path, whole.real)
    except BaseException:
        with suppress(OSError):
            os.unlink(whole.path)
        raise


def write_new(path: str, text: str, *, over: bool = False) -> None:
    """Write a file that is not there yet, or ``over`` one that is, with the folders it is in; raises UsageError."""
    make_way(path)
    try:
        if over:
            write_named(path, [text])
            return
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileError as error:
        raise UsageError(f"cannot write {path}: {error.reason}") from None
    except FileExistsError:
        raise UsageError(f"{path} is there already", "give another name") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {failed(error).reason}") from None
    except ValueError as error:
        raise UsageError(f"cannot write {path}: {error}") from None


def temporary_file(suffix: str) -> str:
    """The path of a new file that nobody else reads, in the folder for such; raises UsageError."""
    import tempfile

    try:
        descriptor, path = tempfile.mkstemp(prefix="archcost-", suffix=suffix)
    except OSError as error:
        raise UsageError(f"cannot write a temporary file: {failed(error).reason}") from None
    os.close(descriptor)
    return path


def check_writable(path: str) -> None:
    """Raise UsageError for a file that cannot be written, before there is anything to write; makes its folders.

    A file that is there is left as it is, and none is left where there was none.
    """
    make_way(path)
    is_new = not os.path.lexists(path)
    try:
        with open(path, "x" if is_new else "a", encoding="utf-8"):
            pass
        if is_new:
            os.unlink(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {failed(error).reason}", "give another name: `-o FILE`") from None


def check_place(path: str, *, makes_way: bool = False) -> None:
    """Raise UsageError for a file that cannot be written as things stand, before there is anything to write.

    Nothing is opened, since a pipe may have the name. ``makes_way``: a folder that is not there will be made.
    """
    real = os.path.realpath(path)
    held = real if os.path.exists(real) else os.path.dirname(real)
    if os.path.isdir(real):
        reason = "is a directory"
    elif not os.path.exists(held):
        reason = "" if makes_way else _NO_FOLDER
    else:
        reason = "" if os.access(held, os.W_OK) else _DENIED
    if reason:
        raise UsageError(f"cannot write {path}: {reason}")


def make_way(path: str) -> None:
    """Make the folder that a file is to be in, with those around it; raises UsageError."""
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {failed(error).reason}") from None
    except ValueError as error:
        raise UsageError(f"cannot write {path}: {error}") from None


def make_folder(path: str) -> None:
    """Make a folder that only its owner reads, with those around it, unless it is there; raises FileError."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        raise failed(error) from None
    except ValueError as error:
        raise FileError(str(error)) from None


def _unwritten(error: OSError) -> FileError:
    return FileError(_NO_FOLDER) if isinstance(error, FileNotFoundError) else failed(error)


def nowhere() -> int:
    """A file descriptor that discards what is written to it and has nothing to read."""
    return os.open(os.devnull, os.O_RDWR | CLOSED_IN_CHILDREN)


def write_whole(path: str, text: str, root: str | None = None) -> bool:
    """Write a file at once or not at all, safe against loss of power; returns whether it changed.

    Links are followed first; what they lead to must be a regular file, or nothing yet, below ``root`` (None: anywhere).
    A file that was there lends its mode, and one that is not to be written is left. Raises FileError, and leaves
    nothing behind.
    """
    real = DISK.resolve(path)
    if root is not None and not is_below(real, DISK.resolve(root)):
        raise FileError("it is outside the repository")
    if real.startswith(MADE_UP):
        raise FileError("it is not a file on a disk")
    refuse_gits_own(real)
    data = text.encode()
    is_there = True
    try:
        if DISK.read(real, len(data)) == data:
            return False
    except MissingFileError:
        is_there = False
    except TooLargeError:
        pass
    if is_there and not os.access(real, os.W_OK):  # its folder would let another one take its place
        raise FileError(_DENIED)
    try:
        with opened_parent(real) as (folder, name):
            _replace(folder, name, data)
    except OSError as error:
        raise _unwritten(error) from None
    except ValueError:
        raise FileError("the path holds characters that no file name can") from None
    return True


def _unfinished_name(name: str) -> str:
    """A new name for a file while it is not whole."""
    return f".{name[:100]}.{os.urandom(8).hex()}{UNFINISHED}"


def is_unfinished(name: str, of: str) -> bool:
    """Whether a name is that of a file that was to become another, of a process that was killed at it or is at work."""
    return name.startswith(f".{of[:100]}.") and name.endswith(UNFINISHED)


def _replace(folder: int | None, name: str, data: bytes) -> None:
    head, tail = os.path.split(name)
    temporary = os.path.join(head, _unfinished_name(tail))
    try:
        mode = stat.S_IMODE(regular(os.stat(name, dir_fd=folder, follow_symlinks=False)).st_mode)
    except FileNotFoundError:
        mode = None
    descriptor = os.open(temporary, _CREATE, 0o666 if mode is None else 0o600, dir_fd=folder)
    try:
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(data)
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
    if folder is not None:
        listing = os.open(".", os.O_RDONLY | CLOSED_IN_CHILDREN, dir_fd=folder)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)


@contextmanager
def whole_file(path: str, aside: str | None = None) -> Iterator[IO[bytes]]:
    """A file to write to that has its name only once the body has written all of it, safe against loss of power.

    Until then it is in the folder ``aside``, which is on the same disk, or a hidden file beside what it will be; if the
    body fails, nothing stays. Raises FileError if it cannot be opened or renamed; what fails in the body is the body's.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(aside or folder, _unfinished_name(name))
    try:
        descriptor = os.open(temporary, _CREATE, 0o666)
    except OSError as error:
        raise _unwritten(error) from None
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Have the names in a folder on the disk, where the platform opens folders."""
    with suppress(OSError):
        listing = os.open(folder, os.O_RDONLY | CLOSED_IN_CHILDREN)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)


@contextmanager
def alone(path: str, patience: float | None = None) -> Iterator[None]:
    """Keep other writers of a file out while the body reads, changes and writes it.

    The folder of the file is locked, which leaves no file behind and ends with the process; where the platform or the
    file system has no such lock, a file beside it stands for it. Raises FileError if another writer stays for longer
    than the patience, in seconds: a minute, if none is given.
    """
    import time

    real = DISK.resolve(path)
    end = time.monotonic() + (_PATIENCE if patience is None else patience)
    try:
        while (release := _try_lock(real)) is None:
            if time.monotonic() > end:
                raise FileError("another process is writing it", f"if none is, delete {_beside(path)}")
            time.sleep(_PAUSE)
    except OSError as error:
        raise _unwritten(error) from None
    try:
        yield
    finally:
        release()


def _try_lock(real: str) -> Callable[[], None] | None:
    """Lock a file for writing; how it is released, or None while another process has it."""
    folder = os.path.dirname(real)
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY | CLOSED_IN_CHILDREN)
    except ImportError:
        return _try_lock_file(_beside(real))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system that locks no folders
        os.close(descriptor)
        return _try_lock_file(_beside(real))
    return lambda: os.close(descriptor)


def _try_lock_file(path: str) -> Callable[[], None] | None:
    try:
        os.close(os.open(path, _CREATE, 0o600))
    except FileExistsError:
        return None
    return lambda: os.unlink(path)


def _beside(path: str) -> str:
    return f"{path}.lock"


def hash_of(path: str) -> tuple[int, str]:
    """The size and the SHA-256 of a file; raises OSError."""
    from hashlib import sha256

    digest, size = sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
