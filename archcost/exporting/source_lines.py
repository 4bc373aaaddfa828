"""Text in lines of 120 characters, broken where ``ruff format`` would break them.

A document is plain text, or brackets around items. What fits stays on one line; else the outermost brackets open: the
arguments of a call go on one line of their own if they fit there, and anything else one per line, with a last comma.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 120
INDENT = 4


@dataclass(frozen=True)
class Inner:
    """One item between brackets, with what stands before it: ``kernel_size=``, ``"5x5": `` or ``*``."""

    prefix: str
    body: Doc


@dataclass(frozen=True)
class Brackets:
    """Brackets around items; ``spread`` puts one on each line even if they would fit on one."""

    head: str
    items: tuple[Inner, ...]
    brackets: str = "()"
    spread: bool = False

    @property
    def is_call(self) -> bool:
        """Whether the items are the arguments of a call."""
        return self.brackets == "()" and bool(self.head)

    @property
    def is_tuple(self) -> bool:
        """Whether the brackets make a tuple."""
        return self.brackets == "()" and not self.head


@dataclass(frozen=True)
class Comprehension:
    """``[body for … in …]``."""

    body: Doc
    clause: str


@dataclass(frozen=True)
class Bare:
    """A tuple without brackets, which come when it has to be broken."""

    items: tuple[Doc, ...]


@dataclass(frozen=True)
class Operation:
    """``a + b + c``."""

    symbol: str
    operands: tuple[Doc, ...]


Doc = str | Brackets | Comprehension | Bare | Operation


def call(head: str, /, *positional: Doc, **named: Doc) -> Brackets:
    """``head(a, b, name=c)``."""
    items = [Inner("", body) for body in positional] + [Inner(f"{name}=", body) for name, body in named.items()]
    return Brackets(head, tuple(items))


def tuple_of(bodies: Sequence[Doc]) -> Doc:
    """``(a, b)``, or ``(a,)``."""
    return Brackets("", tuple([Inner("", body) for body in bodies]))


def flat(doc: Doc) -> str:
    """A document on one line."""
    if isinstance(doc, str):
        return doc
    if isinstance(doc, Comprehension):
        return f"[{flat(doc.body)} {doc.clause}]"
    if isinstance(doc, Bare):
        return ", ".join(map(flat, doc.items))
    if isinstance(doc, Operation):
        return f" {doc.symbol} ".join(map(flat, doc.operands))
    return f"{doc.head}{doc.brackets[0]}{_joined(doc)}{doc.brackets[1]}"


def _joined(group: Brackets) -> str:
    text = ", ".join([item.prefix + flat(item.body) for item in group.items])
    return text + "," if group.is_tuple and len(group.items) == 1 else text


def is_spread(doc: Doc) -> bool:
    """Whether something in a document is spread over lines whether or not it fits."""
    if isinstance(doc, Brackets):
        return doc.spread or any(is_spread(item.body) for item in doc.items)
    return isinstance(doc, Comprehension) and is_spread(doc.body)


def fits(text: str, indent: int) -> bool:
    """Whether text fits on a line of its own."""
    return indent + len(text) <= WIDTH


def lines(prefix: str, doc: Doc, suffix: str = "", indent: int = 0) -> list[str]:
    """The lines of a document, with what stands before and behind it."""
    margin = " " * indent
    whole = f"{prefix}{flat(doc)}{suffix}"
    if isinstance(doc, str) or (fits(whole, indent) and not is_spread(doc)):
        return [margin + whole]
    inner = indent + INDENT
    if isinstance(doc, Comprehension):
        body = lines("", doc.body, "", inner)
        return [f"{margin}{prefix}[", *body, f"{' ' * inner}{doc.clause}", f"{margin}]{suffix}"]
    if isinstance(doc, Operation):
        first, *others = map(flat, doc.operands)
        rest = [f"{' ' * inner}{doc.symbol} {operand}" for operand in others]
        return [f"{margin}{prefix}(", " " * inner + first, *rest, f"{margin}){suffix}"]
    if isinstance(doc, Bare):
        doc = Brackets("", tuple([Inner("", body) for body in doc.items]))
    first, last = f"{margin}{prefix}{doc.head}{doc.brackets[0]}", f"{margin}{doc.brackets[1]}{suffix}"
    return [first, *_inside(doc, inner), last]


def _inside(group: Brackets, indent: int) -> list[str]:
    """The lines between the brackets of a group that is broken."""
    if group.is_call and not is_spread(group) and fits(_joined(group), indent):
        return [" " * indent + _joined(group)]
    comma = "" if group.is_call and len(group.items) == 1 and not group.spread else ","
    return [line for item in group.items for line in lines(item.prefix, item.body, comma, indent)]
