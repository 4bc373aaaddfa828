"""Attributes in another library's words, as the attributes of an op here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops.base import OpError, raise_on_false
from archcost.ops.fields import REQUIRED, AttributeValueError
from archcost.spec.helps.synonyms import (
    ACTIVATIONS,
    ATTRIBUTES,
    CHANNEL_ORDER,
    IGNORED,
    INFERRED,
    candidates,
    is_among,
    squashed,
)
from archcost.spec.helps.values import fits, holds_expression, meant
from archcost.spec.helps.writing import LEFT_OUT, step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.ops.base import Op
    from archcost.spec.ways_out import Surroundings

_NO_ACTIVATION = ("linear", "none", "null", "identity", "")


class Translation:
    """The attributes of an op, what came as an activation, and the names for which there is nothing here."""

    __slots__ = ("activation", "attributes", "op", "unknown")

    def __init__(self, op: type[Op], attributes: dict[str, Any]) -> None:
        self.op = op
        self.attributes = attributes
        self.activation: Any = None
        self.unknown: list[str] = []

    def text(self) -> str:
        """The step, with a gap for each attribute that is missing."""
        gaps = {
            name: LEFT_OUT
            for name, field in self.op.fields.items()
            if field.default is REQUIRED and name not in self.attributes
        }
        values = {**self.attributes, **gaps}
        return step(self.op.kind, {name: values[name] for name in self.op.fields if name in values})


def field_of(op: type[Op], name: str, taken: Sequence[str] | Mapping[str, Any], own: Mapping[str, str]) -> str:
    """The attribute of an op that a name stands for; empty if there is none. ``own`` are words of this step alone."""
    if name in op.fields and name not in own:
        return name
    target = own.get(squashed(name), "")
    if target in op.fields:
        return target
    for field in op.fields:
        if squashed(field) == squashed(name):
            return field
    found = [target for target in candidates(ATTRIBUTES, name) if target in op.fields and target not in taken]
    return found[0] if found else ""


def translate(
    steps: Sequence[tuple[type[Op], dict[str, Any]]],
    given: Mapping[str, Any],
    around: Surroundings,
    own: Mapping[str, str],
) -> list[Translation]:
    """The steps with the attributes that were given: each goes to the first step that has it, and not of its own."""
    found = [Translation(op, dict(preset)) for op, preset in steps]
    placed: set[tuple[int, str]] = set()
    for name, value in given.items():
        places = [(index, field_of(op, name, given, own)) for index, (op, _) in enumerate(steps)]
        places = [place for place in places if place[1] and place not in placed]
        places.sort(key=lambda place: place[1] in steps[place[0]][1])  # a preset is given up last
        if places:
            index, target = places[0]
            placed.add(places[0])
            fitting = meant(steps[index][0], target, value, around)
            found[index].attributes[target] = value if fitting is None else fitting.value
        elif is_among(ACTIVATIONS, name):
            found[-1].activation = value
        elif not says_nothing(name):
            found[0].unknown.append(name)
    for index, one in enumerate(found):
        padding = half_kernel(one.op, one.attributes)
        if padding is not None:
            one.attributes["padding"] = padding
        if not is_possible(one.op, one.attributes):
            kept = {target for place, target in placed if place == index}
            one.attributes = {name: value for name, value in one.attributes.items() if name in kept}
    return found


def is_possible(op: type[Op], attributes: Mapping[str, Any]) -> bool:
    """Whether attributes go together, as far as they are no expressions and all there."""
    try:
        op(**attributes).validate(raise_on_false)
    except (AttributeValueError, OpError, TypeError):
        missing = [name for name, field in op.fields.items() if field.default is REQUIRED and name not in attributes]
        return bool(missing) or any(map(holds_expression, attributes.values()))
    return True


def half_kernel(op: type[Op], attributes: Mapping[str, Any]) -> Any:
    """What `padding: same` of another library is where ops do not take it: half of the kernel; None elsewhere."""
    word = attributes.get("padding")
    if not isinstance(word, str) or word.lower() != "same" or "stride" not in op.fields:
        return None
    takes_same = fits(op, "padding", "same")
    if takes_same and attributes.get("stride", 1) in (1, [1] * op.ndim):
        return None
    kernel = window_sizes(op, "kernel_size", attributes)
    dilation = window_sizes(op, "dilation", attributes if takes_same else {})  # a pool pads half of its kernel at most
    if not kernel or not dilation:
        return None
    halves = [d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)]
    return halves if isinstance(attributes["kernel_size"], list) or len(set(halves)) > 1 else halves[0]


def window_sizes(op: type[Op], name: str, attributes: Mapping[str, Any]) -> tuple[int, ...]:
    """A size of a window in each spatial dim, 1 where none is given; nothing where it is not known or wrong."""
    given = attributes.get(name, None if name == "kernel_size" else 1)
    if given is None or holds_expression(given) or not fits(op, "kernel_size", given):
        return ()
    sizes: tuple[int, ...] = op.fields["kernel_size"].parse(given, op.ndim)
    return sizes


def says_nothing(name: str) -> bool:
    """Whether an attribute of another library follows from the input here, or changes no figure."""
    return is_among(INFERRED, name) or is_among(IGNORED, name) or is_among(CHANNEL_ORDER, name)


def has_activation(value: Any) -> bool:
    """Whether the value of an ``activation`` names one."""
    return isinstance(value, str) and value.lower() not in _NO_ACTIVATION
