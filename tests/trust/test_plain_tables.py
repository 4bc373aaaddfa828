"""Tables have one layout, with colours and without: within the page, and without blanks at the ends of lines."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archcost.printable import without_colours
from archcost.render.console import make_console
from archcost.render.document import Cell, Column, Table
from archcost.render.exit import PIPED_WIDTH
from archcost.render.printers import terminal

WORDS = [
    "",
    "a",
    "conv2d",
    "1×64×55×55",
    "图像",
    "trailing  ",
    "a name that is longer than most",
    "…",
    "é",
    "·" * 12,
    "12,345",
]
TEXT = st.sampled_from(WORDS) | st.text("ab ×图.", max_size=14)
CELLS = st.builds(
    Cell,
    TEXT,
    st.none() | TEXT,
    level=st.integers(1, 3),
    style=st.sampled_from(["", "bold", "green"]),
    strong=st.booleans(),
    code=st.booleans(),
    mark=st.sampled_from(["", "+", "-", " "]),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.integers(0, 4))
    columns = [
        Column(
            draw(TEXT),
            draw(st.lists(CELLS | TEXT, min_size=rows, max_size=rows)),
            draw(TEXT | CELLS),
            right=draw(st.booleans()),
            flexible=draw(st.booleans()),
            leaves=draw(st.integers(0, 2)),
            rounded=draw(st.booleans()),
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    return Table(columns)


def printed(table: Table, width: int, encoding: str = "utf-8", *, colour: bool = False) -> str:
    console = make_console(StringIO(), width=width, colour=colour, encoding=encoding)
    terminal.print_block(console, table)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert isinstance(text, str)
    return text


@given(tables(), st.integers(8, 100), st.sampled_from(["utf-8", "ascii", "latin-1"]))
def test_a_table_is_the_same_with_colours_and_without(table: Table, width: int, encoding: str) -> None:
    coloured = printed(table, width, encoding, colour=True)
    assert without_colours(coloured) == printed(table, width, encoding)


@given(tables(), st.integers(8, 100), st.booleans())
def test_a_line_fits_the_page_and_ends_without_blanks(table: Table, width: int, colour: bool) -> None:
    for line in without_colours(printed(table, width, colour=colour)).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip(" ")


def test_a_table_to_the_character() -> None:
    table = Table(
        [
            Column("layer", [Cell("conv1"), Cell("weight", level=2), "relu  "], "total", flexible=True),
            Column("MACs", [Cell("70,276,800", "70.3 M"), "–", "–"], Cell("70,276,800", "70.3 M"), right=True),
            Column("", ["read now", "", " "]),
            Column("of MACs", (), parts=[8, 0, 3]),
        ]
    )
    assert printed(table, 80).split("\n") == [
        "",
        " layer           MACs            of MACs",
        " " + "─" * 72,
        " conv1     70,276,800  read now  " + "█" * 40,  # no bar is longer
        "   weight           –",
        " relu               –            " + "█" * 15,  # 40 · 3/8
        "",
        " total     70,276,800",
        "",
        "",
    ]


def test_bars_have_a_length_of_their_own_where_a_page_has_no_end() -> None:
    table = Table([Column("layer", ["a", "b"]), Column("of MACs", (), parts=[4, 1])])
    assert printed(table, PIPED_WIDTH).split("\n")[3:5] == [" a      " + "█" * 20, " b      " + "█" * 5]
