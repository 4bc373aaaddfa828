"""The fixed words of specs: keys, modifiers, dtypes, metrics, and the names that expressions define."""

from __future__ import annotations

from archcost.spec.expressions import INPUT_NAMES
from archcost.spec.functions import FUNCTIONS

VERSION = 1
DTYPE_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FLOAT_DTYPES = ("float64", "float32", "float16", "bfloat16")
WEIGHT_BITS = {**{dtype: 8 * DTYPE_BYTES[dtype] for dtype in FLOAT_DTYPES}, "float8": 8, "int8": 8, "int4": 4}
RESERVED = frozenset({"batch", "training", *INPUT_NAMES, *FUNCTIONS})
TOP_KEYS = (
    "archcost",
    "name",
    "family",
    "source",
    "extends",
    "dtype",
    "params",
    "include",
    "input",
    "inputs",
    "blocks",
    "layers",
    "outputs",
    "budgets",
    "expect",
)
MODEL_KEYS = ("input", "inputs", "layers", "outputs", "extends", "budgets", "expect")  # which no library has
VARIANT_KEYS = ("archcost", "name", "family", "source", "extends", "params", "budgets", "expect")
GROUPS = {"layers": "group", "residual": "residual"}  # keys in place of a kind, and what the kind of such a step is
GROUP_INPUT = "input"  # what a group's own input is called in it
MODIFIERS = ("id", "from", "branches", "when", "repeat", "as", "share", "requires_grad")
