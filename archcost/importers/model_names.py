"""The names of libraries' models as they stand in the text of the libraries, which need not be loaded: that takes long.

torchvision and timm register a function for each model, ``@register_model``, by its own name or by another. The
models of transformers are files.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec

from archcost.files import FileError, located, read_named

_REGISTERED = re.compile(  # further decorators may stand between
    r'^@register_model(?:\((?:name="(\w+)")?\))?\n(?:@.*\n|[ )].*\n)*def (\w+)\(', re.MULTILINE
)
_LIBRARIES = ("torchvision", "timm")
_MAX_BYTES = 2**22


def model_names(library: str) -> list[str]:
    """The models of a library in order; none of one that is not installed, or that registers none."""
    found = find_spec(library) if library in _LIBRARIES else None
    names: set[str] = set()
    for root in found.submodule_search_locations or () if found is not None else ():
        for folder, _, files in os.walk(os.path.join(root, "models")):
            for file in files:
                if file.endswith(".py"):
                    names |= {other or own for other, own in _REGISTERED.findall(_text(os.path.join(folder, file)))}
    return sorted(names)


def _text(path: str) -> str:
    try:
        return read_named(located(path).real, _MAX_BYTES).decode(errors="replace")
    except FileError:
        return ""
