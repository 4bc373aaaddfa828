"""The types of archcost's JSON documents: what every document has, and the JSON Schema of a type.

A document is a TypedDict beside the value that it is of, and :func:`schema_of` makes its schema from the type. Keys may
be added within a version, never renamed or taken away: readers ignore what they do not know.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Never,
    NotRequired,
    TypedDict,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from archcost.figures import METRICS
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archcost.errors import Diagnostic

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
    Never: {"not": {}},
}
_LEAST = {"array": "minItems", "object": "minProperties", "integer": "minimum", "number": "minimum", "": "minimum"}


class AtLeast:
    """A mark within ``Annotated``: the smallest number, or the fewest entries, allowed in a place.

    Text there describes the place.
    """

    def __init__(self, least: int) -> None:
        self.least = least


class Matches:
    """A mark within ``Annotated``: the regular expression that a text must match."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern


class OneOf:
    """A mark within ``Annotated``: the only values allowed in a place."""

    def __init__(self, *values: str | int) -> None:
        self.values = values


Count = Annotated[int, AtLeast(0)]
Positive = Annotated[int, AtLeast(1)]
Shape = list[Positive]
ShapesByName = dict[str, Shape]


class ToolData(TypedDict):
    """Who made the document."""

    name: Literal["archcost"]
    version: str


class ErrorData(TypedDict):
    """A problem, its place in a file, and a way out; null where there is none."""

    message: str
    file: str | None
    line: Positive | None
    column: Positive | None
    help: str | None


class WarnedData(TypedDict):
    """What may be a mistake in a spec; absent where there is nothing."""

    warnings: NotRequired[Annotated[list[ErrorData], AtLeast(1)]]


class LoraData(TypedDict):
    """Adapters: their rank, and the patterns that name their layers; none: all linear layers but the last."""

    rank: Positive
    targets: list[str]


class SpecData(WarnedData):
    """The model: its name and file, the hash of what was read, the params that were used, and warnings.

    ``inputs`` are the shapes that replaced the spec's own, without the batch, where there are any; ``lora`` the
    adapters, where there are any.
    """

    path: str
    name: NotRequired[str]
    sha256: NotRequired[str]
    params: NotRequired[dict[str, Any]]
    inputs: NotRequired[ShapesByName]
    lora: NotRequired[LoraData]


class Identified(TypedDict):
    """What says which schema it follows."""

    schema: str


class Envelope(Identified):
    """What every document begins with; comparisons, which are older, name their schema alone."""

    tool: ToolData


class FailedData(Envelope):
    """A spec with problems: it has no figure."""

    spec: SpecData
    errors: Annotated[list[ErrorData], AtLeast(1)]
    partial: NotRequired[Literal[True]]


_Document = TypeVar("_Document")


def holding(kinds: Mapping[str, Any], before: str = "") -> Callable[[_Document], _Document]:
    """A decorator of a TypedDict: further keys, of which a table tells, before one of its own or after all of them."""

    def extended(document: _Document) -> _Document:
        own = list(document.__annotations__.items())
        place = list(document.__annotations__).index(before) if before else len(own)
        document.__annotations__ = dict([*own[:place], *kinds.items(), *own[place:]])
        return document

    return extended


def figures_data(names: Iterable[str], kind: Any) -> dict[str, Any]:
    """The keys of some metrics, each of a kind; those of a training step are only where there is one."""
    return {name: NotRequired[kind] if METRICS[name].of_training else kind for name in names}


def schema_id(name: str) -> str:
    """What a document says of its schema: ``archcost.report/1`` for the name ``report``."""
    return f"archcost.{name}/1"


def identified(name: str) -> Identified:
    """The beginning of a document that names its schema alone."""
    return {"schema": schema_id(name)}


def envelope(name: str) -> Envelope:
    """The beginning of a document."""
    return {"schema": schema_id(name), "tool": {"name": "archcost", "version": __version__}}


def warned(warnings: Iterable[Diagnostic]) -> WarnedData:
    """The warnings of a spec, where there are any."""
    found = [warning.to_dict() for warning in warnings]
    return {"warnings": found} if found else {}


def schema_of(document: Any, name: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of a document's type, whose name in its envelope is given.

    The type is a TypedDict, a list of them, or a union of such. An object is open, for later versions add keys; a key
    is required unless it is ``NotRequired``. A description is the docstring of its type.
    """
    definitions: dict[str, Any] = {}
    schema = _object(document, definitions) if is_typeddict(document) else _of(document, definitions)
    for each in (schema, *definitions.values()):
        if "schema" in each.get("properties", {}):
            each["properties"]["schema"] = {"const": schema_id(name)}
    return {"$schema": _DRAFT, "title": f"archcost {name}", **schema, "definitions": dict(sorted(definitions.items()))}


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type: that of its origin where it has arguments."""
    if is_typeddict(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # it may be within itself
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/definitions/{kind.__name__}"}
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    maker = _GENERIC.get(get_origin(kind))
    if maker is None:
        raise TypeError(f"no JSON Schema for {kind!r}")
    return maker(get_args(kind), definitions)


def _annotated(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _of(arguments[0], definitions)
    kind = schema.get("type")
    for mark in arguments[1:]:
        if isinstance(mark, AtLeast):
            schema[_LEAST[kind if isinstance(kind, str) else ""]] = mark.least
        elif isinstance(mark, Matches):
            schema["pattern"] = mark.pattern
        elif isinstance(mark, OneOf):
            schema["enum"] = list(mark.values)
        elif isinstance(mark, str):
            schema["description"] = mark
    return schema


def _literal(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    del definitions
    return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}


def _array(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _of(arguments[0], definitions)}


def _mapping(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    values = _of(arguments[1], definitions)
    return {"type": "object", **({"additionalProperties": values} if values else {})}


def _union(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    """One of several; plain types in one list, whose other words hold for numbers alone."""
    options = [_of(one, definitions) for one in arguments]
    if all(isinstance(option.get("type"), str) and option.keys() <= {"type", "minimum"} for option in options):
        merged = {key: value for option in options for key, value in option.items() if key != "type"}
        return {"type": [option["type"] for option in options], **merged}
    return {"anyOf": options}


def _object(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    properties = {
        name: _of(get_args(hint)[0] if get_origin(hint) is NotRequired else hint, definitions)
        for name, hint in hints.items()
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = [name for name, hint in hints.items() if get_origin(hint) is not NotRequired]
    if required:
        schema["required"] = required
    about = (kind.__doc__ or "").split("\n\n")[0].strip()
    return {"description": " ".join(about.split()), **schema} if about else schema


_GENERIC = {
    Annotated: _annotated,
    Literal: _literal,
    Union: _union,
    UnionType: _union,
    list: _array,
    dict: _mapping,
}
