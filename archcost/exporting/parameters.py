"""What differs between the uses of a class becomes parameters of its constructor.

Every number, truth value or word in a class is a slot with one value for each use. A slot that is the same everywhere
is written as it is. Else it is written as the spec has it, if that is an expression over the block's own params; slots
that only follow from others (``in_channels`` after ``out_channels``) take the nearest text with the same values; and
what is left is a parameter under torch's name for the argument.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from archcost.exporting.names import (
    MAX_EXPRESSION,
    Taken,
    is_name,
    is_writable,
    literal,
    plain,
    same,
    variable_name,
    written,
)
from archcost.exporting.template import MISSING, ClassParameter, Slot
from archcost.ops.field_types import REQUIRED
from archcost.spec.expressions import Expression, ExpressionError, Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.exporting.template import Class
    from archcost.meter import Meter
    from archcost.spec.model import Block

_INPUT_NAMES = {  # what the sizes of a class's input are called, as in the language of specs
    "in_channels": "in_channels",
    "in_features": "in_features",
    "num_features": "in_channels",
    "num_channels": "in_channels",
    "normalized_shape": "in_features",
    "embed_dim": "in_features",
    "input_size": "in_features",
}


class Resolver:
    """Gives the slots of one class their texts, and the class its parameters."""

    def __init__(self, made: Class, block: Block | None, meter: Meter) -> None:
        self.made = made
        self.block = block
        self.meter = meter
        self.params: Mapping[str, list[Any]] = {
            name: [plain(use.params[name]) for use in made.uses] for name in (block.params if block else ())
        }
        self.parameters: list[ClassParameter] = []
        self.names = Taken()  # those of the parameters
        self.of_params: dict[str, ClassParameter] = {}  # by the param of the block that they stand for
        self.used: list[tuple[str, list[Any]]] = []  # texts with their values, in the order of their use

    def resolve(self, slots: Sequence[Slot]) -> list[ClassParameter]:
        """The parameters, in the order of the constructor."""
        for slot in slots:
            slot.text = self._text(slot)
        for parameter in self.parameters:
            self._set_default(parameter)
        orders = {name: order for order, name in enumerate(self.params)}
        places = [_place(parameter, orders.get(parameter.param, 0)) for parameter in self.parameters]
        return [
            parameter for _, parameter in sorted(zip(places, self.parameters, strict=True), key=lambda pair: pair[0])
        ]

    def _text(self, slot: Slot) -> str:
        if not slot.known:
            return "None"
        if slot.is_constant:
            return literal(slot.known[0])
        text = self._from_spec(slot) or self._from_others(slot)
        if text is None:
            text = self._new(slot).name
        self.used.append((text, self._completed(text, slot.values)))
        return text

    def _completed(self, text: str, values: Sequence[Any]) -> list[Any]:
        """The values of a text, as far as they can be told also in the uses that leave its layer out."""
        found = list(values)
        for place, value in enumerate(values):
            if value is MISSING:
                self._spend(len(self.parameters))
                names = {parameter.name: parameter.values[place] for parameter in self.parameters}
                with suppress(ExpressionError):
                    found[place] = plain(Expression(f"$({text})", self.made.pattern.units[0].mark).evaluate(names))
        return found

    def _from_spec(self, slot: Slot) -> str | None:
        """The text of the spec's own expression, if it is one over params of the block and gives the values."""
        expression = slot.expression
        if expression is None or not expression.names <= self.params.keys() | slot.inputs.keys():
            return None
        if not (is_name(expression) or (is_writable(expression) and self._has_numbers(expression))):
            return None
        if not self._gives(expression, slot):
            return None
        before = len(self.parameters), len(self.used)
        text = written(expression, {name: self._of_name(name, slot) for name in sorted(expression.names)})
        if len(text) <= MAX_EXPRESSION:
            return text
        for parameter in self.parameters[before[0] :]:
            self.names.discard(parameter.name)
            self.of_params.pop(parameter.param, None)
        del self.parameters[before[0] :], self.used[before[1] :]
        return None

    def _of_name(self, name: str, slot: Slot) -> str:
        """The text for a name in the expression of a slot."""
        if name in slot.inputs:
            return self._text(slot.inputs[name])
        values = self.params[name]
        return literal(values[0]) if Slot(name, "", values).is_constant else self._of_param(name).name

    def _has_numbers(self, expression: Expression) -> bool:
        """Whether the params in an expression are numbers: of lists, more is known here than in the constructor."""
        names = expression.names & self.params.keys()
        return all(isinstance(use.params[name], (bool, int, float)) for use in self.made.uses for name in names)

    def _gives(self, expression: Expression, slot: Slot) -> bool:
        """Whether an expression has the values of a slot in all uses."""
        for place, (use, value) in enumerate(zip(self.made.uses, slot.values, strict=True)):
            if value is MISSING:
                continue
            names = {name: use.params[name] for name in expression.names if name in self.params}
            names |= {name: found.values[place] for name, found in slot.inputs.items()}
            try:
                if not same(plain(expression.evaluate(Names(names))), value):
                    return False
            except ExpressionError:
                return False
        return True

    def _from_others(self, slot: Slot) -> str | None:
        """The text that an earlier slot with the same values has, or a param of the block."""
        self._spend((len(self.used) + len(self.params)) * len(slot.values) + len(self.parameters))
        if slot.is_input:
            names = {parameter.name for parameter in self.parameters if parameter.is_input}
            found = [text for text, values in self.used if text in names and _agree(values, slot.values)]
        else:
            found = [text for text, values in self.used if _agree(values, slot.values)]
        if found:
            return found[-1]
        for name, values in self.params.items():
            if _agree(values, slot.values):
                return self._of_param(name).name
        return None

    def _of_param(self, name: str) -> ClassParameter:
        """The parameter that stands for a param of the block."""
        if name not in self.of_params:
            self.of_params[name] = self._added(
                ClassParameter(self.names.free(variable_name(name)), self.params[name], name)
            )
        return self.of_params[name]

    def _added(self, parameter: ClassParameter) -> ClassParameter:
        self.parameters.append(parameter)
        self.names.add(parameter.name)
        return parameter

    def _spend(self, work: int) -> None:
        self.meter.spend(work, self.made.pattern.units[0].mark)

    def _new(self, slot: Slot) -> ClassParameter:
        """A parameter under torch's name for the argument, with that of the layer where it would be unclear."""
        name = _INPUT_NAMES.get(slot.argument, slot.argument)
        if name in _INPUT_NAMES.values() and not slot.is_input:
            name = f"{slot.layer}_{name}"
        elif self._is_taken(variable_name(name)):
            name = f"{slot.layer}_{name}" if slot.layer != name else f"has_{name}"
        fill = slot.known[0]
        values = [fill if value is MISSING else value for value in slot.values]
        parameter = ClassParameter(self.names.free(variable_name(name)), values)
        parameter.default = fill if MISSING in slot.values else slot.default
        parameter.is_input = slot.is_input
        return self._added(parameter)

    def _is_taken(self, name: str) -> bool:
        return name in self.params or name in self.names

    def _set_default(self, parameter: ClassParameter) -> None:
        """The default that the spec declares, if it is constant."""
        declared = self.block.params[parameter.param].default if self.block and parameter.param else None
        if declared is not None and declared.constant:
            default = plain(declared.value)
            if any(same(default, value) for value in parameter.values):
                parameter.default = default


def _place(parameter: ClassParameter, order: int) -> tuple[bool, int, int]:
    """Where a parameter stands: those without a default first, sizes of the input before the block's params."""
    return (parameter.default is not REQUIRED, 0 if parameter.is_input else 1 if parameter.param else 2, order)


def _agree(values: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether values that must be known are those of a slot, wherever that has one."""
    return all(
        other is MISSING or (value is not MISSING and same(value, other))
        for value, other in zip(values, others, strict=True)
    )
