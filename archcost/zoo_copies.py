"""The spec of a model of the zoo as one to begin with, anywhere: what it names is named as in the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost import model_zoo
from archcost.errors import Source, UsageError, suggestion
from archcost.files import read_named
from archcost.spec.document import MAX_BYTES, Mapping, Scalar, Sequence, parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.spec.document import Value

_SUFFIX = ".yaml"
_NAMING = ("include", "extends")  # the keys whose values are files
_OF_THE_MODEL = "expect"  # the key of figures that a changed spec has no more


def copy_text(name: str) -> str:
    """The text of a model's spec, with ``zoo:blocks/NAME`` for its files, and without its expected figures."""
    path = model_zoo.find(name)
    if path is None:
        known = model_zoo.names()
        raise UsageError(f"the zoo has no model '{name}'", suggestion(name, known, "models"))
    text = read_named(path, MAX_BYTES).decode()
    root, _ = parse_document(Source(path, text))
    lines = text.splitlines()
    entries = root.entries if isinstance(root, Mapping) else {}
    for key in _NAMING:
        for scalar in _scalars(entries[key][1]) if key in entries else ():
            line, start = lines[scalar.line], scalar.column
            lines[scalar.line] = line[:start] + _named(scalar.text) + line[start + scalar.length :]
    if _OF_THE_MODEL in entries:
        begins = entries[_OF_THE_MODEL][0].line
        later = [key.line for key, _ in entries.values() if key.line > begins]
        del lines[begins : min(later, default=len(lines))]
    return "\n".join(lines) + "\n"


def _scalars(value: Value) -> Iterator[Scalar]:
    """The names in a value, the last of a line first, so that the places of the others stay."""
    found = [value] if isinstance(value, Scalar) else value.items if isinstance(value, Sequence) else []
    names = [item for item in found if isinstance(item, Scalar)]
    yield from sorted(names, key=lambda item: (item.line, item.column), reverse=True)


def _named(file: str) -> str:
    return f"{model_zoo.ZOO}{file.removesuffix(_SUFFIX)}"
