"""``--digits``: figures as papers print them, in significant digits, the unit in the heading of a column."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.render.document import Cell, Column, Table
from archcost.render.rounding import RoundedDocument, significant
from tests.latex import table_rows
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    from archcost.render.document import Block


@pytest.mark.parametrize(
    ("count", "scale", "digits", "text"),
    [
        (25_557_032, 10**6, 3, "25.6"),
        (25_557_032, 10**6, 1, "26"),  # no digit before the point becomes a zero
        (1_582_671_872, 10**9, 2, "1.6"),
        (128, 10**6, 3, "0.000128"),
        (9_996, 10**3, 3, "10.0"),
        (999_950, 10**6, 3, "1.00"),
        (999_600, 10**3, 3, "1,000"),
        (138_357_544, 10**6, 5, "138.36"),
        (1_500, 10**3, 4, "1.500"),
        (97, 1, 3, "97"),
        (1_023, 1, 2, "1,023"),
        (3, 2, 1, "2"),  # half up
        (2**20 * 3 // 2, 2**20, 3, "1.50"),
    ],
)
def test_significant_digits(count: int, scale: int, digits: int, text: str) -> None:
    assert significant(count, scale, digits) == text


@settings(max_examples=examples(200))
@given(st.integers(1, 10**18), st.sampled_from([10**3, 10**6, 10**9]), st.integers(1, 8))
def test_they_are_those_of_a_decimal(count: int, scale: int, digits: int) -> None:
    exact = Decimal(count) / Decimal(scale)
    whole = max(digits, exact.adjusted() + 1)  # the digits before the point stay
    expected = exact.normalize(Context(prec=whole, rounding=ROUND_HALF_UP))
    assert Decimal(significant(count, scale, digits).replace(",", "")) == expected


class Columns:
    """A document of one table."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def blocks(self, most: int | None) -> Iterator[Block]:
        del most
        yield Table(list(self.columns))


def of(amount: int | None, text: str, *, binary: bool = False) -> Cell:
    return Cell(text, amount=amount, binary=binary)


@pytest.mark.parametrize(
    ("cells", "heading", "texts"),
    [
        # one kind: the unit of the largest stands in the heading
        ([of(4_089_184_256, "4,089,184,256"), of(2_048, "2,048"), of(None, "–")], "x (G)", ["4.1", "0.0000020", "–"]),
        ([of(2**20, "1.00 MiB", binary=True), of(0, "0 B", binary=True)], "x (MiB)", ["1.0", "0 B"]),
        ([of(12, "12"), of(999, "999")], "x", ["12", "999"]),
        # a sign, and what is known of a sum, stay before the digits
        ([of(-2_500, "−2,500"), of(12_000, "≥ 12,000")], "x (k)", ["−2.5", "≥ 12"]),
        # not of a kind: each has its own unit
        ([of(2_500, "2,500"), of(2**20, "1.00 MiB", binary=True)], "x", ["2.5 k", "1.0 MiB"]),
        # beside a figure of which nothing is known no unit stands in the heading
        ([of(2_500, "2,500"), of(None, "1,234 *")], "x", ["2.5 k", "1,234 *"]),
        ([Cell("conv1"), Cell("3×3")], "x", ["conv1", "3×3"]),
    ],
)
def test_units_of_columns(cells: list[Cell], heading: str, texts: list[str]) -> None:
    document = RoundedDocument(Columns(Column("x", cells, right=True)), 2)  # type: ignore[arg-type]  # it has no more
    (table,) = document.blocks(None)
    assert isinstance(table, Table)
    (column,) = table.columns
    assert column.heading == heading
    assert [one.text if isinstance(one, Cell) else one for one in column.cells] == texts


def test_columns_of_one_measure_share_a_unit() -> None:
    before, after = Column("before", [of(411_000_000, "411 M")]), Column("after", [of(1_340_000_000, "1.34 G")])
    columns = [before._replace(measure="macs"), after._replace(measure="macs"), Column("params", [of(2_500, "2,500")])]
    (table,) = RoundedDocument(Columns(*columns), 2).blocks(None)  # type: ignore[arg-type]  # it has no more
    assert isinstance(table, Table)
    assert [column.heading for column in table.columns] == ["before (G)", "after (G)", "params (k)"]
    assert [getattr(column.cells[0], "text", "") for column in table.columns] == ["0.41", "1.3", "2.5"]


COMMANDS = {
    "analyze.tex": ("analyze", "resnet50", "--depth", "1", "--columns", "weight_bytes,intensity"),
    "summary.tex": ("analyze", "resnet18", "resnet50", "vgg16"),
    "compare.tex": ("compare", "resnet18", "resnet34", "--depth", "1"),
    "several.tex": ("compare", "resnet18", "resnet34", "vgg16"),
    "zoo.tex": ("zoo", "resnext"),
    "memory.tex": ("memory", "resnet18"),
    "reconcile.tex": ("reconcile", "resnet18"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_papers(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    result = run(*COMMANDS[name], "--format", "latex", "--digits", "3")
    assert result.code == 0, result.err
    assert table_rows(result.out)
    golden(f"digits/{name}", result.out)


def test_a_table_of_markdown(run: Callable[..., Run]) -> None:
    shown = run("analyze", "resnet18", "vgg16", "--format", "markdown", "--digits", "2").out
    assert "| model | params (M) | MACs (G) |" in " ".join(shown.split())
    assert "| vgg16 | 138 | 15 |" in " ".join(shown.split())


@pytest.mark.parametrize("format_", ["table", "json", "csv", "tree"])
def test_formats_without_a_choice(format_: str, run: Callable[..., Run]) -> None:
    result = run("analyze", "resnet18", "--format", format_, "--digits", "3")
    assert result.code == 2
    assert "--digits is of --format latex and markdown" in result.err
