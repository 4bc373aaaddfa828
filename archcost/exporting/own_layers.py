"""The layers that torch.nn lacks, as text: the classes of :mod:`archcost.pytorch.layers`, which is not imported."""

from __future__ import annotations

import ast
import os
from functools import cache
from typing import TYPE_CHECKING

from archcost.files import read_named

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "pytorch", "layers")
_LIMIT = 1 << 20  # bytes of a module


@cache
def own_layers() -> Mapping[str, str]:
    """The source of every class, by its name."""
    found = {}
    for name in sorted(os.listdir(_FOLDER)):
        if name.endswith(".py"):
            text = read_named(os.path.join(_FOLDER, name), _LIMIT).decode()
            lines = text.splitlines()
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def sources(names: set[str]) -> list[str]:
    """The source of those among some names by the alphabet, each behind those that it uses."""
    texts = own_layers()
    found: dict[str, str] = {}

    def add(name: str) -> None:
        used = {node.id for node in ast.walk(ast.parse(texts[name])) if isinstance(node, ast.Name)}
        for other in [other for other in texts if other in used and other != name]:
            add(other)
        found.setdefault(name, texts[name])

    for name in sorted(texts.keys() & names):
        add(name)
    return list(found.values())
