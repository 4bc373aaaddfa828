"""Files that a person named: written at once where that may be, in place where it may not."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.files import MADE_UP, FileError, failed
from archcost.writing.places import make_way
from archcost.writing.unfinished import CREATE, unfinished_name, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        raise unwritten(error) from None
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
    temporary = os.path.join(folder, unfinished_name(name))
    try:
        descriptor = os.open(temporary, CREATE, 0o666)
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
