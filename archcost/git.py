"""Git, asked for objects and nothing else: no hook, filter, attribute, helper or configured command runs.

Commands here read trees, blobs and the index as they are stored. None of them touches the working tree, so that
``export-ignore``, ``export-subst``, line ends and smudge filters change nothing; objects that a partial clone has not
fetched stay unfetched. Paths are bytes, decoded as the file system's are.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.files import FileError

if TYPE_CHECKING:
    from typing import Self

_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "safe.bareRepository=explicit"),
    *("--no-pager", "--no-replace-objects"),
)
_NEVER = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_UNWANTED = ("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_REPLACE_REF_BASE")
_RENAMES = 1000  # files that git compares with one another; beyond, only exact renames are found


class GitEntry(NamedTuple):
    """What a tree has at a path: the object, and its mode (``100644`` file, ``120000`` link, ``160000`` submodule)."""

    mode: str
    oid: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        """Whether it is the commit of another repository."""
        return self.mode == "160000"


def ask(*arguments: str, what: str = "git failed") -> bytes:
    """What a git command prints; raises UsageError with ``what`` and git's own words.

    It runs in the working directory, from which a hook's ``GIT_DIR`` is to be read.
    """
    try:
        done = subprocess.run(  # noqa: S603 - git, found by name
            _command(*arguments), capture_output=True, env=_environment(), check=False
        )
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror or error}") from None
    except ValueError:  # a null character, or text that no encoding has
        raise UsageError(what) from None
    if done.returncode:
        words = [line for line in _text(done.stderr).splitlines() if line.strip()]
        raise UsageError(": ".join([what, *words[:1]]), " ".join(line.strip() for line in words[1:]))
    return done.stdout


def work_tree() -> str:
    """The root of the repository around the working directory, as git says it to the byte; raises UsageError.

    Files of a checkout that make up a repository are none, whatever this version of git takes them for.
    """
    if "GIT_DIR" not in os.environ:
        _refuse_embedded(os.getcwd())
    return os.fsdecode(ask("rev-parse", "--show-toplevel", what="there is no git repository here").removesuffix(b"\n"))


def _refuse_embedded(folder: str) -> None:
    """Raise UsageError for a repository without ``.git`` in a folder or above: anybody can commit one, and its past."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        here = {
            name for name in ("HEAD", "commondir", "objects", "refs") if os.path.lexists(os.path.join(folder, name))
        }
        if "HEAD" in here and ("commondir" in here or {"objects", "refs"} <= here):
            hint = "remove it, or run from another folder"
            raise UsageError(f"{folder} holds the files of a bare repository, which a checkout must not contain", hint)
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def commit_of(revision: str) -> str:
    """The id of the commit that a revision names; raises UsageError."""
    what = f"git knows no revision '{revision}'"
    if not revision:
        raise UsageError("the revision is empty", "name a branch, tag or commit, or leave the option out")
    answer = ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", what=what)
    commit = answer.decode("ascii").strip()
    if not commit.isalnum():  # ``^main`` is for what is not in a branch
        raise UsageError(what)
    return commit


def tree_of(commit: str) -> dict[str, GitEntry]:
    """Every file, link and submodule of a commit, by its path from the root."""
    listed = ask("ls-tree", "-r", "-z", "--full-tree", commit, what=f"git cannot list the files of {commit[:12]}")
    entries = {}
    for line in listed.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, _, oid = head.decode("ascii").split(" ")
        entries[os.fsdecode(path)] = GitEntry(mode, oid)
    return entries


def renames_since(commit: str) -> dict[str, str]:
    """New path to old, of what git takes for renamed between a commit and the index; empty where it cannot tell."""
    options = ("--cached", "--name-status", "-z", "-M50%", f"-l{_RENAMES}", "--diff-filter=R", "--no-relative")
    try:
        listed = ask("diff-index", *options, "--no-ext-diff", "--no-textconv", commit, "--")
    except UsageError:  # an object that a partial clone lacks
        return {}
    words = [os.fsdecode(word) for word in listed.split(b"\0")[:-1]]
    return dict(zip(words[2::3], words[1::3], strict=True))


class Blobs:
    """Reads the contents of files by their objects' ids, from one process; use it as a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def read(self, oid: str, limit: int) -> bytes:
        """The content of a blob; raises FileError for one that is not there or holds more than ``limit`` bytes."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(oid.encode("ascii") + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3 or head[1] != b"blob":  # noqa: PLR2004 - id, type, size
                self.close()
                raise FileError("the repository lacks its content", "fetch it, if this is a partial clone")
            size = int(head[2])
            if size > limit:
                self.close()
                raise FileError(f"the file is larger than {limit // 2**20} MiB")
            content = process.stdout.read(size + 1)
        except OSError as error:
            self.close()
            raise FileError(f"git ended: {error.strerror or error}") from None
        if len(content) <= size:
            self.close()
            raise FileError("git ended before it had sent the whole content")
        return content[:-1]

    def _start(self) -> subprocess.Popen[bytes]:
        command = _command("cat-file", "--batch")
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(  # noqa: S603 - git, found by name
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_environment()
            )
        except OSError as error:
            raise FileError(f"git cannot be run: {error.strerror or error}") from None


def _command(*arguments: str) -> list[str]:
    return ["git", *_SAFE, *arguments]


def _environment() -> dict[str, str]:
    """As it is, so that hooks may say where the repository is, but without what runs commands or fetches."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return {**kept, **_NEVER}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
