"""Where a file may be written, asked before there is anything to write; and folders and files to begin with."""

from __future__ import annotations

import os

from archcost.errors import UsageError
from archcost.files import CLOSED_IN_CHILDREN, FileError, failed
from archcost.writing.unfinished import DENIED, NO_FOLDER


def check_place(path: str, *, makes_way: bool = False, way_out: str = "") -> None:
    """Raise UsageError for a file that cannot be written as things stand, before there is anything to write.

    Nothing is opened or made, since a pipe may have the name. ``makes_way``: folders that are not there will be made.
    """
    real = os.path.realpath(path)
    held = real if os.path.exists(real) else os.path.dirname(real)
    while makes_way and not os.path.exists(held):
        held = os.path.dirname(held)
    if os.path.isdir(real):
        reason = "is a directory"
    elif not os.path.exists(held):
        reason = NO_FOLDER
    elif held != real and not os.path.isdir(held):
        reason = "not a directory"
    else:
        reason = "" if os.access(held, os.W_OK) else DENIED
    if reason:
        raise UsageError(f"cannot write {path}: {reason}", way_out)


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


def temporary_file(suffix: str) -> str:
    """The path of a new file that nobody else reads, in the folder for such; raises UsageError."""
    import tempfile

    try:
        descriptor, path = tempfile.mkstemp(prefix="archcost-", suffix=suffix)
    except OSError as error:
        raise UsageError(f"cannot write a temporary file: {failed(error).reason}") from None
    os.close(descriptor)
    return path


def nowhere() -> int:
    """A file descriptor that discards what is written to it and has nothing to read."""
    return os.open(os.devnull, os.O_RDWR | CLOSED_IN_CHILDREN)
