"""Plain scalars by the YAML 1.2 core schema: ``1e6`` is a number, ``no`` and ``3:20`` are text, ``010`` is 10."""

from __future__ import annotations

import re

_MAX_DIGITS = 40  # of an integer: beyond, it is text

_NUMBER = re.compile(
    r"""(?P<int>[-+]?[0-9]+)
      | (?P<octal>0o[0-7]+)
      | (?P<hexadecimal>0x[0-9a-fA-F]+)
      | (?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?
        | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN))""",
    re.VERBOSE,
)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")


def resolve(text: str) -> bool | int | float | str | None:
    """What a plain scalar means in the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text) if text[0] in _NUMBER_STARTS else None
    if not match or (len(text) > _MAX_DIGITS and not match["float"]):
        return text
    if match["int"]:
        return int(text)
    if match["float"]:
        return float(text.replace(".", "") if text[-1] in "fFnN" else text)
    return int(text, 0)  # 0o17, 0x1f
