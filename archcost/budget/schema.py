"""The JSON Schema (draft-07) of a verdict."""

from __future__ import annotations

from typing import Any

from archcost.budget.verdict import Cause, Rule, Status
from archcost.spec.limits import LEVELS, TOTALS

VERDICT = "archcost.verdict/1"
Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_PLACE: Schema = {"type": ["integer", "null"], "minimum": 1}


def verdict_schema() -> Schema:
    """What ``check --format json`` prints. Later versions may add keys, never take one away: readers ignore others."""
    summary = {"text": _TEXT, "specs": _COUNT, **{status.value: _COUNT for status in Status}}
    document = {
        "schema": {"const": VERDICT},
        "tool": _closed({"name": {"const": "archcost"}, "version": _TEXT}),
        "ok": {"type": "boolean"},
        "judged": {"type": "boolean", "description": "Whether any figure was held against a limit."},
        "exit_code": {"enum": [0, 1, 2]},
        "baseline": _TEXT_OR_NULL,
        "summary": _closed(summary),
        "specs": {"type": "array", "items": {"$ref": "#/definitions/spec"}},
        "left_out": {"type": "array", "items": _TEXT, "description": "Files found by globs that hold only blocks."},
        "findings": {"type": "array", "items": {"$ref": "#/definitions/finding"}},
        "errors": {"type": "array", "items": {"$ref": "#/definitions/error"}},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "archcost verdict",
        **_closed(document),
        "definitions": {"spec": _spec(), "finding": _finding(), "limit": _limit(), "error": _error()},
    }


def _closed(properties: Schema, *optional: str) -> Schema:
    """An object with these keys; others may join them."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _spec() -> Schema:
    total = _closed({"figure": _COUNT, "baseline": _COUNT_OR_NULL, "unknown_layers": _COUNT}, "unknown_layers")
    return _closed(
        {
            "name": _TEXT,
            "path": _TEXT,
            "batch": {"type": "integer", "minimum": 1},
            "changed": {"type": "boolean"},
            "renamed_from": _TEXT_OR_NULL,
            "totals": {"type": "object", "properties": dict.fromkeys(TOTALS, total)},
            "findings": {"type": "array", "items": {"$ref": "#/definitions/finding"}},
            "errors": {"type": "array", "items": {"$ref": "#/definitions/error"}},
        }
    )


def _finding() -> Schema:
    layer = _closed({"path": _TEXT, "op": _TEXT, "figure": _COUNT, "baseline": _COUNT_OR_NULL})
    figure = {"type": ["integer", "null", "array"], "description": "A shape for expected outputs."}
    return _closed(
        {
            "rule": {"enum": [rule.value for rule in Rule]},
            "status": {"enum": [status.value for status in Status]},
            "spec": _TEXT_OR_NULL,
            "name": _TEXT_OR_NULL,
            "metric": _TEXT_OR_NULL,
            "unit": {"enum": ["count", "bytes", "ns", None]},
            "path": _TEXT_OR_NULL,
            "limit": {"anyOf": [{"$ref": "#/definitions/limit"}, {"type": "null"}]},
            "figure": figure,
            "allowed": _COUNT_OR_NULL,
            "baseline": _COUNT_OR_NULL,
            "overshoot": _COUNT,
            "percent": {"type": ["number", "null"]},
            "spread": _COUNT_OR_NULL,
            "layers": {"type": "array", "items": layer},
            "file": _TEXT_OR_NULL,
            "line": _PLACE,
            "column": _PLACE,
            "cause": {"enum": [*(cause.value for cause in Cause if cause), None]},
            "message": _TEXT,
            "help": _TEXT_OR_NULL,
            "expected": _closed({"value": {}, "source": _TEXT_OR_NULL}),
            "unknown": {"type": "array", "items": _TEXT, "description": "The first layers whose figure is not known."},
            "count": {
                "type": "integer",
                "minimum": 1,
                "description": "Above 1: so many more layers with this result, which are not listed.",
            },
        },
        "expected",
        "unknown",
        "count",
    )


def _limit() -> Schema:
    return _closed(
        {
            "text": _TEXT,
            "max": _COUNT_OR_NULL,
            "increase_percent": {"type": ["number", "null"], "minimum": 0},
            "floor": _COUNT_OR_NULL,
            "level": {"enum": list(LEVELS)},
            "layers": _TEXT_OR_NULL,
            "message": _TEXT_OR_NULL,
        }
    )


def _error() -> Schema:
    return _closed({"message": _TEXT, "file": _TEXT_OR_NULL, "line": _PLACE, "column": _PLACE, "help": _TEXT_OR_NULL})
