"""Templates: values of attributes and params, plain data in which any scalar may be an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic
from archcost.spec.expressions import UNKNOWN, Expression, ExpressionError
from archcost.spec.functions import BoundError, measure

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from archcost.errors import Mark


class Template:
    """A value that may hold expressions; constant ones are evaluated once."""

    __slots__ = ("constant", "expressions", "mark", "uses_input", "value")

    def __init__(self, value: Any, mark: Mark) -> None:
        self.value = value
        self.mark = mark
        if isinstance(value, Expression):
            self.expressions: tuple[Expression, ...] = (value,)
            self.uses_input = value.uses_input
        else:
            self.expressions = tuple(_expressions(value)) if isinstance(value, list) else ()
            self.uses_input = bool(self.expressions) and any(one.uses_input for one in self.expressions)
        self.constant = not self.expressions

    def evaluate(self, names: Mapping[str, Any], later: Container[str] = ()) -> Any:
        """The plain value under ``names``; raises ExpressionError. ``later`` are params that have no value yet."""
        value = self.value
        if self.constant:
            if value is UNKNOWN:
                raise ExpressionError(None)
            return value
        if type(value) is Expression:
            return value.evaluate(names, later)
        value = _evaluate(value, names, later)
        try:
            measure(value)
        except BoundError as error:
            raise ExpressionError(Diagnostic(str(error), self.mark)) from None
        return value


def _expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _expressions(item)


def _evaluate(value: Any, names: Mapping[str, Any], later: Container[str]) -> Any:
    if isinstance(value, Expression):
        return value.evaluate(names, later)
    if isinstance(value, list):
        return [_evaluate(item, names, later) for item in value]
    return value
