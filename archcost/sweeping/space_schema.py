"""The JSON Schema of a space of designs in a file (draft-07, which editors read)."""

from __future__ import annotations

from typing import Any

from archcost.spec.schema import DRAFT
from archcost.spec.vocabulary import SPACE_KEY
from archcost.sweeping.space_file import EXPECTED, KEYS, VERSION

Schema = dict[str, Any]
_TARGET = r"^[A-Za-z_]\w*(\[(\*|-?\d+)\])*$"  # a param, `depths[0]`, `kernels[*]`
_VALUES: Schema = {
    "anyOf": [{"type": ["string", "number", "boolean"]}, {"type": "array", "minItems": 1}],
    "description": "A list of values, or text as --vary takes it: `0.5,1.0`, `1..8`, `128..224..32`, `0.25:1.5:0.05`.",
}


def space_schema() -> Schema:
    """The schema of a file with a space: what an editor completes and checks while one types."""
    properties: Schema = {
        SPACE_KEY: {"const": VERSION, "description": "The version of the language of spaces."},
        "name": _text("What the space is called; by default as its file."),
        "source": _text("Where the space is published."),
        "spec": _text("What varies: a path from this file, `zoo:NAME`, or any other name of a spec."),
        "set": {"type": "object", "description": "Params that are the same for all designs."},
        "vary": {**_by_target(), "description": "Params, and elements of lists, each with the values it takes."},
        "zip": {
            "anyOf": [_by_target(), {"type": "array", "items": _by_target()}],
            "description": "Params that vary together, with equally many values.",
        },
        "where": _text("A condition on metrics and params: `macs <= 300 M and width >= 0.5`."),
        "expect": {
            "type": "object",
            "properties": {name: _count() for name in EXPECTED},
            "additionalProperties": False,
            "description": "What is published of the space; `archcost sweep FILE --count` holds it against the count.",
        },
    }
    return {
        "$schema": DRAFT,
        "title": "archcost space",
        "description": "A space of designs for archcost: a spec, and what varies in it.",
        "type": "object",
        "properties": {key: properties[key] for key in KEYS},
        "required": [SPACE_KEY, "spec"],
        "additionalProperties": False,
    }


def _by_target() -> Schema:
    return {"type": "object", "propertyNames": {"pattern": _TARGET}, "additionalProperties": _VALUES}


def _text(description: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": description}


def _count() -> Schema:
    return {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1}],
        "description": "How many designs there are: a number, or how it comes about, `7371 ** 5`.",
    }
