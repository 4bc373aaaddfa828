"""Globs over posix paths, with ``!`` for exceptions: the last one that matches decides."""

from __future__ import annotations

import os
from errno import ELOOP
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.files import DISK, FileError, MissingFileError, failed, in_gits_own, is_below, refuse_gits_own
from archcost.patterns import MAX_LENGTH, compiled, is_literal
from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 100  # characters of a path in a message
MAX_ENTRIES = 300_000  # files and folders that the globs of a configuration may look at
MAX_LETTERS = 10_000_000  # characters of paths that they may compare
_HINT = "name the folders that hold specs: `specs/*.yaml`"


def selects(globs: Sequence[str], path: str) -> bool:
    """Whether a path is chosen; globs that are all exceptions choose everything else."""
    chosen = all(glob.startswith("!") for glob in globs)
    for glob in globs:
        if matches(glob.removeprefix("!"), path):
            chosen = not glob.startswith("!")
    return chosen


def matches(glob: str, path: str) -> bool:
    """``*``, ``?`` and ``[…]`` stay within a folder, ``**/`` spans any number of folders."""
    glob = glob.removeprefix("./")
    return glob == path if is_literal(glob) else compiled(glob, "/").matches(path)


def normal(glob: str) -> str:
    """A glob without what changes nothing: doubled slashes, and folders that are ``.``."""
    sign, rest = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    return sign + "/" * rest.startswith("/") + "/".join(part for part in rest.split("/") if part not in ("", "."))


def unreadable(glob: str) -> str:
    """What is wrong with the text of a glob; empty if nothing is."""
    if len(glob) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH:,} characters"
    return "" if glob.isprintable() else "holds control characters"


def names_nothing(glob: str) -> str:
    """Why a glob fits no path of a spec, which is relative to the configuration; empty if it may fit one."""
    if os.path.isabs(glob) or glob.startswith(("/", "~")):
        return "is not relative to the configuration"
    if in_gits_own(glob):
        return "looks into .git, which is git's own"
    parts = glob.split("/")
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    return "goes up after a folder: `..` may only begin a glob" if ".." in parts[up:] else ""


def leads_out(glob: str, folder: str, root: str) -> str:
    """Why a glob may not look for files below a folder of a repository; empty if it may."""
    reason = names_nothing(glob)
    if reason:
        return reason
    parts = glob.split("/")
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    if not is_below(DISK.resolve(os.path.join(folder, *parts[:up])), root):
        return "leads out of the repository"
    return ""


class GlobError(Exception):
    """A glob finds what it must not, or not what it must: its number, the reason, and what would help."""

    def __init__(self, number: int, error: FileError) -> None:
        super().__init__(error.reason)
        self.number = number
        self.reason = error.reason
        self.help = error.help


def expand(globs: Sequence[str], folder: str, root: str | None = None) -> list[str]:
    """The files that the globs choose, as posix paths relative to a folder, sorted.

    Links are followed, but never out of the root, which is the folder by default. Raises GlobError for a path without
    wildcards that leads to no file or out of the root, for a glob that matches nothing, and where there is something
    that cannot be looked at, or too much.
    """
    search = _Search(folder, DISK.resolve(folder if root is None else root))
    found: set[str] = set()
    for number, glob in enumerate(globs):
        if not glob.startswith("!"):
            try:
                matched = {os.path.normpath(path).replace(os.sep, "/") for path in search.files(glob)}
                if not matched:
                    raise FileError("no file matches it")  # noqa: TRY301 - as what the search raises
            except FileError as error:
                raise GlobError(number, error) from None
            found |= matched
    return sorted(path for path in found if search.selects(globs, path))


def named_files(glob: str) -> list[str]:
    """The files that a glob of a command line matches, wherever they lie, sorted.

    Raises FileError where there is something that cannot be looked at, or too much.
    """
    if len(glob) > MAX_LENGTH:
        raise FileError(f"it is longer than {MAX_LENGTH:,} characters")
    return sorted(set(_Search("", "").files(glob.replace(os.sep, "/"))))


class _Folder(NamedTuple):
    """A folder to search: its path, the part of the glob to search it for, and the folders that were left by links."""

    path: str
    part: int
    left: tuple[str, ...] = ()


class _Search:
    """Looks for files below a folder, and counts what it looks at."""

    def __init__(self, folder: str, root: str) -> None:
        self.folder = folder
        self.root = root
        self.looked = 0
        self.letters = 0

    def selects(self, globs: Sequence[str], path: str) -> bool:
        """As :func:`selects`, once the work is counted; raises GlobError at the last glob where it is too much."""
        try:
            self._compare(len(path) * len(globs))
        except FileError as error:
            raise GlobError(len(globs) - 1, error) from None
        return selects(globs, path)

    def files(self, glob: str) -> Iterator[str]:
        """The paths of what is no folder."""
        parts = glob.split("/")
        if is_literal(glob):
            yield from self._literal(glob)
            return
        fixed = next(index for index, part in enumerate(parts) if not is_literal(part))
        start = "/".join(parts[:fixed]) or "/" * glob.startswith("/")
        self._below(start)
        waiting = [_Folder(start, fixed)]
        seen: set[tuple[str, int]] = set()  # `**/*/**` comes to a folder on several ways
        while waiting:
            folder = waiting.pop()
            if folder[:2] not in seen:
                seen.add(folder[:2])
                yield from self._entries(folder, parts, waiting)

    def _literal(self, glob: str) -> Iterator[str]:
        self._count()
        self._below(glob)
        place = os.path.join(self.folder, glob)
        if not os.path.lexists(place):
            raise MissingFileError
        if os.path.isdir(place):
            raise FileError("it is a folder", f"name its files: `{glob}/*.yaml`")
        yield glob

    def _below(self, path: str) -> None:
        real = DISK.resolve(os.path.join(self.folder, path))
        if not is_below(real, self.root):
            raise FileError("it leads out of the repository")
        if self.root:  # which only a configuration has
            refuse_gits_own(real)

    def _entries(self, folder: _Folder, parts: list[str], waiting: list[_Folder]) -> Iterator[str]:
        """Search one folder for its part of a glob; what lies deeper is put off."""
        part, is_last = parts[folder.part], folder.part == len(parts) - 1
        deep = part == "**"
        if deep and not is_last:
            waiting.append(folder._replace(part=folder.part + 1))
        pattern = compiled("*" if deep else part, "/")
        for name, entry in self._scan(folder.path):
            self._compare(len(name))
            path = f"{folder.path.rstrip('/')}/{name}" if folder.path else name
            if (name.startswith(".") and not part.startswith(".")) or not pattern.matches(name) or in_gits_own(name):
                continue
            if not _is_folder(entry, path):
                if is_last:
                    yield path
            elif deep or not is_last:
                inner = _Folder(path, folder.part if deep else folder.part + 1, folder.left)
                waiting += self._behind_link(folder, inner) if entry.is_symlink() else [inner]

    def _behind_link(self, folder: _Folder, inner: _Folder) -> list[_Folder]:
        """The folder that a link leads to, unless it is outside of the root, or one that the way there came through."""
        real, target = (DISK.resolve(os.path.join(self.folder, place.path)) for place in (folder, inner))
        left = (*folder.left, real)
        is_circle = any(is_below(place, target) for place in left)
        leads_out = in_gits_own(target) or not is_below(target, self.root)
        return [] if is_circle or leads_out else [inner._replace(left=left)]

    def _scan(self, path: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            with os.scandir(os.path.join(self.folder, path) or ".") as entries:
                for entry in entries:
                    self._count()
                    yield entry.name, entry
        except (FileNotFoundError, NotADirectoryError):  # nothing is there that a glob could match
            return
        except OSError as error:
            raise _hidden(path, error) from None

    def _count(self) -> None:
        self.looked += 1
        if self.looked > MAX_ENTRIES:
            raise FileError(f"there are more than {MAX_ENTRIES:,} files to look at", _HINT)

    def _compare(self, letters: int) -> None:
        self.letters += letters
        if self.letters > MAX_LETTERS:
            raise FileError(f"there are more than {MAX_LETTERS:,} characters of paths to compare", _HINT)


def _is_folder(entry: os.DirEntry[str], path: str) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == ELOOP:  # a link in a circle
            return False
        raise _hidden(path, error) from None


def _hidden(path: str, error: OSError) -> FileError:
    """What could hold specs and cannot be looked at: leaving it out would leave them unjudged."""
    shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"
    return FileError(
        f"cannot look into '{visible(shown)}': {failed(error).reason}",
        "leave that folder out, or name the files",
    )


def required_files(name: str) -> list[str]:
    """The files of a glob that a person named; one that is called like it is among them. Raises UsageError for none."""
    try:
        found = named_files(name)
    except FileError as error:
        raise UsageError(f"cannot look for '{name}': {error.reason}", error.help) from None
    if os.path.lexists(name) and name not in found:
        found.append(name)
    if not found:
        raise UsageError(f"no file matches '{name}'")
    return found
