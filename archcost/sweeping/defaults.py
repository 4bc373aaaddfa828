"""The params of a spec beside the axes: their values, and which of them the axes change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.graph.params import resolve_params
from archcost.meter import Meter
from archcost.spec.expressions import has_value
from archcost.spec.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.settings import Settings
    from archcost.spec.model import Spec

SAME_FOR_ALL = {  # settings of a sweep that are often taken for params, and the way to several of them
    "dtype": "give a sweep for each: `--dtype float16`",
    "weight_dtype": "give a sweep for each: `--weight-dtype int4`",
    "kv_dtype": "give a sweep for each: `--kv-dtype float8`",
    "training": "give a sweep with `--training`, and one without",
    "input": "the sizes of an input vary where params are in them, `input: [3, $side, $side]` and "
    "`--vary side=128,224`; `--input 3x480x640` sets them for all designs",
}
SAME_FOR_ALL["inputs"] = SAME_FOR_ALL["input"]


def params_under(spec: Spec, settings: Settings) -> dict[str, Any]:
    """The params of a spec under settings, ``batch`` and ``training``, by name.

    Those without a value, or with one that cannot be worked out, are left out: a walk tells what is wrong with them.
    Raises UsageError for params that the spec does not have.
    """
    names = resolve_params(spec, settings, Problems(spec.text_source), Meter())
    return {name: value for name, value in names.items() if has_value(value)}


def derived(spec: Spec, settings: Settings, varied: Iterable[str]) -> dict[str, frozenset[str]]:
    """By each param that axes change, set or not, the varied params that its value depends on."""
    sources = {name: frozenset((name,)) for name in varied}
    for name, param in spec.params.items():
        if name in sources or name in settings.params or param.default is None:
            continue
        used = {one for expression in param.default.expressions for one in expression.names}
        found = frozenset().union(*[sources[one] for one in used if one in sources])
        if found:
            sources[name] = found
    return sources


def unknown_param(spec: Spec, name: str) -> UsageError:
    """The error that a spec has no such param: as a single analysis has it, with a way out where it has none at all."""
    from archcost.settings import Settings as SettingsType

    try:
        resolve_params(spec, SettingsType({name: 0}), Problems(spec.text_source), Meter())
    except UsageError as error:
        return error if spec.params else UsageError(error.message, _way_out(spec))
    raise AssertionError(f"{name} is a param")


def _way_out(spec: Spec) -> str:
    """What may vary of a spec without params, and how it gets some."""
    param = "a number that becomes a param, `params: {width: 64}` and `$width` where it stands, can vary as well"
    if spec.text_source.is_made:
        source = spec.text_source.file
        return (
            f"only `batch` can vary of what is imported; `archcost import {source} -o net.yaml` writes a spec: {param}"
        )
    return f"it has no params, so that only `batch` can vary; {param}"
