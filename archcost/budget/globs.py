"""Globs over posix paths, with ``!`` for exceptions: the last one that matches decides."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def selects(globs: Sequence[str], path: str) -> bool:
    """Whether a path is chosen; globs that are all exceptions choose everything else."""
    chosen = all(glob.startswith("!") for glob in globs)
    for glob in globs:
        if translate(glob.removeprefix("!")).fullmatch(path):
            chosen = not glob.startswith("!")
    return chosen


@lru_cache(maxsize=256)
def translate(glob: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` spans any number of folders, ``[…]`` is a set of characters."""
    glob = glob.removeprefix("./")
    parts = []
    index = 0
    while index < len(glob):
        if glob.startswith("**/", index):
            parts.append("(?:.*/)?")
            index += 3
        elif glob.startswith("**", index):
            parts.append(".*")
            index += 2
        else:
            close = glob.find("]", index + 2) if glob[index] == "[" else -1
            if close > 0:
                parts.append(fnmatch.translate(glob[index : close + 1]).removeprefix("(?s:")[:-3])
                index = close + 1
                continue
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(glob[index]) or re.escape(glob[index]))
            index += 1
    return re.compile("".join(parts), re.DOTALL)


def expand(globs: Sequence[str], folder: str) -> list[str]:
    """The files below a folder that the globs choose, as posix paths relative to it, sorted."""
    import glob as files
    import os

    found: set[str] = set()
    for pattern in globs:
        if not pattern.startswith("!"):
            found.update(files.glob(pattern, root_dir=folder, recursive=True))
    paths = {
        os.path.normpath(path).replace(os.sep, "/") for path in found if os.path.isfile(os.path.join(folder, path))
    }
    return sorted(path for path in paths if selects(globs, path))
