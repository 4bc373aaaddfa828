"""Reading a JSON document of archcost back: strict JSON of the right schema, held against the document's type."""

from __future__ import annotations

import re
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from archcost.documents import AtLeast, Matches, OneOf, schema_id
from archcost.errors import Diagnostic, Mark, Source, SpecError, unread
from archcost.files import DISK, FileError, decoded, located, read_named
from archcost.strict_json import LARGEST, StrictJsonError, brief, read_strictly
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BYTES = 64 * 2**20
_ENDING = ".json"
_MOST_SCHEMA = 60
_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("a text", lambda value: isinstance(value, str)),
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: ("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    NoneType: ("null", lambda value: value is None),
    list: ("a list", lambda value: isinstance(value, list)),
    dict: ("a mapping", lambda value: isinstance(value, dict)),
}


def read_document(path: str, name: str, kind: Any, way_out: str) -> Any:
    """The document in a file that a person named, whose type is ``kind``; raises SpecError, with the way out."""
    text = _text_of(path, way_out)
    claims = f'"{schema_id(name)}"' in text
    source = Source(path, text if claims else "")  # no line of any other file is shown
    try:
        document = read_strictly(text)
    except StrictJsonError as error:
        mark = Mark(source, *error.line_and_column(text))
        raise SpecError([Diagnostic(f"the file is {error.reason}", mark, way_out)]) from None
    begin = Mark(Source(path, ""), 0, 0)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != schema_id(name):
        raise SpecError([Diagnostic(_other_schema(schema, name), begin, way_out)])
    wrong = _wrong(document, kind, "")
    if wrong:
        raise SpecError([Diagnostic(f"this is no {schema}: {wrong}", begin, way_out)])
    return document


def _text_of(path: str, way_out: str) -> str:
    try:
        return decoded(_bytes_of(path))
    except FileError as error:
        raise unread(path, error.reason, way_out) from None
    except UnicodeDecodeError:
        raise unread(path, "it is not UTF-8 text", way_out) from None


def _bytes_of(path: str) -> bytes:
    real, is_linked = located(path)
    if not is_linked:
        return read_named(real, MAX_BYTES)
    if not real.endswith(_ENDING):
        raise FileError(f"it is a link to what does not end in {_ENDING}")
    return DISK.read(real, MAX_BYTES)


def _other_schema(schema: object, name: str) -> str:
    if isinstance(schema, str) and re.fullmatch(r"archcost\.[a-z-]+/\d+", schema[:_MOST_SCHEMA]):
        return f"the file has the schema {schema}, and this archcost ({__version__}) reads {schema_id(name)} here"
    return f"the file has {'another' if isinstance(schema, str) else 'no'} schema, not {schema_id(name)}"


# --- a value against its type -----------------------------------------------------------------------------------------


def _wrong(value: Any, kind: Any, place: str) -> str:
    """What is wrong with a value, and where: ``rows[3].figures.macs is 'x', not a whole number``; empty if nothing."""
    if is_typeddict(kind):
        return _wrong_record(value, kind, place)
    check = _GENERIC.get(get_origin(kind))
    if check is not None:
        return check(value, get_args(kind), place)
    if kind is Any:
        return ""
    what, fits = _KINDS[kind]
    if not fits(value):
        return _told(place, value, what)
    return "" if not isinstance(value, int) or abs(value) < LARGEST else _told(place, value, "a figure")


def _told(place: str, value: Any, wanted: str) -> str:
    return f"{place or 'the document'} is {brief(value)}, not {wanted}"


def _wrong_record(value: Any, kind: Any, place: str) -> str:
    if not isinstance(value, dict):
        return _told(place, value, "a mapping")
    for name, (hint, required) in _fields(kind).items():
        inner = f"{place}.{name}" if place else name
        if name in value:
            wrong = _wrong(value[name], hint, inner)
            if wrong:
                return wrong
        elif required:
            return f"{inner} is missing"
    return ""


@cache
def _fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """The keys of a type: what each holds, and whether it must be there."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: (get_args(hint)[0], False) if get_origin(hint) is NotRequired else (hint, True)
        for name, hint in hints.items()
    }


def _wrong_list(value: Any, arguments: tuple[Any, ...], place: str) -> str:
    wrong = _wrong(value, list, place)
    found = (_wrong(item, arguments[0], f"{place}[{number}]") for number, item in enumerate(value if not wrong else ()))
    return wrong or next(filter(None, found), "")


def _wrong_mapping(value: Any, arguments: tuple[Any, ...], place: str) -> str:
    wrong = _wrong(value, dict, place)
    found = (
        _wrong(item, arguments[1], f"{place}.{brief(name)[1:-1]}") for name, item in ({} if wrong else value).items()
    )
    return wrong or next(filter(None, found), "")


def _wrong_union(value: Any, arguments: tuple[Any, ...], place: str) -> str:
    found = [_wrong(value, kind, place) for kind in arguments]
    return "" if "" in found else found[0]


def _wrong_literal(value: Any, arguments: tuple[Any, ...], place: str) -> str:
    known = " or ".join(map(repr, arguments))
    return "" if any(value == each and type(value) is type(each) for each in arguments) else _told(place, value, known)


def _wrong_annotated(value: Any, arguments: tuple[Any, ...], place: str) -> str:
    wrong = _wrong(value, arguments[0], place)
    if wrong:
        return wrong
    for mark in arguments[1:]:
        if isinstance(mark, AtLeast) and (len(value) if isinstance(value, (list, dict)) else value) < mark.least:
            return _told(place, value, f"of at least {mark.least}")
        if isinstance(mark, Matches) and not re.search(mark.pattern, value):
            return _told(place, value, f"of the form {mark.pattern}")
        if isinstance(mark, OneOf) and value not in mark.values:
            return _told(place, value, f"one of {', '.join(map(str, mark.values))}")
    return ""


_GENERIC: dict[Any, Callable[[Any, tuple[Any, ...], str], str]] = {
    Annotated: _wrong_annotated,
    Literal: _wrong_literal,
    Union: _wrong_union,
    UnionType: _wrong_union,
    list: _wrong_list,
    dict: _wrong_mapping,
}
