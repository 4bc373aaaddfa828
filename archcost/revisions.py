"""Specs as they stand at a git revision: ``main:specs/net.yaml``.

The specs of a revision are written to a temporary folder, so that includes are found and bounded as they are anywhere
else; messages name the revision and the path, never the copy.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from io import BytesIO
from typing import TYPE_CHECKING, Self

from archcost.errors import SpecError, UsageError
from archcost.spec.loader import load

if TYPE_CHECKING:
    from archcost.errors import Diagnostic, Source
    from archcost.spec.model import Spec

_ENDINGS = (".yaml", ".yml")


def split_revision(name: str) -> tuple[str, str] | None:
    """``("main", "specs/net.yaml")`` for ``main:specs/net.yaml``; None for what is a file or holds no revision."""
    revision, colon, path = name.partition(":")
    if not colon or len(revision) < 2 or not path or os.path.lexists(name):  # noqa: PLR2004 - one letter is a drive
        return None
    return revision, path


class Revision:
    """The specs of one revision of the repository around the working directory; use it as a context manager."""

    def __init__(self, name: str) -> None:
        """Raises UsageError when git is missing, this is no repository, or it has no such revision."""
        self.name = name
        self.root = _git("rev-parse", "--show-toplevel", what="this is not a git repository").decode().strip()
        what = f"git knows no revision '{name}'"
        self.commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", what=what)
        self._copy = tempfile.TemporaryDirectory(prefix="archcost-")
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.cleanup()

    def paths(self) -> list[str]:
        """All spec-like files of the revision, relative to the repository's root."""
        self._write()
        return sorted(
            os.path.relpath(os.path.join(folder, file), self._copy.name).replace(os.sep, "/")
            for folder, _, files in os.walk(self._copy.name)
            for file in files
        )

    def has(self, path: str) -> bool:
        """Whether the revision has this file; the path is relative to the working directory."""
        self._write()
        return os.path.isfile(os.path.join(self._copy.name, self._relative(path)))

    def load(self, path: str) -> Spec:
        """Parse a spec as it stands at the revision; raises SpecError, and UsageError when it has no such file."""
        if not self.has(path):
            raise UsageError(f"revision {self.name} has no file '{path}'")
        copy = os.path.join(self._copy.name, self._relative(path))
        try:
            spec = load(copy)
        except SpecError as error:
            self._rename_in(error.diagnostics)
            raise
        spec.path = f"{self.name}:{path}"
        for source in (spec.text_source, *spec.included):
            self._rename(source)
        return spec

    def _relative(self, path: str) -> str:
        return os.path.relpath(os.path.realpath(path), os.path.realpath(self.root))

    def _rename_in(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        for diagnostic in diagnostics:
            if diagnostic.mark is not None:
                self._rename(diagnostic.mark.source)

    def _rename(self, source: Source) -> None:
        copy = self._copy.name + os.sep
        if source.name.startswith(copy):
            source.name = f"{self.name}:{os.path.normpath(source.name)[len(copy) :]}"

    def _write(self) -> None:
        """Write the YAML files of the revision to the temporary folder, once."""
        if self._written:
            return
        self._written = True
        commit = self.commit.decode().strip()
        listed = _git("ls-tree", "-r", "-z", "--name-only", commit, cwd=self.root).decode("utf-8", "replace")
        names = listed.split("\0")
        patterns = [f"*{ending}" for ending in _ENDINGS if any(name.endswith(ending) for name in names)]
        if not patterns:
            return
        archive = _git("archive", "--format=tar", commit, "--", *patterns, cwd=self.root)
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(self._copy.name, filter="data")


def load_at(revision: str, path: str) -> Spec:
    """Parse one spec as it stands at a revision."""
    with Revision(revision) as at:
        return at.load(path)


def _git(*arguments: str, what: str = "git failed", cwd: str | None = None) -> bytes:
    """The output of a git command; raises UsageError with git's own words."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, cwd=cwd, check=False)  # noqa: S603, S607 - git, by name
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror or error}") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(what + (f": {words[-1]}" if words else ""))
    return done.stdout
