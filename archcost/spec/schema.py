"""The JSON Schema of specs (draft-07, which editors read), from the declarations of the ops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dtypes import DTYPE_BYTES, FLOAT_DTYPES
from archcost.figures import EXPECTED
from archcost.ops import REGISTRY
from archcost.ops.base import INFERRED_SIZE, alone, asserted_size
from archcost.ops.fields import REQUIRED
from archcost.spec.budget_schema import budgets_schema
from archcost.spec.spec_reader import VERSION
from archcost.spec.vocabulary import TOP_KEYS, VARIANT_KEYS

if TYPE_CHECKING:
    from archcost.ops.base import Op
    from archcost.ops.fields import AttributeField

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
_EXPRESSION: Schema = {"$ref": "#/definitions/expression"}
_STEPS: Schema = {"$ref": "#/definitions/steps"}
_IDS: Schema = {"$ref": "#/definitions/ids"}
_MORE_INPUTS = "The names of a block's inputs; the last stands for one or more if it ends in `...`."
_SHAPE: Schema = {"type": "array", "items": {"type": "integer", "minimum": 1}}


def _object(properties: Schema, *, required: tuple[str, ...] = (), description: str = "", more: Any = False) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": more}
    if required:
        schema["required"] = list(required)
    if description:
        schema["description"] = description
    return schema


def _or_expression(schema: Schema) -> Schema:
    return {"anyOf": [schema, _EXPRESSION]}


def spec_schema() -> Schema:
    """The schema of a spec file: what an editor completes and checks while one types.

    Names that a file defines itself (blocks, params, ids) are open; what an op takes is closed.
    """
    params = {"type": "object", "propertyNames": {"pattern": r"^[^\W\d]\w*$"}, "description": "Null: required."}
    properties: Schema = {
        "archcost": {"const": VERSION, "description": "The version of the spec language."},
        "name": {"type": "string"},
        "family": {"type": "string", "description": "The family in the list of `archcost zoo`."},
        "source": {"type": "string", "description": "Where the architecture is published."},
        "extends": {
            "type": "string",
            "description": "The spec that this one is a variant of: its layers, with other defaults for its params.",
        },
        "dtype": {"enum": list(FLOAT_DTYPES)},
        "params": params,
        "include": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "input": {"$ref": "#/definitions/input"},
        "inputs": {"type": "object", "additionalProperties": {"$ref": "#/definitions/input"}},
        "blocks": {"type": "object", "additionalProperties": {"$ref": "#/definitions/block"}},
        "layers": _STEPS,
        "outputs": _IDS,
        "budgets": budgets_schema(),
        "expect": _expect_schema(),
    }
    schema = _object(properties, required=("archcost",), description="An architecture for archcost.")
    whole = (["input", "layers"], ["inputs", "layers"], ["blocks"], ["extends"])
    schema["anyOf"] = [{"required": keys} for keys in whole]
    others = [{"required": [key]} for key in TOP_KEYS if key not in VARIANT_KEYS]
    schema["dependencies"] = {"extends": {"not": {"anyOf": others}}}
    return {"$schema": DRAFT, "title": "archcost spec", **schema, "definitions": _definitions(params)}


def _definitions(params: Schema) -> Schema:
    number_or_text = {"type": ["string", "number"]}
    figure = _object(
        {"value": number_or_text, "tolerance": {"type": "string", "pattern": "%$"}, "source": {"type": "string"}},
        required=("value",),
    )
    shape = _or_expression({"type": "array", "items": _or_expression({"type": "integer", "minimum": 1})})
    full_input = _object(
        {
            "shape": shape,
            "dtype": {"enum": list(DTYPE_BYTES)},
            "batch": {"type": "boolean"},
            "requires_grad": {"type": "boolean", "description": "True: training needs its gradient, too."},
        },
        required=("shape",),
    )
    names = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    an_id = {"type": ["string", "integer"]}
    block = _object(
        {
            "params": params,
            "inputs": {"anyOf": [{"type": "string"}, names], "description": _MORE_INPUTS},
            "layers": _STEPS,
            "outputs": _IDS,
        },
        required=("layers",),
        description="Steps with a scope of their own, used as a kind.",
    )
    definitions: Schema = {
        "expression": {"type": "string", "pattern": r"^\$", "description": "$name or $(…)"},
        "figure": {"anyOf": [number_or_text, figure]},
        "input": {"anyOf": [*shape["anyOf"], full_input]},
        "block": block,
        "ids": {"anyOf": [an_id, {"type": "array", "items": an_id}]},
        "steps": {"anyOf": [{"type": "array", "items": {"$ref": "#/definitions/step"}}, {"type": "null"}]},
        "step": {"anyOf": [_kind_schema(), _step_schema()]},
    }
    for kind, op in REGISTRY.items():
        own = op_schema(op)
        definitions[kind] = {"anyOf": [own, op_schema(REGISTRY[op.on_weight])]} if op.on_weight else own
    return definitions


def _kind_schema() -> Schema:
    """A bare kind: any name, except those of ops that need attributes."""
    needy = [kind for kind, op in REGISTRY.items() if _required(op)]
    return {"type": "string", "not": {"enum": needy}, "examples": sorted(set(REGISTRY) - set(needy))}


def _step_schema() -> Schema:
    branch = _object({"from": _IDS, "layers": _STEPS})
    modifiers: Schema = {
        "id": {
            "type": ["string", "integer"],
            "pattern": r"^[^.\s$]+$",
            "description": "The step's name in its scope.",
        },
        "from": {**_IDS, "description": "Ids of what the step reads, instead of the previous step; [] for nothing."},
        "branches": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [*_nullable_steps(), branch]},
            "description": "Parallel lists of steps; their results are the inputs of this step.",
        },
        "when": _or_expression({"type": "boolean"}),
        "repeat": {
            **_or_expression({"type": ["integer", "array"], "minimum": 0}),
            "description": "How many rounds there are, or a list with an item for each.",
        },
        "as": {"type": "string", "description": "The name of the index of repeat (default: i), or of the list's item."},
        "share": {
            "type": ["string", "integer"],
            "description": "The id or path of an earlier step whose weights this step uses, or the step's first round.",
        },
        "requires_grad": {
            **_or_expression({"type": "boolean"}),
            "description": "Whether the weights of this step are trained; false freezes them (default: true).",
        },
    }
    ops: Schema = {kind: {"$ref": f"#/definitions/{kind}"} for kind in REGISTRY}
    groups = {
        "layers": _group_schema("A group: steps in place of a kind, with a scope of their own for ids."),
        "residual": _group_schema("A group of steps, and the input added to their result.", least=1),
    }
    schema = _object({**modifiers, **groups, **ops}, more=True)
    return {**schema, "minProperties": 1, "maxProperties": len(modifiers) + 1, "dependencies": {"as": ["repeat"]}}


def _group_schema(description: str, least: int = 0) -> Schema:
    """A list of steps; what is no list are the attributes of a block of that name."""
    steps = {"type": "array", "items": {"$ref": "#/definitions/step"}, "minItems": least}
    return {"anyOf": [steps, {"type": ["object", "null"]}], "description": description}


def _nullable_steps() -> list[Schema]:
    return [{"type": "array", "items": {"$ref": "#/definitions/step"}}, {"type": "null"}]


def _required(op: type[Op]) -> tuple[str, ...]:
    return tuple(name for name, field in op.fields.items() if field.default is REQUIRED)


def op_schema(op: type[Op]) -> Schema:
    """The schema of an op's attributes."""
    properties = {name: _field_schema(field, op.ndim) for name, field in op.fields.items()}
    if asserted_size(op):
        properties[asserted_size(op)] = _field_schema(INFERRED_SIZE, op.ndim)
    first_line = (op.__doc__ or "").strip().split("\n", 1)[0]
    options: list[Schema] = [_object(properties, required=_required(op), description=first_line)]
    if alone(op):
        options += _field_schema(op.fields[alone(op)], op.ndim)["anyOf"]
    if not _required(op) and {"type": "null"} not in options:
        options.append({"type": "null"})
    return {"anyOf": options} if len(options) > 1 else options[0]


def _field_schema(field: AttributeField, ndim: int) -> Schema:
    values = field.schema(ndim)
    options = [_open(values), _EXPRESSION, *([{"type": "null"}] if field.nullable else [])]
    schema: Schema = {"anyOf": options}
    if field.doc:
        schema["description"] = field.doc
    if field.default is not REQUIRED:
        schema["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    return schema


def _open(schema: Schema) -> Schema:
    """Let every item of a list be an expression too."""
    if "anyOf" in schema:
        return {"anyOf": [_open(option) for option in schema["anyOf"]]}
    if schema.get("type") == "array":
        return {**schema, "items": _or_expression(_open(schema["items"]))}
    return schema


def _expect_schema() -> Schema:
    figures: Schema = {name: {"$ref": "#/definitions/figure"} for name in EXPECTED}
    common: Schema = {
        "output": _SHAPE,
        **figures,
        "tolerance": {"type": "string", "pattern": "%$"},
        "source": {"type": "string"},
    }
    layers = {"type": "object", "additionalProperties": _object(common)}
    return _object({**common, "layers": layers}, description="Expected figures, checked both ways.")
