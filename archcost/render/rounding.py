"""A document with figures in few digits, as papers print them: the unit of a column stands in its heading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from archcost.render.document import Cell, Facts, Table, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.render.document import Block, Column, Document, Records, TreeLine

DECIMAL = (1000, ("", "k", "M", "G", "T", "P", "E"))
BINARY = (1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))
FOR = ("latex", "markdown")  # formats whose figures are exact otherwise
_BEFORE_DIGITS = re.compile(r"[^0-9]*")


class RoundedDocument(NamedTuple):
    """Another document, its figures in so many significant digits."""

    document: Document
    digits: int

    def blocks(self, most: int | None) -> Iterator[Block]:
        """Its blocks, the figures rounded."""
        for block in self.document.blocks(most):
            if isinstance(block, Table):
                yield block._replace(columns=list(_columns(block.columns, self.digits)))
            elif isinstance(block, Facts):
                facts = [fact._replace(figure=_with_unit(fact.figure, self.digits)) for fact in block.facts]
                yield Facts(facts)
            else:
                yield block

    def branches(self) -> Iterable[TreeLine]:
        """Its tree."""
        return self.document.branches()

    def records(self) -> Records:
        """Its records, which are exact."""
        return self.document.records()

    def data(self) -> object:
        """Its data, which are exact."""
        return self.document.data()


def _columns(columns: Sequence[Column], digits: int) -> Iterator[Column]:
    """Columns in units of their own, those of one measure in that of the largest figure among them."""
    largest: dict[str, int] = {}
    for column in columns:
        if column.measure:
            amounts = [abs(one.amount or 0) for one in _cells(column)]
            largest[column.measure] = max([largest.get(column.measure, 0), *amounts])
    for column in columns:
        yield _column(column, digits, largest.get(column.measure, 0))


def _cells(column: Column) -> list[Cell]:
    return [cell(one) for one in (*column.cells, column.footer)]


def _column(column: Column, digits: int, largest: int) -> Column:
    """A column in one unit, which its heading tells; cell by cell where its figures are not all of a kind.

    The unit is that of the largest figure, of its own or of those that it is compared with.
    """
    cells = _cells(column)
    known = [one for one in cells if one.amount is not None]
    if not known:
        return column
    others = [one for one in cells if one.amount is None and any(map(str.isdigit, one.text))]
    if others or len({one.binary for one in known}) > 1:
        rounded = [_with_unit(one, digits) for one in cells]
        return column._replace(cells=rounded[:-1], footer=rounded[-1])
    base, units = BINARY if known[0].binary else DECIMAL
    place = _place(max([largest, *[abs(one.amount or 0) for one in known]]), base, units)
    rounded = [_rounded(one, base**place, digits) for one in cells]
    heading = f"{column.heading} ({units[place]})" if units[place] else column.heading
    return column._replace(heading=heading, cells=rounded[:-1], footer=rounded[-1])


def _with_unit(one: Cell, digits: int) -> Cell:
    if one.amount is None:
        return one
    base, units = BINARY if one.binary else DECIMAL
    place = _place(abs(one.amount), base, units)
    found = _rounded(one, base**place, digits)
    return found._replace(text=f"{found.text} {units[place]}".rstrip()) if one.amount else one


def _place(count: int, base: int, units: Sequence[str]) -> int:
    """The largest unit of which there is one at least."""
    place = 0
    while place + 1 < len(units) and count >= base ** (place + 1):
        place += 1
    return place


def _rounded(one: Cell, scale: int, digits: int) -> Cell:
    """A cell in units of a scale; what stands before its digits, such as a sign, stays."""
    if not one.amount:
        return one
    before = _BEFORE_DIGITS.match(one.text)
    return one._replace(text=(before[0] if before else "") + significant(abs(one.amount), scale, digits), short=None)


def significant(count: int, scale: int, digits: int) -> str:
    """A count over a scale in so many significant digits, rounded half up, without an exponent: ``25.6``, ``0.0463``.

    What is whole in the unit is not given zeros that say nothing, and no digit before the point is made a zero.
    """
    if scale == 1:
        return f"{count:,}"
    decimals = digits - 1
    if count >= scale:
        while decimals > 0 and count >= scale * 10 ** (digits - decimals):  # more digits before the point
            decimals -= 1
    else:
        while count * 10 ** (decimals - digits + 1) < scale:  # zeros behind the point
            decimals += 1
    value = _half_up(count, scale, decimals)
    if decimals and value >= 10**digits:  # rounded up to one digit more: 9.996 is 10.0
        decimals -= 1
        value = _half_up(count, scale, decimals)
    whole, rest = divmod(value, 10**decimals)
    return f"{whole:,}.{rest:0{decimals}d}" if decimals else f"{whole:,}"


def _half_up(count: int, scale: int, decimals: int) -> int:
    """The quotient in units of the last decimal."""
    value: int = (2 * count * 10**decimals + scale) // (2 * scale)
    return value
