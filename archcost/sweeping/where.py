"""A condition on designs, parted into what is answered exactly and what is asked of every row.

Of ``a and b and …`` each part is one of three: bounds on a metric that adds up, a condition on params alone, which is a
bool table over their axes, or anything else, which is evaluated for each row.
"""

from __future__ import annotations

import ast
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from archcost.errors import ArgumentError, Diagnostic, suggestion
from archcost.spec.expressions import SPELLING, Expression, ExpressionError
from archcost.sweeping.arrays import np
from archcost.sweeping.columns import NotInArraysError, in_arrays
from archcost.sweeping.design_names import DesignNames
from archcost.sweeping.exact.bounds import FigureBound, joined
from archcost.sweeping.rows import holds
from archcost.sweeping.where_text import HELP, PARAM, as_typed, read_condition, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import DesignChunk, Factor

_NO_VALUE = (
    "a part is not asked where one before it is false, as in `n > 1 and 8 / (n - 1) > 2`; a text is compared with a "
    'text, `act == "gelu"`, and a number with a number'
)
MAX_ROWS = 10_000_000  # that a grid may have to be gone through
MAX_ENTRIES = 200_000  # of a table that a condition on params becomes; beyond, it is asked of every row
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
}


class WhereClause:
    """A condition: ``bounds`` on metrics, ``conditions`` as bool tables, and ``rest``, which is asked of every row.

    ``late`` is what needs figures that single analyses alone give. ``metrics`` are those that it uses; ``notes`` what
    may surprise.
    """

    def __init__(
        self,
        space: Space,
        text: str,
        metrics: Collection[str],
        per_row: Collection[str] = (),
        *,
        reference: Callable[[str], int] | None = None,
    ) -> None:
        """Read a condition over the metrics of tables, and those that are known ``per_row`` alone.

        ``reference`` gives a metric of the default design. Raises ArgumentError.
        """
        self.text = text.strip()
        self.notes: tuple[str, ...] = ()
        self.bounds: tuple[FigureBound, ...] = ()
        self.conditions: tuple[Factor, ...] = ()
        self.rest: tuple[Expression, ...] = ()
        self.late: tuple[Expression, ...] = ()
        self.metrics: tuple[str, ...] = ()
        self._names = DesignNames(space)
        self._written = ""  # the condition as an expression of specs
        self._additive = frozenset(metrics)
        self._known = frozenset((*metrics, *per_row))
        self._per_row = frozenset(per_row)
        if self.text:
            self._read(space, reference or _no_reference)

    def _read(self, space: Space, reference: Callable[[str], int]) -> None:
        read = read_condition(self.text, self._known, reference)
        expression = read.expression
        self._written = expression.text
        self._check(expression)
        both = sorted(name for name in expression.names if name in self._known and name in space.spec.params)
        self.notes = tuple([f"`{name}` is the metric; `param.{name}` is the param of that name" for name in both])
        self.metrics = tuple(sorted(expression.names & self._known))
        bounds: list[FigureBound] = []
        conditions: list[Factor] = []
        rest: list[Expression] = []
        before: list[ast.expr] = []  # parts on params alone, which guard those after them
        for part in _conjuncts(expression.tree):
            one = _of_tree(expression, part)
            found = self._bounds_in(part, expression)
            if found is not None:
                bounds += found
            elif not one.names & self._known and self._names.entries(one) <= MAX_ENTRIES:
                before.append(part)
                factor = self._table(one, expression, before, space)
                conditions += [factor] if factor else []
                rest += [] if factor else [one]
            else:
                rest.append(one)
        self.bounds, self.conditions = joined(bounds), tuple(conditions)
        self.late = tuple([one for one in rest if one.names & self._per_row])
        self.rest = tuple([one for one in rest if not one.names & self._per_row])

    def _table(self, one: Expression, whole: Expression, parts: Sequence[ast.expr], space: Space) -> Factor | None:
        """A condition on params alone as a table: where it has no value, the parts before it may be false.

        None where valid designs alone may have a value for it, so that it is asked of every row.
        """
        try:
            return self._names.factor(one, self._told)
        except ArgumentError:
            guarded = _of_tree(whole, ast.BoolOp(ast.And(), [*parts]))
            if len(parts) > 1 and self._names.entries(guarded) <= MAX_ENTRIES:
                with suppress(ArgumentError):
                    return self._names.factor(guarded, self._told)
            if space.size > MAX_ROWS:
                raise
        return None

    @property
    def is_exact(self) -> bool:
        """Whether counts and fronts need no enumeration for it."""
        return not self.rest and not self.late

    def holds_late(self, chunk: DesignChunk) -> NDArray[np.bool_]:
        """Whether what needs single analyses holds, by row, of a chunk that has their figures."""
        found = np.ones(len(chunk.indices), bool)
        for expression in self.late:
            places = np.flatnonzero(found)
            found[places] = self._rows(expression, chunk, places)
        return found

    def holds(self, chunk: DesignChunk) -> NDArray[np.bool_]:
        """Whether it holds, by row, what is ``late`` aside; an invalid design meets nothing."""
        found = ~chunk.invalid & holds(self.conditions, chunk.indices)
        for bound in self.bounds:
            figures = chunk.figures[bound.metric]
            if bound.low is not None:
                found &= _compared(figures, bound.low, at_least=True)
            if bound.high is not None:
                found &= _compared(figures, bound.high, at_least=False)
        for expression in self.rest:
            places = np.flatnonzero(found)
            found[places] = self._rows(expression, chunk, places)
        return found

    # --- reading ------------------------------------------------------------------------------------------------------

    def _check(self, expression: Expression) -> None:
        """Raise ArgumentError for a name that is neither a metric nor a param."""
        known = list(dict.fromkeys([*sorted(self._known), *self._names.known]))
        for name in sorted(expression.names):
            if name in self._known or self._names.has(name.removeprefix(PARAM)):
                continue
            written = name.removeprefix(PARAM)
            at = self.text.find(written)
            mark = expression.mark
            place = mark._replace(column=mark.source.text.find(written), length=len(written)) if at >= 0 else mark
            hint = f"write `{SPELLING[written]}` in conditions" if written in SPELLING else ""
            hint = (
                hint
                or suggestion(written, known, "metrics and params")
                or f"metrics are {', '.join(sorted(self._known))}"
            )
            raise ArgumentError(Diagnostic(f"'{written}' is no metric and no param", place, hint))

    def _bounds_in(self, part: ast.expr, whole: Expression) -> list[FigureBound] | None:
        """The bounds that a comparison of metrics with numbers is; None where it is anything else."""
        if not isinstance(part, ast.Compare):
            return None
        operands = [part.left, *part.comparators]
        found: list[FigureBound] = []
        for left, operator, right in zip(operands, part.ops, operands[1:], strict=False):
            metric, number, kind = self._metric(left), self._constant(right, whole), type(operator)
            if metric is None:
                metric, number = self._metric(right), self._constant(left, whole)
                kind = _MIRRORED.get(kind, ast.NotEq)
            if metric is None or number is None or kind not in _MIRRORED:
                return None
            found.append(_bound(metric, kind, number))
        return found

    def _metric(self, node: ast.expr) -> str | None:
        return node.id if isinstance(node, ast.Name) and node.id in self._additive else None

    def _constant(self, node: ast.expr, whole: Expression) -> Any:
        """The number that a part without names is; None for anything else."""
        one = _of_tree(whole, node)
        if one.names:
            return None
        try:
            value = one.evaluate({})
        except ExpressionError as error:
            raise self._told(error) from None
        finite = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return value if finite else None

    def _told(self, error: ExpressionError) -> ArgumentError:
        """What is wrong with a condition, in its own words."""
        found = error.diagnostic or Diagnostic(f"the condition {self.text} has no value")
        message = as_typed(found.message, self._written, self.text).replace(PARAM, "param.")
        return ArgumentError(found._replace(message=message, help=found.help or _way_out(message)))

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _rows(self, expression: Expression, chunk: DesignChunk, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether a part holds for some rows: in arrays where that gives the same, else row by row."""
        figures = {name: chunk.figures[name][places] for name in expression.names if name in self._known}
        indices = chunk.indices[places]
        try:
            return in_arrays(
                expression.tree,
                {**self._names.columns(expression.names - figures.keys(), indices), **figures},
                len(places),
            )
        except NotInArraysError:
            return self._row_by_row(expression, figures, indices)

    def _row_by_row(
        self, expression: Expression, figures: Mapping[str, NDArray[Any]], indices: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        found = np.zeros(len(indices), bool)
        params = [name for name in expression.names if name not in figures]
        for row, design in enumerate(indices.tolist()):
            names = self._names.of(design, params)
            names.update({name: _plain(figure[row]) for name, figure in figures.items()})
            found[row] = truth(expression, names, self._told)
        return found


def _way_out(message: str) -> str:
    """The help for a condition that has no value: how parts guard others, if it is for some designs or their kinds."""
    return _NO_VALUE if "cannot be evaluated" in message else HELP


def _compared(figures: NDArray[Any], limit: int, *, at_least: bool) -> NDArray[np.bool_]:
    """Figures ≥ or ≤ a limit, which int64 may not hold."""
    if figures.dtype != object and not -(2**63) <= limit < 2**63:
        return np.full(len(figures), (limit < 0) == at_least)
    found: NDArray[np.bool_] = (figures >= limit if at_least else figures <= limit).astype(bool)
    return found


def _bound(metric: str, kind: type[ast.cmpop], number: float) -> FigureBound:
    """A comparison of a whole number with any number, as whole bounds."""
    floor, ceiling = math.floor(number), math.ceil(number)
    if kind is ast.LtE:
        return FigureBound(metric, None, floor)
    if kind is ast.Lt:
        return FigureBound(metric, None, ceiling - 1)
    if kind is ast.GtE:
        return FigureBound(metric, ceiling, None)
    if kind is ast.Gt:
        return FigureBound(metric, floor + 1, None)
    return FigureBound(metric, ceiling, floor)  # nothing is between where it is not whole


def _conjuncts(tree: ast.expr) -> Iterable[ast.expr]:
    """The parts of ``a and b and …``."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [part for value in tree.values for part in _conjuncts(value)]
    return [tree]


def _of_tree(whole: Expression, tree: ast.expr) -> Expression:
    """A part of an expression as one of its own."""
    part = whole.at(whole.mark)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    part.tree = tree
    part.names = frozenset([n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in functions])
    part.alone = tree.id if isinstance(tree, ast.Name) else ""
    return part


def _plain(value: Any) -> Any:
    """A figure as Python has it."""
    return value.item() if hasattr(value, "item") else value


def _no_reference(metric: str) -> int:
    raise ArgumentError(Diagnostic(f"there is no default design to take a share of the {metric} of"))
