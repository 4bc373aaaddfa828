"""The fixed words of specs: keys, modifiers, dtypes, metrics, and the names that expressions define."""

from __future__ import annotations

from archcost.spec.expressions import INPUT_NAMES
from archcost.spec.functions import FUNCTIONS

VERSION = 1
SPACE_KEY = "archcost_space"  # by which a file says that it is a space of designs
GIVEN = "given_"  # before the name of an input that an import shares with a layer
AS_IMPORTED = "as imported"  # the source of figures that an import expects: nobody has published them
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
VARIANT_KEYS = ("archcost", "name", "family", "source", "extends", "dtype", "params", "budgets", "expect")
GROUPS = {"layers": "group", "residual": "residual"}  # keys in place of a kind, and what the kind of such a step is
GROUP_INPUT = "input"  # what a group's own input is called in it
MODIFIERS = ("id", "from", "branches", "when", "repeat", "as", "share", "requires_grad")
