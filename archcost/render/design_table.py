"""Designs as a table, and how many of them have how much of a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.figures import BYTES, METRICS, TIME
from archcost.quantities import format_bytes, format_count, format_exact, format_nanoseconds
from archcost.render.document import Cell, Column, Table
from archcost.render.row_cells import bytes_cell
from archcost.sweeping.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.sweeping.exact.counting import Histogram
    from archcost.sweeping.row_values import DesignRow
    from archcost.sweeping.space import Space


def design_table(space: Space, metrics: Sequence[str], rows: Sequence[DesignRow]) -> Table:
    """Designs: what the axes set, and figures."""
    figures = [_figure_column(name, rows)._replace(leaves=len(metrics) - place) for place, name in enumerate(metrics)]
    columns = [*_value_columns(space, rows), figures[0]._replace(leaves=0), *figures[1:]]
    if any(row.error for row in rows):
        errors = [Cell(row.error.message if row.error else "", style="red") for row in rows]
        columns.append(Column("error", errors, flexible=True))
    return Table(columns)


def _value_columns(space: Space, rows: Sequence[DesignRow]) -> Iterator[Column]:
    """A column for each param; the elements of a list that vary stand together."""
    called = dict(zip(space.target_names, space.column_names, strict=True))
    names: dict[str, list[str]] = {}
    for axis in space.axes:
        for target in axis.targets:
            names.setdefault(target.param, []).append(str(target))
    for param, parts in names.items():
        columns = [value_texts([row.values[name] for row in rows]) for name in parts]
        numbers = all(isinstance(row.values[name], (int, float)) for row in rows for name in parts)
        heading = called[parts[0]] if len(parts) == 1 else f"{param}[…]"
        cells = [",".join(each) for each in zip(*columns, strict=True)]
        yield Column(heading, cells, right=numbers and len(parts) == 1, flexible=len(parts) > 1)


def value_texts(values: Sequence[Any]) -> list[str]:
    """Values as they are written; where any is a fraction all numbers have equally many decimals."""
    texts = list(map(shown, values))
    if not any(isinstance(value, float) for value in values) or any("e" in text or "n" in text for text in texts):
        return texts
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return [
        f"{value:.{decimals}f}" if isinstance(value, (int, float)) and not isinstance(value, bool) else text
        for value, text in zip(values, texts, strict=True)
    ]


def _figure_column(name: str, rows: Sequence[DesignRow]) -> Column:
    return Column(_heading(name), [_figure(name, row.figures.get(name)) for row in rows], right=True)


def _figure(name: str, value: int | None) -> Cell:
    if value is None:
        return Cell("–")
    unit = METRICS[name].unit if name in METRICS else ""
    if unit == TIME:
        return Cell(format_nanoseconds(value))
    if unit == BYTES:
        return bytes_cell(value)
    return Cell(format_exact(value), format_count(value))


def _heading(name: str) -> str:
    return METRICS[name].heading if name in METRICS else name


def histogram_table(found: Histogram) -> Table:
    unit = METRICS[found.metric].unit if found.metric in METRICS else ""
    short = format_bytes if unit == BYTES else format_nanoseconds if unit == TIME else format_count
    edges = [Cell(format_exact(edge) if unit != BYTES else short(edge), short(edge)) for edge in found.edges]
    return Table(
        [
            Column(f"{_heading(found.metric)} from", edges[:-1], right=True),
            Column("to", edges[1:], right=True),
            Column("designs", [Cell(format_exact(each), format_count(each)) for each in found.counts], right=True),
            Column("", [""] * len(found.counts), parts=found.counts),
        ]
    )
