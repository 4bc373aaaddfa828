"""Values and steps as they are written in YAML, for helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import Expression
from archcost.spec.scalars import resolve

if TYPE_CHECKING:
    from archcost.spec.document import Value

_PLAIN = re.compile(r"[A-Za-z_][\w.+/-]*")
_CUT = re.compile(r"[,\[\]{}]|: | #")  # where YAML ends a plain value inside of {} and []
_MAX_ITEMS = 12
_MAX_LENGTH = 120  # characters of a value
LEFT_OUT = "…"


def written(value: Any) -> str:
    """A value as it is written inside of ``{}``; what is long is left out."""
    if isinstance(value, (list, tuple)):
        return LEFT_OUT if len(value) > _MAX_ITEMS else _limited("[" + ", ".join(map(written, value)) + "]")
    if isinstance(value, Expression):
        return _limited(quoted(value.text) if _CUT.search(value.text) else value.text)
    if not isinstance(value, str):
        return "null" if value is None else _limited(str(value).lower() if isinstance(value, bool) else repr(value))
    is_plain = value == LEFT_OUT or (_PLAIN.fullmatch(value) and resolve(value) == value)
    return _limited(value if is_plain else quoted(value))


def _limited(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else LEFT_OUT


def quoted(text: str) -> str:
    """A text in quotes of YAML."""
    text = " ".join(text.split())
    return f'"{text}"' if '"' not in text and "\\" not in text else "'" + text.replace("'", "''") + "'"


def step(kind: str, attributes: dict[str, Any]) -> str:
    """A kind with its attributes: ``conv2d: {out_channels: 8, kernel_size: 3}``, or the bare kind."""
    if not attributes:
        return kind
    return f"{kind}: {{{', '.join(f'{name}: {written(value)}' for name, value in attributes.items())}}}"


def beside(kind: str, attributes: dict[str, Any], modifiers: dict[str, str]) -> str:
    """A step in braces, with modifiers (as written) beside its kind: ``{add, from: [a, b]}``."""
    return f"{{{', '.join([step(kind, attributes), *(f'{name}: {text}' for name, text in modifiers.items())])}}}"


def flow(value: Value) -> str:
    """A value of the text as it is written inside of ``{}``; what is long is left out."""
    if isinstance(value, Scalar):
        if value.value is None:
            return ""
        return _limited(quoted(value.text) if value.quoted or _CUT.search(value.text) else value.text)
    if value.size > _MAX_ITEMS:
        return LEFT_OUT
    if isinstance(value, Sequence):
        return _limited("[" + ", ".join(map(flow, value.items)) + "]")
    assert isinstance(value, Mapping)
    items = [f"{name}: {flow(item)}".rstrip(": ") for name, (_, item) in value.entries.items()]
    return _limited("{" + ", ".join(items) + "}")
