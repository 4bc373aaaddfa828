"""Specs at a git revision: ``main:specs/net.yaml``.

They are read from git's objects. What a spec includes or extends is read at the revision as well, links are followed
inside of its tree, and what is not below the root of the repository is in no revision. Messages name the revision and
the path from the root.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from archcost import git, model_zoo
from archcost.errors import UsageError
from archcost.files import LFS_POINTER, LFS_REASON, MAX_PATH, FileError, MissingFileError
from archcost.spec.loader import itself, load_from
from archcost.written_paths import written_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from archcost.spec.loader import Translate
    from archcost.spec.model import Spec

    Read = Callable[["Revision", str], Spec]  # of a revision, and a path from its root

_MAX_HOPS = 40  # symbolic links on the way to a file, as Linux allows


class OutsideError(FileError):
    """A path does not lead to a file of the repository."""

    def __init__(self) -> None:
        super().__init__("it is outside the repository")


def split_revision(name: str) -> tuple[str, str] | None:
    """``("main", "specs/net.yaml")`` for ``main:specs/net.yaml``; None for what is a file or holds no revision.

    Raises UsageError for what is both: a folder called ``main:specs`` must not hide the past.
    """
    revision, colon, path = name.partition(":")
    if not colon or len(revision) < 2 or not path:  # noqa: PLR2004 - one letter is a drive
        return None
    if os.path.lexists(name):
        _refuse_ambiguous(name, revision, path)
        return None
    return revision, path


def _refuse_ambiguous(name: str, revision: str, path: str) -> None:
    """Raise UsageError if the name of a file is that of a file at a revision as well."""
    commit = _commit(revision)
    if commit:
        sure = f"refs/heads/{revision}" if _commit(f"refs/heads/{revision}") == commit else commit[:12]
        hint = f"write `./{name}` for the file, `{sure}:{path}` for the revision"
        raise UsageError(f"'{name}' is a file, and a path at the revision {revision} as well", hint)


def _commit(revision: str) -> str:
    try:
        return git.commit_of(revision)
    except UsageError:
        return ""


class GitFiles:
    """The tree of a commit as files; locations are posix paths from its root."""

    def __init__(self, entries: dict[str, git.GitEntry], blobs: git.Blobs) -> None:
        self.entries = entries
        self._blobs = blobs

    @cached_property
    def folders(self) -> dict[str, list[str]]:
        """The names in every folder."""
        found: dict[str, list[str]] = {"": []}
        for path in self.entries:
            while True:
                folder, _, name = path.rpartition("/")
                known = folder in found
                found.setdefault(folder, []).append(name)
                if known:
                    break
                path = folder  # noqa: PLW2901 - the folder is a name in its own folder
        return found

    def resolve(self, path: str) -> str:
        """See Files; links are followed inside of the tree, and lead nowhere else."""
        if "\0" in path or len(path) > MAX_PATH:
            raise FileError("the path is too long, or holds a null character")
        if path.startswith("/"):
            raise OutsideError
        parts = path.split("/")[::-1]
        real: list[str] = []
        hops = 0
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not real:
                    raise OutsideError
                real.pop()
                continue
            real.append(part)
            entry = self.entries.get("/".join(real))
            if entry is not None and entry.is_link:
                hops += 1
                if hops > _MAX_HOPS:
                    raise FileError("too many levels of symbolic links")
                target = os.fsdecode(self._blobs.read(entry.oid, MAX_PATH))
                if target.startswith("/"):
                    raise OutsideError
                real.pop()
                parts += target.split("/")[::-1]
        return "/".join(real)

    def read(self, real: str, limit: int) -> bytes:
        """See Files."""
        entry = self.entries.get(real)
        if entry is None:
            if real in self.folders:
                raise FileError("it is a folder")
            if self._in_submodule(real):
                raise FileError("it lies in a submodule", "compare in the submodule's own repository")
            raise MissingFileError
        if entry.is_submodule:
            raise FileError("it is a submodule")
        if entry.is_link:
            raise FileError("it is a symbolic link")
        content = self._blobs.read(entry.oid, limit)
        if content.startswith(LFS_POINTER):
            raise FileError(LFS_REASON, "keep specs out of Git LFS")
        return content

    def names(self, folder: str, limit: int) -> list[str]:
        """See Files."""
        return self.folders.get(folder, [])[:limit]

    def holds(self, path: str) -> bool:
        """Whether anything is at a path: a file, a link that may lead nowhere, a folder, a part of a submodule."""
        try:
            real = self.resolve(path)
        except FileError:
            return True
        return any(place in self.entries or place in self.folders for place in (path, real)) or self._in_submodule(real)

    def _in_submodule(self, real: str) -> bool:
        parts = real.split("/")
        above = (self.entries.get("/".join(parts[:count])) for count in range(1, len(parts)))
        return any(entry is not None and entry.is_submodule for entry in above)


class Revision:
    """The specs of one revision of the repository around the working directory; use it as a context manager."""

    def __init__(self, name: str) -> None:
        """Raises UsageError when git is missing, this is no repository, or it has no such revision."""
        self.name = name
        self.root = git.work_tree()
        self.commit = git.commit_of(name)
        self._blobs = git.Blobs()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._blobs.close()

    @cached_property
    def files(self) -> GitFiles:
        """The revision's tree."""
        return GitFiles(git.tree_of(self.commit), self._blobs)

    @cached_property
    def renames(self) -> dict[str, str]:
        """Path to earlier path, of what was renamed since, as git sees it."""
        return git.renames_since(self.commit)

    def paths(self, endings: tuple[str, ...]) -> list[str]:
        """All files of the revision whose names end so, relative to the repository's root."""
        return sorted(path for path in self.files.entries if path.endswith(endings))

    def load(self, path: str, read: Read | None = None) -> Spec:
        """Parse a spec as it stands at the revision; raises SpecError, and UsageError when it has no such file.

        ``read`` makes specs of whatever may stand there, and raises as ``load_located``.
        """
        try:
            spec = (read or Revision.load_located)(self, self.locate(path))
        except FileError as error:
            if isinstance(error, MissingFileError):
                raise UsageError(f"revision {self.name} has no file '{path}'") from None
            raise UsageError(f"cannot read {self.name}:{path}: {error.reason}", error.help) from None
        spec.path = f"{self.name}:{path}"
        return spec

    def load_located(self, location: str, translate: Translate = itself) -> Spec:
        """Parse a spec by its path from the root; raises SpecError and FileError.

        ``translate`` makes specs of other texts that may stand there.
        """
        return load_from(self.files, location, prefix=f"{self.name}:", translate=translate)

    def locate(self, path: str) -> str:
        """The path from the repository's root of a path from the working directory; raises OutsideError.

        Links of the working tree below the root stay as they are written: the revision may have other ones.
        """
        location = written_below(path, self.root)
        if location is None:
            raise OutsideError
        return location


def load_at(revision: str, path: str, read: Read) -> Spec:
    """The spec of one file at a revision; raises as Revision does, and tells who means a model of the zoo."""
    try:
        with Revision(revision) as at:
            return at.load(path, read)
    except UsageError as error:
        if error.help or f"{revision}:" != model_zoo.ZOO or model_zoo.find(path) is None:
            raise
        raise UsageError(error.message, f"a model of the zoo goes by its name alone: {path}") from None
