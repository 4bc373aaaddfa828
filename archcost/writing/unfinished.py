"""Files that are not whole yet: what they are called and how they are made; and why one cannot be."""

from __future__ import annotations

import os

from archcost.files import BINARY, CLOSED_IN_CHILDREN, NO_FOLLOW, FileError, failed

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | CLOSED_IN_CHILDREN | BINARY
UNFINISHED = ".tmp"  # how files end that are not whole yet
DENIED = "permission denied"  # as the system says it
NO_FOLDER = "there is no such folder"


def unfinished_name(name: str) -> str:
    """A new name for a file while it is not whole."""
    return f".{name[:100]}.{os.urandom(8).hex()}{UNFINISHED}"


def is_unfinished(name: str, of: str) -> bool:
    """Whether a name is that of a file that was to become another, of a process that was killed at it or is at work."""
    return name.startswith(f".{of[:100]}.") and name.endswith(UNFINISHED)


def unwritten(error: OSError) -> FileError:
    """Why a file cannot be written, as a FileError."""
    return FileError(NO_FOLDER) if isinstance(error, FileNotFoundError) else failed(error)
