"""The JSON Schema (draft-07) of a configuration: ``archcost.toml``, or ``[tool.archcost]`` in ``pyproject.toml``."""

from __future__ import annotations

from typing import Any

from archcost.budget.config import KEYS, MAX_BUDGETS, MAX_GLOBS, TABLE_KEYS
from archcost.budget.configured_models import MAX_MODELS, MODEL_KEYS
from archcost.dtypes import FLOAT_DTYPES, STORED_BITS
from archcost.hardware.figures import FIGURES
from archcost.hardware.own import DEVICE_KEYS, MAX_DEVICES
from archcost.spec.budget_limits import LEVELS
from archcost.spec.budget_schema import budgets_schema, limit_schemas
from archcost.spec.schema import DRAFT

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}
_NAME = r"^[^*?\[\]:/\\@!.\s$]+$"  # of a model


def config_schema() -> Schema:
    """The schema of a configuration: what an editor completes and checks while one types."""
    properties = {
        "specs": _globs("What `archcost check` judges, relative to this file; `!` excepts."),
        "models": {
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": _model(),
            "maxProperties": MAX_MODELS,
            "description": "Models of PyTorch that are judged as specs are, as @NAME.",
        },
        "allow_import": {
            "type": "boolean",
            "description": "Code of the repository may run to make models, if --allow-import is given as well.",
        },
        "baseline": {
            "type": "string",
            "pattern": r"^(?:.+\.json)?$",
            "description": "The lock file; by default archcost.lock.json beside this file.",
        },
        "devices": {
            "type": "object",
            "additionalProperties": _device(),
            "maxProperties": MAX_DEVICES,
            "description": "Devices of your own, by their names.",
        },
        "dtype": {"enum": list(FLOAT_DTYPES), "description": "The dtype of weights and floating-point inputs."},
        "weight_dtype": {"enum": list(STORED_BITS), "description": "The dtype that matrices are stored in."},
        "kv_dtype": {"enum": list(STORED_BITS), "description": "The dtype that KV caches are kept in."},
        "budgets": {
            "type": "array",
            "items": _budget(),
            "maxItems": MAX_BUDGETS,
            "description": "Limits for all specs, or for those that a table chooses.",
        },
    }
    return {"$schema": DRAFT, "title": "archcost configuration", **_table({key: properties[key] for key in KEYS})}


def _model() -> Schema:
    inputs: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
    properties = {
        "source": {
            **_TEXT,
            "description": "torchvision:NAME, timm:NAME, transformers:config.json, or package.module:callable.",
        },
        "input": {**inputs, "description": "Shapes without the batch, as --input has them: 3x224x224, ids=128:int64."},
        "budgets": budgets_schema(),
    }
    return {**_table({key: properties[key] for key in MODEL_KEYS}), "required": ["source"]}


def _device() -> Schema:
    figures = {
        name: {"type": ["string", "number"], "description": f"With its unit, as {each.example}."}
        for name, each in FIGURES.items()
    }
    properties = {**dict.fromkeys(DEVICE_KEYS, _TEXT), **figures, "aliases": _globs("Other names of it.")}
    return {**_table({key: properties[key] for key in DEVICE_KEYS}), "required": ["memory"]}


def _budget() -> Schema:
    limits = limit_schemas()
    properties = {
        "specs": _globs("The specs that these limits are for; by default all."),
        "layers": {**_TEXT, "description": "A pattern of paths; by default the whole model."},
        **limits,
        "level": {"enum": list(LEVELS)},
        "message": {"type": "string", "description": "Your words, printed where a limit is exceeded."},
    }
    table = _table({key: properties[key] for key in TABLE_KEYS})
    return {**table, "anyOf": [{"required": [name]} for name in limits]}


def _globs(description: str) -> Schema:
    several = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MAX_GLOBS}
    return {"anyOf": [_TEXT, several], "description": description}


def _table(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}
