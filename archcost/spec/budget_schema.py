"""The JSON Schema of budgets."""

from __future__ import annotations

from typing import Any

from archcost.figures import BYTES, LIMITED_OF_LAYERS, METRICS, ON_CHIP, PREDICTED, TIME
from archcost.spec.budget_limits import LEVELS, OF_DEVICES, OTHER_NAMES
from archcost.spec.budget_reader import METRIC_NAMES


def limit_schemas() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a limit, by the metrics that one may be set on."""
    return {name: _limit_schema(OTHER_NAMES.get(name, name)) for name in METRIC_NAMES}


def budgets_schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of ``budgets`` in a spec."""
    whole = limit_schemas()
    of_layers = {name: whole[name] for name in LIMITED_OF_LAYERS}
    layers = {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": of_layers, "additionalProperties": False},
        "description": "Limits of layers and blocks by path patterns such as inception_*.",
    }
    return {
        "type": "object",
        "properties": {**whole, "layers": layers},
        "additionalProperties": False,
        "description": "Upper limits, judged by `archcost check`.",
    }


def _limit_schema(metric: str) -> dict[str, Any]:
    percent = {"type": "string", "pattern": r"^\s*\+?[0-9.]+\s*%\s*$", "description": "Growth against the baseline."}
    amount = _amount_schema(metric)
    if metric == PREDICTED:
        return _predicted_schema(amount)
    detailed: dict[str, Any] = {
        "type": "object",
        "properties": {
            "max": amount,
            "increase": percent,
            "floor": {**amount, "description": "The growth must exceed this, too."},
            "level": {"enum": list(LEVELS)},
            "message": {"type": "string", "description": "Your words, printed where the limit is exceeded."},
        },
        "additionalProperties": False,
        "anyOf": [{"required": ["max"]}, {"required": ["increase"]}],
        "dependencies": {"floor": ["increase"]},
    }
    if metric in OF_DEVICES:
        _add_device(detailed)
    if metric in ON_CHIP:
        detailed = {**detailed, "properties": {**detailed["properties"], "increase": False}}
        return {"anyOf": [amount, detailed]}
    return {"anyOf": [amount, percent, detailed]}


def _predicted_schema(amount: dict[str, Any]) -> dict[str, Any]:
    """The time that is predicted for a device."""
    return {
        "type": "object",
        "properties": {
            "device": {"type": "string", "description": "What it is predicted for: rtx4090, t4, one of your own."},
            "max": amount,
            "level": {"enum": list(LEVELS)},
            "message": {"type": "string", "description": "Your words, printed where the limit is exceeded."},
        },
        "additionalProperties": False,
        "required": ["device", "max"],
    }


def _add_device(detailed: dict[str, Any]) -> None:
    """Let the limit be what a device has room for."""
    device = {"type": "string", "description": "What this device has room for: rtx4090, t4, one of your own."}
    reserve = {"type": ["string", "integer"], "description": "What is kept free of it: 1 GiB, 5%, 0."}
    detailed["properties"] |= {"device": device, "reserve": reserve}
    detailed["anyOf"].append({"required": ["device"]})
    detailed["dependencies"]["reserve"] = ["device"]


def _amount_schema(metric: str) -> dict[str, Any]:
    number = r"^\s*\+?(?:[0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*"
    unit = {BYTES: r"(?:[kKMGTPE]?B|[KMGTP]iB)", TIME: r"(?:ns|µs|μs|us|ms|s)"}.get(METRICS[metric].unit)
    if unit is None:
        text = {"type": "string", "pattern": number + r"(?:[kKMGBTPE]|[KMGTP]i)?\s*$"}
        return {"anyOf": [{"type": "number", "minimum": 0}, text]}
    return {"type": "string", "pattern": rf"{number}{unit}\s*$"}
