"""How specs are named in a lock file: by paths as text. Different paths have different texts, all below the root."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from archcost import model_zoo
from archcost.files import DISK, FileError, in_gits_own, is_below
from archcost.importers.sources import is_source
from archcost.named_specs import MODEL
from archcost.written_paths import written_below

if TYPE_CHECKING:
    from collections.abc import Container

_BYTES = re.compile("(\\\\*)([\ud800-\udfff])")  # bytes of names that are not UTF-8, as Python holds them
_LOOKALIKES = re.compile(r"(\\+)(?=ud[89a-f][0-9a-f]{2})")  # names that hold the text of an escape
_ESCAPES = re.compile(r"(\\+)(ud[89a-f][0-9a-f]{2})")


def spec_key(path: str, folder: str) -> str:
    """How a spec is named in a lock file or configuration of a folder: its relative posix path, or ``zoo:name``.

    Models of the zoo that lie outside of the folder go by their names, because the path depends on the installation.
    Configured models (``@name``) and sources stay as they are.
    """
    if is_imported(path):
        return as_text(path)
    found = path if os.path.lexists(path) else model_zoo.find(path) or path
    inside = written_below(found, folder)
    if inside is not None:
        return as_text(inside)
    absolute = os.path.realpath(found)
    try:
        short = os.path.relpath(absolute, os.path.realpath(folder))
    except ValueError:  # another drive
        short = absolute
    if os.path.dirname(absolute) == os.path.realpath(model_zoo.folder()):
        return f"zoo:{os.path.splitext(os.path.basename(absolute))[0]}"
    return as_text(short.replace(os.sep, "/"))


def is_imported(path: str) -> bool:
    """Whether a name is that of a configured model, or of a source, and of no file."""
    if path.startswith(MODEL):
        return True
    return ":" in path and is_source(path) and not os.path.lexists(path)


def as_text(path: str) -> str:
    r"""A path as text that can be encoded: the byte ff becomes ``\udcff``.

    Backslashes are doubled where they stand before such an escape, or before the same as text, so that no two paths
    become one. :func:`path_of` is the way back.
    """
    path = _LOOKALIKES.sub(lambda match: 2 * match[1], path)
    return _BYTES.sub(lambda match: f"{2 * match[1]}\\u{ord(match[2]):04x}", path)


def path_of(key: str) -> str:
    """The path that a key was made from."""
    return _ESCAPES.sub(_unescaped, key)


def _unescaped(match: re.Match[str]) -> str:
    slashes, code = match[1], match[2]
    half = len(slashes) // 2 * "\\"
    return half + (chr(int(code[1:], 16)) if len(slashes) % 2 else code)


def is_gone(key: str, folder: str, root: str, models: Container[str] = ()) -> bool:
    """Whether an entry's spec is no more; files, models of the zoo and sources need no configuration to be recorded.

    A model is gone that is not among the configured ``models``.

    Of what is written to lie outside of the root nothing is asked. What a link leads out to, and what lies in ``.git``,
    is gone whether it exists or not: a lock file must not tell what is on a machine.
    """
    if key.startswith(MODEL):
        return key not in models
    if key.startswith("zoo:") or is_imported(path_of(key)):
        return False
    path = os.path.join(os.path.realpath(folder), path_of(key))
    if in_gits_own(path_of(key)):
        return True
    return is_below(os.path.normpath(path), os.path.realpath(root)) and not is_file_below(path, root)


def is_file_below(path: str, root: str) -> bool:
    """Whether a path leads to a file below a root, links followed; a folder in its place is none."""
    try:
        real = DISK.resolve(path)
    except FileError:
        return False
    return is_below(real, os.path.realpath(root)) and not in_gits_own(real) and os.path.isfile(real)
