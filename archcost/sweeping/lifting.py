"""Expressions of the spec language where names stand for the values of many designs at once."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.spec.expressions import UNKNOWN, ExpressionError, Names
from archcost.sweeping.alongs import CoupledError
from archcost.sweeping.operators import combinations, mapped, tables_in
from archcost.sweeping.varying import VaryingTable, forked, key_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from archcost.spec.expressions import Expression

MOST_LIFTED = 1024  # combinations for which an expression is evaluated one by one
MOST_COUNTED = 100_000  # combinations of indices among which those of other values are counted

_PLAIN = (int, float, bool, str, type(None))

_remembered: dict[
    Any, tuple[Any, int, list[Any]]
] = {}  # what expressions gave, the work, and the values that are its key


def evaluated(expression: Expression, names: Mapping[str, Any], later: Container[str]) -> Any:
    """The value of an expression for all designs at once, a table where they differ.

    Arithmetic goes by whole tables. Where the expression decides by one, as ``a if c else b`` does, it is evaluated for
    each combination of what its names stand for; for very many the designs fork. Raises ExpressionError for what is
    wrong in all of them.
    """
    assert isinstance(names, Names)
    known = _known(expression, names)
    if not known:
        return expression.evaluated(names.evaluator, names, later)
    meter, spent = names.evaluator.meter, names.evaluator.meter.spent
    values = [_value(names, name) for name in expression.names]
    key = (expression.text, *map(_key, values))
    found = _remembered.get(key)
    if found is None:
        value = _evaluated(expression, names, later, known)
        found = _remembered[key] = value, meter.spent - spent, values
    else:
        meter.spend(found[1], expression.mark)
    return list(found[0]) if type(found[0]) is list else found[0]


def forget_expressions() -> None:
    """Forget what expressions gave, at the end of a walk."""
    _remembered.clear()


def _key(value: Any) -> Any:
    """What tells a value from others: tables are one object where they are equal."""
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_key, value))
    return key_of(value) if type(value) in _PLAIN else id(value)


def _value(names: Names, name: str) -> Any:
    try:
        return names[name]
    except KeyError:
        return UNKNOWN


def _evaluated(expression: Expression, names: Names, later: Container[str], known: Mapping[str, Any]) -> Any:
    evaluator = names.evaluator
    spent = evaluator.meter.spent
    try:
        return expression.evaluated(evaluator, names, later)
    except CoupledError:
        raise
    except VaryingSizeError:
        evaluator.meter.spent = spent
        if _combinations(list(tables_in(list(known.values())))) > MOST_LIFTED:
            raise
    except ExpressionError:
        for table in tables_in(list(known.values())):
            if not table.numeric:  # a function may take it for no text, list or null, which each design has
                raise forked(table) from None
        raise
    most = 0

    def of_one(*values: Any) -> Any:
        nonlocal most
        evaluator.meter.spent = spent
        value = expression.evaluated(evaluator, Names(dict(zip(known, values, strict=True)), names), later)
        most = max(most, evaluator.meter.spent)
        return value

    try:
        return mapped(of_one, *known.values())
    finally:
        evaluator.meter.spent = max(most, spent)


def _known(expression: Expression, names: Names) -> dict[str, Any]:
    """The names of an expression that stand for tables, or lists that hold them."""
    found = {name: _value(names, name) for name in expression.names}
    return {name: value for name, value in found.items() if any(True for _ in tables_in(value))}


def _combinations(tables: list[VaryingTable]) -> int:
    """How many combinations of entries some tables have."""
    places = prod({along.axis: len(along) for table in tables for along in table.axes}.values())
    if not MOST_LIFTED < places <= MOST_COUNTED:
        return places
    return len(combinations(tables)[0])
