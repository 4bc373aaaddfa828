"""Params and inputs of a spec under a caller's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, SpecError, UsageError, suggestion
from archcost.graph.model import TensorType
from archcost.ops.fields import shown, whole_number
from archcost.spec.expressions import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.spec.model import Spec


def freeze(value: Any) -> Any:
    """Lists as tuples, so that values can be compared and hashed."""
    return tuple([freeze(item) for item in value]) if isinstance(value, (list, tuple)) else value


def resolve_params(spec: Spec, given: Mapping[str, Any], batch: int, *, training: bool) -> dict[str, Any]:
    """All names that expressions see at the top level: params with their values, ``batch`` and ``training``.

    Raises UsageError for params that the spec does not have, SpecError for those it requires.
    """
    for name in given:
        if name not in spec.params:
            known = list(spec.params)
            help_line = suggestion(name, known, "params") if known else f"{spec.name} has no params"
            raise UsageError(f"{spec.name} has no param '{name}'", help_line)
    names: dict[str, Any] = {"batch": batch, "training": training}
    problems = []
    for name, param in spec.params.items():
        if name in given:
            names[name] = given[name]
        elif param.default is None:
            help_line = f"give one with `--set {name}=…`"
            problems.append(Diagnostic(f"the param '{name}' needs a value", param.mark, help_line))
        else:
            try:
                names[name] = param.default.evaluate(names)
            except ExpressionError as error:
                problems.append(error.diagnostic)
                names[name] = None
    if problems:
        raise SpecError(problems)
    return names


def resolve_inputs(spec: Spec, names: Mapping[str, Any], batch: int, dtype: str) -> dict[str, TensorType]:
    """The types of the model's inputs, the batch in front; raises SpecError at a wrong shape."""
    inputs = {}
    problems = []
    for name, declaration in spec.inputs.items():
        try:
            shape = declaration.shape.evaluate(names)
        except ExpressionError as error:
            problems.append(error.diagnostic)
            continue
        dims = shape if isinstance(shape, (list, tuple)) else [shape]
        sizes = [whole_number(dim) for dim in dims]
        if any(size is None or size < 1 for size in sizes):
            problems.append(
                Diagnostic(
                    f"the shape of '{name}' must be whole numbers ≥ 1, got {shown(shape)}", declaration.shape.mark
                )
            )
            continue
        prefix = (batch,) if declaration.batch else ()
        inputs[name] = TensorType((*prefix, *sizes), declaration.dtype or dtype)
    if problems:
        raise SpecError(problems)
    return inputs


def model_dtype(spec: Spec, override: str | None) -> str:
    """The floating dtype that weights have: given, the spec's, that of its floating inputs, or float32."""
    if override or spec.dtype:
        return override or spec.dtype or ""
    for declaration in spec.inputs.values():
        if declaration.dtype and "float" in declaration.dtype:
            return declaration.dtype
    return "float32"
