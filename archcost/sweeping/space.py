"""A space of designs: a spec, and named axes with the values that its params take along them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import decided
from archcost.errors import UsageError, suggestion
from archcost.figures import METRICS
from archcost.graph.params import resolve_params
from archcost.meter import Meter
from archcost.spec.expressions import has_value
from archcost.spec.problems import Problems
from archcost.sweeping.values import identity, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.settings import Settings
    from archcost.spec.expressions import Evaluation
    from archcost.spec.model import Spec

BATCH = "batch"  # a target that is no param, unless the spec has one of this name: the size of dim 0 of the inputs
LAYERS = "layers"  # the figure of a design that is no metric of a layer: how many there are
_TAKEN = frozenset(
    (*METRICS, LAYERS, "valid", "invalid", "error", "indices")
)  # names of columns that rows have beside params
_LISTED = 12  # values of an axis in a message


@dataclass(frozen=True, slots=True)
class AxisTarget:
    """What an axis sets: a param, or with a ``place`` an element of a list that is one, ``depths[0]``."""

    param: str
    place: tuple[int, ...] = ()

    @property
    def column(self) -> str:
        """What it is called beside figures: ``param.macs`` for a param that has the name of a metric."""
        return f"param.{self}" if str(self) in _TAKEN else str(self)

    def __str__(self) -> str:
        return self.param + "".join(f"[{index}]" for index in self.place)


@dataclass(frozen=True, slots=True)
class Axis:
    """One free choice: at each index a value for every target; more than one target where params vary together."""

    targets: tuple[AxisTarget, ...]
    values: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        """The names of what it sets."""
        return ",".join(map(str, self.targets))

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Space:
    """A spec under settings, and the axes along which designs differ; a design is an index along each.

    ``lists`` are the values of params of which axes set elements, as far as they depend on no axis: what an axis does
    not set stays as it is there.
    """

    spec: Spec
    settings: Settings
    axes: tuple[Axis, ...]
    lists: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of values along each axis."""
        return tuple(map(len, self.axes))

    @property
    def size(self) -> int:
        """Π lengths: the number of settings, before what is invalid or the same."""
        return prod(self.lengths)

    @property
    def target_names(self) -> tuple[str, ...]:
        """What axes set, by name, in order."""
        return tuple([str(target) for axis in self.axes for target in axis.targets])

    @property
    def column_names(self) -> tuple[str, ...]:
        """What axes set, in order, as it is called beside figures."""
        return tuple([target.column for axis in self.axes for target in axis.targets])

    def values_of(self, indices: Sequence[int]) -> dict[AxisTarget, Any]:
        """What one design sets, by target."""
        return {
            target: value
            for axis, index in zip(self.axes, indices, strict=True)
            for target, value in zip(axis.targets, axis.values[index], strict=True)
        }

    def params_of(self, indices: Sequence[int]) -> dict[str, Any]:
        """The params of one design, as a single analysis of it takes them: those that are set beside the axes too."""
        return dict(self.settings_of(indices).params)

    def settings_of(self, indices: Sequence[int]) -> Settings:
        """The settings of a single analysis of one design."""
        return self.settings_with(self.values_of(indices))

    def settings_with(self, values: Mapping[AxisTarget, Any], of_candidates: Evaluation | None = None) -> Settings:
        """The settings with the values of targets. An element is set in the list that its param has otherwise.

        Values may be tables, of many designs at once: then ``of_candidates`` evaluates what follows from them. Raises
        UsageError for an element that there is not.
        """
        params = dict(self.settings.params)
        batch = self.settings.batch
        elements: dict[str, list[tuple[tuple[int, ...], Any]]] = {}
        for target, value in values.items():
            if self.sets_batch(target):
                batch = value
            elif target.place:
                elements.setdefault(target.param, []).append((target.place, value))
            else:
                params[target.param] = value
        for name in sorted(elements, key=list(self.spec.params).index):  # a list may follow from one before it
            whole = params[name] if name in params else self.lists.get(name)
            if whole is None:
                settings = self.settings._replace(params=params, batch=batch)
                problems = Problems(self.spec.text_source)
                whole = resolve_params(self.spec, settings, problems, Meter(), of_candidates)[name]
            if not has_value(whole):
                continue
            for place, value in elements[name]:
                whole = replaced(whole, place, value, AxisTarget(name, place))
            params[name] = whole
        return self.settings._replace(params=params, batch=batch)

    def sets_batch(self, target: AxisTarget) -> bool:
        """Whether a target is the batch size, and no param."""
        return target.param == BATCH and BATCH not in self.spec.params

    def indices_of(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """The design that has these values along the axes, by the names of what they set; raises UsageError."""
        known = self.target_names
        for name in params:
            if name not in known:
                raise UsageError(f"the space has no axis '{name}'", suggestion(name, known, "axes"))
        return tuple([_index_in(axis, params) for axis in self.axes])


def replaced(values: Any, place: tuple[int, ...], value: Any, target: AxisTarget) -> Any:
    """A list with another value at a place, which may be within lists in it."""
    if not place:
        return value
    values = decided(values)
    if not isinstance(values, (list, tuple)) or not -len(values) <= place[0] < len(values):
        raise UsageError(f"there is no {target}: the param '{target.param}' has no such item")
    found = list(values)
    found[place[0]] = replaced(found[place[0]], place[1:], value, target)
    return found


def _index_in(axis: Axis, params: Mapping[str, Any]) -> int:
    """The index along an axis of the values that are given for its targets."""
    missing = [str(target) for target in axis.targets if str(target) not in params]
    if missing:
        raise UsageError(f"a design needs a value for '{missing[0]}'", f"give one of {_choices(axis)}")
    wanted = identity([params[str(target)] for target in axis.targets])
    for index, values in enumerate(axis.values):
        if identity(values) == wanted:
            return index
    text = ", ".join([shown(params[str(target)]) for target in axis.targets])
    raise UsageError(f"{axis.name} is never {text} in this space", f"its values are {_choices(axis)}")


def _choices(axis: Axis) -> str:
    texts = ["/".join(map(shown, values)) for values in axis.values[:_LISTED]]
    return ", ".join(texts) + (", …" if len(axis) > _LISTED else "")
