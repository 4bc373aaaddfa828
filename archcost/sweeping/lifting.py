"""Expressions of the spec language where names stand for the values of many designs at once."""

from __future__ import annotations

import ast
from contextlib import suppress
from copy import deepcopy
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.spec.expressions import UNKNOWN, WORK_OF_NUMBER, ExpressionError, Names
from archcost.sweeping.alongs import CoupledError
from archcost.sweeping.arrays import np
from archcost.sweeping.columns import NotInArraysError, one_by_one, value_in_arrays
from archcost.sweeping.effort import EFFORT, PER_EVALUATION
from archcost.sweeping.operators import aligned, combinations, mapped, tables_in
from archcost.sweeping.varying import VaryingTable, forked, key_of, made, made_of_floats

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from archcost.spec.expressions import Expression
    from archcost.sweeping.arrays import Array

MOST_LIFTED = 1024  # combinations for which an expression is evaluated one by one
LEAST_AT_ONCE = 32  # combinations of indices for which an expression is worked out in whole arrays
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
    form, own = _form(expression)
    values = [_value(names, name) for name in own]
    key = (form, *map(_key, values))
    found = _remembered.get(key)
    if found is None:
        value = _evaluated(expression, names, later, known)
        found = _remembered[key] = value, meter.spent - spent, values
    else:
        meter.spend(found[1], expression.mark)
    return list(found[0]) if type(found[0]) is list else found[0]


_forms: dict[str, tuple[str, tuple[str, ...]]] = {}


def _form(expression: Expression) -> tuple[str, tuple[str, ...]]:
    """An expression with numbers in place of its names, as others have it, too; and the names in their order."""
    found = _forms.get(expression.text)
    if found is None:
        nodes = [node for node in ast.walk(expression.tree) if isinstance(node, ast.Name)]
        own = tuple(dict.fromkeys([node.id for node in nodes if node.id in expression.names]))
        numbers = {name: ast.Name(f"${number}") for number, name in enumerate(own)}
        form = ast.dump(_Renamed(numbers).visit(deepcopy(expression.tree)))
        found = _forms[expression.text] = form, own
    return found


class _Renamed(ast.NodeTransformer):
    """Puts others in place of names."""

    def __init__(self, others: Mapping[str, ast.Name]) -> None:
        self.others = others

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return self.others.get(node.id, node)


def forget_expressions() -> None:
    """Forget what expressions gave, at the end of a walk."""
    _remembered.clear()
    _forms.clear()
    _numbers_of.clear()


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
    if _places(list(tables_in(list(known.values())))) >= LEAST_AT_ONCE:
        with suppress(NotInArraysError):
            return _at_once(expression, names, known)
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
        return mapped(of_one, *known.values(), cost=PER_EVALUATION)
    finally:
        evaluator.meter.spent = max(most, spent)


def _at_once(expression: Expression, names: Names, known: Mapping[str, Any]) -> Any:
    """The value of an expression of numbers in whole arrays; raises NotInArraysError where that is not the same."""
    plain = {name: _value(names, name) for name in expression.names if name not in known}
    if not all(type(table) is VaryingTable for table in known.values()):
        raise NotInArraysError
    axes, arrays = aligned(list(known.values()), _numbers)
    nodes, slow = _counts(expression)
    EFFORT.spend(slow * prod(map(len, axes)), axes)
    found = value_in_arrays(expression.tree, {**plain, **dict(zip(known, arrays, strict=True))})
    names.evaluator.meter.spend(WORK_OF_NUMBER * nodes, expression.mark)
    if not isinstance(found, np.ndarray):
        return found
    whole = np.broadcast_to(found, [len(along) for along in axes])
    return made_of_floats(axes, whole) if whole.dtype.kind == "f" else made(axes, whole)


def _numbers(table: VaryingTable) -> Array:
    """The entries of a table of ints, of floats or of truth values; raises NotInArraysError for any other."""
    if table.array.dtype.kind != "O":
        return table.array
    if not all(type(entry) is float for entry in table.array.flat):
        raise NotInArraysError
    return table.array.astype(np.float64)


_numbers_of: dict[str, tuple[int, int]] = {}


def _counts(expression: Expression) -> tuple[int, int]:
    """How many values an expression works out on its way, and for how many of them it takes one number at a time."""
    found = _numbers_of.get(expression.text)
    if found is None:
        kinds = [type(node) for node in ast.walk(expression.tree) if isinstance(node, ast.expr)]
        nodes = len(kinds) - kinds.count(ast.Call)  # a name of a function is none
        found = _numbers_of[expression.text] = nodes, one_by_one(expression.tree)
    return found


def _known(expression: Expression, names: Names) -> dict[str, Any]:
    """The names of an expression that stand for tables, or lists that hold them."""
    found = {name: _value(names, name) for name in expression.names}
    return {name: value for name, value in found.items() if any(True for _ in tables_in(value))}


def _combinations(tables: list[VaryingTable]) -> int:
    """How many combinations of entries some tables have."""
    places = _places(tables)
    if not MOST_LIFTED < places <= MOST_COUNTED:
        return places
    return len(combinations(tables)[0])


def _places(tables: list[VaryingTable]) -> int:
    """How many combinations of indices some tables have."""
    return prod({along.axis: len(along) for table in tables for along in table.axes}.values())
