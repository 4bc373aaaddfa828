"""Files that are written at once or not at all, safe against loss of power."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from archcost.files import (
    CLOSED_IN_CHILDREN,
    DISK,
    MADE_UP,
    FileError,
    MissingFileError,
    TooLargeError,
    is_below,
    opened_parent,
    refuse_gits_own,
    regular,
)
from archcost.writing.unfinished import CREATE, DENIED, unfinished_name, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20  # bytes that are read at a time


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
        raise FileError(DENIED)
    try:
        with opened_parent(real) as (folder, name):
            _replace(folder, name, data)
    except OSError as error:
        raise unwritten(error) from None
    except ValueError:
        raise FileError("the path holds characters that no file name can") from None
    return True


def _replace(folder: int | None, name: str, data: bytes) -> None:
    head, tail = os.path.split(name)
    temporary = os.path.join(head, unfinished_name(tail))
    try:
        mode = stat.S_IMODE(regular(os.stat(name, dir_fd=folder, follow_symlinks=False)).st_mode)
    except FileNotFoundError:
        mode = None
    descriptor = os.open(temporary, CREATE, 0o666 if mode is None else 0o600, dir_fd=folder)
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
    temporary = os.path.join(aside or folder, unfinished_name(name))
    try:
        descriptor = os.open(temporary, CREATE, 0o666)
    except OSError as error:
        raise unwritten(error) from None
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


def hash_of(path: str) -> tuple[int, str]:
    """The size and the SHA-256 of a file; raises OSError."""
    from hashlib import sha256

    digest, size = sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
