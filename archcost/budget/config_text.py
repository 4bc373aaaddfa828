"""The text of a configuration, and where it stands: ``archcost.toml`` or ``pyproject.toml``, in a repository or not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archcost.files import DISK, Below, FileError, located, read_named

if TYPE_CHECKING:
    from archcost.errors import Source
    from archcost.files import Files

OWN_NAME = "archcost.toml"
PROJECT_NAME = "pyproject.toml"
MAX_BYTES = 2**20


def relative(path: str) -> str:
    """A path as people write it: relative to the working directory if it is below it."""
    try:
        short = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if short.startswith(f"..{os.sep}..{os.sep}..") and os.path.isabs(path) else short


def root_of(folder: str) -> str:
    """The root of the git repository around a folder, links followed; the folder itself where there is none."""
    real = os.path.realpath(folder)
    place = real
    while not os.path.lexists(os.path.join(place, ".git")):
        parent = os.path.dirname(place)
        if parent == place:
            return real
        place = parent
    return place


def config_source(path: str, *, named: bool) -> Source:
    """The text of a configuration: one that a person named, or one that was found and must be of the repository."""
    from archcost.spec.toml import toml_source

    return toml_source(relative(path), lambda: _named(path) if named else _found(path))


def _named(path: str) -> bytes:
    real, is_linked = located(path)
    return _linked(real, DISK) if is_linked else read_named(real, MAX_BYTES)


def _found(path: str) -> bytes:
    files = Below(root_of(os.path.dirname(path)), "the repository")
    return _linked(files.resolve(path), files)


def _linked(real: str, files: Files) -> bytes:
    """The content of what a link may lead to: a configuration by its name, for messages show its lines."""
    data = files.read(real, MAX_BYTES)
    if os.path.normcase(os.path.basename(real)) not in (OWN_NAME, PROJECT_NAME):
        raise FileError(f"it leads to a file that is called neither {OWN_NAME} nor {PROJECT_NAME}")
    return data
