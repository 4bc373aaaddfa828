"""A Dim for many candidates at once, as small as it can be: what the rules of ops need of one, and no more."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Table:
    """A size (or a condition) for each candidate, in order; a plain number is the same for all."""

    def __init__(self, entries: Sequence[Any]) -> None:
        self.entries = tuple(entries)

    def __repr__(self) -> str:
        return f"Table({list(self.entries)})"

    def __hash__(self) -> int:
        return hash(self.entries)

    def decided(self) -> Any:
        """The one entry, if all are equal."""
        if len(set(self.entries)) > 1:
            low, high = min(self.entries), max(self.entries)
            raise VaryingSizeError(f"must be the same for all variants, got values from {low} to {high}")
        return self.entries[0]

    def __index__(self) -> int:
        return int(self.decided())

    def __bool__(self) -> bool:
        return bool(self.decided())

    def mapped(self, function: Callable[..., Any], *values: Any) -> Table:
        """What a function of plain values gives for each candidate."""
        columns = [value.entries if isinstance(value, Table) else (value,) * len(self.entries) for value in values]
        return Table([function(*row) for row in zip(*columns, strict=True)])

    def __neg__(self) -> Table:
        return Table([-entry for entry in self.entries])


def _lifted(function: Callable[[Any, Any], Any], *, swapped: bool = False) -> Callable[[Table, Any], Table]:
    """The function on each pair of entries."""

    def method(self: Table, other: Any) -> Table:
        others = other.entries if isinstance(other, Table) else (other,) * len(self.entries)
        pairs = zip(others, self.entries, strict=True) if swapped else zip(self.entries, others, strict=True)
        return Table([function(*pair) for pair in pairs])

    return method


def _quotient(a: float, b: float) -> int:
    return int(a // b)


for _name, _function in {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": _quotient,
    "mod": operator.mod,
    "and": operator.and_,
    "or": operator.or_,
}.items():
    setattr(Table, f"__{_name}__", _lifted(_function))
    setattr(Table, f"__r{_name}__", _lifted(_function, swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Table, f"__{_name}__", _lifted(getattr(operator, _name)))


def table(*entries: Any) -> Any:
    """A table as the rules take it: their types say int."""
    return Table(entries)
