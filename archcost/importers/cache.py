"""The imports of libraries' models, kept from one command to the next.

A key holds all that an import depends on: the source and the content of the configuration that it names, the inputs,
the versions of the libraries, and archcost's own files as they stand. So nothing kept is ever stale, and code of the
user's is never kept. What cannot be read or written is as if there were none.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import archcost
from archcost.files import DISK, FileError
from archcost.importers.imported import Imported
from archcost.importers.sources import content_of
from archcost.spec.source_calls import SourceCall
from archcost.writing import make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcost.importers.importing import Ask

_MAX_BYTES = 2**24
_LIBRARIES = ("torch", "torchvision", "timm", "transformers")


def cached(ask: Ask, make: Callable[[], Imported]) -> Imported:
    """What is kept of an import; else what is made, which is kept from then on."""
    if ask.source.runs_users_code or not ask.source.is_run:  # a file is read as fast as what is kept of it
        return make()
    path = os.path.join(folder(), f"{key(ask)}.json")
    kept = _read(path)
    if kept is None:
        kept = make()
        _keep(path, kept)
    return kept


def folder() -> str:
    """Where imports are kept: in the user's folder for caches."""
    own = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or ""
    if not os.path.isabs(own):  # as the rules for XDG_CACHE_HOME say: no folder of one's own here and there
        own = os.path.expanduser(os.path.join("~", ".cache"))
    return os.path.join(own, "archcost", "imports")


def key(ask: Ask) -> str:
    """The hash of all that an import depends on."""
    inputs = {name: [list(shape), shape.dtype] for name, shape in ask.inputs.items()}
    said = [ask.source.text, inputs, ask.flat, ask.training, ask.until, _content(ask), _versions(), list(_own_files())]
    return sha256(json.dumps(said).encode()).hexdigest()


def _content(ask: Ask) -> str:
    """The hash of the file that a source names; empty where it names none."""
    for path in (ask.source.name, os.path.join(ask.source.name, "config.json")):
        try:
            return sha256(content_of(path, ask.files, _MAX_BYTES)).hexdigest()
        except FileError:
            continue
    return ""


def _versions() -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for package in _LIBRARIES:
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("")
    return found


def _own_files() -> Iterator[tuple[str, int, int]]:
    """Every file of the package with its size and time: what is changed there imports anew."""
    for place, folders, names in os.walk(os.path.dirname(archcost.__file__)):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if name.endswith(".py"):
                status = os.stat(os.path.join(place, name))
                yield name, status.st_size, status.st_mtime_ns


def _read(path: str) -> Imported | None:
    """What is kept in a file; None where there is none, or it is not whole."""
    try:
        data: Any = json.loads(DISK.read(DISK.resolve(path), _MAX_BYTES))
        fields, seal = data["imported"], data["sha256"]
    except (FileError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if seal != _seal(fields) or not isinstance(fields, list) or len(fields) != len(Imported._fields):
        return None
    try:
        text, remarks, unfolded, calls, inputs = fields
        called = {path: SourceCall(*call) for path, call in calls.items()}
        whole = Imported(text, tuple(remarks), unfolded, called, dict(inputs))
        words = (text, unfolded, *remarks, *called, *(part for call in called.values() for part in call))
        words += (*inputs.keys(), *inputs.values())
        return whole if all(isinstance(word, str) for word in words) else None
    except (AttributeError, TypeError, ValueError):
        return None


def _keep(path: str, imported: Imported) -> None:
    fields = list(imported)
    try:
        make_folder(os.path.dirname(path))
        write_whole(path, json.dumps({"imported": fields, "sha256": _seal(fields)}))
    except FileError:
        return


def _seal(fields: Any) -> str:
    """What a file holds is whole if this is the hash of its fields."""
    return sha256(json.dumps(fields).encode()).hexdigest()
