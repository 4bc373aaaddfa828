"""Params and dtypes of a spec under a caller's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dtypes import FLOAT_DTYPES, STORED_BITS
from archcost.errors import Diagnostic, UsageError, shortened, suggestion
from archcost.graph.inputs import params_in_inputs
from archcost.ops.fields import shown
from archcost.spec.expressions import UNKNOWN, ExpressionError, Names
from archcost.spec.functions import BoundError, measure

if TYPE_CHECKING:
    from collections.abc import Collection

    from archcost.graph.model import Graph
    from archcost.meter import Meter
    from archcost.settings import Settings
    from archcost.spec.expressions import Evaluation
    from archcost.spec.model import Param, Spec
    from archcost.spec.problems import Problems

_SHOWN = 1000  # characters of a list of params


def freeze(value: Any) -> Any:
    """A value that can be compared and hashed, in which 1, 1.0 and true differ."""
    if isinstance(value, (list, tuple)):
        return tuple([freeze(item) for item in value])
    return (type(value), value) if isinstance(value, (bool, float)) else value


def resolve_params(
    spec: Spec, settings: Settings, problems: Problems, meter: Meter, of_candidates: Evaluation | None = None
) -> Names:
    """All names that expressions see at the top level: params with their values, ``batch`` and ``training``.

    ``of_candidates`` evaluates where params have the values of many candidates. A param that stands in the shape of an
    input that is replaced has the size that is given there. Raises UsageError
    for params that the spec does not have; those without a value are unknown, and a problem.
    """
    given = settings.params
    for name, value in given.items():
        if name not in spec.params:
            known = list(spec.params)
            hint = suggestion(name, known, "params") or _params(known) if known else _without_params(spec)
            raise UsageError(f"{spec.name} has no param '{name}'", hint)
        _check_value(name, value)
    given = {**given, **params_in_inputs(spec, settings)}
    names = Names({"batch": settings.batch, "training": settings.training}, meter=meter)
    names.evaluator.of_candidates = of_candidates
    for name, param in spec.params.items():
        if name in given:
            names[name] = given[name]
            _note_otherwise(name, given[name], param, names)
        elif param.default is None:
            hint = f"give one with `--set {name}=…`"
            problems.add(Diagnostic(f"the param '{name}' needs a value", param.mark, hint))
            names[name] = UNKNOWN
        else:
            try:
                names[name] = param.default.evaluate(names, spec.params)
            except ExpressionError as error:
                names[name] = UNKNOWN
                if error.diagnostic is not None:
                    problems.add(error.diagnostic)
    return names


def set_params(graph: Graph) -> list[str]:
    """The params that differ from the constant defaults of the spec."""
    defaults = {name: param.default for name, param in graph.spec.params.items()}
    return [
        name
        for name, value in graph.params.items()
        if (default := defaults[name]) is None or (default.constant and default.value != value)
    ]


def _note_otherwise(name: str, value: Any, param: Param, names: Names) -> None:
    """Keep how to set a param of which a list, a number or a text is made what it is not by default."""
    default = param.default.value if param.default is not None and param.default.constant else value
    if _sort(default) != _sort(value):
        text = "[" + ",".join(map(shown, default)) + "]" if isinstance(default, list) else shown(default)
        kind = f"a list of {len(default)}" if isinstance(default, list) else _sort(default)
        if isinstance(value, (list, tuple)):
            kind = "no list"
        names.evaluator.set_otherwise[name] = f"{name} is {kind}: `--set '{name}={text}'`"


def _sort(value: Any) -> str:
    """What a value of a param is, in words."""
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return "a text"
    return "true or false" if isinstance(value, bool) else "a number"


def _params(known: Collection[str]) -> str:
    """The help where a spec has more params than fit on a line."""
    return shortened(f"known params: {', '.join(known)}", _SHOWN)


def _without_params(spec: Spec) -> str:
    """The help where a spec has nothing to set."""
    sizes = [f"`--input {name}=…`" for name in spec.inputs][:1]
    return f"{spec.name} has no params" + "".join([f"; {size} gives its inputs other sizes" for size in sizes])


def _check_value(name: str, value: Any) -> None:
    """A param is a number, text, true, false, null, or a list of them; raises UsageError."""
    try:
        measure(value)
    except BoundError as error:
        raise UsageError(f"the param '{name}': {error}") from None
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, (list, tuple)):
            _check_value(name, item)
        elif item is not None and not isinstance(item, (float, str)) and not _is_whole(item):
            kind = "a mapping" if isinstance(item, dict) else f"a {type(item).__name__}"
            raise UsageError(f"the param '{name}' must be a number, text, true, false or a list of these, got {kind}")


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number, and can be one of a key: of an int, a Dim, or a number of another library."""
    return hasattr(value, "__index__") and type(value).__hash__ is not None


def model_dtype(spec: Spec, override: str | None) -> str:
    """The dtype of the weights: the given one, else the spec's, else that of a floating input, else float32."""
    if override is not None and override not in FLOAT_DTYPES:
        hint = _dtype_help(override, FLOAT_DTYPES) or f"choose one of {', '.join(FLOAT_DTYPES)}"
        raise UsageError(f"unknown dtype '{override}'", hint)
    if override or spec.dtype:
        return override or spec.dtype or ""
    for declaration in spec.inputs.values():
        if declaration.dtype in FLOAT_DTYPES:
            return declaration.dtype or ""
    return "float32"


def check_stored_dtypes(settings: Settings) -> None:
    """Raise UsageError for a dtype that weights or a KV cache cannot be stored in."""
    for what, of_what, dtype in (
        ("weight", "weights", settings.weight_dtype),
        ("KV cache", "KV caches", settings.kv_dtype),
    ):
        if dtype is not None and dtype not in STORED_BITS:
            hint = _dtype_help(dtype, STORED_BITS) or suggestion(dtype, list(STORED_BITS), f"dtypes of {of_what}")
            raise UsageError(f"unknown {what} dtype '{dtype}'", hint)


def _dtype_help(dtype: str, known: Collection[str]) -> str:
    from archcost.spec.helps.words import dtype_help

    return dtype_help(dtype, known)
