"""Single values as YAML: plain where YAML reads them back as they are, in quotes where it would not."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from archcost.importers.form import Batched, Worded
from archcost.spec.scalars import resolve

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_ENDS = re.compile(r": | #|:$|[\n\r\t]")  # where a plain value ends, or a comment begins
_ENDS_IN_FLOW = re.compile(r"[,\[\]{}:?]")  # the same inside of {} and [], on the safe side
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<")  # what no plain value begins with, on the safe side
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_MAX_CODE = 0xFFFF  # of an escape with four digits


def value_text(value: Attribute, *, flow: bool) -> str:
    """A value of an attribute or param; ``flow`` says that it stands inside of ``{}`` or ``[]``."""
    if isinstance(value, Batched):
        value = Worded(batched_text(value))
    if isinstance(value, Worded):
        return _expression_text(value, flow=flow)
    if isinstance(value, str):
        return _expression_text(Worded(repr(value)), flow=flow) if value.startswith("$") else text(value, flow=flow)
    if isinstance(value, tuple):
        return "[" + ", ".join([value_text(item, flow=True) for item in value]) + "]"
    return _number_text(value) if isinstance(value, float) else _WORDS.get(repr(value), repr(value))


_WORDS = {"None": "null", "True": "true", "False": "false"}


def text(value: str, *, flow: bool) -> str:
    """A text that must be read as text: ``"1"`` and ``"true"`` have quotes."""
    return value if _is_plain(value, flow=flow) and isinstance(resolve(value), str) else quoted(value)


def name_text(name: str, *, flow: bool) -> str:
    """A key, an id or a reference, which is read as it is written: ``0`` needs no quotes, ``null`` does."""
    return name if _is_plain(name, flow=flow) and resolve(name) is not None else quoted(name)


def batched_text(size: Batched) -> str:
    """A size that follows the batch, as an expression: ``2 * batch + 1``."""
    times, plus = size
    product = {1: "batch", -1: "-batch"}.get(times, f"{times} * batch")
    return product if plus == 0 else f"{product} {'+' if plus > 0 else '-'} {abs(plus)}"


def quoted(value: str) -> str:
    """A text in quotes, on one line: double ones, unless it has these itself and single ones take it as it is."""
    plain = value.isprintable()
    if plain and '"' in value:
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join([_ESCAPES.get(character) or _escaped(character) for character in value]) + '"'


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _MAX_CODE else f"\\U{code:08x}"


def _is_plain(value: str, *, flow: bool) -> bool:
    """Whether YAML reads a text back as it is without quotes."""
    return (
        value.isprintable()
        and value.strip() == value != ""
        and (value[0] not in _INDICATORS or (value[0] == "-" and value[1:2].isdigit()))
        and not _ENDS.search(value)
        and not (flow and _ENDS_IN_FLOW.search(value))
        and not value.startswith(("---", "..."))
        and not (value.startswith("$(") and value.count("(") != value.count(")"))  # YAML seems to end it early
    )


def expression_text(expression: Worded) -> str:
    """``$name`` or ``$(…)``."""
    return f"${expression.text}" if expression.text.isidentifier() else f"$({expression.text})"


def _expression_text(expression: Worded, *, flow: bool) -> str:
    """An expression as a value, in quotes where YAML would end it early."""
    written = expression_text(expression)
    return written if _is_plain(written, flow=flow) else quoted(written)


def _number_text(value: float) -> str:
    """A real number that YAML 1.2 reads as one: ``1e-5``, ``.inf``."""
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, exponent, power = repr(value).partition("e")
    return f"{digits}e{int(power)}" if exponent else digits
