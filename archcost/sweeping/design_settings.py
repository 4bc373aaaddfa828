"""The settings of a design: what its axes set, beside what is set for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import decided
from archcost.errors import UsageError
from archcost.graph.params import resolve_params
from archcost.meter import Meter
from archcost.spec.expressions import has_value
from archcost.spec.problems import Problems
from archcost.sweeping.space import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.settings import Settings
    from archcost.spec.expressions import Evaluation
    from archcost.spec.model import Spec

BATCH = "batch"  # a target that is no param: the size of dim 0 of the inputs


def with_values(
    spec: Spec, settings: Settings, values: Mapping[Target, Any], of_candidates: Evaluation | None = None
) -> Settings:
    """Settings with the values of targets. An element is set in the list that its param has otherwise.

    Values may be tables, of many designs at once: then ``of_candidates`` evaluates what follows from them. Raises
    UsageError for an element that there is not.
    """
    params = dict(settings.params)
    batch = settings.batch
    elements: dict[str, list[tuple[tuple[int, ...], Any]]] = {}
    for target, value in values.items():
        if target.param == BATCH and BATCH not in spec.params:
            batch = value
        elif target.place:
            elements.setdefault(target.param, []).append((target.place, value))
        else:
            params[target.param] = value
    for name in sorted(elements, key=list(spec.params).index):  # a list may follow from one before it
        whole_list = params.get(name)
        if name not in params:
            known = resolve_params(
                spec, settings._replace(params=params, batch=batch), Problems(spec.text_source), Meter(), of_candidates
            )
            whole_list = known[name]
        if not has_value(whole_list):
            continue
        for place, value in elements[name]:
            whole_list = _replaced(whole_list, place, value, Target(name, place))
        params[name] = whole_list
    return settings._replace(params=params, batch=batch)


def _replaced(values: Any, place: tuple[int, ...], value: Any, target: Target) -> Any:
    """A list with another value at a place."""
    if not place:
        return value
    values = decided(values)
    if not isinstance(values, (list, tuple)) or not -len(values) <= place[0] < len(values):
        raise UsageError(f"there is no {target}: the param '{target.param}' has no such item")
    found = list(values)
    found[place[0]] = _replaced(found[place[0]], place[1:], value, target)
    return found
