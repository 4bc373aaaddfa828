"""File names as the hosts of code want them: relative to the root of the repository, with slashes."""

from __future__ import annotations

import os


def repository_path(path: str) -> str:
    """The path from the root of the checkout; of files elsewhere, as it is."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or _git_root()
    absolute = os.path.realpath(path)
    if root:
        try:
            short = os.path.relpath(absolute, os.path.realpath(root))
        except ValueError:  # another drive
            short = path
        if not short.startswith(os.pardir):
            return short.replace(os.sep, "/")
    return path.replace(os.sep, "/")


def _git_root() -> str:
    """The folder of the repository around the working directory, or the working directory."""
    folder = os.getcwd()
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.getcwd()
        folder = parent
    return folder
