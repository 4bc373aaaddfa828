"""Expressions of the spec language where names stand for the values of many designs at once."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.spec.expressions import ExpressionError, Names
from archcost.sweeping.alongs import CoupledError
from archcost.sweeping.operators import mapped, tables_in
from archcost.sweeping.varying import forked

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from archcost.spec.expressions import Expression
    from archcost.sweeping.varying import Table

MOST_LIFTED = 1024  # combinations for which an expression is evaluated one by one


def evaluated(expression: Expression, names: Mapping[str, Any], later: Container[str]) -> Any:
    """The value of an expression for all designs at once, a table where they differ.

    Arithmetic goes by whole tables. Where the expression decides by one, as ``a if c else b`` does, it is evaluated for
    each combination of what its names stand for; for very many the designs fork. Raises ExpressionError for what is
    wrong in all of them.
    """
    assert isinstance(names, Names)
    evaluator = names.evaluator
    spent = evaluator.meter.spent
    try:
        return expression.evaluated(evaluator, names, later)
    except CoupledError:
        raise
    except VaryingSizeError:
        evaluator.meter.spent = spent
        known = _known(expression, names)
        tables = list(tables_in(list(known.values())))
        if not tables or _combinations(tables) > MOST_LIFTED:
            raise
    except ExpressionError:
        for table in tables_in(list(_known(expression, names).values())):
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


def _known(expression: Expression, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names of an expression that stand for tables, or lists that hold them."""
    found = {}
    for name in expression.names:
        try:
            value = names[name]
        except KeyError:
            continue
        if any(True for _ in tables_in(value)):
            found[name] = value
    return found


def _combinations(tables: list[Table]) -> int:
    """How many combinations of indices there are along all axes of some tables."""
    return prod({along.axis: len(along) for table in tables for along in table.axes}.values())
