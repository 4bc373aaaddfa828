"""Tables without colours are laid out here, and are what rich lays out, character by character."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.render.console import make_console
from archcost.render.document import Cell, Column, Table
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


def printed(table: Table, width: int, encoding: str, *, by_rich: bool) -> str:
    console = make_console(StringIO(), width=width, colour=False, encoding=encoding)
    with pytest.MonkeyPatch.context() as patch:
        if by_rich:
            patch.setattr(terminal, "_is_plain", lambda *_: False)
        terminal.print_block(console, table)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert isinstance(text, str)
    return text


@given(tables(), st.integers(8, 100), st.sampled_from(["utf-8", "ascii", "latin-1"]))
def test_a_table_is_what_rich_lays_out(table: Table, width: int, encoding: str) -> None:
    assert printed(table, width, encoding, by_rich=False) == printed(table, width, encoding, by_rich=True)


def test_a_table_to_the_character() -> None:
    table = Table(
        [
            Column("layer", [Cell("conv1"), Cell("weight", level=2)], "total", flexible=True),
            Column("MACs", [Cell("70,276,800", "70.3 M"), "–"], Cell("70,276,800", "70.3 M"), right=True),
        ]
    )
    assert printed(table, 80, "utf-8", by_rich=False).split("\n") == [
        " " * (1 + 8 + 2 + 10 + 1),
        " layer           MACs ",
        " ──────────────────── ",
        " conv1     70,276,800 ",
        "   weight           – ",
        " " * (1 + 8 + 2 + 10 + 1),
        " total     70,276,800 ",
        " " * (1 + 8 + 2 + 10 + 1),
        "",
    ]
