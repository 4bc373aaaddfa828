"""Names on a narrow screen: the indent of deep trees gives way, long totals and long words use the room beside them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from archcost.fitting.changes import Saving
from archcost.render.document import Cell, Column, Table
from archcost.render.safe_console import Console
from archcost.render.savings import saving_table
from archcost.render.table_layout import table_lines
from archcost.render.wrapping import coloured, labelled, prose, text_width

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


def _lines(table: Table, width: int) -> list[str]:
    page = Console(file=io.StringIO(), width=width, leaving_as="text")
    return ["".join([text for text, _ in pieces]) for pieces in table_lines(table, page)]


def test_deep_names_stay_readable() -> None:
    names = [Cell(f"level_{level:02}", level=level) for level in range(1, 21)]
    table = Table([Column("layer", names, flexible=True), Column("MACs", ["1,000,000"] * 20, right=True)])
    for width in (30, 40, 60):
        lines = _lines(table, width)
        assert max(map(len, lines)) <= width
        assert all(any(one.text in line for line in lines) for one in names)


def test_a_name_is_said_shorter_before_it_is_cut() -> None:
    name = Cell("stage x4 (each below)", "stage x4 (1 below)", level=2)  # 2 + 21 and 2 + 18 cells, beside 9
    table = Table([Column("layer", [name], flexible=True), Column("MACs", ["1,000"], right=True)], least_flexible=8)
    for width, shown in ((32, " (each below)  "), (31, " (1 below)  "), (29, " (1 below)  "), (28, "  ")):
        (row,) = [line for line in _lines(table, width) if "stage" in line]
        assert f"stage x4{shown}" in row  # how many it stands for is said at every width
        assert len(row) <= width


def test_on_a_narrow_page_the_option_says_what_needs_less() -> None:
    changes = [Saving("weights in int4, KV cache in float8", "--weight-dtype int4 --kv-dtype float8", 1)]
    table = saving_table(changes, [1 << 20], 1 << 22)
    for width in (80, 60, 45):
        told = " ".join(" ".join(_lines(table, width)).split())
        assert told.startswith("to need less")
        assert [word in told for word in ("--weight-dtype", "75.0%", "1.00 MiB")] == [True] * 3
        assert ("KV cache" in told) == (width == 80)
        assert "~" not in told


def test_total_goes_on_above_empty_cells() -> None:
    columns = [
        Column("layer", ["a" * 30], "up to the error, 1 layer", flexible=True),
        Column("output", ["8x30x30.2"]),
        Column("MACs", ["7"], "7", right=True),
    ]
    lines = _lines(Table(columns), 34)
    assert any("up to the error, 1 layer" in line and line.endswith("7") for line in lines)


def test_a_total_without_room_loses_its_aside_not_its_digits() -> None:
    columns = [Column("layer", ["a"], "total · 175 layers", flexible=True), Column("MACs", ["7"], "7", right=True)]
    assert _lines(Table(columns), 60)[-2].split() == ["total", "-", "175", "layers", "7"]
    assert _lines(Table(columns), 20)[-2].split() == ["total", "7"]


def test_columns_are_left_out_and_named_before_a_figure_is_cut() -> None:
    figures = [Column(f"figure {n}", [f"{n}1,234,567"], right=True) for n in range(1, 6)]
    table = Table([Column("layer", ["a" * 30], flexible=True), *figures])
    for width in range(24, 90):
        lines = _lines(table, width)
        assert max(map(len, lines)) <= width
        told = " ".join(lines)
        for n in range(1, 6):  # there in full, or named as left out
            assert (f"{n}1,234,567" in told) != (f"figure {n}" in told.partition("no room for")[2])


def test_long_word_moves_left() -> None:
    word = "p" * 50  # beside a label of 17 cells, 60 have room for 43: it begins at 60 - 50
    assert list(labelled("held there", f"{word} and more", 60, 17)) == [
        "held there",
        " " * 10 + word,
        " " * 17 + "and more",
    ]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("memory to run 18.0 GiB and more", "18.0 GiB"),
        ("a model that has 4.09 G MACs", "4.09 G"),
        ("a table deep: --depth 4 shows it", "--depth 4"),
        ("it is written by -o FILE.yaml here", "-o FILE.yaml"),
        ("what is wrong: --only 'a b' and c", "--only 'a"),
    ],
)
def test_a_figure_stays_with_its_unit_and_an_option_with_its_value(text: str, whole: str) -> None:
    for width in range(20, len(text)):
        for lines in (prose(text, width), coloured(text, width, 0).split("\n")):
            assert any(whole in line for line in lines), width
            assert " ".join(lines) == text
            assert max(map(len, lines)) <= width


def test_a_bar_is_never_longer_than_it_takes_to_compare_it() -> None:
    table = Table([Column("layer", ["a", "b"]), Column("share", (), parts=[1, 4])])
    widest = {width: max(line.count("#") for line in _lines(table, width)) for width in (20, 40, 60, 160)}
    assert widest == {20: 20 - 1 - 5 - 2 - 1, 40: 40 - 1 - 5 - 2 - 1, 60: 40, 160: 40}  # edges, "layer", a gap


def test_what_is_typed_stays_whole_where_a_line_has_room_for_it() -> None:
    text = "wrote net.yaml: `archcost analyze net.yaml` has its figures"
    assert coloured(text, 40, 2).split("\n") == [
        "wrote net.yaml:",
        "  `archcost analyze net.yaml` has its",
        "  figures",
    ]
    assert coloured(text, 24, 2).split("\n")[1] == "  `archcost analyze"


def test_what_was_done_is_told_in_lines_that_fit(run: Callable[..., Run], tmp_path: Path) -> None:
    for arguments in (("init", "net.yaml"), ("zoo", "resnet18", "--copy", "of_the_zoo.yaml"), ("validate", "net.yaml")):
        shown = run(*arguments, columns=40, cwd=tmp_path)
        assert shown.code == 0, shown.err
        assert max(map(len, shown.out.splitlines())) <= 40


WIDE_NAMES = """archcost: 1
name: 网络模型网络模型网络模型
source: 深度残差学习用于图像识别，何恺明、张祥雨、任少卿、孙剑，二〇一五年十二月，本文提出了残差网络
input: [3, 8, 8]
layers:
  - {id: 卷积层, conv2d: {out_channels: 4, kernel_size: 3}}
  - relu
"""


@pytest.mark.parametrize("columns", [40, 61, 80])
@pytest.mark.parametrize("words", [["analyze"], ["predict"], ["explain"], ["compare", "conv1x1"], ["memory"], ["fits"]])
def test_characters_of_two_cells_are_counted_as_two(
    run: Callable[..., Run], tmp_path: Path, columns: int, words: list[str]
) -> None:
    (tmp_path / "net.yaml").write_text(WIDE_NAMES, encoding="utf-8")
    device = [] if words == ["memory"] else ["--device", "4090"]
    shown = run(words[0], "net.yaml", *words[1:], *device, columns=columns, cwd=tmp_path)
    assert shown.code == 0, shown.err
    assert "网络模型" in shown.out
    assert max(map(text_width, shown.out.splitlines())) <= columns


def test_text_without_blanks_breaks_between_characters_of_two_cells() -> None:
    lines = prose("深度残差学习用于图像识别，何恺明、张祥雨、任少卿、孙剑 a word", 30)
    assert max(map(text_width, lines)) <= 30
    assert "".join(lines).replace(" ", "") == "深度残差学习用于图像识别，何恺明、张祥雨、任少卿、孙剑aword"
    assert lines[-1] == "word"  # words of others stay whole
